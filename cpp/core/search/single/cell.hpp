// The cell of one other-class point: the perturbations after which it is at least as near as every own-class point. Its
// point nearest to the query, with constraints generated as they turn out to be violated, and a lower bound of its
// distance. One query at a time.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "base/interval.hpp"
#include "certify/halfspace_bounds.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/halfspace_sum.hpp"
#include "project/active_set.hpp"

namespace robust_metric {

class SingleCell {
public:
    struct Projection {
        std::size_t other;                 // whose cell it is
        std::vector<double> perturbation;  // scaled
        std::vector<std::size_t> own;      // the own-class points that hold it back, and their multipliers
        std::vector<double> multipliers;
        double norm;
        bool complete;  // not given up
    };

    // bounds must outlive this object
    SingleCell(const PreparedSet& training, HalfspaceBounds& bounds)
        : training_(&training), bounds_(&bounds), qp_(training.dimension()), sum_(training) {}

    // Starts a query, of predicted class `label`; query must stay in place, and bounds have been started with it.
    void start(const Query& query, int label);

    // Given up once it is farther than cutoff, or past the deadline.
    Projection project(std::size_t other, double cutoff, const Deadline& deadline);
    // The bound that the multipliers of a projection prove, by float64 rows.
    double lower(const Projection& projection);

    // Scaled d(z, x) by the kernels: unlike the filter's, its bits do not depend on the block that the query came in.
    double distance(std::size_t position);

private:
    struct Nearness {
        std::size_t own;
        double upper;
    };

    bool add_most_violated(std::size_t other);
    std::size_t most_violated(std::size_t other, std::span<const double> perturbation);
    double list_near(std::span<const double> perturbation, double norm, double at_query, double threshold);
    double nearness(std::size_t x, std::span<const double> perturbation, double at_query);
    double tolerance(std::size_t other, std::size_t own, double norm);
    HalfspaceSum::Point point(std::size_t position, Embedding& scratch);

    const PreparedSet* training_;
    HalfspaceBounds* bounds_;
    ActiveSetProjection qp_;
    HalfspaceSum sum_;
    const Query* query_ = nullptr;
    std::vector<std::size_t> own_order_;
    std::vector<double> distances_;  // NaN where not asked for yet
    std::vector<Nearness> near_;     // own-class points that may be the nearest, with upper bounds
    std::vector<double> normal_;
    Embedding own_scratch_, other_scratch_;
    double squared_norm_ = 0.0;  // ‖L̂ẑ‖² as computed, what distances have in common; 0 for a far query
};

}  // namespace robust_metric
