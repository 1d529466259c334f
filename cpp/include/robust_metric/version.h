/* The version, for C and C++: where CMake has it from. Before 1.0 a minor version may break programs and the ABI, and
 * SONAMEs are librobust_metric.so.MAJOR.MINOR; from 1.0 on only major versions may, and they are
 * librobust_metric.so.MAJOR. */
#ifndef ROBUST_METRIC_VERSION_H
#define ROBUST_METRIC_VERSION_H

/* NOLINTBEGIN(modernize-macro-to-enum): the preprocessor compares them */
#define ROBUST_METRIC_VERSION_MAJOR 0
#define ROBUST_METRIC_VERSION_MINOR 1
#define ROBUST_METRIC_VERSION_PATCH 0
/* NOLINTEND(modernize-macro-to-enum) */
#define ROBUST_METRIC_VERSION "0.1.0"

#endif
