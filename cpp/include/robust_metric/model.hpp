// A classifier that owns its training points: made from arrays, or loaded from the file that Python's save_model wrote.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "robust_metric/evidence.hpp"
#include "robust_metric/execution.hpp"
#include "robust_metric/export.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/minimal_perturbations.hpp"
#include "robust_metric/points.hpp"
#include "robust_metric/threat.hpp"
#include "robust_metric/training_set.hpp"

namespace robust_metric {

// Thrown for files that cannot be read or written, are damaged, or hold no model of a version that is known.
struct ROBUST_METRIC_EXPORT ModelFileError : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What a model is made of: all that its file holds.
struct ROBUST_METRIC_EXPORT ModelParts {
    std::size_t n_features = 0;
    // n × n_features in C order, in one of the two: float32 stays float32
    std::vector<double> points;
    std::vector<float> single_points;
    std::vector<std::int32_t> labels;  // n indices of classes
    // Names of the classes, in increasing order: texts if class_type is "str", else numbers as JSON writes them
    // (1, 2.5) or true and false for "bool". Types are those of NumPy: bool, int8 to uint64, float16 to float64.
    std::string class_type = "str";
    std::vector<std::string> classes;
    std::vector<double> components;  // r × n_features, or none for the Euclidean metric
    std::size_t k = 1;

    bool with_threat = false;  // of the file; without, perturbations are measured in the 2-norm
    Norm norm = Norm::two;
    std::vector<double> cost, lower, upper;  // one a feature each, or none
    bool clip_queries = false;               // whether queries outside the box are moved into it, or refused

    std::vector<double> scaling_offset, scaling_scale;  // what was done to the features before: (x - offset) / scale
    std::optional<std::vector<std::string>> feature_names;
    // name, if it has one, and number of the column of labels in the table that the model is from
    std::optional<std::pair<std::optional<std::string>, std::int64_t>> label_column;
    std::optional<std::int64_t> n_jobs;
    std::string estimator = "CertifiedKNeighborsClassifier";  // or CertifiedPrototypeClassifier

    std::size_t size() const { return labels.size(); }
    Points view() const;
};

// May be used from several threads at a time. Results are those of Python's classifier, bit by bit.
class ROBUST_METRIC_EXPORT Model {
public:
    // Throws std::invalid_argument where the parts do not fit together.
    explicit Model(ModelParts parts, const Execution& execution = {});
    // Throws ModelFileError. A file asks for no more memory than some times its size.
    static Model load(const std::string& path, const Execution& execution = {});
    // Writes to a file beside it first, which takes its place when it is whole. Throws ModelFileError.
    void save(const std::string& path) const;

    const ModelParts& parts() const { return *parts_; }
    const TrainingSet& training() const { return training_; }
    std::size_t dimension() const { return parts_->n_features; }
    std::size_t k() const { return parts_->k; }

    // The queries as the training points were scaled; nothing is done where they were not.
    void apply_scaling(MatrixView queries, MutableMatrixView scaled) const;
    // As the free functions of the same names; queries are scaled. Those outside a box that clips are moved into it
    // for certificates and searches, which then speak of the moved ones.
    void predict(MatrixView queries, std::span<std::int32_t> labels, const Execution& execution = {}) const;
    void certified_radii(MatrixView queries, std::span<const std::int32_t> truth, std::span<double> radii,
                         std::span<std::int32_t> labels, std::span<Evidence> evidence = {},
                         const Execution& execution = {}) const;
    void minimal_perturbations(MatrixView queries, std::span<const std::int32_t> truth, double time_limit,
                               std::span<MinimalPerturbation> results, MutableMatrixView perturbations,
                               std::span<Evidence> evidence = {}, WitnessRounding witness_rounding = {},
                               const Execution& execution = {}) const;

private:
    std::unique_ptr<const ModelParts> parts_;  // at a place that stays, for training_
    TrainingSet training_;
};

}  // namespace robust_metric
