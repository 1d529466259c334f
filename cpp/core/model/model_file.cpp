#include "model/model_file.hpp"

#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/arguments.hpp"
#include "files/json.hpp"
#include "files/npz.hpp"
#include "model/class_names.hpp"

namespace robust_metric {

namespace {

using files::Array;
using files::Arrays;
using files::Json;

constexpr std::string_view format = "robust_metric";
constexpr std::int64_t version = 1;
constexpr std::string_view estimators[] = {"CertifiedKNeighborsClassifier", "CertifiedPrototypeClassifier"};

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error(what); }

// ---- values of the header

Json integer(std::int64_t value) { return {Json::Number{std::to_string(value)}}; }

const Json& entry(const Json& json, std::string_view name) {
    const Json* found = json.find(name);
    if (!found) fail("no '" + std::string(name) + "' in its header");
    return *found;
}

std::int64_t to_integer(const Json& json, std::string_view name) {
    const auto* number = json.as<Json::Number>();
    const bool whole = number && number->text.find_first_of(".eE") == std::string::npos && number->text.size() < 19;
    if (!whole) fail(std::string(name) + " must be a whole number");
    return std::stoll(number->text);
}

const std::string& to_text(const Json& json, std::string_view name) {
    const auto* text = json.as<std::string>();
    if (!text) fail(std::string(name) + " must be a text");
    return *text;
}

// ---- arrays

template <class T>
Array pack(const std::vector<T>& values, std::vector<std::size_t> shape) {
    Array array{std::is_floating_point_v<T> ? 'f' : 'i', sizeof(T), std::move(shape), {}};
    array.bytes.resize(values.size() * sizeof(T));
    if (!values.empty()) std::memcpy(array.bytes.data(), values.data(), array.bytes.size());
    return array;
}

template <class T>
std::vector<T> values_of(const Array& array) {
    std::vector<T> values(array.bytes.size() / sizeof(T));
    if (!values.empty()) std::memcpy(values.data(), array.bytes.data(), array.bytes.size());
    return values;
}

std::vector<double> floats(const Array& array, std::string_view name) {
    if (array.is('f', 8)) return values_of<double>(array);
    if (!array.is('f', 4)) fail(std::string(name) + " must be float32 or float64");
    const auto singles = values_of<float>(array);
    return {singles.begin(), singles.end()};
}

// (d,) numbers of an array that may be there; as many from a single one where that is allowed
std::vector<double> per_feature(const Arrays& arrays, std::string_view name, std::size_t d, bool single_allowed) {
    const auto found = arrays.find(name);
    if (found == arrays.end()) return {};
    std::vector<double> values = floats(found->second, name);
    if (single_allowed && found->second.shape.empty()) return std::vector<double>(d, values[0]);
    if (found->second.shape != std::vector<std::size_t>{d}) fail(std::string(name) + " must be one number a feature");
    return values;
}

const Array& needed(const Arrays& arrays, std::string_view name) {
    const auto found = arrays.find(name);
    if (found == arrays.end()) fail("no array '" + std::string(name) + "'");
    return found->second;
}

// ---- parts of the header

void unpack_training(const Arrays& arrays, ModelParts& parts) {
    const Array &points = needed(arrays, "X"), &labels = needed(arrays, "y");
    if (points.shape.size() != 2 || points.shape[1] != parts.n_features) fail("X must have one column a feature");
    if (points.is('f', 4))
        parts.single_points = values_of<float>(points);
    else if (points.is('f', 8))
        parts.points = values_of<double>(points);
    else
        fail("X must be float32 or float64");
    if (!labels.is('i', 8) || labels.shape != std::vector<std::size_t>{points.shape[0]})
        fail("y must be one int64 a point");
    for (const std::int64_t label : values_of<std::int64_t>(labels)) {
        if (label < 0 || label >= std::ssize(parts.classes)) fail("y must be indices of classes");
        parts.labels.push_back(static_cast<std::int32_t>(label));
    }
    if (const auto found = arrays.find("components"); found != arrays.end()) {
        const std::vector<std::size_t>& shape = found->second.shape;
        if (shape.size() != 2 || shape[0] == 0 || shape[1] != parts.n_features)
            fail("components must have one column a feature");
        parts.components = floats(found->second, "components");
    }
}

void unpack_threat(const Json& threat, const Arrays& arrays, ModelParts& parts) {
    if (threat.is_null()) return;
    parts.with_threat = true;
    const Json& norm = entry(threat, "norm");
    const auto* number = norm.as<Json::Number>();
    const double p = number ? std::stod(number->text) : 0.0;
    if (const auto* text = norm.as<std::string>(); text && *text == "inf")
        parts.norm = Norm::infinity;
    else if (p == 1.0 || p == 2.0)
        parts.norm = p == 1.0 ? Norm::one : Norm::two;
    else
        fail("norm must be 1, 2 or inf");
    const Json* clip = threat.find("clip_queries");
    const bool* clips = clip ? clip->as<bool>() : nullptr;
    parts.clip_queries = clips && *clips;
    for (const std::string_view name : {"threat_lower", "threat_upper", "threat_feature_cost"})
        if (const auto found = arrays.find(name); found != arrays.end() && !found->second.is('f', 8))
            fail(std::string(name) + " must be float64");
    parts.cost = per_feature(arrays, "threat_feature_cost", parts.n_features, false);
    parts.lower = per_feature(arrays, "threat_lower", parts.n_features, true);
    if (!parts.lower.empty()) parts.upper = per_feature(arrays, "threat_upper", parts.n_features, true);
}

void unpack_names(const Json& header, ModelParts& parts) {
    if (const Json* names = header.find("feature_names"); names && !names->is_null()) {
        const auto* list = names->as<Json::Array>();
        if (!list) fail("feature_names do not fit");
        parts.feature_names.emplace();
        for (const Json& name : *list) parts.feature_names->push_back(to_text(name, "feature_names"));
    }
    if (const Json* label = header.find("label_column"); label && !label->is_null()) {
        const auto* pair = label->as<Json::Array>();
        if (!pair || pair->size() != 2) fail("label_column must be a name and a number");
        std::optional<std::string> name;
        if (!(*pair)[0].is_null()) name = to_text((*pair)[0], "label_column");
        parts.label_column.emplace(name, to_integer((*pair)[1], "label_column"));
    }
}

ModelParts unpack(const Json& header, const Arrays& arrays) {
    ModelParts parts;
    parts.estimator = to_text(entry(header, "class"), "class");
    const Json& params = entry(header, "params");
    const std::int64_t features = to_integer(entry(header, "n_features"), "n_features");
    const std::int64_t k = to_integer(entry(params, "n_neighbors"), "n_neighbors");
    if (features < 1) fail("n_features must be at least 1");
    if (k < 1) fail("n_neighbors must be at least 1");
    parts.n_features = static_cast<std::size_t>(features);
    parts.k = static_cast<std::size_t>(k);
    if (const Json& jobs = entry(params, "n_jobs"); !jobs.is_null()) parts.n_jobs = to_integer(jobs, "n_jobs");
    parts.class_type = to_text(entry(header, "classes_dtype"), "classes_dtype");
    parts.classes = unpack_class_names(parts.class_type, entry(header, "classes"));
    unpack_training(arrays, parts);
    unpack_threat(entry(params, "threat"), arrays, parts);
    parts.scaling_offset = per_feature(arrays, "scaling_offset", parts.n_features, false);
    parts.scaling_scale = per_feature(arrays, "scaling_scale", parts.n_features, false);
    unpack_names(header, parts);
    return parts;
}

Json pack_header(const ModelParts& parts) {
    Json threat;
    if (parts.with_threat) {
        Json norm{Json::Number{parts.norm == Norm::one ? "1.0" : "2.0"}};
        if (parts.norm == Norm::infinity) norm = {std::string("inf")};
        Json::Object entries{{"norm", norm}};
        if (parts.clip_queries) entries.push_back({"clip_queries", {true}});
        threat = {entries};
    }
    const Json::Object params{{"n_neighbors", integer(static_cast<std::int64_t>(parts.k))},
                              {"n_jobs", parts.n_jobs ? integer(*parts.n_jobs) : Json()},
                              {"threat", threat}};
    Json::Object header{{"format", {std::string(format)}},
                        {"version", integer(version)},
                        {"kind", {std::string("model")}},
                        {"class", {parts.estimator}},
                        {"params", {params}},
                        {"classes", pack_class_names(parts.class_type, parts.classes)},
                        {"classes_dtype", {parts.class_type}},
                        {"n_features", integer(static_cast<std::int64_t>(parts.n_features))}};
    if (parts.feature_names) {
        Json::Array names;
        for (const std::string& name : *parts.feature_names) names.push_back({name});
        header.push_back({"feature_names", {names}});
    }
    if (parts.label_column) {
        Json::Array label{parts.label_column->first ? Json{*parts.label_column->first} : Json(),
                          integer(parts.label_column->second)};
        header.push_back({"label_column", {label}});
    }
    return {header};
}

void check_scaling(const ModelParts& parts) {
    const std::size_t d = parts.n_features;
    check_optional_length("scaling_offset", std::span(parts.scaling_offset), d, "one per feature, or none");
    check_length("scaling_scale", std::span(parts.scaling_scale), parts.scaling_offset.size(), "as scaling_offset");
    for (std::size_t j = 0; j < parts.scaling_scale.size(); ++j) {
        if (!std::isfinite(parts.scaling_offset[j]))
            refuse("scaling_offset", "be finite", std::to_string(parts.scaling_offset[j]));
        if (!(parts.scaling_scale[j] > 0.0) || !std::isfinite(parts.scaling_scale[j]))
            refuse("scaling_scale", "be positive and finite", std::to_string(parts.scaling_scale[j]));
    }
}

}  // namespace

