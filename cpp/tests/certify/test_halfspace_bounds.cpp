#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "certify/halfspace_bounds_reference.hpp"
#include "certify/losing_votes.hpp"
#include "geometry/neighbors_reference.hpp"
#include "random_problem.hpp"
#include "robust_metric/certify.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

TEST_CASE("certified radii equal the slow twin's, from below") {
    for (unsigned seed = 0; seed < 15; ++seed)
        for (const std::size_t k : {1, 2, 3, 4, 8, 11}) {
            const int classes = 1 + static_cast<int>(seed % 5);
            const std::size_t n = seed % 4 == 0 ? k + 2 : 60 + seed;
            const double offset = seed % 6 == 0 ? 100.0 : 0.0;
            const std::size_t d = seed % 5 == 1 ? 130 : 3;  // long rows have sketches
            const RandomProblem p(seed, seed % 3 == 2 ? Coordinates::grid : Coordinates::smooth, n, d, classes,
                                  seed % 4, 1.0, offset);
            const TrainingSet t = p.training();
            std::vector<double> radii(p.count), again(p.count);
            std::vector<std::int32_t> labels(p.count);
            certified_radii(t, p.Z(), {}, k, {1, {}}, radii, labels);
            certified_radii(t, p.Z(), {}, k, {2, {}}, again, labels);
            CHECK(radii == again);
            for (std::size_t q = 0; q < p.count; ++q) {
                CAPTURE(seed);
                CAPTURE(k);
                REQUIRE(labels[q] == reference::predict(p.plain(), p.Z().row(q), k));
                const auto expected = reference::certified_radius(p.plain(), p.Z().row(q), labels[q], k);
                if (std::isinf(expected)) {
                    CHECK(radii[q] == rounding::infinity);
                    continue;
                }
                CHECK(radii[q] <= expected + 1e-16L * offset * offset);
                CHECK(radii[q] >= expected * (1 - 1e-10L) - 1e-15L - 1e-16L * offset * offset);
            }
        }
}

TEST_CASE("a true class that differs from the prediction has radius 0") {
    const RandomProblem p(1, Coordinates::smooth, 40, 2, 3);
    const TrainingSet t = p.training();
    std::vector<double> radii(p.count), plain(p.count);
    std::vector<std::int32_t> labels(p.count);
    certified_radii(t, p.Z(), {}, 3, {}, plain, labels);
    std::vector<std::int32_t> truth = labels;
    for (std::size_t q = 0; q < p.count; q += 2) truth[q] = q % 4 == 0 ? -1 : (truth[q] + 1) % 3;
    certified_radii(t, p.Z(), truth, 3, {}, radii, labels);
    for (std::size_t q = 0; q < p.count; ++q) CHECK(radii[q] == (q % 2 == 0 ? 0.0 : plain[q]));
}

TEST_CASE("ways to lose a vote") {
    const std::vector<double> points(9);
    const std::vector<std::int32_t> labels{0, 0, 0, 1, 1, 1, 1, 2, 2};
    const TrainingSet t({points.data(), 9, 1}, labels, 3, {});
    const auto needed = [](const LosingVote& vote) {
        return std::vector<std::size_t>{vote.needed(0), vote.needed(1), vote.needed(2)};
    };
    // K = 4, class 1: two kept and a tie lost to class 0; one kept and three entered
    const auto votes = losing_votes(t.prepared(), 1, 4);
    REQUIRE(votes.size() == 3);
    CHECK((votes[0].kept == 2 && votes[0].entering == 2));
    CHECK(needed(votes[0]) == std::vector<std::size_t>{2, 0, 0});
    CHECK((votes[1].kept == 1 && votes[1].entering == 3));
    CHECK(needed(votes[1]) == std::vector<std::size_t>{2, 0, 2});
    // three must enter of a class when four do, by two classes: at least two of the winner
    CHECK((votes[2].kept == 0 && votes[2].entering == 4));
    CHECK(needed(votes[2]) == std::vector<std::size_t>{2, 0, 2});
    // K = 9 takes all points: only the full count of the others can enter
    const auto all = losing_votes(t.prepared(), 0, 9);
    for (const auto& vote : all) CHECK(vote.entering <= 6);
}

