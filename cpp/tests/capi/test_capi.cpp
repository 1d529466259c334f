#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "robust_metric/robust_metric.h"

namespace {

struct Line {
    std::vector<double> points{-1.0, 3.0};
    std::vector<std::int32_t> labels{0, 1};
    robust_metric_parts parts;
    robust_metric_model* model = nullptr;

    Line() {
        robust_metric_parts_init(&parts, sizeof parts);
        parts.n_points = 2;
        parts.n_features = 1;
        parts.points = points.data();
        parts.labels = labels.data();
        parts.n_classes = 2;
    }
    ~Line() { robust_metric_free(model); }
    robust_metric_status create() { return robust_metric_create(&parts, nullptr, &model); }
};

bool says(robust_metric_status status, robust_metric_status wanted, const char* text) {
    return status == wanted && std::string(robust_metric_last_error()).find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("C: create, ask, free") {
    Line line;
    REQUIRE(line.create() == ROBUST_METRIC_OK);
    const double query = 0.0;
    double radius = -1.0, step = 0.0;
    std::int32_t label = -1;
    robust_metric_perturbation found;
    CHECK(robust_metric_certify(line.model, &query, 1, nullptr, nullptr, &radius, &label) == ROBUST_METRIC_OK);
    CHECK(label == 0);
    CHECK(radius == doctest::Approx(1.0));
    CHECK(robust_metric_minimal_perturbations(line.model, &query, 1, nullptr, INFINITY, nullptr, &found, &step) ==
          ROBUST_METRIC_OK);
    CHECK(found.status == ROBUST_METRIC_EXACT);
    CHECK(found.lower <= found.upper);
    CHECK(robust_metric_n_points(line.model) == 2);
    CHECK(robust_metric_k(line.model) == 1);
    CHECK(robust_metric_class_name(line.model, 1) == std::string("1"));
    CHECK(robust_metric_class_name(line.model, 2) == nullptr);
    CHECK(robust_metric_n_classes(nullptr) == 0);
    CHECK(robust_metric_predict(line.model, nullptr, 0, nullptr, nullptr) == ROBUST_METRIC_OK);
}

TEST_CASE("C: errors have a code and say what was wrong") {
    Line line;
    line.parts.k = 3;
    CHECK(says(line.create(), ROBUST_METRIC_INVALID_ARGUMENT, "k must be"));
    CHECK(line.model == nullptr);
    line.parts.k = 1;
    line.parts.norm = 7;
    CHECK(says(line.create(), ROBUST_METRIC_INVALID_ARGUMENT, "norm must be"));
    line.parts.norm = ROBUST_METRIC_NORM_TWO;
    line.parts.n_points = static_cast<std::size_t>(-1) / 4;
    CHECK(robust_metric_create(&line.parts, nullptr, &line.model) == ROBUST_METRIC_OUT_OF_MEMORY);
    line.parts.n_points = 2;
    const char* unsorted[] = {"b", "a"};
    line.parts.class_names = unsorted;
    CHECK(says(line.create(), ROBUST_METRIC_INVALID_ARGUMENT, "classes must"));
    line.parts.class_names = nullptr;
    line.parts.labels = nullptr;
    CHECK(says(line.create(), ROBUST_METRIC_INVALID_ARGUMENT, "labels must"));
    line.parts.labels = line.labels.data();
    line.parts.struct_size = 0;
    CHECK(says(line.create(), ROBUST_METRIC_INVALID_ARGUMENT, "parts must"));
    line.parts.struct_size = sizeof line.parts;
    CHECK(says(robust_metric_create(nullptr, nullptr, &line.model), ROBUST_METRIC_INVALID_ARGUMENT, "parts must"));
    CHECK(says(robust_metric_create(&line.parts, nullptr, nullptr), ROBUST_METRIC_INVALID_ARGUMENT, "model must"));
    CHECK(says(robust_metric_load("/nowhere.npz", nullptr, &line.model), ROBUST_METRIC_MODEL_FILE, "/nowhere.npz"));
    CHECK(says(robust_metric_load(nullptr, nullptr, &line.model), ROBUST_METRIC_INVALID_ARGUMENT, "path must"));
    REQUIRE(line.create() == ROBUST_METRIC_OK);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    std::int32_t label = -1;
    CHECK(says(robust_metric_predict(line.model, &nan, 1, nullptr, &label), ROBUST_METRIC_INVALID_ARGUMENT,
               "queries must"));
    CHECK(says(robust_metric_predict(line.model, line.points.data(), 1, nullptr, nullptr),
               ROBUST_METRIC_INVALID_ARGUMENT, "labels must"));
    CHECK(says(robust_metric_predict(nullptr, line.points.data(), 1, nullptr, &label), ROBUST_METRIC_INVALID_ARGUMENT,
               "model must"));
    CHECK(says(
        robust_metric_minimal_perturbations(line.model, line.points.data(), 1, nullptr, nan, nullptr, nullptr, nullptr),
        ROBUST_METRIC_INVALID_ARGUMENT, "results must"));
}

TEST_CASE("C: a search is cancelled, and structs of an older and a newer header are understood") {
    std::vector<double> points;
    std::vector<std::int32_t> labels;
    for (int i = 0; i < 3000; ++i) {
        for (int j = 0; j < 6; ++j) points.push_back(std::fmod(0.754877666 * (i + 1) * (j + 1), 1.0));
        labels.push_back(i % 2);
    }
    Line line;
    line.parts.n_points = 3000;
    line.parts.n_features = 6;
    line.parts.points = points.data();
    line.parts.labels = labels.data();
    line.parts.k = 9;
    REQUIRE(line.create() == ROBUST_METRIC_OK);
    struct Newer {
        robust_metric_options known;
        std::size_t added[4];
    } newer;
    robust_metric_options_init(&newer.known, sizeof newer);
    CHECK(newer.known.struct_size == sizeof newer);
    CHECK(newer.added[3] == 0);
    newer.known.keep_going = [](std::size_t, void* user) { return ++*static_cast<int*>(user) < 2 ? 1 : 0; };
    int polls = 0;
    newer.known.user_data = &polls;
    std::vector<double> queries;  // work of seconds, so that it goes on when it is asked for the second time
    for (int copy = 0; copy < 20; ++copy) queries.insert(queries.end(), points.begin(), points.end());
    const std::size_t count = queries.size() / 6;
    std::vector<robust_metric_perturbation> found(count);
    std::vector<double> steps(queries.size());
    CHECK(says(robust_metric_minimal_perturbations(line.model, queries.data(), count, nullptr, INFINITY, &newer.known,
                                                   found.data(), steps.data()),
               ROBUST_METRIC_CANCELLED, "cancelled"));
    CHECK(polls == 2);
    robust_metric_options older;
    robust_metric_options_init(&older, offsetof(robust_metric_options, keep_going));
    older.num_threads = 2;
    older.keep_going = reinterpret_cast<int (*)(std::size_t, void*)>(1);  // not a field of that header: not looked at
    std::vector<std::int32_t> predicted(300);
    CHECK(robust_metric_predict(line.model, points.data(), 300, &older, predicted.data()) == ROBUST_METRIC_OK);
}
