#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "learn/lmnn/margin_loss.hpp"
#include "learn/lmnn/margin_loss_reference.hpp"

using namespace robust_metric;

namespace {

// Points of three classes, sorted or not; targets are any other points of the class, or missing.
struct Problem {
    std::vector<double> values;
    std::vector<std::int32_t> labels;
    std::vector<std::int64_t> anchors, targets;
    std::size_t n, d, k;
    std::mt19937 random;

    Problem(std::size_t points, std::size_t features, std::size_t neighbors, double spread, bool sorted)
        : n(points), d(features), k(neighbors), random(static_cast<unsigned>(points + features)) {
        std::normal_distribution<double> normal;
        for (std::size_t i = 0; i < n * d; ++i) values.push_back(spread * normal(random));
        for (std::size_t i = 0; i < n; ++i) labels.push_back(static_cast<std::int32_t>(sorted ? 3 * i / n : i % 3));
        for (std::size_t i = 0; i < n; ++i) {
            if (i % 7 == 6) continue;  // not every point is an anchor
            anchors.push_back(static_cast<std::int64_t>(i));
            for (std::size_t j = 0; j < k; ++j) {
                const std::size_t other = random() % n;
                targets.push_back(labels[other] == labels[i] ? static_cast<std::int64_t>(other) : -1);
            }
        }
    }
    MarginProblem problem(double pull_weight) const {
        return {{values.data(), n, d}, labels, anchors, targets, k, pull_weight};
    }
    std::vector<double> components(std::size_t r, double size) {
        std::normal_distribution<double> normal;
        std::vector<double> out(r * d);
        for (double& value : out) value = size * normal(random);
        return out;
    }
};

void check_close(const std::vector<double>& fast, const std::vector<double>& slow) {
    double scale = 1.0;
    for (const double value : slow) scale = std::max(scale, std::abs(value));
    for (std::size_t i = 0; i < slow.size(); ++i) CHECK(std::abs(fast[i] - slow[i]) <= 1e-11 * scale);
}

struct Answer {
    double value;
    std::vector<double> gradient;
};

Answer fast(MarginLoss& loss, const std::vector<double>& l, std::size_t d, int threads = 1) {
    Answer answer{0.0, std::vector<double>(l.size())};
    answer.value = loss.evaluate({l.data(), l.size() / d, d}, {threads, {}}, {answer.gradient.data(), l.size() / d, d});
    return answer;
}

void check_equal_to_twin(MarginLoss& loss, const MarginProblem& problem, const std::vector<double>& l) {
    const std::size_t d = problem.points.cols(), r = l.size() / d;
    const Answer answer = fast(loss, l, d);
    std::vector<double> gradient(l.size());
    const double value = reference::margin_loss(problem, {l.data(), r, d}, {gradient.data(), r, d});
    CHECK(answer.value == doctest::Approx(value).epsilon(1e-11));
    check_close(answer.gradient, gradient);
}

}  // namespace

TEST_CASE("margin loss equals its slow twin's along walks of small and large steps") {
    for (const bool sorted : {true, false})
        for (const std::size_t n : {2, 9, 80})
            for (const std::size_t d : {1, 5})
                for (const double spread : {0.2, 1.0, 6.0}) {  // nearly all triplets count, few do
                    Problem data(n, d, 1 + n % 3, spread, sorted);
                    const MarginProblem problem = data.problem(0.3);
                    MarginLoss loss(problem);
                    std::vector<double> l = data.components(d, 1.0);
                    for (int step = 0; step < 60; ++step) {
                        const double size = step % 20 == 19 ? 1.0 : step % 5 == 4 ? 0.05 : 1e-3;
                        const std::vector<double> move = data.components(d, size);
                        for (std::size_t i = 0; i < l.size(); ++i) l[i] += move[i];
                        check_equal_to_twin(loss, problem, l);
                    }
                }
}

TEST_CASE("margin loss: rows of L may be fewer, more, and another number at every call") {
    Problem data(60, 4, 3, 1.0, true);
    const MarginProblem problem = data.problem(0.5);
    MarginLoss loss(problem);
    for (const std::size_t r : {1, 4, 4, 6, 2}) check_equal_to_twin(loss, problem, data.components(r, 1.0));
}

TEST_CASE("margin loss does not depend on the number of threads") {
    Problem data(400, 70, 3, 0.3, true);
    MarginLoss one(data.problem(0.5)), many(data.problem(0.5));
    std::vector<double> l = data.components(70, 0.3);
    for (int step = 0; step < 10; ++step) {
        for (double& value : l) value *= 1.001;
        const Answer a = fast(one, l, 70, 1), b = fast(many, l, 70, 3);
        CHECK(a.value == b.value);
        CHECK(a.gradient == b.gradient);
    }
}

TEST_CASE("margin loss: images that overflow give NaN, and the next call is right again") {
    Problem data(60, 3, 2, 1.0, true);
    const MarginProblem problem = data.problem(0.5);
    MarginLoss loss(problem);
    const std::vector<double> good = data.components(3, 1.0);
    check_equal_to_twin(loss, problem, good);
    for (const double size : {1e200, std::numeric_limits<double>::infinity()}) {
        const Answer answer = fast(loss, data.components(3, size), 3);
        CHECK_FALSE(answer.value < std::numeric_limits<double>::infinity());
        check_equal_to_twin(loss, problem, good);
    }
}

TEST_CASE("margin loss: malformed arguments") {
    Problem data(6, 2, 1, 1.0, true);
    const auto refused = [&](const auto& change) {
        Problem wrong = data;
        change(wrong);
        CHECK_THROWS_AS(MarginLoss(wrong.problem(0.5)), std::invalid_argument);
    };
    refused([](Problem& wrong) { wrong.labels.pop_back(); });
    refused([](Problem& wrong) { wrong.targets.pop_back(); });
    refused([](Problem& wrong) { wrong.anchors[0] = 6; });
    refused([](Problem& wrong) { wrong.anchors[0] = -1; });
    refused([](Problem& wrong) { wrong.targets[0] = 6; });
    MarginLoss loss(data.problem(0.5));
    CHECK_THROWS_AS(fast(loss, std::vector<double>(3), 3), std::invalid_argument);
}
