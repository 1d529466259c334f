#include "arrays.hpp"
#include "bindings.hpp"
#include "keep_going.hpp"
#include "learn/arml/deciding_pairs.hpp"
#include "learn/arml/deciding_pairs_reference.hpp"

namespace robust_metric {

namespace {

CandidateTables tables(const IndexArray& own, const IndexArray& other) {
    if (own.ndim() != 2 || other.ndim() != 2 || own.shape(1) != other.shape(1))
        throw std::invalid_argument("own and other must have 2 dimensions and as many columns");
    return {{own.data(), static_cast<std::size_t>(own.size())},
            {other.data(), static_cast<std::size_t>(other.size())},
            static_cast<std::size_t>(own.shape(1))};
}

Ranks rank_tables(const IndexArray& near, const IndexArray& far) {
    if (near.ndim() != 2 || far.ndim() != 2 || near.shape(1) != far.shape(1))
        throw std::invalid_argument("near_rank and far_rank must have 2 dimensions and as many columns");
    return {{near.data(), static_cast<std::size_t>(near.size())},
            {far.data(), static_cast<std::size_t>(far.size())},
            static_cast<std::size_t>(near.shape(1))};
}

std::span<const std::int64_t> rows(const IndexArray& anchors) {
    return vector(anchors, static_cast<std::size_t>(anchors.size()), "anchors");
}

pybind11::tuple to_tables(const Pairs& found, std::size_t draws) {
    const std::vector<pybind11::ssize_t> shape{-1, static_cast<pybind11::ssize_t>(draws)};
    return pybind11::make_tuple(to_array(found.near).reshape(shape), to_array(found.far).reshape(shape));
}

template <class Real>
pybind11::tuple pairs(const MatrixArray<Real>& embedded, const MatrixArray<Real>& normals, const IndexArray& anchors,
                      const IndexArray& own, const IndexArray& other, const IndexArray& near_rank,
                      const IndexArray& far_rank, Norm dual_norm, int num_threads, const pybind11::object& progress) {
    const auto points = matrix(embedded, "embedded"), directions = matrix(normals, "normals");
    const CandidateTables candidates = tables(own, other);
    const Ranks ranks = rank_tables(near_rank, far_rank);
    const auto anchor_rows = rows(anchors);
    const Execution execution = make_execution(num_threads, progress);
    Pairs found;
    {
        pybind11::gil_scoped_release release;
        found = deciding_pairs(points, directions, anchor_rows, candidates, ranks, execution, dual_norm);
    }
    return to_tables(found, ranks.draws);
}

pybind11::tuple pairs_reference(const DoubleArray& embedded, const DoubleArray& normals, const IndexArray& anchors,
                                const IndexArray& own, const IndexArray& other, const IndexArray& near_rank,
                                const IndexArray& far_rank, Norm dual_norm) {
    const Ranks ranks = rank_tables(near_rank, far_rank);
    return to_tables(reference::deciding_pairs(matrix(embedded, "embedded"), matrix(normals, "normals"), rows(anchors),
                                               tables(own, other), ranks, dual_norm),
                     ranks.draws);
}

}  // namespace

void bind_deciding_pairs(pybind11::module_& m) {
    using pybind11::arg;
    const auto define = [&](auto function) {
        m.def("deciding_pairs", function,
              "(near, far): the candidates whose bound has the given ranks, anchors x draws; -1 where there are none.",
              arg("embedded"), arg("normals"), arg("anchors"), arg("own"), arg("other"), arg("near_rank"),
              arg("far_rank"), arg("dual_norm") = Norm::two, arg("num_threads") = 1,
              arg("progress") = pybind11::none());
    };
    define(pairs<double>);
    define(pairs<float>);
    m.def("deciding_pairs_reference", pairs_reference, "Slow twin of deciding_pairs.", arg("embedded"), arg("normals"),
          arg("anchors"), arg("own"), arg("other"), arg("near_rank"), arg("far_rank"), arg("dual_norm") = Norm::two);
}

}  // namespace robust_metric
