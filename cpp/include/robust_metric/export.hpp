// Which names a shared library shows: those of the public headers. Static ones show none, to what links them into a
// library of its own.
#pragma once

#ifndef ROBUST_METRIC_SHARED
#define ROBUST_METRIC_EXPORT
#elif !defined(_WIN32)
#define ROBUST_METRIC_EXPORT __attribute__((visibility("default")))
#elif defined(ROBUST_METRIC_BUILDS)
#define ROBUST_METRIC_EXPORT __declspec(dllexport)
#else
#define ROBUST_METRIC_EXPORT __declspec(dllimport)
#endif
