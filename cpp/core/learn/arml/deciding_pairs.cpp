#include "learn/arml/deciding_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/blas.hpp"
#include "base/kernels.hpp"
#include "learn/dual_norm.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t anchors_per_chunk = 16;

// ‖M(x⁺ − x⁻)‖² below this share of ‖Mx⁺‖² + ‖Mx⁻‖² is what rounding leaves of 0.
template <class Real>
constexpr double degenerate_share = sizeof(Real) == sizeof(double) ? 1e-12 : 1e-10;

std::size_t as_index(std::int64_t i) { return static_cast<std::size_t>(i); }

// One side of an anchor: its candidates with distance, normal M x and the normal's squared dual norm.
struct Side {
    std::span<const std::int64_t> indices;  // without the filling
    std::vector<double> distances, normals, norms;

    template <class Real>
    void load(BasicMatrixView<const Real> embedded, BasicMatrixView<const Real> all_normals, std::size_t anchor,
              std::span<const std::int64_t> row, Norm dual_norm) {
        indices = row.first(as_index(std::find(row.begin(), row.end(), -1) - row.begin()));
        const std::size_t d = all_normals.cols();
        distances.resize(indices.size());
        norms.resize(indices.size());
        normals.resize(indices.size() * d);
        const std::vector<double> zero(dual_norm == Norm::two ? 0 : d);
        for (std::size_t c = 0; c < indices.size(); ++c) {
            const std::size_t i = as_index(indices[c]);
            double* normal = normals.data() + c * d;
            distances[c] = squared_distance(embedded.row(anchor), embedded.row(i), embedded.cols());
            std::copy_n(all_normals.row(i), d, normal);
            const double length = dual_norm == Norm::two ? 0.0 : dual_length(dual_norm, normal, zero.data(), d);
            norms[c] = dual_norm == Norm::two ? dot(normal, normal, d) : length * length;
        }
    }

    MatrixView normals_view(std::size_t d) const { return {normals.data(), indices.size(), d}; }
};

struct Entry {
    double bound;
    std::size_t candidate;
};

bool smaller_first(const Entry& a, const Entry& b) {
    return a.bound != b.bound ? a.bound < b.bound : a.candidate < b.candidate;
}

// kept and sinking become the larger and the smaller of both
void keep_larger(double* __restrict kept, double* __restrict sinking, std::size_t n) {
    for (std::size_t o = 0; o < n; ++o) {
        const double a = kept[o], b = sinking[o];
        kept[o] = a < b ? b : a;
        sinking[o] = b < a ? b : a;
    }
}

// Works on one anchor at a time; one per chunk, so that its buffers are reused.
template <class Real>
class PairFinder {
public:
    using View = BasicMatrixView<const Real>;

    PairFinder(View embedded, View normals, Norm dual_norm)
        : embedded_(embedded), normals_(normals), dual_norm_(dual_norm) {}

    // False if a side has no candidate. Prepares for pair() with ranks up to largest_near_rank.
    bool load(std::size_t anchor, std::span<const std::int64_t> own, std::span<const std::int64_t> other,
              std::size_t largest_near_rank) {
        own_.load(embedded_, normals_, anchor, own, dual_norm_);
        other_.load(embedded_, normals_, anchor, other, dual_norm_);
        if (own_.indices.empty() || other_.indices.empty()) return false;
        const std::size_t n_own = own_.indices.size(), n_other = other_.indices.size();
        bounds_.resize(n_own * n_other);
        sinking_.resize(n_other);
        square_lengths();
        for (std::size_t i = 0; i < n_own; ++i) compute_bounds(i);
        rank_bounds(std::min(largest_near_rank, n_own - 1) + 1);
        return true;
    }

