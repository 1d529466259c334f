#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "data/leaf_query.hpp"
#include "forced_leaves.hpp"
#include "geometry/neighbors.hpp"
#include "geometry/neighbors_reference.hpp"
#include "random_problem.hpp"
#include "robust_metric/minimal_perturbations.hpp"
#include "search/single/near_points.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::ForcedLeaves;
using tests::RandomProblem;

namespace {

struct Found {
    std::vector<MinimalPerturbation> results;
    std::vector<double> perturbations;

    Found(const RandomProblem& p, const std::string& leaves) : results(p.count), perturbations(p.count * p.d) {
        const ForcedLeaves forced(leaves);
        minimal_perturbations(p.training(), p.Z(), {}, 1, rounding::infinity, {2, {}}, results,
                              {perturbations.data(), p.count, p.d});
    }
};

}  // namespace

TEST_CASE("exact searches among near points have the bits of those among all") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        CAPTURE(seed);
        const std::size_t d = 1 + seed % 6, rank = seed % 3 == 0 ? 0 : d;
        const double scale = seed % 5 == 0 ? 1e100 : 1.0, offset = seed % 4 == 1 ? 1e3 : 0.0;
        const RandomProblem p(seed, seed % 2 ? Coordinates::grid : Coordinates::smooth, 150, d, 1 + seed % 4, rank,
                              scale, offset);
        const Found all(p, "none");
        for (const char* leaves : {"scan", "tree"}) {
            const Found near(p, leaves);
            CHECK(near.perturbations == all.perturbations);
            for (std::size_t q = 0; q < p.count; ++q) {
                const MinimalPerturbation &a = near.results[q], &b = all.results[q];
                CHECK(a.lower == b.lower);
                CHECK(a.upper == b.upper);
                CHECK(a.label == b.label);
                CHECK(a.adversarial_label == b.adversarial_label);
                CHECK(a.status == b.status);
            }
        }
    }
}

TEST_CASE("points near a query decide all predictions within the distance") {
    const ForcedLeaves forced("tree");
    for (unsigned seed = 0; seed < 12; ++seed) {
        CAPTURE(seed);
        RandomProblem p(seed, seed % 2 ? Coordinates::grid : Coordinates::smooth, 400, 3, 3, seed % 3 ? 3 : 0);
        const PreparedSet t = p.prepared();
        NearPoints near(t);
        for_each_leaf_query(t, p.Z(), {}, false, [&](int) {
            return [&](LeafQuery* query, std::size_t row) {
                REQUIRE(query != nullptr);
                const double distance = std::ldexp(0.3, -t.exponent());
                const int label = reference::predict(p.plain(), p.Z().row(row), 1);
                const auto points = near.within(*query, label, distance);
                CHECK(points.size() < t.size());
                CHECK(std::is_sorted(points.begin(), points.end()));
                const PreparedSet some(t, points);
                std::vector<double> moved(p.d);
                for (int trial = 0; trial < 20; ++trial) {
                    for (std::size_t j = 0; j < p.d; ++j)
                        moved[j] = p.Z()(row, j) + 0.3 * p.uniform() / std::sqrt(static_cast<double>(p.d));
                    const auto all = reference::nearest(p.plain(), moved.data(), 1).front();
                    QueryBlock block(some);
                    block.compute({moved.data(), 1, p.d}, false);
                    NeighborSearch search(some);
                    CHECK(points[search.nearest(block.query(0), 1, true).front()] == all);
                }
            };
        });
    }
}

TEST_CASE("a selection of points knows of each what the whole set does") {
    for (const std::size_t rank : {0, 3}) {
        const RandomProblem p(3, Coordinates::grid, 60, 3, 4, rank);
        const PreparedSet t = p.prepared();
        t.keep_float64_rows({});
        const std::vector<std::uint32_t> which{0, 7, 8, 30, 59};
        const PreparedSet some(t, which);
        CHECK(some.size() == which.size());
        CHECK(some.classes() == t.classes());
        CHECK(some.exponent() == t.exponent());
        Embedding a, b;
        std::size_t members = 0;
        for (int c = 0; c < t.classes(); ++c) members += some.class_size(c);
        CHECK(members == which.size());
        for (std::size_t i = 0; i < which.size(); ++i) {
            const std::size_t x = which[i];
            CHECK(some.label(i) == t.label(x));
            CHECK(some.shadowed(i) == t.shadowed(x));
            CHECK(some.extent(i) == t.extent(x));
            CHECK(some.mapped().norms()[i] == t.mapped().norms()[x]);
            CHECK(std::equal(some.mapped().row(i), some.mapped().row(i) + t.metric().rank(), t.mapped().row(x)));
            for (std::size_t j = 0; j < 3; ++j) {
                CHECK(some.points()(i, j) == t.points()(x, j));
                CHECK(some.twice_mapped().row(i)[j] == t.twice_mapped().row(x)[j]);
                CHECK(some.twice_mapped_row(i, a)[j] == t.twice_mapped_row(x, b)[j]);
            }
        }
    }
}
