// The radius within which the set of a query's k nearest training points cannot change: for similarity search, where
// there are no classes. Derivation: docs/neighbor_certificates.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "certify/halfspace_bounds.hpp"
#include "data/prepared_set.hpp"

namespace robust_metric {

// Per-thread evaluation; holds its work space.
class NeighborSetBounds {
public:
    explicit NeighborSetBounds(const PreparedSet& training) : training_(&training), bounds_(training) {}

    // The smallest distance to a half-space in which a point outside `neighbors` is at least as near as one inside.
    // neighbors: the k nearest points to the query, in any order. Scaled units; infinite where nothing changes the set.
    double radius(const Query& query, std::span<const std::size_t> neighbors);

private:
    double pair_radius(std::size_t other, std::size_t own);
    bool always_tied(std::size_t a, std::size_t b);

    const PreparedSet* training_;
    HalfspaceBounds bounds_;
    std::vector<double> scratch_;
};

// indices: m × k row numbers of the training set, nearest first. radii: caller's units, rounded down. Neither depends
// on the number of threads.
void neighbor_radii(const PreparedSet& training, MatrixView queries, std::size_t k, const Execution& execution,
                    std::span<double> radii, std::span<std::int64_t> indices);

}  // namespace robust_metric
