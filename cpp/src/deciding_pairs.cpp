#include "robust_metric/deciding_pairs.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <string>

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

    void load(MatrixView embedded, MatrixView all_normals, std::size_t anchor,
              std::span<const std::int64_t> row) {
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

// Works on one anchor at a time; one per chunk, so that its buffers are reused.
class PairFinder {
public:
    PairFinder(MatrixView embedded, MatrixView normals) : embedded_(embedded), normals_(normals) {}

    // False if a side has no candidate.
    bool find(std::size_t anchor, std::span<const std::int64_t> own_row,
              std::span<const std::int64_t> other_row, std::size_t near_rank, std::size_t far_rank,
              std::int64_t& near, std::int64_t& far) {
        own_.load(embedded_, normals_, anchor, own_row);
        other_.load(embedded_, normals_, anchor, other_row);
        if (own_.indices.empty() || other_.indices.empty()) return false;
        const std::size_t n_own = own_.indices.size(), n_other = other_.indices.size();
        products_.resize(n_own * n_other);
        blas::gemm_nt(1.0, other_.normals_view(normals_.cols()), own_.normals_view(normals_.cols()),
                      0.0, {products_.data(), n_other, n_own});
        near_rank = std::min(near_rank, n_own - 1);
        far_rank = std::min(far_rank, n_other - 1);
        rows_.resize(n_other);
        deciding_near_.resize(n_other);
        for (std::size_t o = 0; o < n_other; ++o) {
            const Entry entry = nth_largest_over_own(o, near_rank);
            rows_[o] = {entry.bound, o};
            deciding_near_[o] = entry.candidate;
        }
        const auto nth = rows_.begin() + static_cast<std::ptrdiff_t>(far_rank);
        std::nth_element(rows_.begin(), nth, rows_.end(), [](const Entry& a, const Entry& b) {
            return a.bound != b.bound ? a.bound < b.bound : a.candidate < b.candidate;
        });
        near = own_.indices[deciding_near_[nth->candidate]];
        far = other_.indices[nth->candidate];
        return true;
    }

private:
    Entry nth_largest_over_own(std::size_t o, std::size_t rank) {
        constexpr double infinity = std::numeric_limits<double>::infinity();
        column_.clear();
        bool any = false;
        for (std::size_t i = 0; i < own_.indices.size(); ++i) {
            const double scale = other_.norms[o] + own_.norms[i];
            const double squared = scale - 2.0 * products_[o * own_.indices.size() + i];
            const bool half_space = squared > degenerate_share * scale;
            any = any || half_space;
            const double margin = other_.distances[o] - own_.distances[i];
            column_.push_back({half_space ? margin / (2.0 * std::sqrt(squared)) : -infinity, i});
        }
        const auto nth = column_.begin() + static_cast<std::ptrdiff_t>(rank);
        std::nth_element(column_.begin(), nth, column_.end(), [](const Entry& a, const Entry& b) {
            return a.bound != b.bound ? a.bound > b.bound : a.candidate < b.candidate;
        });
        // an x⁻ without any half-space must not be the smallest of the rows
        return {any ? nth->bound : infinity, nth->candidate};
    }

    MatrixView embedded_, normals_;
    Side own_, other_;
    std::vector<double> products_;
    std::vector<Entry> column_, rows_;
    std::vector<std::size_t> deciding_near_;
};

void check(MatrixView embedded, MatrixView normals, std::span<const std::int64_t> anchors,
           const CandidateTables& candidates, const Ranks& ranks) {
    if (embedded.rows() != normals.rows())
        throw std::invalid_argument("embedded and normals must have as many rows, got " +
                                    std::to_string(embedded.rows()) + " and " +
                                    std::to_string(normals.rows()));
    const std::size_t size = anchors.size() * candidates.k;
    if (candidates.own.size() != size || candidates.other.size() != size)
        throw std::invalid_argument("own and other must hold k candidates for each anchor, " +
                                    std::to_string(size) + ", got " +
                                    std::to_string(candidates.own.size()) + " and " +
                                    std::to_string(candidates.other.size()));
    if (ranks.near.size() != anchors.size() || ranks.far.size() != anchors.size())
        throw std::invalid_argument("ranks must have one entry for each anchor, " +
                                    std::to_string(anchors.size()) + ", got " +
                                    std::to_string(ranks.near.size()) + " and " +
                                    std::to_string(ranks.far.size()));
    const auto count = static_cast<std::int64_t>(embedded.rows());
    const auto is_row = [count](std::int64_t i) { return i >= 0 && i < count; };
    const auto is_candidate = [count](std::int64_t i) { return i >= -1 && i < count; };
    if (!std::all_of(anchors.begin(), anchors.end(), is_row) ||
        !std::all_of(candidates.own.begin(), candidates.own.end(), is_candidate) ||
        !std::all_of(candidates.other.begin(), candidates.other.end(), is_candidate))
        throw std::invalid_argument("anchors and candidates must be rows of the " +
                                    std::to_string(count) + " points (or -1 for no candidate)");
    const auto is_rank = [](std::int64_t rank) { return rank >= 0; };
    if (!std::all_of(ranks.near.begin(), ranks.near.end(), is_rank) ||
        !std::all_of(ranks.far.begin(), ranks.far.end(), is_rank))
        throw std::invalid_argument("ranks must not be negative");
}

}  // namespace

Pairs deciding_pairs(MatrixView embedded, MatrixView normals, std::span<const std::int64_t> anchors,
                     const CandidateTables& candidates, const Ranks& ranks,
                     const Execution& execution) {
    check(embedded, normals, anchors, candidates, ranks);
    const std::size_t k = candidates.k;
    Pairs pairs{std::vector<std::int64_t>(anchors.size(), -1),
                std::vector<std::int64_t>(anchors.size(), -1)};
    parallel_for(anchors.size(), anchors_per_chunk, execution,
                 [&](std::size_t first, std::size_t last, int) {
                     PairFinder finder(embedded, normals);
                     for (std::size_t a = first; a < last; ++a)
                         finder.find(as_index(anchors[a]), candidates.own.subspan(a * k, k),
                                     candidates.other.subspan(a * k, k), as_index(ranks.near[a]),
                                     as_index(ranks.far[a]), pairs.near[a], pairs.far[a]);
                 });
    return pairs;
}

}  // namespace robust_metric
