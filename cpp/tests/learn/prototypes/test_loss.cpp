#include <doctest/doctest.h>

#include <random>
#include <string>

#include "learn/prototypes/loss.hpp"
#include "learn/prototypes/loss_reference.hpp"

using namespace robust_metric;

namespace {

struct Problem {
    std::vector<double> batch_values, values, metric, costs;
    std::vector<std::int32_t> batch_labels, labels;
    std::size_t m, n = 12, d, r;

    Problem(std::size_t count, std::size_t features, std::size_t components, unsigned seed)
        : m(count), d(features), r(components) {
        std::mt19937 random(seed);
        std::normal_distribution<double> normal;
        for (std::size_t i = 0; i < m * d; ++i) batch_values.push_back(normal(random));
        for (std::size_t i = 0; i < n * d; ++i) values.push_back(normal(random));
        for (std::size_t i = 0; i < r * d; ++i) metric.push_back(normal(random));
        for (std::size_t i = 0; i < m; ++i) batch_labels.push_back(static_cast<std::int32_t>(random() % 3));
        for (std::size_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(i % 3));
        for (std::size_t j = 0; j < d; ++j) costs.push_back(0.5 + 0.1 * static_cast<double>(j));
    }
    LabelledPoints batch() const { return {{batch_values.data(), m, d}, batch_labels}; }
    LabelledPoints prototypes() const { return {{values.data(), n, d}, labels}; }
    MatrixView components() const { return {metric.data(), r, d}; }
    PrototypeLossOptions options(Norm q, BoundLoss kind) const {
        PrototypeLossOptions result;
        result.loss = {kind, 0.4};
        result.dual_norm = q;
        result.inverse_cost = costs;
        result.own_candidates = 3;
        result.other_candidates = 4;
        result.with_components_gradient = r > 0;
        return result;
    }
    PrototypeLoss loss(const PrototypeLossOptions& options, int threads = 1) const {
        return prototype_loss(batch(), prototypes(), components(), options, {threads, {}});
    }
};

constexpr Norm norms[] = {Norm::one, Norm::two, Norm::infinity};
constexpr BoundLoss kinds[] = {BoundLoss::linear, BoundLoss::hinge, BoundLoss::ramp};

void check_equal(const std::vector<double>& fast, const std::vector<double>& slow) {
    REQUIRE(fast.size() == slow.size());
    for (std::size_t i = 0; i < slow.size(); ++i) CHECK(fast[i] == doctest::Approx(slow[i]).epsilon(1e-7).scale(1e-3));
}

}  // namespace

TEST_CASE("prototype loss equals its slow twin") {
    for (const Norm q : norms)
        for (const BoundLoss kind : kinds)
            for (const std::size_t count : {1, 128, 300})
                for (const std::size_t r : {0, 3, 9}) {
                    const Problem problem(count, 9, r, static_cast<unsigned>(count + r));
                    const auto options = problem.options(q, kind);
                    const PrototypeLoss fast = problem.loss(options);
                    const PrototypeLoss slow =
                        reference::prototype_loss(problem.batch(), problem.prototypes(), problem.components(), options);
                    CHECK(fast.loss == doctest::Approx(slow.loss).epsilon(1e-9));
                    check_equal(fast.bounds, slow.bounds);
                    check_equal(fast.prototypes_gradient, slow.prototypes_gradient);
                    check_equal(fast.components_gradient, slow.components_gradient);
                }
}

TEST_CASE("prototype loss: the gradients are derivatives") {
    constexpr double step = 1e-6;
    for (const Norm q : norms) {
        Problem problem(40, 4, 3, 7);
        const auto options = problem.options(q, BoundLoss::hinge);
        const PrototypeLoss at = problem.loss(options);
        const auto check = [&](std::vector<double>& variable, const std::vector<double>& gradient) {
            for (std::size_t i = 0; i < variable.size(); ++i) {
                const double value = variable[i];
                variable[i] = value + step;
                const double up = problem.loss(options).loss;
                variable[i] = value - step;
                const double down = problem.loss(options).loss;
                variable[i] = value;
                CHECK(gradient[i] == doctest::Approx((up - down) / (2.0 * step)).epsilon(1e-4).scale(1e-3));
            }
        };
        check(problem.values, at.prototypes_gradient);
        check(problem.metric, at.components_gradient);
    }
}

TEST_CASE("prototype loss: the same bits for every number of threads") {
    const Problem problem(1000, 7, 5, 3);
    const auto options = problem.options(Norm::two, BoundLoss::ramp);
    const PrototypeLoss one = problem.loss(options);
    for (const int threads : {2, 3, 8}) {
        const PrototypeLoss many = problem.loss(options, threads);
        CHECK(many.loss == one.loss);
        CHECK(many.bounds == one.bounds);
        CHECK(many.prototypes_gradient == one.prototypes_gradient);
        CHECK(many.components_gradient == one.components_gradient);
    }
}

TEST_CASE("prototype loss: malformed arguments") {
    Problem problem(4, 3, 2, 5);
    const auto options = problem.options(Norm::two, BoundLoss::linear);
    auto wrong = options;
    wrong.own_candidates = 0;
    CHECK_THROWS_AS(problem.loss(wrong), std::invalid_argument);
    wrong = options;
    wrong.inverse_cost = wrong.inverse_cost.first(2);
    CHECK_THROWS_AS(problem.loss(wrong), std::invalid_argument);
    problem.labels.assign(problem.n, 0);
    CHECK_THROWS_AS(problem.loss(options), std::invalid_argument);
}
