#include <doctest/doctest.h>

#include <cmath>

#include "data/metric.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

// ‖L‖₂, or ‖ |L| ‖₂, from below, by power iteration
template <class Entry>
long double norm_of(MatrixView l, Entry entry) {
    std::vector<long double> x(l.cols());
    for (std::size_t j = 0; j < l.cols(); ++j) x[j] = 1.0L + 0.1L * static_cast<long double>(j % 3);
    long double norm = 0;
    for (int round = 0; round < 200; ++round) {
        std::vector<long double> y(l.rows()), next(l.cols());
        long double squares = 0;
        for (std::size_t i = 0; i < l.rows(); ++i)
            for (std::size_t j = 0; j < l.cols(); ++j) y[i] += entry(l(i, j)) * x[j];
        for (std::size_t i = 0; i < l.rows(); ++i)
            for (std::size_t j = 0; j < l.cols(); ++j) next[j] += entry(l(i, j)) * y[i];
        for (const auto value : next) squares += value * value;
        if (squares == 0) return 0;
        norm = std::sqrt(std::sqrt(squares));
        for (std::size_t j = 0; j < l.cols(); ++j) x[j] = next[j] / std::sqrt(squares);
    }
    return norm;
}

long double absolute_norm(MatrixView l) {
    return norm_of(l, [](double value) { return std::fabs(static_cast<long double>(value)); });
}

long double operator_norm(MatrixView l) {
    return norm_of(l, [](double value) { return static_cast<long double>(value); });
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

TEST_CASE("operator_norm bounds the norm and is close to it: wide and tall maps, maps of low rank, of grids, of 0") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        const std::size_t d = 1 + seed % 41, r = 1 + seed / 2 % 37;
        const RandomProblem p(seed, seed % 2 ? Coordinates::smooth : Coordinates::grid, 1, d, 1, r);
        const Metric metric(p.L(), d);
        const long double norm = operator_norm(metric.scaled_components());
        CHECK(metric.operator_norm() >= norm * (1 - 1e-15L));
        CHECK(metric.operator_norm() <= std::max<long double>(1.15L * norm, 1e-100L));
        CHECK(metric.operator_norm() <= metric.norm_bound());
    }
}

TEST_CASE("operator_norm of reflections is 1, where the bound by absolute values grows with the dimension") {
    constexpr std::size_t d = 96;
    std::vector<double> reflection(d * d);  // I - 2 v vᵀ, v = (1, ..., 1) / sqrt(d)
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j) reflection[i * d + j] = (i == j) - 2.0 / d;
    const Metric metric({reflection.data(), d, d}, d);
    const double norm = std::ldexp(metric.operator_norm(), metric.exponent());
    CHECK(norm >= 1.0 - 1e-15);
    CHECK(norm <= 1.01);
    CHECK(std::ldexp(metric.norm_bound(), metric.exponent()) > 2.9);
}
