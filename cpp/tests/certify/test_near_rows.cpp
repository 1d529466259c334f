#include <doctest/doctest.h>

#include <cmath>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "forced_leaves.hpp"
#include "random_problem.hpp"
#include "robust_metric/certify.hpp"
#include "robust_metric/instruction_set.hpp"
#include "robust_metric/predict.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::ForcedLeaves;
using tests::RandomProblem;

namespace {

struct Answers {
    std::vector<double> radii, distances;
    std::vector<std::int32_t> labels, predicted;
    std::vector<std::int64_t> indices;
    bool operator==(const Answers&) const = default;
};

Answers ask(const RandomProblem& p, const Threat& threat, std::size_t k, int threads, const std::string& leaves) {
    const ForcedLeaves forced(leaves);
    const TrainingSet t(p.X(), p.labels, p.classes, p.L(), {threads, {}}, threat);
    Answers a;
    a.radii.resize(p.count);
    a.labels.resize(p.count);
    a.predicted.resize(p.count);
    a.indices.resize(p.count * k);
    a.distances.resize(p.count * k);
    certified_radii(t, p.Z(), {}, k, {threads, {}}, a.radii, a.labels);
    predict(t, p.Z(), k, {threads, {}}, a.predicted);
    kneighbors(t, p.Z(), k, {threads, {}}, a.indices, a.distances);
    return a;
}

void check_all_ways(const RandomProblem& p, const Threat& threat, std::size_t k) {
    const Answers expected = ask(p, threat, k, 1, "none");
    for (const char* leaves : {"scan", "tree", "cascade"}) {
        CAPTURE(leaves);
        const Answers found = ask(p, threat, k, 1 + static_cast<int>(k % 2), leaves);
        CHECK(found.radii == expected.radii);
        CHECK(found.labels == expected.labels);
        CHECK(found == expected);
    }
}

}  // namespace

TEST_CASE("leaves give the bits of matrix products: classes, metrics, ties, offsets") {
    for (unsigned seed = 0; seed < 24; ++seed)
        for (const std::size_t k : {1, 2, 3, 4, 11, 40}) {
            CAPTURE(seed);
            CAPTURE(k);
            const int classes = seed % 6 == 5 ? 60 : 1 + static_cast<int>(seed % 5);
            const std::size_t n = seed % 4 == 0 ? k + 2 : 150 + 5 * seed, d = 1 + seed % 9 * (seed % 4);
            const RandomProblem p(seed, seed % 3 == 2 ? Coordinates::grid : Coordinates::smooth, n, d, classes,
                                  seed % 4, 1.0, seed % 7 == 0 ? 100.0 : 0.0);
            check_all_ways(p, {}, k);
        }
}

TEST_CASE("leaves give the bits of matrix products: feature costs, frozen features, other norms, boxes") {
    const double infinite = HUGE_VAL;
    for (unsigned seed = 0; seed < 6; ++seed) {
        const RandomProblem p(seed, seed % 2 ? Coordinates::grid : Coordinates::smooth, 200, 3, 3, seed % 3);
        const std::vector<double> cost{0.5, 1.0, 3.0}, frozen{1.0, infinite, 2.0}, low(3, -2.0), high(3, 2.0);
        check_all_ways(p, Threat(Norm::two, 3, cost), 3);
        check_all_ways(p, Threat(Norm::two, 3, frozen), 3);
        check_all_ways(p, Threat(Norm::one, 3), 3);
        check_all_ways(p, Threat(Norm::infinity, 3), 3);
        check_all_ways(p, Threat(Norm::two, 3, {}, low, high), 3);
    }
}

