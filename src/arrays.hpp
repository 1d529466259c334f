// NumPy arrays to views of the core and back. Shapes are checked here; values are checked in Python.
#pragma once

#include <pybind11/numpy.h>

#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "robust_metric/points.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric {

// Never converts: the Python layer hands over C-contiguous arrays of the right type.
using DoubleArray = pybind11::array_t<double, pybind11::array::c_style>;
using FloatArray = pybind11::array_t<float, pybind11::array::c_style>;
using LabelArray = pybind11::array_t<std::int32_t, pybind11::array::c_style>;
using IndexArray = pybind11::array_t<std::int64_t, pybind11::array::c_style>;

template <class Real>
using MatrixArray = pybind11::array_t<Real, pybind11::array::c_style>;

template <class Real>
BasicMatrixView<const Real> matrix(const MatrixArray<Real>& array, const char* name) {
    if (array.ndim() != 2)
        throw std::invalid_argument(std::string(name) + " must have 2 dimensions, got " + std::to_string(array.ndim()));
    return {array.data(), static_cast<std::size_t>(array.shape(0)), static_cast<std::size_t>(array.shape(1))};
}

// Rows in float64 or float32, never converted.
inline Points to_points(const pybind11::array& array, const char* name) {
    if (pybind11::isinstance<DoubleArray>(array)) return matrix(DoubleArray(array), name);
    if (!pybind11::isinstance<FloatArray>(array) || array.ndim() != 2)
        throw std::invalid_argument(std::string(name) +
                                    " must be a matrix of float64 or float32 in C order, got another array");
    return FloatMatrixView(static_cast<const float*>(array.data()), static_cast<std::size_t>(array.shape(0)),
                           static_cast<std::size_t>(array.shape(1)));
}

template <class Real>
BasicMatrixView<Real> matrix(MatrixArray<Real>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.shape(0)), static_cast<std::size_t>(array.shape(1))};
}

template <class Real = double>
MatrixArray<Real> make_matrix(std::size_t rows, std::size_t cols) {
    return MatrixArray<Real>({static_cast<pybind11::ssize_t>(rows), static_cast<pybind11::ssize_t>(cols)});
}

// None, or one side of the queries' boxes; the array must outlive what to_boxes makes of it.
inline DoubleArray to_box_side(const pybind11::object& side) {
    return side.is_none() ? make_matrix(0, 0) : side.cast<DoubleArray>();
}

inline QueryBoxes to_boxes(const DoubleArray& lower, const DoubleArray& upper) {
    return {matrix(lower, "lower"), matrix(upper, "upper")};
}

template <class T, int Flags>
std::span<const T> vector(const pybind11::array_t<T, Flags>& array, std::size_t size, const char* name) {
    if (array.ndim() != 1 || static_cast<std::size_t>(array.size()) != size)
        throw std::invalid_argument(std::string(name) + " must be one-dimensional of length " + std::to_string(size) +
                                    ", got " + std::to_string(array.size()) + " entries in " +
                                    std::to_string(array.ndim()) + " dimensions");
    return {array.data(), size};
}

template <class T>
pybind11::array_t<T> make_vector(std::size_t size) {
    return pybind11::array_t<T>(static_cast<pybind11::ssize_t>(size));
}

template <class T, int Flags>
std::span<T> mutable_vector(pybind11::array_t<T, Flags>& array) {
    return {array.mutable_data(), static_cast<std::size_t>(array.size())};
}

template <class T>
pybind11::array_t<T> to_array(const std::vector<T>& values) {
    return pybind11::array_t<T>(static_cast<pybind11::ssize_t>(values.size()), values.data());
}

}  // namespace robust_metric
