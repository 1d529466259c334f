#include <doctest/doctest.h>

#include <cmath>

#include "certify/neighbor_sets.hpp"
#include "certify/neighbor_sets_reference.hpp"
#include "geometry/neighbors_reference.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

TEST_CASE("radii of neighbour sets equal the slow twin's, from below") {
    for (unsigned seed = 0; seed < 15; ++seed)
        for (const std::size_t k : {1, 2, 5, 12}) {
            const std::size_t n = seed % 4 == 0 ? k + seed / 4 : 60 + seed;
            const double offset = seed % 6 == 0 ? 100.0 : 0.0;
            const std::size_t d = seed % 5 == 1 ? 130 : 3;  // long rows have sketches
            const RandomProblem p(seed, seed % 3 == 2 ? Coordinates::grid : Coordinates::smooth, n, d, 1, seed % 4, 1.0,
                                  offset);
            const PreparedSet t = p.prepared();
            std::vector<double> radii(p.count), again(p.count);
            std::vector<std::int64_t> indices(p.count * k), same(p.count * k);
            neighbor_radii(t, p.Z(), k, {1, {}}, radii, indices);
            neighbor_radii(t, p.Z(), k, {2, {}}, again, same);
            CHECK(radii == again);
            CHECK(indices == same);
            for (std::size_t q = 0; q < p.count; ++q) {
                CAPTURE(seed);
                CAPTURE(k);
                const auto nearest = reference::nearest(p.plain(), p.Z().row(q), k);
                for (std::size_t i = 0; i < k; ++i) CHECK(indices[q * k + i] == static_cast<std::int64_t>(nearest[i]));
                const auto expected = reference::neighbor_radius(p.plain(), p.Z().row(q), k);
                if (std::isinf(expected)) {
                    CHECK(radii[q] == rounding::infinity);
                    continue;
                }
                CHECK(radii[q] <= expected + 1e-16L * offset * offset);
                CHECK(radii[q] >= expected * (1 - 1e-10L) - 1e-15L - 1e-16L * offset * offset);
            }
        }
}

TEST_CASE("points that nothing tells apart keep the order of their indices") {
    // 0 and 2 are equal, and 1 and 3 differ from them by what the metric does not see
    const std::vector<double> points{0, 0, 0, 1, 0, 0, 0, 2, 8, 0};
    const std::vector<double> components{1, 0};
    const std::vector<std::int32_t> labels(5);
    const PreparedSet t({points.data(), 5, 2}, labels, 1, {components.data(), 1, 2});
    const std::vector<double> query{1, 5};
    std::vector<double> radius(1);
    for (std::size_t k = 1; k <= 5; ++k) {
        std::vector<std::int64_t> indices(k);
        neighbor_radii(t, {query.data(), 1, 2}, k, {}, radius, indices);
        for (std::size_t i = 0; i < k; ++i) CHECK(indices[i] == static_cast<std::int64_t>(i));
        if (k == 5)
            CHECK(radius[0] == rounding::infinity);
        else
            CHECK(radius[0] == doctest::Approx(3.0));  // where the fifth point is as near
    }
}
