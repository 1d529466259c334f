// What learners pay for a certified bound.
#pragma once

namespace robust_metric {

// What is paid for a bound of ε.
enum class BoundLoss {
    linear,  // -ε, the published loss of ARML
    hinge,   // max(0, target - ε)
    ramp,    // min(max(0, target - ε), target): a misclassified point (ε < 0) stops pulling
};

struct BoundLossOptions {
    BoundLoss kind = BoundLoss::linear;
    double target = 0.0;  // in units of the features; not used by linear
};

struct LossValue {
    double value, slope;  // the slope in ε
};

inline LossValue loss_of_bound(const BoundLossOptions& options, double bound) {
    if (options.kind == BoundLoss::linear) return {-bound, -1.0};
    const double short_by = options.target - bound;
    if (short_by <= 0.0) return {0.0, 0.0};
    if (options.kind == BoundLoss::ramp && short_by >= options.target) return {options.target, 0.0};
    return {short_by, -1.0};
}

}  // namespace robust_metric
