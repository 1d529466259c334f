#include "learn/lmnn/impostors.hpp"

#include <algorithm>
#include <atomic>
#include <stdexcept>
#include <string>

#include "base/blas.hpp"
#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t anchor_tile = 64;
constexpr std::size_t point_tile = 512;
constexpr std::size_t group = 16;  // looked at one by one only if one of them is near enough
// Where more than this share of a tile counts, its sums are a matrix product.
constexpr double dense_share = 0.05;

bool any_below(const double* products, const double* norms, double limit) {
    std::int64_t below = 0;
    for (std::size_t k = 0; k < group; ++k) below += products[k] + norms[k] < limit;
    return below > 0;
}

// All points against tiles of anchors: squared distances by matrix products.
class TileScan {
public:
    TileScan(MatrixView embedded, std::span<const std::int32_t> labels, std::span<const std::int64_t> anchors)
        : embedded_(embedded), labels_(labels), anchors_(anchors), norms_(embedded.rows()), run_end_(embedded.rows()) {
        const std::size_t n = embedded.rows();
        for (std::size_t i = 0; i < n; ++i)
            norms_[i] = kernels().dot(embedded.row(i), embedded.row(i), embedded.cols());
        for (std::size_t i = n; i-- > 0;)
            run_end_[i] = i + 1 < n && labels[i] == labels[i + 1] ? run_end_[i + 1] : i + 1;
    }

    // near(a, l, squared distance) for points l of other classes below the anchor's reach, by increasing l;
    // finished(start, stop) after each tile of points.
    template <class Near, class Finished>
    void scan(std::size_t first, std::size_t last, const double* reach, const Near& near,
              const Finished& finished) const {
        const std::size_t count = last - first, r = embedded_.cols();
        std::vector<double> queries(count * r), products(count * point_tile);
        for (std::size_t a = 0; a < count; ++a)
            std::copy_n(embedded_.row(anchor(first + a)), r, queries.data() + a * r);
        for (std::size_t start = 0; start < embedded_.rows(); start += point_tile) {
            const std::size_t stop = std::min(start + point_tile, embedded_.rows());
            const MutableMatrixView tile(products.data(), count, stop - start, point_tile);
            blas::gemm_nt(-2.0, {queries.data(), count, r}, embedded_.slice(start, stop), 0.0, tile);
            for (std::size_t a = 0; a < count; ++a)
                scan_row(first + a, tile.row(a) - start, start, stop, reach[first + a], near);
            finished(start, stop);
        }
    }

private:
    std::size_t anchor(std::size_t a) const { return static_cast<std::size_t>(anchors_[a]); }

    template <class Near>
    void scan_row(std::size_t a, const double* products, std::size_t start, std::size_t stop, double reach,
                  const Near& near) const {
        const std::size_t row = anchor(a);
        const double limit = reach - norms_[row];
        for (std::size_t run = start; run < stop;) {
            const std::size_t end = std::min(run_end_[run], stop);
            if (labels_[run] != labels_[row])
                for (std::size_t i = run; i < end; i += group)
                    scan_group(a, products, i, std::min(i + group, end), limit, norms_[row], near);
            run = end;
        }
    }

    template <class Near>
    void scan_group(std::size_t a, const double* products, std::size_t first, std::size_t last, double limit,
                    double own_norm, const Near& near) const {
        if (last - first == group && !any_below(products + first, norms_.data() + first, limit)) return;
        for (std::size_t l = first; l < last; ++l) {
            const double score = products[l] + norms_[l];
            if (score < limit) near(a, l, std::max(score + own_norm, 0.0));
        }
    }

    MatrixView embedded_;
    std::span<const std::int32_t> labels_;
    std::span<const std::int64_t> anchors_;
    std::vector<double> norms_;
    std::vector<std::size_t> run_end_;  // of each point: the first index after it with another label
};

class Sums {
public:
    Sums(MatrixView points, MatrixView thresholds, int num_threads)
        : points_(points),
          thresholds_(thresholds),
          by_point_(static_cast<std::size_t>(num_threads), std::vector<std::int64_t>(points.rows())) {
        out_.by_target.resize(thresholds.rows() * thresholds.cols());
        out_.sums.resize(thresholds.rows() * points.cols());
        for (std::size_t a = 0; a < thresholds.rows(); ++a)
            reach_.push_back(*std::max_element(thresholds.row(a), thresholds.row(a) + thresholds.cols()));
    }

    const double* reach() const { return reach_.data(); }
    double* sum(std::size_t a) { return out_.sums.data() + a * points_.cols(); }

    // c(a, l)
    std::int64_t add(std::size_t a, std::size_t l, double squared_distance, int thread) {
        std::int64_t count = 0;
        const std::size_t k = thresholds_.cols();
        for (std::size_t j = 0; j < k; ++j) {
            if (!(squared_distance < thresholds_(a, j))) continue;
            ++out_.by_target[a * k + j];
            ++count;
        }
        by_point_[static_cast<std::size_t>(thread)][l] += count;
        return count;
    }