    void pair(std::size_t near_rank, std::size_t far_rank, std::int64_t& near, std::int64_t& far) {
        const std::size_t n_other = other_.indices.size();
        near_rank = std::min(near_rank, own_.indices.size() - 1);
        column_.resize(n_other);
        for (std::size_t o = 0; o < n_other; ++o) {
            // an x⁻ without any half-space must not be the smallest of its column
            const bool any = ranked_[o] > -infinity;
            column_[o] = {any ? ranked_[near_rank * n_other + o] : infinity, o};
        }
        const auto nth = column_.begin() + static_cast<std::ptrdiff_t>(std::min(far_rank, n_other - 1));
        std::nth_element(column_.begin(), nth, column_.end(), smaller_first);
        near = own_.indices[own_of_rank(nth->candidate, near_rank)];
        far = other_.indices[nth->candidate];
    }

private:
    static constexpr double infinity = std::numeric_limits<double>::infinity();

    // Into bounds_: ‖M(x⁺ − x⁻)‖² of all pairs; for the 2-norm from one matrix product.
    void square_lengths() {
        const std::size_t n_own = own_.indices.size(), n_other = other_.indices.size(), d = normals_.cols();
        if (dual_norm_ == Norm::two)
            blas::gemm_nt(-2.0, own_.normals_view(d), other_.normals_view(d), 0.0, {bounds_.data(), n_own, n_other});
        for (std::size_t i = 0; i < n_own; ++i)
            for (std::size_t o = 0; o < n_other; ++o) {
                double& squared = bounds_[i * n_other + o];
                if (dual_norm_ == Norm::two) {
                    squared += other_.norms[o] + own_.norms[i];
                } else {
                    const double length =
                        dual_length(dual_norm_, own_.normals.data() + i * d, other_.normals.data() + o * d, d);
                    squared = length * length;
                }
            }
    }

    // Row i of bounds_, from squared lengths to 4 ε|ε| of the i-th own candidate with every other-class
    // one: in the order of ε, without a square root.
    void compute_bounds(std::size_t i) {
        const std::size_t n_other = other_.indices.size();
        double* row = bounds_.data() + i * n_other;
        for (std::size_t o = 0; o < n_other; ++o) {
            const double scale = other_.norms[o] + own_.norms[i];
            const double squared = row[o];
            const double margin = other_.distances[o] - own_.distances[i];
            const double bound = margin * std::fabs(margin) / squared;
            row[o] = squared > degenerate_share<Real> * scale ? bound : -infinity;
        }
    }

    // Row q of ranked_: the q-th largest bound of every other-class candidate. Each bound sinks through the
    // ranks, for all other-class candidates at once.
    void rank_bounds(std::size_t count) {
        const std::size_t n_own = own_.indices.size(), n_other = other_.indices.size();
        ranked_.assign(count * n_other, -infinity);
        for (std::size_t i = 0; i < n_own; ++i) {
            std::copy_n(bounds_.data() + i * n_other, n_other, sinking_.data());
            for (std::size_t q = 0; q < std::min(i + 1, count); ++q)
                keep_larger(ranked_.data() + q * n_other, sinking_.data(), n_other);
        }
    }

    // The own candidate whose bound with the o-th other-class one has this rank, ties by the earlier candidate.
    std::size_t own_of_rank(std::size_t o, std::size_t rank) const {
        const std::size_t n_own = own_.indices.size(), n_other = other_.indices.size();
        const double bound = ranked_[rank * n_other + o];
        std::size_t equal_before = 0;
        while (equal_before < rank && ranked_[(rank - equal_before - 1) * n_other + o] == bound) ++equal_before;
        std::size_t i = 0;
        for (; i + 1 < n_own; ++i)
            if (bounds_[i * n_other + o] == bound && equal_before-- == 0) break;
        return i;
    }

    View embedded_, normals_;
    Norm dual_norm_;
    Side own_, other_;
    std::vector<double> bounds_, ranked_, sinking_;
    std::vector<Entry> column_;
};