TEST_CASE("ways to lose a vote are those that some class is large enough for") {
    for (unsigned seed = 0; seed < 100; ++seed) {
        std::mt19937 random(seed);
        const int classes = 1 + static_cast<int>(seed % 6);
        std::vector<std::int32_t> labels(1 + seed % 23);
        for (auto& label : labels) label = static_cast<std::int32_t>(random() % static_cast<unsigned>(classes));
        const std::vector<double> points(labels.size());
        const PreparedSet t({points.data(), labels.size(), 1}, labels, classes, {});
        for (int label = 0; label < classes; ++label)
            for (std::size_t k = 1; k <= labels.size(); ++k) {
                const auto votes = losing_votes(t, label, k);
                const std::size_t own = t.class_size(label);
                for (std::size_t kept = 0; kept <= std::min(k / 2, own); ++kept) {
                    if (k - kept > labels.size() - own) continue;
                    const auto listed =
                        std::find_if(votes.begin(), votes.end(), [&](auto& v) { return v.kept == kept; });
                    bool can_win = false;
                    std::size_t rivals = 0;
                    for (int r = 0; r < classes; ++r) rivals += r != label && t.class_size(r) > 0;
                    for (int r = 0; r < classes; ++r) {
                        if (r == label) continue;
                        std::size_t least = kept + (r > label ? 1 : 0);
                        while (least * rivals < k - kept) ++least;
                        const bool wins = least <= std::min(k - kept, t.class_size(r));
                        can_win = can_win || wins;
                        if (listed != votes.end()) CHECK(listed->needed(r) == (wins ? least : 0));
                    }
                    CHECK((listed != votes.end()) == can_win);
                }
            }
    }
}

TEST_CASE("ways to lose a vote where the data may change") {
    const std::vector<double> points(9);
    const std::vector<std::int32_t> labels{0, 0, 0, 1, 1, 1, 1, 2, 2};
    const TrainingSet t({points.data(), 9, 1}, labels, 3, {});
    // K = 4, class 1, one inserted for class 0: two kept, one enters, of class 0
    const auto inserted = losing_votes(t.prepared(), 1, 4, any_class, {1, 0, 0});
    REQUIRE(!inserted.empty());
    CHECK((inserted[0].kept == 2 && inserted[0].entering == 1 && !inserted[0].unopposed()));
    CHECK((inserted[0].needed(0) == 1 && inserted[0].needed(2) == 0));
    // ... and one of the kept three relabelled: nothing has to enter
    const auto both = losing_votes(t.prepared(), 1, 4, any_class, {1, 0, 1});
    CHECK((both[0].kept == 3 && both[0].entering == 0 && both[0].unopposed()));
    // each deleted one is an own point less to beat
    const auto deleted = losing_votes(t.prepared(), 1, 4, any_class, {0, 2, 0}),
               plain = losing_votes(t.prepared(), 1, 4);
    REQUIRE(deleted.size() == plain.size());
    for (std::size_t i = 0; i < plain.size(); ++i) {
        CHECK((deleted[i].kept == plain[i].kept + 2 && deleted[i].entering == plain[i].entering));
        for (int r = 0; r < 3; ++r) CHECK(deleted[i].needed(r) == plain[i].needed(r));
    }
}

TEST_CASE("radii for changed data, and changes that leave too little") {
    const RandomProblem p(1, Coordinates::smooth, 40, 2, 3);
    const TrainingSet t = p.training();
    const std::size_t k = 3, n = t.size();
    std::vector<double> radii(p.count), plain(p.count);
    std::vector<std::int32_t> labels(p.count);
    certified_radii(t, p.Z(), {}, k, {}, plain, labels);
    certified_radii(t, p.Z(), {}, k, {}, radii, labels, {}, rounding::infinity, {}, {0, 1, 0});
    for (std::size_t q = 0; q < p.count; ++q) {
        CHECK(radii[q] <= plain[q]);
        CHECK(radii[q] <= reference::certified_radius(p.plain(), p.Z().row(q), labels[q], k, {0, 1, 0}) * (1 + 1e-15));
    }
    CHECK_THROWS_AS(certified_radii(t, p.Z(), {}, k, {}, radii, labels, {}, rounding::infinity, {}, {0, n - k + 1, 0}),
                    std::invalid_argument);
    std::vector<Evidence> evidence(p.count);
    CHECK_THROWS_AS(certified_radii(t, p.Z(), {}, k, {}, radii, labels, evidence, rounding::infinity, {}, {1, 0, 0}),
                    std::invalid_argument);
}
