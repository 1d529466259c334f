// Certified radii and minimal perturbations on arbitrary small training sets: radius <= lower <= upper, and a
// witness that the classifier answers differently.
#include <vector>

#include "base/rounding.hpp"
#include "bytes.hpp"
#include "robust_metric/certify.hpp"
#include "robust_metric/minimal_perturbations.hpp"
#include "robust_metric/predict.hpp"

using namespace robust_metric;
using robust_metric::fuzz::Bytes;
using robust_metric::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const std::size_t d = bytes.between(1, 4), n = bytes.between(1, 14), rank = bytes.between(0, 4);
    const int classes = static_cast<int>(bytes.between(1, 4));
    const std::size_t k = bytes.between(1, n);
    std::vector<double> points(n * d), components(rank * d), query(d);
    std::vector<std::int32_t> labels(n);
    for (double& value : points) value = bytes.number();
    for (double& value : components) value = bytes.number();
    for (double& value : query) value = bytes.number();
    for (std::int32_t& label : labels) label = static_cast<std::int32_t>(bytes.byte() % classes);

    const TrainingSet training({points.data(), n, d}, labels, classes,
                               rank > 0 ? MatrixView(components.data(), rank, d) : MatrixView());
    const MatrixView queries(query.data(), 1, d);
    const Execution execution;
    double radius = 0.0;
    std::int32_t label = -1, predicted = -2;
    predict(training, queries, k, execution, {&predicted, 1});
    certified_radii(training, queries, {}, k, execution, {&radius, 1}, {&label, 1});
    require(label == predicted, "the certified class is the predicted one");
    require(radius >= 0.0, "a radius is a number of at least 0");

    certified_radii(training, queries, {}, 1, execution, {&radius, 1}, {&label, 1});
    MinimalPerturbation result;
    std::vector<double> perturbation(d);
    minimal_perturbations(training, queries, {}, 1, rounding::infinity, execution, {&result, 1},
                          {perturbation.data(), 1, d});
    require(radius <= result.lower, "the bound is below the interval");
    require(result.lower <= result.upper, "the interval is one");
    if (result.upper == rounding::infinity) return 0;
    for (std::size_t j = 0; j < d; ++j) query[j] += perturbation[j];
    predict(training, queries, 1, execution, {&predicted, 1});
    require(predicted == result.adversarial_label && predicted != result.label, "the witness changes the class");
    return 0;
}
