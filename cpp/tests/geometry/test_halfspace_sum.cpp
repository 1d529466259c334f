#include <doctest/doctest.h>

#include <cmath>

#include "base/kernels.hpp"
#include "data/query_block.hpp"
#include "geometry/halfspace_sum.hpp"
#include "geometry/halfspace_sum_reference.hpp"
#include "random_problem.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

// The points of a training set as a sum wants them.
class Terms {
public:
    Terms(const PreparedSet& training, const Query& query) : training_(&training), query_(&query) {
        for (std::size_t i = 0; i < training.size(); ++i) {
            const double* row = training.twice_mapped_row(i, scratch_);
            rows_.emplace_back(row, row + training.dimension());
        }
    }
    HalfspaceSum::Point operator()(std::size_t i) {
        const PreparedSet& t = *training_;
        const double distance = kernels().squared_distance(query_->embedding->mapped_row().data(),
                                                           t.mapped_row(i, scratch_), t.metric().rank());
        const double* row = rows_[i].data();
        return {row, std::sqrt(kernels().dot(row, row, t.dimension())), t.extent(i),
                half(t.distance_interval(*query_->embedding, i, distance))};
    }

private:
    const PreparedSet* training_;
    const Query* query_;
    Embedding scratch_;
    std::vector<std::vector<double>> rows_;
};

}  // namespace

TEST_CASE("sums of half-spaces: proved distances are below the exact ones, and hardly") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        RandomProblem p(seed, seed % 2 ? Coordinates::smooth : Coordinates::grid, 12, 4, 2, seed % 4,
                        seed % 5 == 0 ? 1e-140 : 1.0);
        const PreparedSet t = p.prepared();
        const std::size_t q = seed % p.count;
        QueryBlock block(t);
        block.compute(p.Z(), true);
        const Query query = block.query(q);
        CostSpace space(t.threat(), t.dimension());
        space.start(query.point, t.exponent());
        Terms points(t, query);
        HalfspaceSum sum(t);
        for (std::size_t count = 1; count <= 4; ++count) {
            std::vector<std::size_t> entering, beaten;
            std::vector<double> multipliers;
            for (std::size_t i = 0; i < count; ++i) {
                entering.push_back((seed + i) % 6);
                beaten.push_back(6 + (seed * count + i) % 6);
                multipliers.push_back(i == 2 ? 0.0 : (p.uniform() + 1.0) * 100);
            }
            const auto exact = reference::halfspace_sum(p.plain(), query.point, entering, beaten, multipliers);
            if (exact.distance < 0) continue;
            double previous = -1.0;
            for (const int exponent : {0, -540, 900}) {  // only the ratios of multipliers count
                std::vector<double> scaled;
                for (const double multiplier : multipliers) scaled.push_back(std::ldexp(multiplier, exponent));
                sum.start(scaled);
                for (std::size_t i = 0; i < count; ++i) sum.add(scaled[i], points(entering[i]), points(beaten[i]));
                sum.finish();
                const double found = sum.distance(space);
                if (previous >= 0.0) CHECK(found == previous);
                previous = found;
            }
            const long double distance = std::ldexp(exact.distance, -t.exponent()),
                              slack = std::ldexp(exact.slack, -t.exponent());
            CHECK(previous <= distance + slack);
            // points up to 2 apart in each of 4 coordinates, mapped by components up to 2
            CHECK(previous >= distance * (1 - 1e-9L) - 1e-9L);
        }
    }
}

TEST_CASE("a sum without terms proves nothing") {
    const RandomProblem p(1, Coordinates::smooth, 8, 3, 2);
    const PreparedSet t = p.prepared();
    const CostSpace space(t.threat(), t.dimension());
    HalfspaceSum sum(t);
    sum.start({});
    sum.finish();
    CHECK(sum.distance(space) == 0.0);
}
