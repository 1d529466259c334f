// Ctrl-C and progress for calls that have released the GIL.
#pragma once

#include <pybind11/pybind11.h>

#include "robust_metric/execution.hpp"

namespace robust_metric {

// Runs on the thread that called into the core. A pending signal (Ctrl-C) or an exception of the
// progress callback becomes a C++ exception, travels through the core, and is raised in Python.
// progress: None, or a callable that takes the number of finished items.
inline Execution make_execution(int num_threads, const pybind11::object& progress) {
    PyObject* callback = progress.is_none() ? nullptr : progress.ptr();  // outlives the call it serves
    return {num_threads, [callback](std::size_t done) {
                pybind11::gil_scoped_acquire gil;
                if (PyErr_CheckSignals() != 0) throw pybind11::error_already_set();
                if (callback) pybind11::handle{callback}(done);
                return true;
            }};
}

}  // namespace robust_metric