TEST_CASE("leaves give the bits of matrix products: far queries, tiny and huge spreads, an outlier") {
    for (unsigned seed = 0; seed < 4; ++seed)
        for (const double far : {1e3, 1e12, 1e30}) {
            CAPTURE(far);
            RandomProblem p(seed, Coordinates::smooth, 120, 3, 3, seed % 3);
            for (std::size_t i = 0; i < 9; ++i) p.queries[i] *= far;
            if (seed % 2) p.points[4] = 1e6;
            check_all_ways(p, {}, 3);
        }
    for (const double scale : {1e-200, 1e-30, 1e30, 1e200})
        check_all_ways(RandomProblem(1, Coordinates::smooth, 120, 3, 3, 0, scale), {}, 3);
}

TEST_CASE("codes give the bits of matrix products on rows longer than they are") {
    for (unsigned seed = 0; seed < 6; ++seed)
        for (const std::size_t k : {1, 4, 11}) {
            CAPTURE(seed);
            RandomProblem p(seed, seed % 3 == 2 ? Coordinates::grid : Coordinates::smooth, 500, 150 + 10 * seed,
                            2 + static_cast<int>(seed), seed % 2 ? 140 : 0);
            const auto shrink = [&](std::vector<double>& values) {
                for (std::size_t i = 0; i < values.size(); ++i)
                    values[i] *= std::exp2(-static_cast<double>(i % p.d * (seed % 3)) / 32.0);
            };
            shrink(p.points);
            shrink(p.queries);
            for (std::size_t j = 0; j < p.d; ++j) p.queries[j] = p.points[j];
            check_all_ways(p, {}, k);
            if (seed < 2) check_all_ways(p, Threat(Norm::two, p.d, std::vector<double>(p.d, 0.75)), k);
        }
}

TEST_CASE("leaves give the same bits for every instruction set") {
    const std::string before = instruction_set();
    const RandomProblem p(5, Coordinates::smooth, 400, 6, 3);
    const Answers expected = ask(p, {}, 5, 1, "none");
    for (const std::string& name : available_instruction_sets()) {
        CAPTURE(name);
        force_instruction_set(name);
        check_all_ways(p, {}, 5);
        CHECK(ask(p, {}, 5, 1, "tree") == expected);
        CHECK(ask(p, {}, 5, 1, "cascade") == expected);
    }
    force_instruction_set(before);
}

TEST_CASE("each of several k in one pass: the bits of one after the other") {
    const std::size_t ks[] = {1, 2, 3, 4, 11, 30};
    for (unsigned seed = 0; seed < 12; ++seed)
        for (const char* leaves : {"none", "scan", "tree", "cascade"}) {
            CAPTURE(seed);
            CAPTURE(leaves);
            const ForcedLeaves forced(leaves);
            const RandomProblem p(seed, seed % 3 ? Coordinates::smooth : Coordinates::grid, 120, 1 + seed % 5,
                                  2 + static_cast<int>(seed % 3), seed % 4 == 3 ? 2 : 0);
            const TrainingSet t(p.X(), p.labels, p.classes, p.L());
            std::vector<double> radii(p.count * std::size(ks)), alone(p.count);
            std::vector<std::int32_t> labels(p.count * std::size(ks)), label(p.count);
            certified_radii_of_each(t, p.Z(), {}, ks, {2, {}}, {radii.data(), p.count, std::size(ks)},
                                    {labels.data(), p.count, std::size(ks)});
            for (std::size_t i = 0; i < std::size(ks); ++i) {
                certified_radii(t, p.Z(), {}, ks[i], {}, alone, label);
                for (std::size_t row = 0; row < p.count; ++row) {
                    CHECK(radii[row * std::size(ks) + i] == alone[row]);
                    CHECK(labels[row * std::size(ks) + i] == label[row]);
                }
            }
            CHECK_THROWS_AS(
                certified_radii_of_each(t, p.Z(), {}, {}, {}, {radii.data(), p.count, 0}, {labels.data(), p.count, 0}),
                std::invalid_argument);
            CHECK_THROWS_AS(certified_radii_of_each(t, p.Z(), {}, ks, {}, {radii.data(), p.count, 1},
                                                    {labels.data(), p.count, std::size(ks)}),
                            std::invalid_argument);
        }
}
