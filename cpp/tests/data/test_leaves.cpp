#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>
#include <vector>

#include "data/leaf_query.hpp"
#include "data/leaves.hpp"
#include "forced_leaves.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::ForcedLeaves;
using tests::RandomProblem;

namespace {

long double relative_distance(const RandomProblem& p, const PreparedSet& t, const double* z, std::size_t i) {
    const std::vector<double> origin(p.d, 0.0);
    const int scale = -2 * (t.exponent() + t.metric().exponent());
    const auto distance = reference::squared_distance(p.plain(), z, i);
    return std::ldexp(distance, scale);
}

}  // namespace

TEST_CASE("leaves hold every point once, and boxes hold their leaves") {
    for (const std::size_t n : {1, 63, 64, 65, 700}) {
        const RandomProblem p(static_cast<unsigned>(n), Coordinates::smooth, n, 3, 2);
        const ForcedLeaves forced("tree");
        const PreparedSet t = p.prepared();
        const Leaves& leaves = t.leaves();
        REQUIRE(leaves.usable());
        REQUIRE(leaves.has_boxes());
        CHECK(leaves.count() == (n + leaf_points - 1) / leaf_points);
        std::set<std::uint32_t> seen;
        for (std::size_t place = 0; place < n; ++place) {
            seen.insert(leaves.index(place));
            CHECK(leaves.label(place) == p.labels[leaves.index(place)]);
            const float* coordinates = leaves.coordinates(place / leaf_points) + place % leaf_points;
            for (std::size_t j = 0; j < 3; ++j)
                REQUIRE(coordinates[j * leaf_points] == t.mapped().row(leaves.index(place))[j]);
        }
        CHECK(seen.size() == n);
        // the box of every node holds each point below it: its distance from the box is 0
        std::vector<std::size_t> nodes{leaves.root()};
        std::size_t reached = 0;
        while (!nodes.empty()) {
            const std::size_t group = nodes.back();
            nodes.pop_back();
            if (group < leaves.count()) {
                ++reached;
                continue;
            }
            for (std::size_t c = 0; c < leaves.child_count(group); ++c) {
                const std::size_t child = leaves.first_child(group) + c;
                nodes.push_back(child);
                if (child >= leaves.count()) continue;
                for (std::size_t place = child * leaf_points; place < std::min(n, (child + 1) * leaf_points); ++place) {
                    float distances[Leaves::children];
                    leaves.box_distances(group, t.mapped().row(leaves.index(place)), distances);
                    REQUIRE(distances[c] == 0.0f);
                }
            }
        }
        CHECK(reached == leaves.count());
    }
}

TEST_CASE("what is opened within a limit holds every point within it, and intervals hold the distances") {
    for (unsigned seed = 0; seed < 12; ++seed)
        for (const char* kind : {"scan", "tree"}) {
            const RandomProblem p(seed, seed % 3 == 2 ? Coordinates::grid : Coordinates::smooth, 300 + seed, 1 + seed,
                                  3, seed % 4, 1.0, seed % 5 == 0 ? 50.0 : 0.0);
            const ForcedLeaves forced(kind);
            const PreparedSet t = p.prepared();
            LeafBlock block(t, seed % 2 == 0);
            block.compute(p.Z());
            for (std::size_t q = 0; q < p.count; ++q) {
                LeafQuery& query = *block.query(q);
                const Interval norm = query.squared_norm();
                std::vector<long double> distances;
                for (std::size_t i = 0; i < p.n; ++i) distances.push_back(relative_distance(p, t, p.Z().row(q), i));
                std::vector<long double> sorted = distances;
                std::sort(sorted.begin(), sorted.end());
                double limit = 0.0;
                for (const std::size_t rank : {std::size_t{4}, std::size_t{60}, p.n - 1}) {
                    limit = static_cast<double>(sorted[rank]) - norm.lower + 1e-12;
                    if (q % 2 == 0) {
                        query.open_all(limit);
                    } else {
                        while (query.open_next(limit)) {
                        }
                    }
                    std::set<std::uint32_t> found;
                    for (std::size_t slot = 0; slot < query.opened(); ++slot)
                        query.each_in(
                            slot, [&] { return limit; },
                            [&](const LeafQuery::Found& point) {
                                found.insert(point.index);
                                const auto relative = distances[point.index];
                                REQUIRE(point.lower() <= relative - norm.lower + 1e-15L);
                                REQUIRE(point.upper() >= relative - norm.upper - 1e-15L);
                            });
                    for (std::size_t i = 0; i < p.n; ++i)
                        if (distances[i] <= sorted[rank]) REQUIRE(found.count(static_cast<std::uint32_t>(i)) == 1);
                }
            }
        }
}

TEST_CASE("few points and long rows have no leaves, and their name is checked") {
    CHECK(!RandomProblem(1, Coordinates::smooth, 100, 3, 2).prepared().leaves().usable());
    CHECK(!RandomProblem(1, Coordinates::smooth, 600, 400, 2).prepared().leaves().usable());
    CHECK(RandomProblem(1, Coordinates::smooth, 5000, 2, 2).prepared().leaves().has_boxes());
    CHECK(!RandomProblem(1, Coordinates::smooth, 1000, 40, 2).prepared().leaves().has_boxes());
    RandomProblem outlier(1, Coordinates::smooth, 1000, 3, 2);
    outlier.points[7] = 1e5;
    CHECK(!outlier.prepared().leaves().usable());
    const ForcedLeaves forced("bush");
    CHECK_THROWS_WITH_AS(RandomProblem(1, Coordinates::smooth, 10, 3, 2).prepared(),
                         "ROBUST_METRIC_LEAVES must be none, scan, tree or cascade, got 'bush'", std::invalid_argument);
}
