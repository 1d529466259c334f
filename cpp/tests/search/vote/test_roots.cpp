#include <doctest/doctest.h>

#include <algorithm>
#include <optional>

#include "search/vote/vote_parts.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;
using tests::VoteParts;
using Id = CellPoints::Id;

namespace {

constexpr double infinity = rounding::infinity;

struct Rooted : VoteParts {
    std::vector<VoteLoss> losses;

    explicit Rooted(unsigned seed, std::size_t size = 24)
        : VoteParts(RandomProblem(seed, seed % 3 ? Coordinates::smooth : Coordinates::grid, size, 2,
                                  2 + static_cast<int>(seed % 5)),
                    2 + seed % 6),
          losses(list_losses(votes)) {
        if (losses.empty()) return;
        choose_points(infinity);
        roots.start(losses);
    }
    std::vector<VoteRoots::Root> take_all(double upper) {
        std::vector<VoteRoots::Root> taken;
        while (roots.least_bound() < upper)
            if (const auto root = roots.take(upper)) taken.push_back(*root);
        return taken;
    }
    // By every candidate's bound on its own: the smallest number within which enough of each kind may enter.
    double plain_bound(const VoteLoss& loss) {
        decided.decide({}, {.spare = loss.kept}, cell.points().size());
        cell.clear();
        cell.proof().prove({}, {});
        vote_bounds.choose_own(false);
        std::vector<Ranked> ranked;
        for (const Id x : points.candidates()) ranked.push_back({vote_bounds.entering(x, infinity), x});
        std::sort(ranked.begin(), ranked.end());
        std::size_t total = 0, rivals = 0;
        for (const Ranked& x : ranked) {
            ++total;
            rivals += points.label(x.id) == loss.rival;
            if (total >= loss.entering && rivals >= loss.least && total - rivals >= loss.entering - loss.most)
                return x.value;
        }
        return infinity;
    }
};

}  // namespace

TEST_CASE("vote roots: every loss comes once, by bounds that never fall") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        CAPTURE(seed);
        Rooted v(seed);
        if (v.losses.empty()) continue;
        const auto taken = v.take_all(infinity);
        std::vector<std::size_t> seen(v.losses.size(), 0);
        double before = 0.0;
        for (const VoteRoots::Root& root : taken) {
            ++seen[root.loss];
            CHECK(root.bound >= before);
            before = root.bound;
            CHECK(root.bound == v.plain_bound(v.losses[root.loss]));
        }
        for (std::size_t i = 0; i < v.losses.size(); ++i)
            CHECK(seen[i] == (v.plain_bound(v.losses[i]) < infinity ? 1 : 0));
    }
}

TEST_CASE("vote roots: the bound of what is left is one of every loss that was not taken") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        CAPTURE(seed);
        Rooted v(seed);
        if (v.losses.empty()) continue;
        std::vector<char> taken(v.losses.size(), 0);
        while (v.roots.least_bound() < infinity) {
            const double least = v.roots.least_bound();
            for (std::size_t i = 0; i < v.losses.size(); ++i)
                if (!taken[i]) CHECK(least <= v.plain_bound(v.losses[i]));
            if (const auto root = v.roots.take(infinity)) taken[root->loss] = 1;
        }
    }
}

TEST_CASE("vote roots: a nearer witness drops what is beyond it, and no more") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        Rooted all(seed), within(seed);
        if (all.losses.empty()) continue;
        const auto taken = all.take_all(infinity);
        if (taken.empty()) continue;
        const double upper = taken[taken.size() / 2].bound;
        const auto near = within.take_all(upper);
        const auto expected =
            std::count_if(taken.begin(), taken.end(), [&](const auto& root) { return root.bound < upper; });
        CHECK(static_cast<std::ptrdiff_t>(near.size()) == expected);
    }
}

TEST_CASE("vote roots: past the deadline none is looked at, and their bound stays") {
    Rooted v(4);
    v.deadline = Deadline(0.0, [now = 0.0]() mutable { return now += 1.0; });
    CHECK(!v.roots.take(infinity));
    CHECK(v.roots.least_bound() == 0.0);
    v.deadline = Deadline(infinity);
    while (!v.roots.take(infinity)) {
    }
}

TEST_CASE("vote roots: passes are as many as numbers of kept votes, whatever the number of classes") {
    for (const int classes : {3, 30, 300}) {
        VoteParts v(RandomProblem(5, Coordinates::smooth, 900, 2, classes), 7);
        const std::vector<VoteLoss> losses = list_losses(v.votes);
        v.choose_points(infinity);
        v.roots.start(losses);
        std::size_t passes = 0, taken = 0;
        while (v.roots.least_bound() < infinity) ++(v.roots.take(infinity) ? taken : passes);
        CHECK(passes <= 7 / 2 + 1);
        CHECK(taken <= losses.size());
        CHECK(losses.size() >= static_cast<std::size_t>(classes - 2));
    }
}
