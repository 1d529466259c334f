// Long rows in few numbers: coordinates in the leading directions, of which the first stage has half, and the length of
// what is left. The exact code of a vector is no farther from another one than the vectors are from each other, and as
// long as it: so the filter's distances of codes are lower bounds. Derivation: docs/rounding.md, section 4.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "data/filter_rows.hpp"

namespace robust_metric {

class Codes {
public:
    // coordinates of the stages
    static constexpr std::size_t most_coordinates = 128;

    Codes() = default;  // not usable
    // Memory: 4 (coordinates + 2) + 24 bytes a row. Not usable, and without memory, where the first stage would hold
    // little of most distances, unless it is forced.
    Codes(const FilterRows& rows, bool forced, const Execution& execution);

    bool usable() const { return codes_ != nullptr; }
    // rows of codes, each standing for the exact code of the vector that the row coded stands for
    const FilterRows& first() const { return first_; }
    const FilterRows& second() const { return second_; }

    // A row that is not among those coded, here and in both stages.
    struct Code {
        std::vector<float> row;
        FilterNumbers first, second;

        const float* first_row() const { return row.data(); }
        const float* second_row() const { return row.data() + 1; }
    };
    // numbers: those of the rows
    void encode(FloatMatrixView rows, std::span<const FilterNumbers> numbers, std::span<Code> out) const;

private:
    bool hold_most(const FilterRows& rows) const;
    // Calls set(i, values, errors) for the rows, with the rest after the first stage, all coordinates and the rest
    // after the second, and what either stage's code may be off by.
    template <class ErrorOf, class Set>
    void encode_each(FloatMatrixView rows, ErrorOf error_of, Set set) const;

    std::vector<double> directions_;
    double deviation_ = 0.0;
    std::size_t first_count_ = 0, count_ = 0, width_ = 0;
    std::unique_ptr<float[]> codes_;
    FilterRows first_, second_;
};

}  // namespace robust_metric
