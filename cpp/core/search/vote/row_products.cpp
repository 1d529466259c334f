#include "search/vote/row_products.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"

namespace robust_metric {

namespace {

// products of a row with all others are kept once they were wanted this often, and while they take no more room
constexpr std::size_t worth_keeping = 3, products_room = std::size_t{1} << 23;

}  // namespace

void RowProducts::start() {
    products_.clear();
    kept_ = 0;
    covered_ = SIZE_MAX;
}

void RowProducts::add(Id id, double weight) {
    for (auto& entry : weights_)
        if (entry.first == id) {
            entry.second += weight;
            return;
        }
    weights_.emplace_back(id, weight);
}

void RowProducts::weigh(std::span<const Pair> pairs, std::span<const double> multipliers, int scale) {
    weights_.clear();
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const double weight = std::ldexp(multipliers[i], -scale);
        if (weight == 0.0) continue;
        add(pairs[i].entering, weight);
        add(pairs[i].beaten, -weight);
    }
}

bool RowProducts::sum(std::vector<double>& sums) {
    const CellPoints& points = *points_;
    const std::size_t n = std::min(points.size(), covered_), d = points.dimension();
    products_.resize(points.size());
    bool known = true;
    for (const auto& entry : weights_) {
        Products& products = products_[entry.first];
        const std::size_t done = products.values.size();  // fewer than n where points were added since
        if (done >= n) continue;
        if (done == 0) {
            if (++products.asked < worth_keeping || (kept_ + 1) * n > products_room) {
                known = false;
                continue;
            }
            ++kept_;
        }
        products.values.resize(n);
        for (std::size_t i = done; i < n; ++i)
            products.values[i] = kernels().dot(points.row(static_cast<Id>(i)), points.row(entry.first), d);
    }
    if (!known) return false;
    sums.assign(n, 0.0);
    for (const auto& entry : weights_)
        kernels().axpy(entry.second, products_[entry.first].values.data(), sums.data(), n);
    return true;
}

double RowProducts::size() const {
    double size = 0.0;
    for (const auto& entry : weights_) size += std::fabs(entry.second) * (*points_)[entry.first].row_norm;
    return size;
}

}  // namespace robust_metric
