#include <doctest/doctest.h>

#include <cmath>

#include "base/deadline.hpp"
#include "geometry/neighbors.hpp"
#include "geometry/neighbors_reference.hpp"
#include "random_problem.hpp"
#include "robust_metric/certify.hpp"
#include "robust_metric/minimal_perturbations.hpp"
#include "robust_metric/predict.hpp"
#include "search/result.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/search.hpp"
#include "search/vote/search_reference.hpp"

using namespace robust_metric;
using tests::Coordinates;
using tests::RandomProblem;

namespace {

struct Found {
    std::vector<MinimalPerturbation> results;
    std::vector<double> perturbations;

    Found(const TrainingSet& t, const RandomProblem& p, std::size_t k, double time_limit = rounding::infinity,
          int threads = 1)
        : results(p.count), perturbations(p.count * p.d) {
        minimal_perturbations(t, p.Z(), {}, k, time_limit, {threads, {}}, results,
                              {perturbations.data(), p.count, p.d});
    }
};

void check_witness(const TrainingSet& t, const RandomProblem& p, std::size_t k, const Found& found, std::size_t q) {
    const MinimalPerturbation& m = found.results[q];
    if (std::isinf(m.upper)) return;
    std::vector<double> witness(p.d);
    long double squares = 0;
    for (std::size_t j = 0; j < p.d; ++j) {
        witness[j] = p.Z()(q, j) + found.perturbations[q * p.d + j];
        const long double step = static_cast<long double>(witness[j]) - p.Z()(q, j);
        squares += step * step;
    }
    CHECK(std::sqrt(squares) <= m.upper);
    std::vector<std::int32_t> label(1);
    predict(t, {witness.data(), 1, p.d}, k, {}, label);
    CHECK(label[0] == m.adversarial_label);
    CHECK(label[0] != m.label);
}

}  // namespace

TEST_CASE("votes: intervals hold the slow twin's value, witnesses change the class") {
    for (unsigned seed = 0; seed < 60; ++seed) {
        const bool smooth = seed % 2 == 0;
        const std::size_t d = 1 + seed % 3, rank = seed % 5 == 0 ? 0 : d, k = 2 + seed % 4;
        const RandomProblem p(seed, smooth ? Coordinates::smooth : Coordinates::grid, 8, d, 2 + seed % 3, rank);
        const TrainingSet t = p.training();
        const Found found(t, p, k), parallel(t, p, k, rounding::infinity, 2);
        std::vector<double> radii(p.count);
        std::vector<std::int32_t> labels(p.count);
        certified_radii(t, p.Z(), {}, k, {}, radii, labels);
        for (std::size_t q = 0; q < p.count; ++q) {
            CAPTURE(seed);
            CAPTURE(q);
            const MinimalPerturbation& m = found.results[q];
            CHECK(m.lower == parallel.results[q].lower);
            CHECK(m.upper == parallel.results[q].upper);
            REQUIRE(m.label == reference::predict(p.plain(), p.Z().row(q), k));
            const auto exact = reference::minimal_perturbation(p.plain(), p.Z().row(q), m.label, k);
            CHECK(radii[q] <= m.lower);
            CHECK(m.lower <= m.upper);
            CHECK(m.lower <= exact * (1 + 1e-10L) + 1e-14L);
            CHECK(m.upper >= exact * (1 - 1e-10L) - 1e-14L);
            if (smooth && std::isfinite(exact)) {
                CHECK(m.status == SearchStatus::exact);
                CHECK(m.upper <= exact * (1 + 1e-8L));
                CHECK(m.lower >= exact * (1 - 1e-8L));
            }
            check_witness(t, p, k, found, q);
        }
    }
}

TEST_CASE("votes: one class, and a time limit") {
    const RandomProblem one(1, Coordinates::smooth, 10, 2, 1);
    for (const auto& m : Found(one.training(), one, 3).results) {
        CHECK(m.status == SearchStatus::no_other_class);
        CHECK((m.lower == rounding::infinity && m.upper == rounding::infinity && m.adversarial_label == -1));
    }
    const RandomProblem p(2, Coordinates::smooth, 300, 6, 3);
    const TrainingSet t = p.training();
    for (const std::size_t k : {2, 5, 8}) {
        const Found plain(t, p, k), hurried(t, p, k, 1e-12);
        for (std::size_t q = 0; q < p.count; ++q) {
            CHECK(plain.results[q].status == SearchStatus::exact);
            CHECK(hurried.results[q].lower <= plain.results[q].upper);
            CHECK(hurried.results[q].upper >= plain.results[q].lower);
            CHECK(hurried.results[q].upper < rounding::infinity);
            check_witness(t, p, k, hurried, q);
        }
    }
}

