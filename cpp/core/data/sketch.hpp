// Short codes of long rows: coordinates in a few directions that hold most of their variance, and the length of what is
// left. Two codes bound the distance of their rows from both sides at a fraction of its cost. Derivation:
// docs/rounding.md, section 4.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "base/interval.hpp"
#include "base/parallel.hpp"
#include "data/filter_rows.hpp"

namespace robust_metric {

class Sketch {
public:
    static constexpr std::size_t width = 32;

    Sketch() = default;  // not usable
    // Memory: 132 bytes a row. Not usable, and without memory, where rows are so short that it would not pay.
    // rows must outlive this object.
    Sketch(const FilterRows& rows, const Execution& execution);

    bool usable() const { return codes_ != nullptr; }
    // brings a code near, for a call of distance to come
    void prefetch(std::size_t i) const {
        if (usable()) __builtin_prefetch(codes_.get() + i * width);
    }
    // holds the distance of the exact vectors that two rows stand for
    Interval distance(std::size_t a, std::size_t b) const;

private:
    void encode(const std::vector<double>& directions, double deviation, const Execution& execution);

    const FilterRows* rows_ = nullptr;
    std::unique_ptr<float[]> codes_;
    std::vector<float> errors_;
};

}  // namespace robust_metric
