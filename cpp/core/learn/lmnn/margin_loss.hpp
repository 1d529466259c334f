// Objective of large-margin nearest neighbours (Weinberger & Saul, JMLR 2009) and its gradient, for a descent in small
// steps. With D(a, b) = ‖L(x_a − x_b)‖², targets t(i, j) of anchor i and points l of other classes:
//   μ Σ_ij D(i, t(i, j)) + (1 − μ) Σ_ijl max(1 + D(i, t(i, j)) − D(i, l), 0)
// Between calls it is remembered which triplets count, and how far images may move before one can change: a call
// measures only the pairs that this leaves in doubt. Memory is linear in the number of points. Plain floating point:
// nothing certified may be built on it.
#pragma once

#include <memory>

#include "base/parallel.hpp"
#include "learn/lmnn/margin_scatter.hpp"
#include "robust_metric/matrix_view.hpp"

namespace robust_metric {

class MarginLoss {
public:
    // The arrays of the problem are used, not copied. Throws std::invalid_argument if sizes disagree or rows are out of
    // range.
    explicit MarginLoss(const MarginProblem& problem);
    ~MarginLoss();
    MarginLoss(MarginLoss&&) noexcept;
    MarginLoss& operator=(MarginLoss&&) noexcept;

    // components: r × d; gradient with respect to them: r × d. Returns the value; NaN, with a gradient of NaN, where
    // images overflow. Any order of calls is right, near ones are fast; up to rounding the answer does not depend on
    // earlier calls, and it does not depend on the number of threads at all. After an exception of its own or of
    // keep_going the object is of no further use.
    double evaluate(MatrixView components, const Execution& execution, MutableMatrixView gradient);

private:
    class State;
    std::unique_ptr<State> state_;
};

}  // namespace robust_metric
