#include <doctest/doctest.h>

#include <cmath>

#include "base/rounding.hpp"
#include "geometry/neighbors_reference.hpp"
#include "random_problem.hpp"
#include "robust_metric/certify.hpp"
#include "robust_metric/minimal_perturbations.hpp"
#include "robust_metric/predict.hpp"
#include "search/result.hpp"
#include "search/single/search_reference.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

struct Found {
    std::vector<MinimalPerturbation> results;
    std::vector<double> perturbations;

    Found(const TrainingSet& t, const RandomProblem& p, std::span<const std::int32_t> truth = {},
          double time_limit = rounding::infinity, int threads = 1)
        : results(p.count), perturbations(p.count * p.d) {
        minimal_perturbations(t, p.Z(), truth, 1, time_limit, {threads, {}}, results,
                              {perturbations.data(), p.count, p.d});
    }
};

}  // namespace

TEST_CASE("intervals hold the slow twin's value, witnesses change the class") {
    for (unsigned seed = 0; seed < 40; ++seed) {
        const bool smooth = seed % 2 == 0;
        const std::size_t d = 1 + seed % 4, rank = seed % 3 == 0 ? 0 : d;
        const RandomProblem p(seed, smooth ? Coordinates::smooth : Coordinates::grid, 18, d, 2 + seed % 3, rank);
        const TrainingSet t = p.training();
        const Found found(t, p), parallel(t, p, {}, rounding::infinity, 2);
        for (std::size_t q = 0; q < p.count; ++q) {
            CAPTURE(seed);
            CAPTURE(q);
            const MinimalPerturbation& m = found.results[q];
            CHECK(m.lower == parallel.results[q].lower);
            CHECK(m.upper == parallel.results[q].upper);
            REQUIRE(m.label == reference::predict(p.plain(), p.Z().row(q), 1));
            const auto exact = reference::minimal_perturbation(p.plain(), p.Z().row(q), m.label);
            CHECK(m.lower <= m.upper);
            CHECK(m.lower <= exact * (1 + 1e-10L) + 1e-14L);
            CHECK(m.upper >= exact * (1 - 1e-10L) - 1e-14L);
            if (smooth) {
                CHECK(m.status == SearchStatus::exact);
                CHECK(m.upper <= exact * (1 + 1e-8L));
                CHECK(m.lower >= exact * (1 - 1e-8L));
            }
            if (std::isinf(m.upper)) continue;
            std::vector<double> witness(p.d);
            long double squares = 0;
            for (std::size_t j = 0; j < p.d; ++j) {
                witness[j] = p.Z()(q, j) + found.perturbations[q * p.d + j];
                const long double step = static_cast<long double>(witness[j]) - p.Z()(q, j);
                squares += step * step;
            }
            CHECK(std::sqrt(squares) <= m.upper);
            std::vector<std::int32_t> label(1);
            predict(t, {witness.data(), 1, p.d}, 1, {}, label);
            CHECK(label[0] == m.adversarial_label);
            CHECK(label[0] != m.label);
        }
    }
}

TEST_CASE("one class, true classes, and a time limit") {
    const RandomProblem one(1, Coordinates::smooth, 10, 2, 1);
    const Found lonely(one.training(), one);
    for (const auto& m : lonely.results) {
        CHECK(m.status == SearchStatus::no_other_class);
        CHECK((m.lower == rounding::infinity && m.upper == rounding::infinity && m.adversarial_label == -1));
    }

    const RandomProblem p(2, Coordinates::smooth, 300, 6, 3);
    const TrainingSet t = p.training();
    const Found plain(t, p);
    std::vector<std::int32_t> truth;
    for (const auto& m : plain.results) truth.push_back(m.label);
    truth[3] = -1;
    const Found checked(t, p, truth);
    for (std::size_t q = 0; q < p.count; ++q)
        CHECK((checked.results[q].status == SearchStatus::misclassified) == (q == 3));
    CHECK((checked.results[3].lower == 0.0 && checked.results[3].upper == 0.0));

    const Found hurried(t, p, {}, 1e-12);
    for (std::size_t q = 0; q < p.count; ++q) {
        CHECK(hurried.results[q].lower <= plain.results[q].upper);
        CHECK(hurried.results[q].upper >= plain.results[q].lower);
        CHECK(hurried.results[q].upper < rounding::infinity);
    }
}

TEST_CASE("a search that keep_going stops leaves what it found") {
    const RandomProblem p(3, Coordinates::smooth, 300, 6, 3);
    const TrainingSet t = p.training();
    constexpr std::size_t copies = 10'000;  // more than 0.1 s of work, when keep_going is first asked
    std::vector<double> queries;
    for (std::size_t i = 0; i < copies; ++i) queries.insert(queries.end(), p.queries.begin(), p.queries.end());
    const std::size_t count = copies * p.count;
    for (const std::size_t k : {1, 5})
        for (const int threads : {1, 2}) {
            std::vector<MinimalPerturbation> whole(p.count), found(count);
            std::vector<double> steps(count * p.d);
            minimal_perturbations(t, p.Z(), {}, k, rounding::infinity, {}, whole, {steps.data(), p.count, p.d});
            const Execution stop{threads, [](std::size_t) { return false; }};
            CHECK_THROWS_AS(minimal_perturbations(t, {queries.data(), count, p.d}, {}, k, rounding::infinity, stop,
                                                  found, {steps.data(), count, p.d}),
                            Interrupted);
            std::size_t reached = 0;
            int cut_short = 0;
            for (std::size_t q = 0; q < count; ++q) {
                const MinimalPerturbation &m = found[q], &exact = whole[q % p.count];
                if (m.label < 0) continue;
                ++reached;
                CHECK(m.label == exact.label);
                CHECK(m.lower <= exact.upper);
                CHECK(m.upper >= exact.lower);
                CHECK(m.upper < rounding::infinity);
                // one that the stop cuts short may be closed all the same, by another path
                CHECK((m.status == exact.status || m.status == SearchStatus::interrupted));
                cut_short += m.lower != exact.lower || m.upper != exact.upper || m.status != exact.status;
            }
            CHECK(reached > 0);
            CHECK(reached < count);
            CHECK(cut_short <= threads);
        }
}

TEST_CASE("a query so far away that float64 sees no difference of distances has the bounds that double-double sees") {
    const std::vector<double> points = {-8e-9, -0x1p-42, 0.0, 1.0, 0x1.8p-44, -0x1p-42}, query = {-0x1p25, -1.0};
    const std::vector<std::int32_t> labels = {3, 0, 1};
    const TrainingSet t({points.data(), 3, 2}, labels, 4, MatrixView());
    const MatrixView queries(query.data(), 1, 2);
    double radius = 0.0;
    std::int32_t label = -1;
    certified_radii(t, queries, {}, 1, {}, {&radius, 1}, {&label, 1});
    CHECK(label == 3);
    CHECK(radius > 1.7);
    MinimalPerturbation found;
    std::vector<double> perturbation(2);
    minimal_perturbations(t, queries, {}, 1, rounding::infinity, {}, {&found, 1}, {perturbation.data(), 1, 2});
    CHECK(found.lower >= radius);
    CHECK(found.upper >= found.lower);
}