void check_parts(const ModelParts& parts) {
    const std::size_t n = parts.size(), d = parts.n_features;
    if (d < 1) refuse("n_features", "be at least 1", "0");
    if (parts.points.empty() == parts.single_points.empty())
        refuse("points", "be given in one of float64 and float32", parts.points.empty() ? "neither" : "both");
    if (parts.points.empty())
        check_length("single_points", parts.single_points.data(), parts.single_points.size(), n, d,
                     "points x features");
    else
        check_length("points", parts.points.data(), parts.points.size(), n, d, "points x features");
    if (parts.components.size() % d != 0)
        refuse("components", "have whole rows of " + std::to_string(d) + " entries",
               std::to_string(parts.components.size()) + " entries");
    if (parts.k < 1 || parts.k > n) refuse("k", "be from 1 to " + std::to_string(n), std::to_string(parts.k));
    if (parts.classes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
        refuse("classes", "be fewer than 2^31", std::to_string(parts.classes.size()));
    check_class_names(parts.class_type, parts.classes);
    if (!parts.with_threat && (parts.norm != Norm::two || !parts.cost.empty() || !parts.lower.empty() ||
                               !parts.upper.empty() || parts.clip_queries))
        refuse("with_threat", "be true where norm, cost, bounds or clip_queries say something", "false");
    if (parts.estimator != estimators[0] && parts.estimator != estimators[1])
        refuse("estimator", "be a classifier of the package", "'" + parts.estimator.substr(0, 80) + "'");
    if (parts.feature_names) check_length("feature_names", std::span(*parts.feature_names), d, "one per feature");
    check_scaling(parts);
}

ModelParts unpack_model(std::span<const unsigned char> file) {
    const Arrays arrays = files::read_npz(file);
    const Json header = files::parse_json(files::to_string(needed(arrays, "header")));
    const Json* name = header.find("format");
    if (!name || !name->as<std::string>() || *name->as<std::string>() != format) fail("another program wrote it");
    const std::string& kind = to_text(entry(header, "kind"), "kind");
    if (kind != "model") fail("it is a '" + kind.substr(0, 80) + "' file");
    const std::int64_t found = to_integer(entry(header, "version"), "version");
    if (found < 1 || found > version)
        fail("it is of version " + std::to_string(found) + "; a later release may read it");
    return unpack(header, arrays);
}

std::vector<unsigned char> pack_model(const ModelParts& parts) {
    const std::size_t n = parts.size(), d = parts.n_features;
    Arrays arrays;
    arrays.emplace("header", files::to_array(files::to_text(pack_header(parts))));
    arrays.emplace("X", parts.points.empty() ? pack(parts.single_points, {n, d}) : pack(parts.points, {n, d}));
    arrays.emplace("y", pack(std::vector<std::int64_t>(parts.labels.begin(), parts.labels.end()), {n}));
    if (!parts.components.empty())
        arrays.emplace("components", pack(parts.components, {parts.components.size() / d, d}));
    const auto add = [&](const char* name, const std::vector<double>& values) {
        if (!values.empty()) arrays.emplace(name, pack(values, {d}));
    };
    add("threat_feature_cost", parts.cost);
    add("threat_lower", parts.lower);
    add("threat_upper", parts.upper);
    add("scaling_offset", parts.scaling_offset);
    add("scaling_scale", parts.scaling_scale);
    return files::write_npz(arrays);
}

}  // namespace robust_metric
