#include "learn/arml/candidates.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>

#include "base/blas.hpp"
#include "base/kernels.hpp"

namespace robust_metric {

namespace {

constexpr std::size_t anchor_tile = 64;
constexpr std::size_t point_tile = 512;
constexpr std::size_t group = 16;  // scores that are looked at one by one only if one of them is small enough

// The k smallest scores of a stream of points, ascending, kept by insertion: after the first few
// tiles hardly a point gets in.
template <class Real>
class NearestList {
public:
    NearestList(Real* scores, std::int64_t* indices, std::size_t k) : scores_(scores), indices_(indices), k_(k) {
        std::fill_n(scores_, k_, std::numeric_limits<Real>::infinity());
        std::fill_n(indices_, k_, std::int64_t{-1});
    }

    Real worst() const { return scores_[k_ - 1]; }

    // Points arrive by increasing index, so a strict comparison leaves ties to the smaller one.
    void insert(Real score, std::int64_t index) {
        std::size_t position = k_ - 1;
        for (; position > 0 && score < scores_[position - 1]; --position) {
            scores_[position] = scores_[position - 1];
            indices_[position] = indices_[position - 1];
        }
        scores_[position] = score;
        indices_[position] = index;
    }

private:
    Real* scores_;
    std::int64_t* indices_;
    std::size_t k_;
};

// Whether a score products[k] + norms[k] is below the limit: counted without branches, for vectors.
template <class Real>
bool any_below(const Real* products, const Real* norms, Real limit) {
    std::int64_t below = 0;
    for (std::size_t k = 0; k < group; ++k) below += products[k] + norms[k] < limit;
    return below > 0;
}

template <class Real>
class CandidateSearch {
public:
    using View = BasicMatrixView<const Real>;
    using List = NearestList<Real>;

    CandidateSearch(View embedded, std::span<const std::int32_t> labels, std::span<const std::int64_t> anchors,
                    std::size_t k, std::size_t leading)
        : embedded_(embedded),
          screened_(embedded),
          labels_(labels),
          anchors_(anchors),
          k_(k),
          norms_(embedded.rows()),
          run_end_(embedded.rows()) {
        const std::size_t n = embedded.rows();
        for (std::size_t i = 0; i < n; ++i) norms_[i] = dot(embedded.row(i), embedded.row(i), embedded.cols());
        for (std::size_t i = n; i-- > 0;)
            run_end_[i] = i + 1 < n && labels[i] == labels[i + 1] ? run_end_[i + 1] : i + 1;
        found_.own.resize(anchors.size() * k);
        found_.other.resize(anchors.size() * k);
        if (leading > 0 && leading < embedded.cols()) screen_by(leading);
    }

    // Searches for the anchors [first, last), at most anchor_tile of them.
    void search(std::size_t first, std::size_t last) {
        const std::size_t count = last - first, width = screened_.cols();
        std::vector<Real> queries(count * width), products(count * point_tile), scores(2 * count * k_);
        std::vector<List> own, other;
        for (std::size_t a = 0; a < count; ++a) {
            std::copy_n(screened_.row(anchor(first + a)), width, queries.data() + a * width);
            const std::size_t row = (first + a) * k_;
            own.emplace_back(scores.data() + 2 * a * k_, found_.own.data() + row, k_);
            other.emplace_back(scores.data() + (2 * a + 1) * k_, found_.other.data() + row, k_);
        }
        for (std::size_t start = 0; start < embedded_.rows(); start += point_tile) {
            const std::size_t stop = std::min(start + point_tile, embedded_.rows());
            const BasicMatrixView<Real> tile(products.data(), count, stop - start, point_tile);
            blas::gemm_nt(Real(-2), View(queries.data(), count, width), screened_.slice(start, stop), Real(0), tile);
            for (std::size_t a = 0; a < count; ++a) scan(anchor(first + a), tile.row(a), start, stop, own[a], other[a]);
        }
    }

    Candidates take() { return std::move(found_); }

private:
    std::size_t anchor(std::size_t a) const { return static_cast<std::size_t>(anchors_[a]); }

