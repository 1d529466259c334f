// Random training points, queries and metrics for the tests; the same for the same seed on every platform.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "data/prepared_set.hpp"
#include "plain_data.hpp"
#include "robust_metric/training_set.hpp"

namespace robust_metric::tests {

enum class Coordinates {
    smooth,  // uniform in [-1, 1)
    grid     // integers from -2 to 2: ties and duplicates
};

struct RandomProblem {
    std::size_t n, d, r, count;  // r = 0: Euclidean
    int classes;
    std::vector<double> points, components, queries;
    std::vector<std::int32_t> labels;

    RandomProblem(unsigned seed, Coordinates kind, std::size_t size, std::size_t dimension, int number_of_classes,
                  std::size_t rank = 0, double scale = 1.0, double offset = 0.0)
        : n(size), d(dimension), r(rank), count(12), classes(number_of_classes), random_(seed) {
        for (std::size_t i = 0; i < n * d; ++i) points.push_back(offset + scale * value(kind));
        for (std::size_t i = 0; i < r * d; ++i) components.push_back(value(kind));
        for (std::size_t i = 0; i < count * d; ++i) queries.push_back(offset + scale * value(kind));
        for (std::size_t i = 0; i < n; ++i)
            labels.push_back(static_cast<std::int32_t>(random_() % static_cast<unsigned>(classes)));
    }

    MatrixView X() const { return {points.data(), n, d}; }
    MatrixView L() const { return r ? MatrixView(components.data(), r, d) : MatrixView(); }
    MatrixView Z() const { return {queries.data(), count, d}; }
    TrainingSet training() const { return {X(), labels, classes, L()}; }
    PreparedSet prepared() const { return {X(), labels, classes, L()}; }
    reference::PlainData plain() const { return {X(), labels, classes, L()}; }

    double uniform() { return std::ldexp(static_cast<double>(random_()), -31) - 1.0; }

private:
    double value(Coordinates kind) {
        return kind == Coordinates::smooth ? uniform() : static_cast<double>(random_() % 5) - 2.0;
    }
    std::mt19937 random_;
};

}  // namespace robust_metric::tests
