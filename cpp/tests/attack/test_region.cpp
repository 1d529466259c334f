#include <doctest/doctest.h>

#include <cmath>

#include "attack/region.hpp"
#include "certify/halfspace_bounds_reference.hpp"
#include "geometry/neighbors_reference.hpp"
#include "random_problem.hpp"
#include "search/single/search_reference.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

std::vector<double> attack(const RandomProblem& p, const PreparedSet& t, std::size_t k, int threads = 1,
                           const Threat& threat = {}) {
    std::vector<double> perturbations(p.count * p.d);
    region_attacks(t, p.Z(), k, threat, 16, {threads, {}}, {perturbations.data(), p.count, p.d});
    return perturbations;
}

}  // namespace

TEST_CASE("perturbations change the class and are no shorter than any proof") {
    for (unsigned seed = 0; seed < 30; ++seed) {
        const bool smooth = seed % 2 == 0;
        const std::size_t d = 1 + seed % 4, rank = seed % 3 == 0 ? 0 : d, k = 1 + seed % 5;
        const RandomProblem p(seed, smooth ? Coordinates::smooth : Coordinates::grid, 24, d, 2 + seed % 3, rank);
        const PreparedSet t = p.prepared();
        const auto found = attack(p, t, k);
        CHECK(found == attack(p, t, k, 2));
        for (std::size_t q = 0; q < p.count; ++q) {
            CAPTURE(seed);
            CAPTURE(q);
            std::vector<double> moved(p.d);
            long double squares = 0;
            for (std::size_t j = 0; j < p.d; ++j) {
                moved[j] = p.Z()(q, j) + found[q * p.d + j];
                const long double step = static_cast<long double>(moved[j]) - p.Z()(q, j);
                squares += step * step;
            }
            if (squares == 0) continue;  // none found: duplicates
            const int label = reference::predict(p.plain(), p.Z().row(q), k);
            CHECK(reference::predict(p.plain(), moved.data(), k) != label);
            const auto bound = reference::certified_radius(p.plain(), p.Z().row(q), label, k);
            CHECK(std::sqrt(squares) >= bound * (1 - 1e-12L));
            if (k > 1 || !smooth) continue;
            const auto minimum = reference::minimal_perturbation(p.plain(), p.Z().row(q), label);
            CHECK(std::sqrt(squares) <= minimum * (1 + 1e-2L));
        }
    }
}

TEST_CASE("frozen features and bounds") {
    const RandomProblem p(5, Coordinates::smooth, 60, 3, 3);
    const PreparedSet t = p.prepared();
    const std::vector<double> cost{1.0, rounding::infinity, 2.0}, lower(3, -1.0), upper(3, 1.0);
    for (const Norm norm : {Norm::one, Norm::two, Norm::infinity}) {
        const auto found = attack(p, t, 3, 1, Threat(norm, 3, cost, lower, upper));
        bool any = false;
        for (std::size_t q = 0; q < p.count; ++q) {
            CHECK(found[q * 3 + 1] == 0.0);
            for (std::size_t j = 0; j < 3; ++j) {
                CHECK(std::fabs(p.Z()(q, j) + found[q * 3 + j]) <= 1.0);
                any = any || found[q * 3 + j] != 0.0;
            }
        }
        CHECK(any);
    }
    CHECK_THROWS_WITH_AS(attack(p, t, 3, 1, Threat(Norm::infinity, 2)), "threat must be for 3 features, got one for 2",
                         std::invalid_argument);
    CHECK_THROWS_AS(PreparedSet(p.X(), p.labels, 3, p.L(), {}, Threat(Norm::infinity, 2)), std::invalid_argument);
}