    // What stands for a point until its score may be small enough: its leading coordinates, and the length of the
    // others as one more. By Cauchy and Schwarz no product of two is smaller than that of the points, and no score
    // larger but for rounding.
    void screen_by(std::size_t leading) {
        const std::size_t n = embedded_.rows(), width = leading + 1;
        codes_.resize(n * width);
        Real largest = 0;
        for (std::size_t i = 0; i < n; ++i) {
            const Real* others = embedded_.row(i) + leading;
            std::copy_n(embedded_.row(i), leading, codes_.data() + i * width);
            codes_[i * width + leading] = std::sqrt(dot(others, others, embedded_.cols() - leading));
            largest = std::max(largest, norms_[i]);
        }
        screened_ = {codes_.data(), n, width};
        slack_ = 16 * std::numeric_limits<Real>::epsilon() * largest;
    }
    bool in_full() const { return codes_.empty(); }

    // Runs of one class go into one list: points sorted by class are searched fastest.
    void scan(std::size_t anchor, const Real* products, std::size_t start, std::size_t stop, List& own,
              List& other) const {
        for (std::size_t i = start; i < stop;) {
            const std::size_t end = std::min(run_end_[i], stop);
            scan_run(anchor, products - start, i, end, labels_[i] == labels_[anchor] ? own : other);
            i = end;
        }
    }

    // The anchor's own norm is the same for all points and left out of the score.
    void scan_run(std::size_t anchor, const Real* products, std::size_t first, std::size_t last, List& list) const {
        for (std::size_t i = first; i < last; i += group) {
            const std::size_t end = std::min(i + group, last);
            if (end - i == group && !any_below(products + i, norms_.data() + i, list.worst() + slack_)) continue;
            for (std::size_t j = i; j < end; ++j) {
                Real score = products[j] + norms_[j];
                if (!in_full() && score < list.worst() + slack_)
                    score = norms_[j] - 2 * dot(embedded_.row(anchor), embedded_.row(j), embedded_.cols());
                if (score < list.worst() && j != anchor) list.insert(score, static_cast<std::int64_t>(j));
            }
        }
    }

    View embedded_, screened_;
    std::vector<Real> codes_;
    Real slack_ = 0;
    std::span<const std::int32_t> labels_;
    std::span<const std::int64_t> anchors_;
    std::size_t k_;
    std::vector<Real> norms_;
    std::vector<std::size_t> run_end_;  // of each point: the first index after it with another label
    Candidates found_;
};

void check(std::size_t size, std::span<const std::int32_t> labels, std::span<const std::int64_t> anchors,
           std::size_t k) {
    if (labels.size() != size)
        throw std::invalid_argument("labels must have one entry for each of the " + std::to_string(size) +
                                    " points, got " + std::to_string(labels.size()));
    if (k == 0) throw std::invalid_argument("k must be at least 1, got 0");
    for (const std::int64_t anchor : anchors)
        if (anchor < 0 || static_cast<std::size_t>(anchor) >= size)
            throw std::invalid_argument("anchors must be rows of the " + std::to_string(size) + " points, got " +
                                        std::to_string(anchor));
}

template <class Real>
Candidates search_candidates(BasicMatrixView<const Real> embedded, std::span<const std::int32_t> labels,
                             std::span<const std::int64_t> anchors, std::size_t k, const Execution& execution,
                             std::size_t leading) {
    check(embedded.rows(), labels, anchors, k);
    CandidateSearch<Real> search(embedded, labels, anchors, k, leading);
    parallel_for(anchors.size(), anchor_tile, execution,
                 [&](std::size_t first, std::size_t last, int) { search.search(first, last); });
    return search.take();
}

}  // namespace

Candidates find_candidates(MatrixView embedded, std::span<const std::int32_t> labels,
                           std::span<const std::int64_t> anchors, std::size_t k, const Execution& execution,
                           std::size_t leading) {
    return search_candidates(embedded, labels, anchors, k, execution, leading);
}

Candidates find_candidates(FloatMatrixView embedded, std::span<const std::int32_t> labels,
                           std::span<const std::int64_t> anchors, std::size_t k, const Execution& execution,
                           std::size_t leading) {
    return search_candidates(embedded, labels, anchors, k, execution, leading);
}

}  // namespace robust_metric
