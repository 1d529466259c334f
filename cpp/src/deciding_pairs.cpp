#include "robust_metric/deciding_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "robust_metric/blas.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t anchors_per_chunk = 16;

// ‖M(x⁺ − x⁻)‖² below this share of ‖Mx⁺‖² + ‖Mx⁻‖² is what rounding leaves of 0.
constexpr double degenerate_share = 1e-12;

double squared_distance(const double* a, const double* b, std::size_t size) {
    double sum = 0.0;
    for (std::size_t i = 0; i < size; ++i) sum += (a[i] - b[i]) * (a[i] - b[i]);
    return sum;
}

std::size_t as_index(std::int64_t i) { return static_cast<std::size_t>(i); }

// One side of an anchor: its candidates with distance, normal M x and the normal's squared norm.
struct Side {
    std::span<const std::int64_t> indices;  // without the filling
    std::vector<double> distances, normals, norms;

    void load(MatrixView embedded, MatrixView all_normals, std::size_t anchor, std::span<const std::int64_t> row) {
        indices = row.first(as_index(std::find(row.begin(), row.end(), -1) - row.begin()));
        const std::size_t d = all_normals.cols();
        distances.resize(indices.size());
        norms.resize(indices.size());
        normals.resize(indices.size() * d);
        for (std::size_t c = 0; c < indices.size(); ++c) {
            const std::size_t i = as_index(indices[c]);
            const double* normal = all_normals.row(i);
            distances[c] = squared_distance(embedded.row(anchor), embedded.row(i), embedded.cols());
            std::copy_n(normal, d, normals.data() + c * d);
            norms[c] = std::inner_product(normal, normal + d, normal, 0.0);
        }
    }

    MatrixView normals_view(std::size_t d) const { return {normals.data(), indices.size(), d}; }
};

struct Entry {
    double bound;
    std::size_t candidate;
};

bool larger_first(const Entry& a, const Entry& b) {
    return a.bound != b.bound ? a.bound > b.bound : a.candidate < b.candidate;
}

bool smaller_first(const Entry& a, const Entry& b) {
    return a.bound != b.bound ? a.bound < b.bound : a.candidate < b.candidate;
}

// Works on one anchor at a time; one per chunk, so that its buffers are reused.
class PairFinder {
public:
    PairFinder(MatrixView embedded, MatrixView normals) : embedded_(embedded), normals_(normals) {}

    // False if a side has no candidate. Prepares for pair() with ranks up to largest_near_rank.
    bool load(std::size_t anchor, std::span<const std::int64_t> own, std::span<const std::int64_t> other,
              std::size_t largest_near_rank) {
        own_.load(embedded_, normals_, anchor, own);
        other_.load(embedded_, normals_, anchor, other);
        if (own_.indices.empty() || other_.indices.empty()) return false;
        const std::size_t n_own = own_.indices.size(), n_other = other_.indices.size(), d = normals_.cols();
        products_.resize(n_own * n_other);
        blas::gemm_nt(1.0, other_.normals_view(d), own_.normals_view(d), 0.0, {products_.data(), n_other, n_own});
        bounds_.resize(n_own * n_other);
        for (std::size_t o = 0; o < n_other; ++o) sort_row(o, std::min(largest_near_rank, n_own - 1) + 1);
        return true;
    }

    void pair(std::size_t near_rank, std::size_t far_rank, std::int64_t& near, std::int64_t& far) {
        const std::size_t n_own = own_.indices.size(), n_other = other_.indices.size();
        near_rank = std::min(near_rank, n_own - 1);
        column_.resize(n_other);
        for (std::size_t o = 0; o < n_other; ++o) {
            const Entry& best = bounds_[o * n_own];
            // an x⁻ without any half-space must not be the smallest of its column
            const bool any = best.bound > -infinity;
            column_[o] = {any ? bounds_[o * n_own + near_rank].bound : infinity, o};
        }
        const auto nth = column_.begin() + static_cast<std::ptrdiff_t>(std::min(far_rank, n_other - 1));
        std::nth_element(column_.begin(), nth, column_.end(), smaller_first);
        near = own_.indices[bounds_[nth->candidate * n_own + near_rank].candidate];
        far = other_.indices[nth->candidate];
    }

private:
    static constexpr double infinity = std::numeric_limits<double>::infinity();

    // Row o of bounds_: ε of the o-th other-class candidate with every own one, the largest `count` in order.
    void sort_row(std::size_t o, std::size_t count) {
        const std::size_t n_own = own_.indices.size();
        Entry* row = bounds_.data() + o * n_own;
        for (std::size_t i = 0; i < n_own; ++i) {
            const double scale = other_.norms[o] + own_.norms[i];
            const double squared = scale - 2.0 * products_[o * n_own + i];
            const double margin = other_.distances[o] - own_.distances[i];
            const bool half_space = squared > degenerate_share * scale;
            row[i] = {half_space ? margin / (2.0 * std::sqrt(squared)) : -infinity, i};
        }
        std::partial_sort(row, row + count, row + n_own, larger_first);
    }

    MatrixView embedded_, normals_;
    Side own_, other_;
    std::vector<double> products_;
    std::vector<Entry> bounds_, column_;
};

void check(MatrixView embedded, MatrixView normals, std::span<const std::int64_t> anchors,
           const CandidateTables& candidates, const Ranks& ranks) {
    if (embedded.rows() != normals.rows())
        throw std::invalid_argument("embedded and normals must have as many rows, got " +
                                    std::to_string(embedded.rows()) + " and " + std::to_string(normals.rows()));
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
    const auto count = static_cast<std::int64_t>(embedded.rows());
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

}  // namespace

Pairs deciding_pairs(MatrixView embedded, MatrixView normals, std::span<const std::int64_t> anchors,
                     const CandidateTables& candidates, const Ranks& ranks, const Execution& execution) {
    check(embedded, normals, anchors, candidates, ranks);
    const std::size_t k = candidates.k, draws = ranks.draws;
    Pairs pairs{std::vector<std::int64_t>(anchors.size() * draws, -1),
                std::vector<std::int64_t>(anchors.size() * draws, -1)};
    if (draws == 0) return pairs;
    parallel_for(anchors.size(), anchors_per_chunk, execution, [&](std::size_t first, std::size_t last, int) {
        PairFinder finder(embedded, normals);
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

}  // namespace robust_metric
