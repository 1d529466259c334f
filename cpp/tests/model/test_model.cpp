#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>

#include "model/model_file.hpp"
#include "random_problem.hpp"
#include "robust_metric/certify.hpp"
#include "robust_metric/model.hpp"

using namespace robust_metric;
using namespace robust_metric::tests;

namespace {

ModelParts parts_of(const RandomProblem& p) {
    ModelParts parts;
    parts.n_features = p.d;
    parts.points = p.points;
    parts.labels = p.labels;
    for (int c = 0; c < p.classes; ++c) parts.classes.push_back(std::string(1, static_cast<char>('a' + c)));
    parts.components = p.components;
    parts.k = 3;
    return parts;
}

ModelParts with_everything() {
    ModelParts parts = parts_of(RandomProblem(3, Coordinates::smooth, 20, 3, 3, 2));
    parts.with_threat = true;
    parts.norm = Norm::infinity;
    parts.cost = {1.0, 2.0, std::numeric_limits<double>::infinity()};
    parts.lower = {-2.0, -2.0, -std::numeric_limits<double>::infinity()};
    parts.upper = {2.0, 2.0, 2.0};
    parts.clip_queries = true;
    parts.scaling_offset = {1.0, 0.0, -1.0};
    parts.scaling_scale = {2.0, 1.0, 0.1};
    parts.feature_names = {"x", "é", "\xED\xA0\x80"};  // a lone surrogate, as Python may have
    parts.label_column = {{"y"}, 3};
    parts.n_jobs = -1;
    parts.estimator = "CertifiedPrototypeClassifier";
    return parts;
}

bool refused(ModelParts parts, const std::function<void(ModelParts&)>& change, const std::string& name) {
    change(parts);
    try {
        const Model model(std::move(parts));
    } catch (const std::invalid_argument& error) {
        MESSAGE(error.what());
        return std::string(error.what()).rfind(name + " must ", 0) == 0;
    }
    return false;
}

}  // namespace

TEST_CASE("all parts come back from a file, and from a model that was moved") {
    const ModelParts parts = with_everything();
    const auto file = pack_model(parts);
    const ModelParts back = unpack_model(file);
    CHECK(pack_model(back) == file);
    CHECK(back.feature_names == parts.feature_names);
    CHECK(back.label_column == parts.label_column);
    CHECK(back.cost == parts.cost);
    const std::string path = (std::filesystem::temp_directory_path() / "robust_metric_test_model.npz").string();
    Model(parts).save(path);
    Model loaded = Model::load(path);
    std::remove(path.c_str());
    const Model moved = std::move(loaded);
    CHECK(pack_model(moved.parts()) == file);
}

TEST_CASE("a model answers as the free functions do, in float32 too") {
    for (const bool single : {false, true}) {
        const RandomProblem p(1, Coordinates::grid, 60, 3, 3, 2);
        ModelParts parts = parts_of(p);
        if (single) {
            parts.single_points.assign(parts.points.begin(), parts.points.end());
            parts.points.clear();
        }
        const Model model(std::move(parts));
        const TrainingSet training = p.training();
        std::vector<double> radii(p.count), expected(p.count);
        std::vector<std::int32_t> labels(p.count), expected_labels(p.count), predicted(p.count);
        model.certified_radii(p.Z(), {}, radii, labels);
        model.predict(p.Z(), predicted);
        certified_radii(training, p.Z(), {}, 3, {}, expected, expected_labels);
        CHECK(radii == expected);
        CHECK(labels == expected_labels);
        CHECK(predicted == expected_labels);
    }
}

TEST_CASE("queries outside a box that clips are moved into it") {
    const Model model(with_everything());
    const double outside[] = {5.0, 0.0, 0.0}, moved[] = {2.0, 0.0, 0.0};
    double radius[2];
    std::int32_t label[2];
    model.certified_radii({outside, 1, 3}, {}, {radius, 1}, {label, 1});
    model.certified_radii({moved, 1, 3}, {}, {radius + 1, 1}, {label + 1, 1});
    CHECK(radius[0] == radius[1]);
    CHECK(label[0] == label[1]);
    double scaled[3];
    model.apply_scaling({outside, 1, 3}, {scaled, 1, 3});
    CHECK(scaled[0] == 2.0);
    CHECK(scaled[2] == 1.0 / 0.1);
    CHECK_THROWS_AS(model.apply_scaling({outside, 1, 3}, {scaled, 1, 2}), std::invalid_argument);
}

