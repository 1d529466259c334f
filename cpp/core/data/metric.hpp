// A Mahalanobis metric d(a, b) = ‖L(a - b)‖², L given as components (r × d) or absent (Euclidean).
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

// Copies share what they hold, which never changes.
class Metric {
public:
    // components: r × d, copied; an empty view (0 × 0) stands for the identity of that dimension.
    // Throws std::invalid_argument where its columns are not `dimension`.
    Metric(MatrixView components, std::size_t dimension);

    bool is_identity() const { return entries_ == nullptr; }
    std::size_t dimension() const { return dimension_; }
    std::size_t rank() const { return is_identity() ? dimension_ : rank_; }

    // L as given (empty view for the identity), and L times the power of two 2^-exponent() that
    // brings its largest entry into [1/2, 1): all computing but the exact kind is done with the latter.
    MatrixView components() const { return is_identity() ? MatrixView() : view(entries_->original); }
    MatrixView scaled_components() const { return is_identity() ? MatrixView() : view(entries_->scaled); }
    int exponent() const { return exponent_; }
    // the transpose of the latter, d × r, for sums along its rows
    MatrixView scaled_transpose() const {
        return is_identity() ? MatrixView() : MatrixView(entries_->transpose.data(), dimension_, rank_);
    }

    // Every entry of the scaled L is a multiple of this power of two; 1 for the identity.
    double grain() const { return grain_; }

    // A proved upper bound of ‖ |L| ‖₂ for the scaled L: the smaller of the Frobenius norm and
    // sqrt(‖L‖₁ ‖L‖_∞). It also bounds ‖L‖₂. 1 for the identity.
    double norm_bound() const { return norm_bound_; }
    // A proved upper bound of ‖L‖₂ for the scaled L, close to it: of dense maps the other is far too large. Computed
    // when it is first asked for.
    double operator_norm() const;

private:
    struct Entries {
        std::vector<double> original, scaled, transpose;
        mutable std::once_flag norm_known;
        mutable double operator_norm = 1.0;
    };
    MatrixView view(const std::vector<double>& values) const { return {values.data(), rank_, dimension_}; }

    std::size_t rank_, dimension_;
    int exponent_ = 0;
    double norm_bound_ = 1.0, grain_ = 1.0;
    std::shared_ptr<const Entries> entries_;
};

}  // namespace robust_metric
