#include <doctest/doctest.h>

#include "geometry/neighbors_reference.hpp"
#include "search/vote/search_reference.hpp"
#include "search/vote/vote_parts.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;
using tests::VoteParts;

namespace {

void check_witness(const VoteParts& v) {
    std::vector<double> point(v.problem.d);
    for (std::size_t j = 0; j < point.size(); ++j) point[j] = v.z()[j] + v.witness.step()[j];
    CHECK(reference::predict(v.problem.plain(), point.data(), v.k) == v.witness.adversarial_label());
    CHECK(v.witness.adversarial_label() != v.label);
}

}  // namespace

TEST_CASE("vote attack: a first witness almost wherever one exists, never nearer than the minimal perturbation") {
    std::size_t good = 0, found = 0, all = 0;
    for (unsigned seed = 0; seed < 40; ++seed) {
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 8, 2, 2 + static_cast<int>(seed % 3)), 2 + seed % 4);
        if (v.votes.empty()) continue;
        const auto exact = reference::minimal_perturbation(v.problem.plain(), v.z(), v.label, v.k);
        v.attack.find_first(v.votes.front());
        CAPTURE(seed);
        CHECK(v.witness.length() >= exact * (1 - 1e-10L));
        all += std::isfinite(exact);
        if (!std::isfinite(v.witness.scaled_length())) continue;
        check_witness(v);
        ++found;
        good += v.witness.length() <= 1.25L * exact;
        CHECK(v.attack.has_good_start() == (v.witness.scaled_length() <= 1.25 * v.certified));
    }
    CHECK(found * 10 >= all * 9);
    CHECK(good * 10 >= all * 8);
}

TEST_CASE("vote attack: improving and exchanging never make the witness longer") {
    std::size_t better = 0;
    for (unsigned seed = 0; seed < 40; ++seed) {
        VoteParts v(RandomProblem(seed, Coordinates::smooth, 80, 4, 3), 7);
        if (v.votes.empty()) continue;
        v.attack.find_first(v.votes.front());
        const double first = v.witness.scaled_length();
        REQUIRE(first < rounding::infinity);
        v.attack.improve();
        const double improved = v.witness.scaled_length();
        CHECK(improved <= first);
        v.choose_points(improved);
        v.attack.exchange();
        CHECK(v.witness.scaled_length() <= improved);
        better += v.witness.scaled_length() < improved;
        check_witness(v);
    }
    CHECK(better > 5);
}

TEST_CASE("vote attack: where no cell has one, a training point that is a witness and the segment to it") {
    // the own class is one point among equal ones of the other, which come later: no half-space tells them apart
    RandomProblem p(1, Coordinates::grid, 6, 1, 2);
    p.points = {0.0, 0.0, 0.0, 4.0, 4.0, 4.0};
    p.labels = {0, 0, 1, 1, 0, 1};
    std::fill(p.queries.begin(), p.queries.end(), 0.0);
    VoteParts v(p, 3);
    REQUIRE(v.label == 0);
    v.attack.find_first(v.votes.front());
    REQUIRE(v.witness.scaled_length() < rounding::infinity);
    check_witness(v);
    CHECK(v.witness.length() == doctest::Approx(2.0).epsilon(1e-6));
}
