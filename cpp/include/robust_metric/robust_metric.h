/* The library for C and everything that calls C. No exception leaves a function; what fails returns a code, and
 * robust_metric_last_error() says why. Structs carry their size, so that a program compiled with an older header keeps
 * working when fields are added behind: fill them by the *_init functions.
 *
 * Labels are indices of the model's classes. Rows are in C order, n_features doubles each, finite. */
#ifndef ROBUST_METRIC_H
#define ROBUST_METRIC_H

#include <stddef.h>
#include <stdint.h>

#include "robust_metric/version.h"

#ifndef ROBUST_METRIC_SHARED
#define ROBUST_METRIC_C_EXPORT
#elif !defined(_WIN32)
#define ROBUST_METRIC_C_EXPORT __attribute__((visibility("default")))
#elif defined(ROBUST_METRIC_BUILDS)
#define ROBUST_METRIC_C_EXPORT __declspec(dllexport)
#else
#define ROBUST_METRIC_C_EXPORT __declspec(dllimport)
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Codes, and no others, so that more can be added. */
typedef int32_t robust_metric_status;
#define ROBUST_METRIC_OK 0
#define ROBUST_METRIC_INVALID_ARGUMENT 1
#define ROBUST_METRIC_OUT_OF_MEMORY 2
#define ROBUST_METRIC_CANCELLED 3  /* keep_going said no */
#define ROBUST_METRIC_MODEL_FILE 4 /* cannot be read or written, or is no model */
#define ROBUST_METRIC_FAILED 5     /* anything else */

#define ROBUST_METRIC_NORM_ONE 0
#define ROBUST_METRIC_NORM_TWO 1
#define ROBUST_METRIC_NORM_INFINITY 2

/* How a search for a minimal perturbation ended. */
#define ROBUST_METRIC_EXACT 0
#define ROBUST_METRIC_INTERVAL 1
#define ROBUST_METRIC_MISCLASSIFIED 2
#define ROBUST_METRIC_NO_OTHER_CLASS 3
#define ROBUST_METRIC_TIME_LIMIT 4
#define ROBUST_METRIC_INTERRUPTED 5

typedef struct robust_metric_model robust_metric_model;

/* How a call runs. */
typedef struct robust_metric_options {
    size_t struct_size;
    int32_t num_threads; /* at least 1 */
    /* Polled about ten times a second, never from two threads at once; 0 stops the work. May be null. */
    int (*keep_going)(size_t done, void* user_data);
    void* user_data;
} robust_metric_options;

/* What a model is made of; all is copied. */
typedef struct robust_metric_parts {
    size_t struct_size;
    size_t n_points, n_features;
    const double* points;       /* n_points x n_features, or null and: */
    const float* single_points; /* the same in float32 */
    const int32_t* labels;      /* n_points values in [0, n_classes) */
    int32_t n_classes;
    const char* const* class_names; /* n_classes texts in increasing order, or null: "0", "1", ... as int64 */
    const double* components;       /* rank x n_features, or null for the Euclidean metric */
    size_t rank;
    size_t k;
    int32_t norm;
    const double *cost, *lower, *upper; /* n_features each, or null; lower and upper come together */
} robust_metric_parts;

/* One result of a search. */
typedef struct robust_metric_perturbation {
    double lower, upper;              /* upper is infinite where no witness is known */
    int32_t label, adversarial_label; /* -1 where there is none */
    int32_t status;
    int32_t reserved;
} robust_metric_perturbation;

/* ROBUST_METRIC_VERSION of the library that runs. */
ROBUST_METRIC_C_EXPORT const char* robust_metric_version(void);
/* What the last call of this thread that failed said; "" before. Valid until the next such call. */
ROBUST_METRIC_C_EXPORT const char* robust_metric_last_error(void);

/* Set struct_size and the defaults: one thread; k = 1, the 2-norm, all pointers null. */
ROBUST_METRIC_C_EXPORT void robust_metric_options_init(robust_metric_options* options, size_t struct_size);
ROBUST_METRIC_C_EXPORT void robust_metric_parts_init(robust_metric_parts* parts, size_t struct_size);

/* In all that follows options may be null, which is one thread that nothing stops. */
ROBUST_METRIC_C_EXPORT robust_metric_status robust_metric_create(const robust_metric_parts* parts,
                                                                 const robust_metric_options* options,
                                                                 robust_metric_model** model);
/* From and to files of Python's save_model and load_model. */
ROBUST_METRIC_C_EXPORT robust_metric_status robust_metric_load(const char* path, const robust_metric_options* options,
                                                               robust_metric_model** model);
ROBUST_METRIC_C_EXPORT robust_metric_status robust_metric_save(const robust_metric_model* model, const char* path);
ROBUST_METRIC_C_EXPORT void robust_metric_free(robust_metric_model* model); /* null is allowed */

/* 0 and null of a null model or an index out of range. */
ROBUST_METRIC_C_EXPORT size_t robust_metric_n_points(const robust_metric_model* model);
ROBUST_METRIC_C_EXPORT size_t robust_metric_n_features(const robust_metric_model* model);
ROBUST_METRIC_C_EXPORT size_t robust_metric_k(const robust_metric_model* model);
ROBUST_METRIC_C_EXPORT int32_t robust_metric_n_classes(const robust_metric_model* model);
ROBUST_METRIC_C_EXPORT const char* robust_metric_class_name(const robust_metric_model* model, int32_t label);

/* rows: n of them; labels, radii: n each. A model may be used from several threads at a time. */
ROBUST_METRIC_C_EXPORT robust_metric_status robust_metric_predict(const robust_metric_model* model, const double* rows,
                                                                  size_t n, const robust_metric_options* options,
                                                                  int32_t* labels);
/* radii: no perturbation of a smaller cost changes the label. truth: n labels, or null; where it differs from the
 * prediction the radius is 0. */
ROBUST_METRIC_C_EXPORT robust_metric_status robust_metric_certify(const robust_metric_model* model, const double* rows,
                                                                  size_t n, const int32_t* truth,
                                                                  const robust_metric_options* options, double* radii,
                                                                  int32_t* labels);
/* time_limit: seconds a row, infinite for none. results: n; perturbations: n x n_features, row + perturbation is the
 * witness. Where keep_going stopped the search, results are complete for the rows whose label is not -1. */
ROBUST_METRIC_C_EXPORT robust_metric_status robust_metric_minimal_perturbations(
    const robust_metric_model* model, const double* rows, size_t n, const int32_t* truth, double time_limit,
    const robust_metric_options* options, robust_metric_perturbation* results, double* perturbations);

#ifdef __cplusplus
}
#endif

#endif
