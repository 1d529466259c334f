#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "data/cascade_query.hpp"
#include "data/codes.hpp"
#include "forced_leaves.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::ForcedLeaves;
using tests::RandomProblem;

namespace {

// variances that fall from feature to feature
RandomProblem decaying(unsigned seed, std::size_t n, std::size_t d, double decay) {
    RandomProblem p(seed, Coordinates::smooth, n, d, 3);
    for (std::size_t i = 0; i < p.points.size(); ++i) p.points[i] *= std::exp(-decay * static_cast<double>(i % d));
    for (std::size_t i = 0; i < p.queries.size(); ++i) p.queries[i] *= std::exp(-decay * static_cast<double>(i % d));
    return p;
}

long double squared_distance(const double* a, const double* b, std::size_t d) {
    long double sum = 0;
    for (std::size_t j = 0; j < d; ++j) sum += (static_cast<long double>(a[j]) - b[j]) * (a[j] - b[j]);
    return sum;
}

void check_codes(std::size_t n, std::size_t width, double decay, double offset, std::size_t repeated) {
    RandomProblem p = decaying(static_cast<unsigned>(n + width), n, width, decay);
    for (double& value : p.points) value = static_cast<float>(value + offset);
    for (std::size_t i = 1; i < n; i += 7)
        for (std::size_t j = 0; j < width; ++j) p.points[i * width + j] = repeated == 0 ? 0.0 : p.points[j];
    FilterRows rows(n, width, 0.0);
    for (std::size_t i = 0; i < n; ++i) rows.set(i, p.points.data() + i * width, 1.0);
    const Codes codes(rows, true, {2, {}});
    REQUIRE(codes.usable());
    for (const FilterRows* stage : {&codes.first(), &codes.second()})
        for (std::size_t a = 0; a < n; ++a) {
            long double square = 0;
            for (std::size_t j = 0; j < width; ++j)
                square += static_cast<long double>(p.points[a * width + j]) * p.points[a * width + j];
            const double length = std::sqrt(static_cast<double>(stage->norms()[a])),
                         slack = 1e-6 * length + stage->error(a);
            REQUIRE(std::fabs(length - std::sqrt(square)) <= slack);
            for (std::size_t b = 0; b < n; ++b) {
                const long double exact =
                    squared_distance(p.points.data() + a * width, p.points.data() + b * width, width);
                REQUIRE(stage->distance(a, b).lower <= std::sqrt(exact));
            }
        }
}

}  // namespace

TEST_CASE("codes are as long as what they stand for, and no farther apart") {
    for (const double decay : {0.0, 0.1, 2.0})
        for (const double offset : {0.0, 3.0}) {
            check_codes(40, 20, decay, offset, 0);
            check_codes(40, 200, decay, offset, 1);
        }
    check_codes(3, 150, 0.0, 0.0, 1);  // fewer rows than directions
    check_codes(5, 1, 0.0, 0.0, 0);
}

TEST_CASE("all that is within a limit survives both stages, and intervals hold the distances") {
    for (unsigned seed = 0; seed < 12; ++seed) {
        const double decay = 0.03 * (seed % 3);
        RandomProblem p = decaying(seed, 200 + 13 * seed, 1 + 17 * seed, decay);
        if (seed % 4 == 3) {
            p = RandomProblem(seed, Coordinates::grid, 300, 5 + seed, 3, seed % 2 == 0 ? 0 : 7);
        }
        const ForcedLeaves forced("cascade");
        const PreparedSet t = p.prepared();
        REQUIRE(t.cascade().usable());
        CHECK(!t.leaves().usable());
        CascadeBlock block(t);
        block.compute(p.Z());
        const int scale = -2 * (t.exponent() + t.metric().exponent());
        for (std::size_t q = 0; q < p.count; ++q) {
            CascadeQuery& query = *block.query(q);
            const Interval norm = query.squared_norm();
            std::vector<long double> distances;
            for (std::size_t i = 0; i < p.n; ++i)
                distances.push_back(std::ldexp(reference::squared_distance(p.plain(), p.Z().row(q), i), scale));
            std::vector<long double> sorted = distances;
            std::sort(sorted.begin(), sorted.end());
            for (const std::size_t rank : {std::size_t{4}, std::size_t{60}, p.n - 1}) {
                const double limit = static_cast<double>(sorted[rank]) - norm.lower + 1e-12;
                while (query.open_next(limit)) {
                }
                std::set<std::uint32_t> found;
                for (std::size_t slot = 0; slot < query.opened(); ++slot)
                    query.each_in(
                        slot, [&] { return limit; },
                        [&](const CascadeQuery::Found& point) {
                            found.insert(point.index);
                            REQUIRE(point.label == p.labels[point.index]);
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

TEST_CASE("long rows with leading directions have a cascade, others have none") {
    CHECK(decaying(1, 1100, 330, 0.05).prepared().cascade().usable());
    CHECK(!decaying(1, 1100, 330, 0.0).prepared().cascade().usable());  // a flat spectrum
    CHECK(!decaying(1, 1000, 330, 0.05).prepared().cascade().usable());
    CHECK(!decaying(1, 1100, 320, 0.05).prepared().cascade().usable());
    RandomProblem outlier = decaying(1, 1100, 330, 0.05);
    outlier.points[7] = 1e5;
    CHECK(!outlier.prepared().cascade().usable());
    const ForcedLeaves forced("none");
    CHECK(!decaying(1, 1100, 330, 0.05).prepared().cascade().usable());
}
