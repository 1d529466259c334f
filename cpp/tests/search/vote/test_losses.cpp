#include <doctest/doctest.h>

#include <algorithm>

#include "geometry/neighbors_reference.hpp"
#include "random_problem.hpp"
#include "search/vote/losses.hpp"

using namespace robust_metric;

namespace {

struct Votes {
    PreparedSet training;
    int label;
    std::size_t k;
    std::vector<LosingVote> votes;
    std::vector<VoteLoss> losses;

    Votes(const tests::RandomProblem& p, int own, std::size_t neighbors)
        : training(p.prepared()),
          label(own),
          k(neighbors),
          votes(losing_votes(training, label, k)),
          losses(list_losses(votes)) {}

    // Whether a loss stands for `entering` other-class points in order, `rivals` of them the rival's, beside `kept` own
    // ones: at once, or without the last of them, whichever class it is of.
    bool covered(int rival, std::size_t kept, std::size_t entering, std::size_t rivals) const {
        const auto stands = [&](const VoteLoss& loss) {
            return loss.rival == rival && loss.kept == kept && loss.entering == entering && loss.least <= rivals &&
                   rivals <= loss.most;
        };
        if (std::any_of(losses.begin(), losses.end(), stands)) return true;
        if (kept >= training.class_size(label) || entering == 0) return false;
        if (rivals > 0 && !covered(rival, kept + 1, entering - 1, rivals - 1)) return false;
        return rivals == entering || covered(rival, kept + 1, entering - 1, rivals);
    }
};

}  // namespace

TEST_CASE("losses: every way to lose is one of them, or contains one with more votes kept") {
    for (unsigned seed = 0; seed < 200; ++seed) {
        const tests::RandomProblem p(seed, tests::Coordinates::smooth, 10 + seed % 17, 1,
                                     2 + static_cast<int>(seed % 4));
        const Votes v(p, static_cast<int>(seed) % p.classes, 2 + seed % 8);
        const PreparedSet& t = v.training;
        std::size_t rival_classes = 0;
        for (int r = 0; r < p.classes; ++r) rival_classes += r != v.label && t.class_size(r) > 0;
        for (std::size_t kept = 0; kept <= std::min(v.k, t.class_size(v.label)); ++kept)
            for (int rival = 0; rival < p.classes; ++rival) {
                const std::size_t entering = v.k - kept, size = t.class_size(rival);
                const std::size_t rest = t.size() - t.class_size(v.label) - size;  // of third classes
                if (rival == v.label) continue;
                for (std::size_t rivals = 0; rivals <= std::min(size, entering); ++rivals) {
                    const std::size_t least = kept + (rival > v.label ? 1 : 0);  // votes that beat the own class
                    if (rivals < least || rivals == 0 || entering - rivals > rest) continue;
                    // no third class has more: they share what is left
                    if (rivals * rival_classes < entering) continue;
                    CAPTURE(seed);
                    CHECK(v.covered(rival, kept, entering, rivals));
                }
            }
    }
}

TEST_CASE("losses: none is empty, and two classes leave one for each number of kept votes that is possible") {
    for (unsigned seed = 0; seed < 100; ++seed) {
        const int classes = 2 + static_cast<int>(seed % 4);
        const tests::RandomProblem p(seed, tests::Coordinates::smooth, 20, 1, classes);
        const Votes v(p, 0, 2 + seed % 6);
        for (const VoteLoss& loss : v.losses) {
            CHECK(loss.rival != v.label);
            CHECK(loss.kept + loss.entering == v.k);
            CHECK((0 < loss.least && loss.least <= loss.most && loss.most <= loss.entering));
            CHECK(loss.least <= v.training.class_size(loss.rival));
        }
        if (classes == 2 && v.training.class_size(1) >= v.k) CHECK(v.losses.size() == 1);
    }
    CHECK(list_losses({}).empty());
}

TEST_CASE("losses: what is needed is what completes the set") {
    const VoteLoss loss{1, 2, 6, 3, 4};
    for (std::size_t entered = 0; entered <= 6; ++entered)
        for (std::size_t rivals = 0; rivals <= std::min<std::size_t>(entered, 4); ++rivals) {
            if (entered - rivals > 3) continue;  // no room for three of the rival's
            const VoteNeeds needs = needs_of(loss, entered, rivals);
            CHECK(needs.total == 6 - entered);
            // what more of the rival's can complete the set
            std::vector<std::size_t> possible;
            for (std::size_t more = 0; more <= needs.total; ++more)
                if (rivals + more >= 3 && rivals + more <= 4) possible.push_back(more);
            REQUIRE_FALSE(possible.empty());
            CHECK(needs.rival == possible.front());
            CHECK(needs.others == needs.total - possible.back());
            CHECK(std::min(needs.rival_room, needs.total) == possible.back());
            CHECK(std::min(needs.others_room, needs.total) == needs.total - possible.front());
        }
}

// By the canonical sets of docs/vote_search.md, at points all over the place: the class changes exactly where one of
// the losses holds.
TEST_CASE("losses: the class is another one exactly where the first points of the others make one of them true") {
    for (unsigned seed = 0; seed < 150; ++seed) {
        CAPTURE(seed);
        const auto kind = seed % 2 ? tests::Coordinates::grid : tests::Coordinates::smooth;
        const tests::RandomProblem p(seed, kind, 8 + seed % 15, 2, 2 + static_cast<int>(seed % 5));
        const Votes v(p, static_cast<int>(seed) % p.classes, 2 + seed % 7);
        const auto data = p.plain();
        for (std::size_t q = 0; q < p.count; ++q) {
            const double* z = p.Z().row(q);
            std::vector<std::size_t> order(p.n);
            for (std::size_t i = 0; i < p.n; ++i) order[i] = i;
            std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
                return reference::squared_distance(data, z, a) < reference::squared_distance(data, z, b);
            });
            const auto holds = [&](const VoteLoss& loss) {
                std::size_t entered = 0, rivals = 0, own = 0;
                for (std::size_t i = 0; i < p.n && entered < loss.entering; ++i) {
                    const int label = p.labels[order[i]];
                    own += label == v.label;
                    entered += label != v.label;
                    rivals += label == loss.rival;
                }
                return entered == loss.entering && own <= loss.kept && loss.least <= rivals && rivals <= loss.most;
            };
            CHECK(std::any_of(v.losses.begin(), v.losses.end(), holds) ==
                  (reference::predict(data, z, v.k) != v.label));
        }
    }
}
