#include <cstdio>
#include <exception>

#include "bindings.hpp"
#include "c_api.h"
#include "robust_metric/certify.hpp"
#include "robust_metric/minimal_perturbations.hpp"
#include "robust_metric/predict.hpp"

namespace py = pybind11;

namespace robust_metric {

namespace {

const TrainingSet& training_of(const void* pointer) { return *static_cast<const TrainingSet*>(pointer); }

MatrixView view(const TrainingSet& training, const double* rows, std::size_t n) {
    return {rows, n, training.dimension()};
}

// No exception may cross into C.
template <class Body>
int guarded(char* error, Body body) {
    try {
        body();
        return 0;
    } catch (const std::exception& failure) {
        std::snprintf(error, 256, "%s", failure.what());
    } catch (...) {
        std::snprintf(error, 256, "unknown error in the core");
    }
    return -1;
}

int predict_rows(const void* pointer, const double* rows, std::size_t n, std::size_t k, std::int32_t* labels,
                 char* error) {
    const TrainingSet& training = training_of(pointer);
    return guarded(error, [&] { predict(training, view(training, rows, n), k, {}, {labels, n}); });
}

int certify_rows(const void* pointer, const double* rows, std::size_t n, std::size_t k, double* radii,
                 std::int32_t* labels, char* error) {
    const TrainingSet& training = training_of(pointer);
    return guarded(error, [&] {
        certified_radii(training, view(training, rows, n), {}, k, {}, {radii, n}, {labels, n});
    });
}

int perturb_rows(const void* pointer, const double* rows, std::size_t n, std::size_t k, double time_limit,
                 double* lower, double* upper, double* perturbations, std::int32_t* adversarial, char* error) {
    const TrainingSet& training = training_of(pointer);
    return guarded(error, [&] {
        std::vector<MinimalPerturbation> found(n);
        minimal_perturbations(training, view(training, rows, n), {}, k, time_limit, {}, found,
                              {perturbations, n, training.dimension()});
        for (std::size_t i = 0; i < n; ++i) {
            lower[i] = found[i].lower;
            upper[i] = found[i].upper;
            adversarial[i] = found[i].adversarial_label;
        }
    });
}

constexpr robust_metric_c_api table = {predict_rows, certify_rows, perturb_rows};

}  // namespace

void bind_c_api(py::module_& m) {
    m.attr("_c_api") = py::capsule(&table, ROBUST_METRIC_C_API);
    m.def(
        "training_address", [](const TrainingSet& training) { return reinterpret_cast<std::uintptr_t>(&training); },
        py::arg("training"), "Address of the compiled object, for the functions of _c_api.");
}

}  // namespace robust_metric
