// Products of all rows of a cell with a direction that is a sum of few of them. Those of a row are kept once they were
// wanted often enough: then a direction costs one pass over numbers instead of one over rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "search/vote/cell_points.hpp"

namespace robust_metric {

class RowProducts {
public:
    using Id = CellPoints::Id;
    using Pair = CellPoints::Pair;

    // points must outlive this object
    explicit RowProducts(const CellPoints& points) : points_(&points) {}

    // Starts a query: nothing is known, and all rows are covered.
    void start();
    // From now on the first `count` rows alone are.
    void cover(std::size_t count) { covered_ = count; }
    // The direction Σ 2^-scale multiplier (entering - beaten), each row once.
    void weigh(std::span<const Pair> pairs, std::span<const double> multipliers, int scale);
    // The products of all rows with it, or of those that are covered; false where too many are not kept.
    bool sum(std::vector<double>& sums);
    // Rows in the direction, and the sum of their |weight| ‖row‖.
    std::size_t terms() const { return weights_.size(); }
    double size() const;

private:
    struct Products {
        std::size_t asked = 0;
        std::vector<double> values;
    };
    void add(Id id, double weight);

    const CellPoints* points_;
    std::vector<Products> products_;
    std::size_t kept_ = 0, covered_ = SIZE_MAX;
    std::vector<std::pair<Id, double>> weights_;
};

}  // namespace robust_metric
