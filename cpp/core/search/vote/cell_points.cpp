#include "search/vote/cell_points.hpp"

#include <algorithm>
#include <cmath>

#include "base/kernels.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

using rounding::gamma;
using rounding::up;

void CellPoints::start(const Query& query) {
    query_ = &query;
    points_.clear();
    id_of_.assign(training_->size(), none);
    rows_.clear();
    for (std::vector<double>* values : {&normal_, &stored_, &other_stored_}) values->resize(dimension());
}

auto CellPoints::measure(std::size_t position) const -> Measured {
    const PreparedSet& t = *training_;
    const Embedding& z = *query_->embedding;
    const double distance = t.distance(z, position, scratch_);
    const double* row = t.twice_mapped_row(position, scratch_);
    double length = std::sqrt(kernels().squared_distance(z.twice_mapped_row().data(), row, t.dimension()));
    if (t.threat().norm() != Norm::two) {
        for (std::size_t j = 0; j < normal_.size(); ++j) normal_[j] = z.twice_mapped_row()[j] - row[j];
        length = space_->dual_norm(normal_);
    }
    const Interval interval = t.distance_interval(z, position, distance);
    return {position, 0.5 * distance, length, 0.5 * interval.lower, 0.5 * interval.upper};
}

CellPoints::Id CellPoints::add(const Measured& point) {
    const PreparedSet& t = *training_;
    const double* row = t.twice_mapped_row(point.position, scratch_);
    const double row_norm = std::sqrt(kernels().dot(row, row, t.dimension()));
    rows_.insert(rows_.end(), row, row + t.dimension());
    points_.push_back({point, row_norm, t.twice_mapped_norm_error(t.extent(point.position), 0.0)});
    return id_of_[point.position] = static_cast<Id>(points_.size() - 1);
}

HalfspaceSum::Point CellPoints::summand(Id id) const {
    const Point& x = points_[id];
    return {row(id), x.row_norm, training_->extent(x.position), {x.half_lower, x.half_upper}};
}

bool CellPoints::equal(Id a, Id b) const {
    if (half(a) != half(b)) return false;
    const Points& points = training_->points();
    const double *x = points.row(position(a), stored_.data()), *y = points.row(position(b), other_stored_.data());
    return std::equal(x, x + points.cols(), y);
}

double CellPoints::pair_length(Pair pair) const {
    const PreparedSet& t = *training_;
    const std::size_t d = dimension();
    const double error =
        t.twice_mapped_norm_error(t.extent(position(pair.entering)), t.extent(position(pair.beaten))) + 0x1p-480;
    if (t.threat().norm() != Norm::two) {
        const double *a = row(pair.entering), *b = row(pair.beaten);
        std::vector<double> difference(d);
        double largest = 0.0;
        for (std::size_t j = 0; j < d; ++j) {
            difference[j] = a[j] - b[j];
            largest = std::max(largest, std::fabs(difference[j]));
        }
        const double rounded = largest * static_cast<double>(d) * rounding::unit;
        return up(space_->dual_norm(difference) + t.threat().dual_factor() * (error + rounded));
    }
    const double squares = kernels().squared_distance(row(pair.entering), row(pair.beaten), d);
    return up(std::sqrt(squares) * (1.0 + gamma(d + 6)) + error);
}

double CellPoints::product(Id x, Id y) const { return kernels().dot(row(x), row(y), dimension()); }

void CellPoints::products(Id x, Id first, std::span<double> out) const {
    for (std::size_t j = 0; j < out.size(); ++j) out[j] = product(first + static_cast<Id>(j), x);
}

}  // namespace robust_metric
