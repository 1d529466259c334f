// Short codes of long mapped rows, the first stage of them in leaves: most points of most sets are told to be far by
// their codes alone, and only a few are ever looked at in full.
#pragma once

#include <cstdint>
#include <span>

#include "base/parallel.hpp"
#include "data/codes.hpp"
#include "data/filter_rows.hpp"
#include "data/leaves.hpp"

namespace robust_metric {

class Cascade {
public:
    Cascade() = default;  // not usable
    // Memory: 4 (128 + 2) + 24 bytes a row for the codes, 4 (64 + 5) for leaves of them. Time: finding the directions
    // from 2048 rows, 128 multiplications and additions for every number of the rows, and sorting. Not usable where
    // rows are few or short, or where their variance has no leading directions.
    Cascade(const FilterRows& rows, std::span<const std::int32_t> labels, const Execution& execution);

    bool usable() const { return leaves_.usable(); }
    const Codes& codes() const { return codes_; }
    // of the first stage
    const Leaves& leaves() const { return leaves_; }
    // an upper bound of the errors of codes of the second stage
    double second_error() const { return second_error_; }

private:
    bool pays(const FilterRows& rows) const;

    Codes codes_;
    Leaves leaves_;
    double second_error_ = 0.0;
};

}  // namespace robust_metric