TEST_CASE("parts that do not fit together are refused by name") {
    const ModelParts good = with_everything();
    CHECK(refused(
        good, [](ModelParts& p) { p.n_features = 0; }, "n_features"));
    CHECK(refused(
        good, [](ModelParts& p) { p.points.pop_back(); }, "points"));
    CHECK(refused(
        good, [](ModelParts& p) { p.points.clear(); }, "points"));
    CHECK(refused(
        good, [](ModelParts& p) { p.single_points.resize(60); }, "points"));
    CHECK(refused(
        good, [](ModelParts& p) { p.labels[2] = 3; }, "labels"));
    CHECK(refused(
        good, [](ModelParts& p) { p.components.pop_back(); }, "components"));
    CHECK(refused(
        good, [](ModelParts& p) { p.k = 21; }, "k"));
    CHECK(refused(
        good, [](ModelParts& p) { p.cost.pop_back(); }, "cost"));
    CHECK(refused(
        good, [](ModelParts& p) { p.with_threat = false; }, "with_threat"));
    CHECK(refused(
        good, [](ModelParts& p) { p.scaling_scale[1] = 0.0; }, "scaling_scale"));
    CHECK(refused(
        good, [](ModelParts& p) { p.feature_names->pop_back(); }, "feature_names"));
    CHECK(refused(
        good, [](ModelParts& p) { p.estimator = "Other"; }, "estimator"));
    CHECK(refused(
        good, [](ModelParts& p) { p.class_type = "complex64"; }, "class_type"));
    CHECK(refused(
        good,
        [](ModelParts& p) {
            p.classes = {"b", "a", "c"};
        },
        "classes"));
    CHECK(refused(
        good, [](ModelParts& p) { p.classes.clear(); }, "classes"));
}

TEST_CASE("class names are values of their type, in its order") {
    const auto fits = [](const char* type, std::vector<std::string> names) {
        ModelParts parts = parts_of(RandomProblem(1, Coordinates::grid, 9, 2, 1));
        parts.class_type = type;
        parts.classes = std::move(names);
        try {
            check_parts(parts);
        } catch (const std::invalid_argument&) {
            return false;
        }
        return true;
    };
    CHECK(fits("int8", {"-128", "-2", "0", "127"}));
    CHECK_FALSE(fits("int8", {"128"}));
    CHECK_FALSE(fits("int8", {"-129"}));
    CHECK_FALSE(fits("int32", {"10", "9"}));
    CHECK_FALSE(fits("int32", {"01"}));
    CHECK_FALSE(fits("int32", {"1.0"}));
    CHECK(fits("uint64", {"9", "18446744073709551615"}));
    CHECK_FALSE(fits("uint64", {"18446744073709551616"}));
    CHECK_FALSE(fits("uint8", {"-1"}));
    CHECK(fits("int64", {"-9223372036854775808", "9223372036854775807"}));
    CHECK(fits("float64", {"-1e300", "0.1", "9", "10.0"}));
    CHECK_FALSE(fits("float64", {"nan"}));
    CHECK_FALSE(fits("float64", {"inf"}));
    CHECK_FALSE(fits("float32", {"0.1"}));
    CHECK(fits("float32", {"0.5", "16777216"}));
    CHECK_FALSE(fits("float32", {"16777217"}));
    CHECK(fits("float16", {"0.5", "65504"}));
    CHECK_FALSE(fits("float16", {"65520"}));
    CHECK(fits("bool", {"false", "true"}));
    CHECK_FALSE(fits("bool", {"True"}));
    CHECK_FALSE(fits("str", {"\xFF"}));
}

TEST_CASE("files that hold no model are refused") {
    CHECK_THROWS_AS((void)Model::load("/nowhere/at/all.npz"), ModelFileError);
    CHECK_THROWS_AS((void)Model::load(std::filesystem::temp_directory_path().string()), ModelFileError);
    CHECK_THROWS_AS(Model(with_everything()).save("/nowhere/at/all.npz"), ModelFileError);
    const std::string path = (std::filesystem::temp_directory_path() / "robust_metric_test_none.npz").string();
    std::ofstream(path) << "PK nothing";
    CHECK_THROWS_AS((void)Model::load(path), ModelFileError);
    std::remove(path.c_str());
}
