// Every public function with arguments that do not fit: an error that names the argument, and nothing is written.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "data/request.hpp"
#include "robust_metric/robust_metric.hpp"

using namespace robust_metric;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

// the message of what a call throws, "" where it throws nothing
std::string refusal(const std::function<void()>& call) {
    try {
        call();
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

bool names(const std::function<void()>& call, const std::string& argument) {
    const std::string message = refusal(call);
    const bool named = message.rfind(argument + " must ", 0) == 0 && message.find(", got ") != std::string::npos;
    if (!named) MESSAGE("expected a message about ", argument, ", got '", message, "'");
    return named;
}

// Three points on a line, and buffers for what is asked of them.
struct Line {
    std::vector<double> points{0.0, 1.0, 3.0}, queries{0.2, 2.9}, radii = std::vector<double>(2), distances{0, 0, 0, 0};
    std::vector<std::int32_t> labels{0, 1, 1}, truth{0, 1}, found{-7, -7};
    std::vector<std::int64_t> indices{-7, -7, -7, -7};
    std::vector<MinimalPerturbation> results = std::vector<MinimalPerturbation>(2);
    std::vector<std::vector<std::int64_t>> support = std::vector<std::vector<std::int64_t>>(2);
    std::vector<Evidence> evidence = std::vector<Evidence>(2);
    std::vector<double> perturbations{0.0, 0.0};
    TrainingSet training{MatrixView(points.data(), 3, 1), labels, 2, {}};
    Execution execution;
    std::size_t k = 1;
    double time_limit = infinity;
    WitnessRounding rounding;
    MatrixView view{queries.data(), 2, 1};

    MutableMatrixView steps() { return {perturbations.data(), perturbations.size(), 1}; }
    void neighbors() { kneighbors(training, view, k, execution, indices, distances); }
    void classes() { predict(training, view, k, execution, found); }
    void certify() { certified_radii(training, view, truth, k, execution, radii, found, evidence); }
    void shard() { radius_support(training, view, truth, k, execution, radii, support); }
    void search() {
        minimal_perturbations(training, view, truth, k, time_limit, execution, results, steps(), evidence, rounding);
    }
    std::vector<std::function<void()>> all() {
        return {[this] { neighbors(); }, [this] { classes(); }, [this] { certify(); }, [this] { shard(); },
                [this] { search(); }};
    }
    // whether every function refuses what change makes of a new line
    static bool all_refuse(const std::string& argument, const std::function<void(Line&)>& change) {
        bool refused = true;
        for (std::size_t i = 0; i < 5; ++i) {
            Line line;
            line.indices.resize(2);
            line.distances.resize(2);
            change(line);
            refused &= names(line.all()[i], argument);
        }
        return refused;
    }
};

}  // namespace

TEST_CASE("what is asked of all functions alike") {
    CHECK(Line::all_refuse("queries", [](Line& line) { line.queries[1] = not_a_number; }));
    CHECK(Line::all_refuse("queries", [](Line& line) { line.queries[1] = infinity; }));
    CHECK(Line::all_refuse("queries", [](Line& line) { line.queries[0] = -1.1e300; }));
    CHECK(Line::all_refuse("queries", [](Line& line) { line.view = {line.queries.data(), 1, 2}; }));
    CHECK(Line::all_refuse("queries", [](Line& line) { line.view = {nullptr, 2, 1}; }));
    CHECK(Line::all_refuse("queries", [](Line& line) { line.view = {line.queries.data(), 2, 1, 0}; }));
    CHECK(Line::all_refuse("k", [](Line& line) { line.k = 0; }));
    CHECK(Line::all_refuse("k", [](Line& line) { line.k = 4; }));
    CHECK(Line::all_refuse("k", [](Line& line) { line.k = std::size_t{1} << 63; }));
    CHECK(Line::all_refuse("execution.num_threads", [](Line& line) { line.execution.num_threads = 0; }));
    CHECK(Line::all_refuse("execution.num_threads", [](Line& line) { line.execution.num_threads = -1; }));
    CHECK(Line::all_refuse("training", [](Line& line) { const TrainingSet other = std::move(line.training); }));
}

TEST_CASE("outputs without room for every query, or with too much, are refused and not touched") {
    const auto refuses = [](const char* argument, void (Line::*call)(), const std::function<void(Line&)>& change) {
        Line line;
        line.indices.resize(2);
        line.distances.resize(2);
        change(line);
        const bool named = names([&] { (line.*call)(); }, argument);
        const auto untouched = [](const auto& values) {
            return std::count(values.begin(), values.end(), -7) == std::ssize(values);
        };
        line.indices.resize(std::min<std::size_t>(line.indices.size(), 2));
        line.found.resize(std::min<std::size_t>(line.found.size(), 2));
        return named && untouched(line.found) && untouched(line.indices);
    };
    for (const std::size_t size : {0, 1, 3}) {
        CAPTURE(size);
        CHECK(refuses("indices", &Line::neighbors, [&](Line& line) { line.indices.resize(size); }));
        CHECK(refuses("labels", &Line::classes, [&](Line& line) { line.found.resize(size); }));
        CHECK(refuses("radii", &Line::certify, [&](Line& line) { line.radii.resize(size); }));
        CHECK(refuses("radii", &Line::shard, [&](Line& line) { line.radii.resize(size); }));
        CHECK(refuses("support", &Line::shard, [&](Line& line) { line.support.resize(size); }));
        CHECK(refuses("labels", &Line::shard, [&](Line& line) { line.truth.resize(size); }));
        CHECK(refuses("results", &Line::search, [&](Line& line) { line.results.resize(size); }));
        CHECK(refuses("perturbations", &Line::search, [&](Line& line) { line.perturbations.resize(size); }));
        if (size == 0) continue;  // none at all leaves these out
        CHECK(refuses("distances", &Line::neighbors, [&](Line& line) { line.distances.resize(size); }));
        CHECK(refuses("truth", &Line::certify, [&](Line& line) { line.truth.resize(size); }));
        CHECK(refuses("truth", &Line::search, [&](Line& line) { line.truth.resize(size); }));
        CHECK(refuses("evidence", &Line::certify, [&](Line& line) { line.evidence.resize(size); }));
        CHECK(refuses("evidence", &Line::search, [&](Line& line) { line.evidence.resize(size); }));
    }
    CHECK(refuses("labels", &Line::shard, [](Line& line) { line.truth[1] = 2; }));
    CHECK(refuses("labels", &Line::shard, [](Line& line) { line.truth[0] = -1; }));
    CHECK(refuses("time_limit", &Line::search, [](Line& line) { line.time_limit = not_a_number; }));
    CHECK(refuses("time_limit", &Line::search, [](Line& line) { line.time_limit = -1.0; }));
    CHECK(refuses("witness_rounding.decimals", &Line::search, [](Line& line) {
        line.rounding = {WitnessRounding::Kind::decimals, 400};
    }));
    CHECK(refuses("witness_rounding.kind", &Line::search,
                  [](Line& line) { line.rounding.kind = static_cast<WitnessRounding::Kind>(9); }));
}

TEST_CASE("the product of queries and neighbours may overflow") {
    Line line;
    line.k = 2;
    CHECK_NOTHROW(line.neighbors());
    CHECK(line.indices == std::vector<std::int64_t>{0, 1, 2, 1});
    CHECK_THROWS_AS(check_length("indices", line.indices.data(), 0, std::size_t{1} << 63, 2, ""),
                    std::invalid_argument);
}

TEST_CASE("training sets that do not fit together are refused") {
    std::vector<double> points{0.0, 1.0, 2.0, 3.0}, components{1.0, 0.5};
    std::vector<float> singles{0.0f, 1.0f};
    std::vector<std::int32_t> labels{0, 1};
    const MatrixView X(points.data(), 2, 2);
    const auto refuses = [](const char* name, const auto&... arguments) {
        return names([&] { TrainingSet(arguments...); }, name);
    };
    const std::span<const std::int32_t> one(labels.data(), 1), none;
    CHECK(refuses("labels", X, one, 2, MatrixView()));
    CHECK(refuses("labels", X, labels, 1, MatrixView()));
    CHECK(refuses("classes", X, labels, 0, MatrixView()));
    CHECK(refuses("classes", X, labels, std::numeric_limits<int>::min(), MatrixView()));
    CHECK(refuses("points", X.slice(0, 0), none, 2, MatrixView()));
    CHECK(refuses("points", MatrixView(points.data(), 2, 0), labels, 2, MatrixView()));
    CHECK(refuses("points", MatrixView(nullptr, 2, 2), labels, 2, MatrixView()));
    CHECK(refuses("points", MatrixView(points.data(), 2, 2, 1), labels, 2, MatrixView()));
    CHECK(refuses("points", MatrixView(points.data(), std::size_t{1} << 32, 2), labels, 2, MatrixView()));
    CHECK(refuses("components", X, labels, 2, MatrixView(components.data(), 2, 1)));
    CHECK(refuses("execution.num_threads", X, labels, 2, MatrixView(), Execution{0, {}}));
    CHECK(refuses("threat", X, labels, 2, MatrixView(), Execution(), Threat(Norm::infinity, 3)));
    components[1] = not_a_number;
    CHECK(refuses("components", X, labels, 2, MatrixView(components.data(), 1, 2)));
    singles[1] = std::numeric_limits<float>::infinity();
    CHECK(refuses("points", FloatMatrixView(singles.data(), 2, 1), labels, 2, MatrixView()));
    singles[1] = std::numeric_limits<float>::max();
    CHECK(refusal([&] { TrainingSet(FloatMatrixView(singles.data(), 2, 1), labels, 2, MatrixView()); }).empty());
    points[3] = 1.5e300;
    CHECK(refusal([&] { TrainingSet(X, labels, 2, MatrixView()); }) ==
          "points must have finite entries of at most 1e300 in size, got 1.5e+300 in row 1, column 1");
}

TEST_CASE("a point outside the box is not confined") {
    const std::vector<double> lower{0.0, 0.0}, upper{1.0, 1.0}, outside{0.5, 2.0}, nowhere{infinity, infinity};
    std::vector<double> step{0.1, 0.1};
    const Threat threat(Norm::one, 2, {}, lower, upper);
    CHECK(names([&] { threat.confine(outside, step); }, "point"));
    CHECK(names([&] { threat.confine(std::span(lower).first(1), step); }, "point"));
    CHECK(names([&] { threat.confine(lower, std::span(step).first(1)); }, "step"));
    CHECK(names([&] { (void)threat.holds(std::span(lower).first(1)); }, "point"));
    CHECK(names([&] { Threat(Norm::one, 2, {}, nowhere, nowhere); }, "lower and upper"));
    CHECK(names([&] { Threat(Norm::one, 2, {}, lower); }, "lower and upper"));
    CHECK(names([] { Threat(Norm::infinity, 0); }, "dimension"));
    CHECK(names([] { Threat(static_cast<Norm>(5), 1); }, "norm"));
}
