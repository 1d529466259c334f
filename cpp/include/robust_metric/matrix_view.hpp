// Non-owning view of a row-major matrix whose rows are contiguous.
#pragma once

#include <cstddef>

namespace robust_metric {

template <class T>
class BasicMatrixView {
public:
    BasicMatrixView() = default;
    BasicMatrixView(T* data, std::size_t rows, std::size_t cols) : BasicMatrixView(data, rows, cols, cols) {}
    // stride: elements between the starts of two rows, at least cols
    BasicMatrixView(T* data, std::size_t rows, std::size_t cols, std::size_t stride)
        : data_(data), rows_(rows), cols_(cols), stride_(stride) {}

    T* row(std::size_t i) const { return data_ + i * stride_; }
    T* data() const { return data_; }
    T& operator()(std::size_t i, std::size_t j) const { return data_[i * stride_ + j]; }
    std::size_t rows() const { return rows_; }
    std::size_t cols() const { return cols_; }
    std::size_t stride() const { return stride_; }

    BasicMatrixView slice(std::size_t first, std::size_t last) const {
        return {row(first), last - first, cols_, stride_};
    }
    operator BasicMatrixView<const T>() const { return {data_, rows_, cols_, stride_}; }

private:
    T* data_ = nullptr;
    std::size_t rows_ = 0, cols_ = 0, stride_ = 0;
};

using MatrixView = BasicMatrixView<const double>;
using MutableMatrixView = BasicMatrixView<double>;
using FloatMatrixView = BasicMatrixView<const float>;
using MutableFloatMatrixView = BasicMatrixView<float>;

}  // namespace robust_metric
