/* The core as plain C functions, for robust_metric.core (Cython): what cimports that module links nothing of ours. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ROBUST_METRIC_C_API "robust_metric._core._c_api"

/* rows: n rows of the training set's dimension, in C order; labels are indices of classes. Each call runs on the
 * calling thread, needs no GIL, and returns 0, or -1 with a message (of at most 255 characters) in error. */
typedef struct {
    int (*predict)(const void* training, const double* rows, size_t n, size_t k, int32_t* labels, char* error);
    int (*certify)(const void* training, const double* rows, size_t n, size_t k, double* radii, int32_t* labels,
                   char* error);
    /* perturbations: n rows like `rows`; adversarial: class of the witness, -1 where there is none */
    int (*minimal_perturbation)(const void* training, const double* rows, size_t n, size_t k, double time_limit,
                                double* lower, double* upper, double* perturbations, int32_t* adversarial, char* error);
} robust_metric_c_api;

#ifdef __cplusplus
}
#endif
