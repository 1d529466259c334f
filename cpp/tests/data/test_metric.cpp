#include <doctest/doctest.h>

#include <cmath>

#include "data/metric.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

// ‖ |L| ‖₂ from below, by power iteration
long double absolute_norm(MatrixView l) {
    std::vector<long double> x(l.cols(), 1.0L);
    long double norm = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<long double> y(l.rows()), next(l.cols());
        long double squares = 0;
        for (std::size_t i = 0; i < l.rows(); ++i)
            for (std::size_t j = 0; j < l.cols(); ++j) y[i] += std::fabs(l(i, j)) * x[j];
        for (std::size_t i = 0; i < l.rows(); ++i)
            for (std::size_t j = 0; j < l.cols(); ++j) next[j] += std::fabs(l(i, j)) * y[i];
        for (const auto value : next) squares += value * value;
        if (squares == 0) return 0;
        norm = std::sqrt(std::sqrt(squares));
        for (std::size_t j = 0; j < l.cols(); ++j) x[j] = next[j] / std::sqrt(squares);
    }
    return norm;
}

}  // namespace

TEST_CASE("norm_bound bounds the norm of the absolute values, and is no more than the Frobenius norm") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        const std::size_t d = 1 + seed % 7, r = 1 + seed % 5;
        const RandomProblem p(seed, seed % 2 ? Coordinates::smooth : Coordinates::grid, 1, d, 1, r);
        const Metric metric(p.L(), d);
        const MatrixView l = metric.scaled_components();
        long double squares = 0, largest = 0;
        for (std::size_t i = 0; i < r; ++i)
            for (std::size_t j = 0; j < d; ++j) {
                squares += static_cast<long double>(l(i, j)) * l(i, j);
                largest = std::max(largest, static_cast<long double>(std::fabs(l(i, j))));
                CHECK(std::ldexp(l(i, j), metric.exponent()) == p.L()(i, j));
                CHECK(std::fmod(l(i, j), metric.grain()) == 0.0);
            }
        CHECK(metric.norm_bound() >= absolute_norm(l) * (1 - 1e-15L));
        CHECK(metric.norm_bound() <= std::sqrt(squares) * (1 + 1e-12L) + 1e-200L);
        CHECK((largest == 0 || (largest >= 0.5L && largest < 1)));
    }
}

TEST_CASE("metrics of one entry are tight to rounding, of no entry the identity") {
    const double one[] = {-3.0}, zero[] = {0.0};
    CHECK(Metric({one, 1, 1}, 1).norm_bound() == doctest::Approx(0.75));
    CHECK(Metric({zero, 1, 1}, 1).norm_bound() >= 0.0);
    const Metric identity({}, 3);
    CHECK(identity.is_identity());
    CHECK(identity.rank() == 3);
    CHECK(identity.norm_bound() == 1.0);
}
