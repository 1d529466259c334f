#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "base/arguments.hpp"
#include "robust_metric/model.hpp"
#include "robust_metric/robust_metric.h"

struct robust_metric_model {
    robust_metric::Model model;
};

namespace {

using namespace robust_metric;

// a fixed buffer, so that telling of a lack of memory takes none
constexpr std::size_t longest_message = 1024;
thread_local char last_error[longest_message] = "";

robust_metric_status failed(robust_metric_status status, const char* message) {
    std::strncpy(last_error, message, longest_message - 1);
    last_error[longest_message - 1] = '\0';
    return status;
}

// No exception may cross into C.
template <class Body>
robust_metric_status guarded(Body body) {
    try {
        body();
        return ROBUST_METRIC_OK;
    } catch (const Interrupted&) {
        return failed(ROBUST_METRIC_CANCELLED, "cancelled by keep_going");
    } catch (const ModelFileError& error) {
        return failed(ROBUST_METRIC_MODEL_FILE, error.what());
    } catch (const std::invalid_argument& error) {
        return failed(ROBUST_METRIC_INVALID_ARGUMENT, error.what());
    } catch (const std::length_error& error) {
        return failed(ROBUST_METRIC_OUT_OF_MEMORY, error.what());
    } catch (const std::bad_alloc&) {
        return failed(ROBUST_METRIC_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception& error) {
        return failed(ROBUST_METRIC_FAILED, error.what());
    } catch (...) {
        return failed(ROBUST_METRIC_FAILED, "unknown error in the library");
    }
}

const void* needed(const char* name, const void* pointer) {
    if (pointer == nullptr) refuse(name, "point to something", "a null pointer");
    return pointer;
}

// The caller's struct as one of today: fields that its header did not have stay as they are by default.
template <class T>
T today(const char* name, const T* given, void (*init)(T*, std::size_t)) {
    T filled;
    init(&filled, sizeof filled);
    if (given == nullptr) return filled;
    std::size_t size = 0;
    std::memcpy(&size, given, sizeof size);
    if (size < 2 * sizeof(std::size_t))
        refuse(name, "be filled by its init function", "a struct of " + std::to_string(size) + " bytes");
    std::memcpy(&filled, given, std::min(size, sizeof filled));
    return filled;
}

// Defaults into a struct of the caller's size, which may be smaller or larger than today's.
template <class T>
void hand_over(T* to, T filled, std::size_t size) {
    filled.struct_size = size;
    std::memset(static_cast<void*>(to), 0, size);
    std::memcpy(static_cast<void*>(to), &filled, std::min(size, sizeof filled));
}

Execution execution_of(const robust_metric_options* given) {
    const robust_metric_options options = today("options", given, robust_metric_options_init);
    Execution execution{options.num_threads};
    if (options.keep_going)
        execution.keep_going = [=](std::size_t done) { return options.keep_going(done, options.user_data) != 0; };
    return execution;
}

template <class T>
std::vector<T> copied(const T* values, std::size_t count, std::size_t width = 1) {
    if (values == nullptr) return {};
    if (width > 0 && count > static_cast<std::size_t>(-1) / sizeof(T) / width) throw std::bad_alloc();
    return {values, values + count * width};
}

ModelParts to_parts(const robust_metric_parts& given) {
    ModelParts parts;
    const std::size_t d = given.n_features;
    parts.n_features = d;
    parts.points = copied(given.points, given.n_points, d);
    parts.single_points = copied(given.single_points, given.n_points, d);
    needed("labels", given.labels);
    parts.labels = copied(given.labels, given.n_points);
    if (given.n_classes < 1) refuse("n_classes", "be at least 1", std::to_string(given.n_classes));
    if (given.class_names == nullptr) parts.class_type = "int64";
    for (std::int32_t i = 0; i < given.n_classes; ++i)
        parts.classes.push_back(given.class_names
                                    ? std::string(static_cast<const char*>(needed("class_names", given.class_names[i])))
                                    : std::to_string(i));
    parts.components = copied(given.components, given.rank, d);
    parts.k = given.k;
    parts.norm = static_cast<Norm>(given.norm);
    parts.cost = copied(given.cost, d);
    parts.lower = copied(given.lower, d);
    parts.upper = copied(given.upper, d);
    parts.with_threat = true;
    return parts;
}

const Model& model_of(const robust_metric_model* model) {
    return static_cast<const robust_metric_model*>(needed("model", model))->model;
}

MatrixView rows_of(const Model& model, const double* rows, std::size_t n) { return {rows, n, model.dimension()}; }

std::span<const std::int32_t> truth_of(const std::int32_t* truth, std::size_t n) {
    return truth ? std::span(truth, n) : std::span<const std::int32_t>();
}

}  // namespace

const char* robust_metric_version(void) { return ROBUST_METRIC_VERSION; }

const char* robust_metric_last_error(void) { return last_error; }

void robust_metric_options_init(robust_metric_options* options, size_t struct_size) {
    robust_metric_options filled{};
    filled.num_threads = 1;
    hand_over(options, filled, struct_size);
}

void robust_metric_parts_init(robust_metric_parts* parts, size_t struct_size) {
    robust_metric_parts filled{};
    filled.k = 1;
    filled.norm = ROBUST_METRIC_NORM_TWO;
    hand_over(parts, filled, struct_size);
}

robust_metric_status robust_metric_create(const robust_metric_parts* parts, const robust_metric_options* options,
                                          robust_metric_model** model) {
    return guarded([&] {
        needed("model", static_cast<const void*>(model));
        *model = nullptr;
        needed("parts", parts);
        const robust_metric_parts given = today("parts", parts, robust_metric_parts_init);
        *model = new robust_metric_model{Model(to_parts(given), execution_of(options))};
    });
}

robust_metric_status robust_metric_load(const char* path, const robust_metric_options* options,
                                        robust_metric_model** model) {
    return guarded([&] {
        needed("model", static_cast<const void*>(model));
        *model = nullptr;
        needed("path", path);
        *model = new robust_metric_model{Model::load(path, execution_of(options))};
    });
}

robust_metric_status robust_metric_save(const robust_metric_model* model, const char* path) {
    return guarded([&] {
        needed("path", path);
        model_of(model).save(path);
    });
}

void robust_metric_free(robust_metric_model* model) { delete model; }

size_t robust_metric_n_points(const robust_metric_model* model) { return model ? model->model.parts().size() : 0; }
size_t robust_metric_n_features(const robust_metric_model* model) { return model ? model->model.dimension() : 0; }
size_t robust_metric_k(const robust_metric_model* model) { return model ? model->model.k() : 0; }
int32_t robust_metric_n_classes(const robust_metric_model* model) {
    return model ? static_cast<int32_t>(model->model.parts().classes.size()) : 0;
}
const char* robust_metric_class_name(const robust_metric_model* model, int32_t label) {
    if (label < 0 || label >= robust_metric_n_classes(model)) return nullptr;
    return model->model.parts().classes[static_cast<std::size_t>(label)].c_str();
}

robust_metric_status robust_metric_predict(const robust_metric_model* model, const double* rows, size_t n,
                                           const robust_metric_options* options, int32_t* labels) {
    return guarded([&] {
        const Model& own = model_of(model);
        own.predict(rows_of(own, rows, n), {labels, n}, execution_of(options));
    });
}

robust_metric_status robust_metric_certify(const robust_metric_model* model, const double* rows, size_t n,
                                           const int32_t* truth, const robust_metric_options* options, double* radii,
                                           int32_t* labels) {
    return guarded([&] {
        const Model& own = model_of(model);
        own.certified_radii(rows_of(own, rows, n), truth_of(truth, n), {radii, n}, {labels, n}, {},
                            execution_of(options));
    });
}

robust_metric_status robust_metric_minimal_perturbations(const robust_metric_model* model, const double* rows, size_t n,
                                                         const int32_t* truth, double time_limit,
                                                         const robust_metric_options* options,
                                                         robust_metric_perturbation* results, double* perturbations) {
    return guarded([&] {
        const Model& own = model_of(model);
        if (n > 0) needed("results", results);
        std::vector<MinimalPerturbation> found(n);
        const auto hand_over_results = [&] {
            for (std::size_t i = 0; i < n; ++i)
                results[i] = {found[i].lower,
                              found[i].upper,
                              found[i].label,
                              found[i].adversarial_label,
                              static_cast<int32_t>(found[i].status),
                              0};
        };
        try {
            own.minimal_perturbations(rows_of(own, rows, n), truth_of(truth, n), time_limit, found,
                                      {perturbations, n, own.dimension()}, {}, {}, execution_of(options));
        } catch (const Interrupted&) {
            hand_over_results();
            throw;
        }
        hand_over_results();
    });
}
