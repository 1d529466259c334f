#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "learn/arml/triplet_loss.hpp"
#include "learn/arml/triplet_loss_reference.hpp"

using namespace robust_metric;

namespace {

struct Problem {
    std::vector<double> values, metric;
    std::vector<std::int64_t> anchor, near, far;
    std::size_t n = 30, d, r;

    Problem(std::size_t features, std::size_t components, std::size_t count, unsigned seed)
        : d(features), r(components) {
        std::mt19937 random(seed);
        std::normal_distribution<double> normal;
        for (std::size_t i = 0; i < n * d; ++i) values.push_back(normal(random));
        for (std::size_t i = 0; i < r * d; ++i) metric.push_back(normal(random));
        for (std::size_t t = 0; t < count; ++t) {
            anchor.push_back(static_cast<std::int64_t>(random() % n));
            near.push_back(static_cast<std::int64_t>(random() % n));
            far.push_back(static_cast<std::int64_t>(random() % n));  // sometimes the same as near
        }
    }
    MatrixView points() const { return {values.data(), n, d}; }
    MatrixView components() const { return {metric.data(), r, d}; }
    Triplets triplets() const { return {anchor, near, far}; }
    double loss(const BoundLossOptions& options, Norm norm) const {
        return triplet_loss(points(), components(), triplets(), options, {}, norm).loss;
    }
};

constexpr Norm all_norms[] = {Norm::one, Norm::two, Norm::infinity};
const BoundLossOptions all_options[] = {{BoundLoss::linear, 0.0}, {BoundLoss::hinge, 0.3}, {BoundLoss::ramp, 0.3}};

}  // namespace

TEST_CASE("triplet loss equals its slow twin") {
    for (const auto& options : all_options)
        for (const std::size_t count : {1, 127, 128, 129, 1000, 3000})
            for (const std::size_t r : {3, 5, 8}) {
                const Norm norm = all_norms[count % 3];
                const Problem problem(5, r, count, static_cast<unsigned>(count + r));
                const TripletLoss fast =
                    triplet_loss(problem.points(), problem.components(), problem.triplets(), options, {}, norm);
                const TripletLoss slow =
                    reference::triplet_loss(problem.points(), problem.components(), problem.triplets(), options, norm);
                CHECK(fast.loss == doctest::Approx(slow.loss).epsilon(1e-10));
                REQUIRE(fast.gradient.size() == slow.gradient.size());
                for (std::size_t i = 0; i < slow.gradient.size(); ++i)
                    CHECK(fast.gradient[i] == doctest::Approx(slow.gradient[i]).epsilon(1e-8));
                REQUIRE(fast.bounds.size() == count);
                for (std::size_t t = 0; t < count; ++t)
                    CHECK(fast.bounds[t] == doctest::Approx(slow.bounds[t]).epsilon(1e-8));
            }
}

TEST_CASE("triplet loss: the gradient is the derivative") {
    for (const auto& options : all_options)
        for (const Norm norm : all_norms) {
            Problem problem(4, 3, 40, 7);
            const auto gradient =
                triplet_loss(problem.points(), problem.components(), problem.triplets(), options, {}, norm).gradient;
            constexpr double step = 1e-6;
            for (std::size_t i = 0; i < problem.metric.size(); ++i) {
                const double value = problem.metric[i];
                problem.metric[i] = value + step;
                const double up = problem.loss(options, norm);
                problem.metric[i] = value - step;
                const double down = problem.loss(options, norm);
                problem.metric[i] = value;
                CHECK(gradient[i] == doctest::Approx((up - down) / (2.0 * step)).epsilon(1e-4));
            }
        }
}

TEST_CASE("triplet loss: the same bits for every number of threads") {
    for (const std::size_t count : {50, 700, 200000}) {
        const Problem problem(6, 4, count, 3);
        const TripletLoss one = triplet_loss(problem.points(), problem.components(), problem.triplets(), {}, {1, {}});
        for (const int threads : {2, 3, 8}) {
            const TripletLoss many =
                triplet_loss(problem.points(), problem.components(), problem.triplets(), {}, {threads, {}});
            CHECK(many.loss == one.loss);
            CHECK(many.gradient == one.gradient);
            CHECK(many.bounds == one.bounds);
        }
    }
}

TEST_CASE("triplet loss: no half-space, no loss and no direction") {
    Problem problem(3, 2, 10, 4);
    problem.far = problem.near;
    TripletLoss result = triplet_loss(problem.points(), problem.components(), problem.triplets(), {}, {});
    CHECK(result.loss == 0.0);
    CHECK(std::all_of(result.gradient.begin(), result.gradient.end(), [](double g) { return g == 0.0; }));

    std::fill(problem.metric.begin(), problem.metric.end(), 0.0);
    std::fill(problem.far.begin(), problem.far.end(), 0);
    result = triplet_loss(problem.points(), problem.components(), problem.triplets(), {}, {});
    CHECK(result.loss == 0.0);
}

TEST_CASE("triplet loss: malformed arguments") {
    const Problem problem(3, 2, 4, 5);
    const auto call = [&](MatrixView components, const Triplets& triplets) {
        triplet_loss(problem.points(), components, triplets, {}, {});
    };
    const std::vector<std::int64_t> none, outside(4, 30), short_one(3);
    CHECK_THROWS_AS(call({problem.metric.data(), 3, 2}, problem.triplets()), std::invalid_argument);
    CHECK_THROWS_AS(call(problem.components(), {none, none, none}), std::invalid_argument);
    CHECK_THROWS_AS(call(problem.components(), {problem.anchor, problem.near, outside}), std::invalid_argument);
    CHECK_THROWS_AS(call(problem.components(), {problem.anchor, short_one, problem.far}), std::invalid_argument);
}