TEST_CASE("cells: proved bounds are below the distance, and one pair more never lowers them") {
    for (unsigned seed = 0; seed < 100; ++seed) {
        const RandomProblem p(seed, seed % 2 ? Coordinates::grid : Coordinates::smooth, 8, 3, 2, seed % 3 ? 3 : 0);
        const PreparedSet t = p.prepared();
        QueryBlock block(t);
        block.compute(p.Z(), true);
        const Query query = block.query(seed % p.count);
        CostSpace space(t.threat(), t.dimension());
        space.start(query.point, t.exponent());
        VoteCell cell(t, space);
        cell.start(query);
        for (std::size_t i = 0; i < t.size(); ++i) cell.add_point(i);
        std::vector<CellPoints::Pair> pairs;
        std::vector<double> multipliers;
        double previous = 0.0;
        for (CellPoints::Id i = 0; i < 3; ++i) {
            const CellPoints::Pair pair{i, i + 4};
            if (!cell.violates(pair)) continue;
            const double single =
                cell.proof()
                    .prove_with(pair, cell.proof().along(i), cell.proof().along(i + 4), cell.points().pair_length(pair))
                    .bound;
            CHECK(single >= previous);
            if (!cell.require(pair)) break;
            cell.active(pairs, multipliers);
            const double proved = cell.proof().prove(pairs, multipliers);
            CHECK(proved <= cell.norm() * (1 + 1e-12));
            CHECK(proved >= cell.norm() * (1 - 1e-6) - 1e-12);
            CHECK(single <= cell.norm() * (1 + 1e-9));
            previous = proved * (1 - 1e-12);
        }
    }
}

namespace {

// A search of one query by a clock on which every question takes a millisecond.
struct Clocked {
    PreparedSet training;
    QueryBlock block{training};
    VoteSearch search{training};
    Query query;
    std::size_t k;
    int label = 0;
    std::size_t asked = 0;

    Clocked(const RandomProblem& p, std::size_t neighbors) : training(p.prepared()), k(neighbors) {
        block.compute(p.Z(), true);
        query = block.query(0);
        NeighborSearch neighbor_search(training);
        label = neighbor_search.vote(neighbor_search.nearest(query, k, false));
    }
    MinimalPerturbation run(double limit) {
        std::vector<double> perturbation(training.dimension());
        asked = 0;
        const Deadline deadline(limit, [&] { return 1e-3 * static_cast<double>(asked++); });
        return search.run(query, label, k, deadline, perturbation);
    }
};

}  // namespace

TEST_CASE("votes: stopped at any question the interval holds, and hardly any more are asked") {
    for (unsigned seed = 0; seed < 8; ++seed) {
        CAPTURE(seed);
        // many classes and many neighbours, ties included
        const int classes = seed % 3 == 0 ? 40 : 2 + static_cast<int>(seed % 4);
        const RandomProblem p(seed, seed % 4 == 3 ? Coordinates::grid : Coordinates::smooth, 120, 2, classes);
        Clocked c(p, seed % 2 ? 5 : 21);
        const MinimalPerturbation longest = c.run(2.0), again = c.run(2.0);
        CHECK((again.lower == longest.lower && again.upper == longest.upper && again.nodes == longest.nodes));
        const std::size_t questions = std::min<std::size_t>(c.asked, 2000);
        for (std::size_t stop = 0; stop < questions; stop += 1 + stop / 4) {
            const MinimalPerturbation cut = c.run(1e-3 * static_cast<double>(stop));
            CAPTURE(stop);
            CHECK(cut.lower <= longest.upper);
            CHECK(cut.upper >= longest.lower);
            CHECK(cut.lower <= cut.upper);
            CHECK(cut.upper < rounding::infinity);
            CHECK(c.asked <= stop + stop / 2 + 100 + 60);
        }
    }
}