    Impostors take() {
        out_.by_point.resize(points_.rows());
        for (const auto& counts : by_point_)
            for (std::size_t l = 0; l < counts.size(); ++l) out_.by_point[l] += counts[l];
        return std::move(out_);
    }

private:
    MatrixView points_, thresholds_;
    std::vector<double> reach_;
    std::vector<std::vector<std::int64_t>> by_point_;  // of each thread: integers, so their order is free
    Impostors out_;
};

void scan_all(const TileScan& scan, MatrixView points, std::size_t first, std::size_t last, int thread, Sums& sums) {
    const std::size_t count = last - first;
    struct Pair {
        std::size_t a, l;
        double weight;
    };
    std::vector<Pair> pairs;
    std::vector<double> weights;
    const auto near = [&](std::size_t a, std::size_t l, double squared_distance) {
        pairs.push_back({a, l, static_cast<double>(sums.add(a, l, squared_distance, thread))});
    };
    const auto finished = [&](std::size_t start, std::size_t stop) {
        if (static_cast<double>(pairs.size()) > dense_share * static_cast<double>(count * (stop - start))) {
            weights.assign(count * (stop - start), 0.0);
            for (const Pair& pair : pairs) weights[(pair.a - first) * (stop - start) + pair.l - start] = pair.weight;
            blas::gemm_nn(1.0, {weights.data(), count, stop - start}, points.slice(start, stop), 1.0,
                          {sums.sum(first), count, points.cols()});
        } else {
            for (const Pair& pair : pairs)
                kernels().axpy(pair.weight, points.row(pair.l), sums.sum(pair.a), points.cols());
        }
        pairs.clear();
    };
    scan.scan(first, last, sums.reach(), near, finished);
}

[[noreturn]] void wrong_size(const char* name, std::size_t wanted, std::size_t got) {
    throw std::invalid_argument(std::string(name) + " must have " + std::to_string(wanted) + " entries or rows, got " +
                                std::to_string(got));
}

void check(MatrixView embedded, std::span<const std::int32_t> labels, std::span<const std::int64_t> anchors) {
    if (labels.size() != embedded.rows()) wrong_size("labels", embedded.rows(), labels.size());
    for (const std::int64_t anchor : anchors)
        if (anchor < 0 || static_cast<std::size_t>(anchor) >= embedded.rows())
            throw std::invalid_argument("anchors must be rows of the " + std::to_string(embedded.rows()) +
                                        " points, got " + std::to_string(anchor));
}

}  // namespace

Impostors find_impostors(MatrixView points, MatrixView embedded, std::span<const std::int32_t> labels,
                         std::span<const std::int64_t> anchors, MatrixView thresholds, const Execution& execution) {
    check(embedded, labels, anchors);
    if (points.rows() != embedded.rows()) wrong_size("points", embedded.rows(), points.rows());
    if (thresholds.rows() != anchors.size()) wrong_size("thresholds", anchors.size(), thresholds.rows());
    if (thresholds.cols() == 0) throw std::invalid_argument("thresholds must have at least 1 column, got 0");
    Sums sums(points, thresholds, execution.num_threads);
    const TileScan scan(embedded, labels, anchors);
    parallel_for(anchors.size(), anchor_tile, execution, [&](std::size_t first, std::size_t last, int thread) {
        scan_all(scan, points, first, last, thread, sums);
    });
    return sums.take();
}

std::optional<ImpostorLists> list_impostors(MatrixView embedded, std::span<const std::int32_t> labels,
                                            std::span<const std::int64_t> anchors, std::span<const double> reach,
                                            std::size_t limit, const Execution& execution) {
    check(embedded, labels, anchors);
    if (reach.size() != anchors.size()) wrong_size("reach", anchors.size(), reach.size());
    const TileScan scan(embedded, labels, anchors);
    std::vector<std::vector<std::int64_t>> near(anchors.size());
    std::atomic<std::size_t> total{0};
    parallel_for(anchors.size(), anchor_tile, execution, [&](std::size_t first, std::size_t last, int) {
        if (total > limit) return;
        scan.scan(
            first, last, reach.data(),
            [&](std::size_t a, std::size_t l, double) { near[a].push_back(static_cast<std::int64_t>(l)); },
            [](std::size_t, std::size_t) {});
        for (std::size_t a = first; a < last; ++a) total += near[a].size();
    });
    if (total > limit) return std::nullopt;
    ImpostorLists lists;
    lists.offsets.push_back(0);
    for (const auto& rows : near) {
        lists.rows.insert(lists.rows.end(), rows.begin(), rows.end());
        lists.offsets.push_back(static_cast<std::int64_t>(lists.rows.size()));
    }
    return lists;
}

}  // namespace robust_metric