void check(std::size_t embedded, std::size_t normals, std::span<const std::int64_t> anchors,
           const CandidateTables& candidates, const Ranks& ranks) {
    if (embedded != normals)
        throw std::invalid_argument("embedded and normals must have as many rows, got " + std::to_string(embedded) +
                                    " and " + std::to_string(normals));
    const std::size_t size = anchors.size() * candidates.k;
    if (candidates.own.size() != size || candidates.other.size() != size)
        throw std::invalid_argument("own and other must hold k candidates for each anchor, " + std::to_string(size) +
                                    ", got " + std::to_string(candidates.own.size()) + " and " +
                                    std::to_string(candidates.other.size()));
    const std::size_t entries = anchors.size() * ranks.draws;
    if (ranks.near.size() != entries || ranks.far.size() != entries)
        throw std::invalid_argument("ranks must have one entry for each anchor and draw, " + std::to_string(entries) +
                                    ", got " + std::to_string(ranks.near.size()) + " and " +
                                    std::to_string(ranks.far.size()));
    const auto count = static_cast<std::int64_t>(embedded);
    const auto is_row = [count](std::int64_t i) { return i >= 0 && i < count; };
    const auto is_candidate = [count](std::int64_t i) { return i >= -1 && i < count; };
    if (!std::all_of(anchors.begin(), anchors.end(), is_row) ||
        !std::all_of(candidates.own.begin(), candidates.own.end(), is_candidate) ||
        !std::all_of(candidates.other.begin(), candidates.other.end(), is_candidate))
        throw std::invalid_argument("anchors and candidates must be rows of the " + std::to_string(count) +
                                    " points (or -1 for no candidate)");
    const auto is_rank = [](std::int64_t rank) { return rank >= 0; };
    if (!std::all_of(ranks.near.begin(), ranks.near.end(), is_rank) ||
        !std::all_of(ranks.far.begin(), ranks.far.end(), is_rank))
        throw std::invalid_argument("ranks must not be negative");
}

template <class Real>
Pairs find_pairs(BasicMatrixView<const Real> embedded, BasicMatrixView<const Real> normals,
                 std::span<const std::int64_t> anchors, const CandidateTables& candidates, const Ranks& ranks,
                 const Execution& execution, Norm dual_norm) {
    check(embedded.rows(), normals.rows(), anchors, candidates, ranks);
    const std::size_t k = candidates.k, draws = ranks.draws;
    Pairs pairs{std::vector<std::int64_t>(anchors.size() * draws, -1),
                std::vector<std::int64_t>(anchors.size() * draws, -1)};
    if (draws == 0) return pairs;
    parallel_for(anchors.size(), anchors_per_chunk, execution, [&](std::size_t first, std::size_t last, int) {
        PairFinder<Real> finder(embedded, normals, dual_norm);
        for (std::size_t a = first; a < last; ++a) {
            const auto near_ranks = ranks.near.subspan(a * draws, draws);
            const auto largest = as_index(*std::max_element(near_ranks.begin(), near_ranks.end()));
            if (!finder.load(as_index(anchors[a]), candidates.own.subspan(a * k, k), candidates.other.subspan(a * k, k),
                             largest))
                continue;
            for (std::size_t t = a * draws; t < (a + 1) * draws; ++t)
                finder.pair(as_index(ranks.near[t]), as_index(ranks.far[t]), pairs.near[t], pairs.far[t]);
        }
    });
    return pairs;
}

}  // namespace

Pairs deciding_pairs(MatrixView embedded, MatrixView normals, std::span<const std::int64_t> anchors,
                     const CandidateTables& candidates, const Ranks& ranks, const Execution& execution,
                     Norm dual_norm) {
    return find_pairs(embedded, normals, anchors, candidates, ranks, execution, dual_norm);
}

Pairs deciding_pairs(FloatMatrixView embedded, FloatMatrixView normals, std::span<const std::int64_t> anchors,
                     const CandidateTables& candidates, const Ranks& ranks, const Execution& execution,
                     Norm dual_norm) {
    return find_pairs(embedded, normals, anchors, candidates, ranks, execution, dual_norm);
}

}  // namespace robust_metric
