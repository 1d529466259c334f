#include <doctest/doctest.h>

#include <cmath>
#include <random>
#include <vector>

#include "geometry/exact_distance.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

int compare(std::vector<double> z, std::vector<double> a, std::vector<double> b, MatrixView l = {}) {
    const int sign = compare_distances_exactly(l, z.data(), a.data(), b.data(), z.size());
    CHECK(compare_distances_exactly(l, z.data(), b.data(), a.data(), z.size()) == -sign);
    return sign;
}

}  // namespace

TEST_CASE("integers: as 64-bit arithmetic says") {
    for (unsigned seed = 0; seed < 300; ++seed) {
        const RandomProblem p(seed, Coordinates::grid, 2, 3, 1, seed % 4, 1e6);
        for (std::size_t q = 0; q < p.count; ++q) {
            const auto gap = reference::squared_distance(p.plain(), p.Z().row(q), 0) -
                             reference::squared_distance(p.plain(), p.Z().row(q), 1);
            const int sign = compare_distances_exactly(p.L(), p.Z().row(q), p.X().row(0), p.X().row(1), p.d);
            CHECK(sign == (gap > 0) - (gap < 0));
        }
    }
}

TEST_CASE("ties and orders that no floating point tells") {
    CHECK(compare({0, 0}, {3, 4}, {5, 0}) == 0);
    CHECK(compare({0, 0}, {3, 4}, {-4, 3}) == 0);
    CHECK(compare({0}, {1}, {1 + 0x1p-52}) == -1);
    CHECK(compare({0x1p-1074}, {-1}, {1}) == 1);
    CHECK(compare({-0x1p-1074}, {-1}, {1}) == -1);
    CHECK(compare({0, 0}, {1e300, 0x1p-1074}, {1e300, 0}) == 1);
    CHECK(compare({0, 0}, {1e300, 1e-300}, {1e300, -1e-300}) == 0);
    CHECK(compare({1e308, 0}, {-1e308, 0}, {-1e308, 1e-308}) == -1);
    CHECK(compare({0.0, 1.0}, {-0.0, 2.0}, {0.0, 2.0}) == 0);
    CHECK(compare({0, 0}, {0, 0}, {0, 0x1p-1074}) == -1);
}

TEST_CASE("components: zeros, rank deficiency, sizes from 1e-300 to 1e300") {
    const std::vector<double> l{1, 1, 0, 0};
    const MatrixView sum(l.data(), 2, 2);
    CHECK(compare({0, 0}, {1, 3}, {4, 0}, sum) == 0);
    CHECK(compare({0, 0}, {1, 3}, {4, 0.5}, sum) == -1);
    const std::vector<double> zero(4, 0.0);
    CHECK(compare({0, 0}, {1, 3}, {4, 7}, {zero.data(), 2, 2}) == 0);
    const std::vector<double> sizes{1e300, 1e-300};
    CHECK(compare({0, 0}, {1e-300, 0}, {1e-300, 1}, {sizes.data(), 1, 2}) == -1);
    CHECK(compare({0, 0}, {0, 1}, {0, -1}, {sizes.data(), 1, 2}) == 0);
}
