// Evidence of many queries as flat arrays with offsets, the form in which Python keeps and stores it.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "arrays.hpp"
#include "robust_metric/certificate.hpp"

namespace robust_metric {

inline pybind11::object to_columns(const std::vector<Evidence>& evidence) {
    std::vector<std::int64_t> near_offsets{0}, near_own, row_offsets{0}, row_other, own_offsets{0}, own;
    std::vector<double> multipliers;
    for (const Evidence& proof : evidence) {
        near_own.insert(near_own.end(), proof.near_own.begin(), proof.near_own.end());
        near_offsets.push_back(static_cast<std::int64_t>(near_own.size()));
        for (const Evidence::Row& row : proof.rows) {
            row_other.push_back(static_cast<std::int64_t>(row.other));
            own.insert(own.end(), row.own.begin(), row.own.end());
            multipliers.insert(multipliers.end(), row.multipliers.begin(), row.multipliers.end());
            own_offsets.push_back(static_cast<std::int64_t>(own.size()));
        }
        row_offsets.push_back(static_cast<std::int64_t>(row_other.size()));
    }
    pybind11::dict columns;
    columns["near_offsets"] = to_array(near_offsets);
    columns["near_own"] = to_array(near_own);
    columns["row_offsets"] = to_array(row_offsets);
    columns["row_other"] = to_array(row_other);
    columns["own_offsets"] = to_array(own_offsets);
    columns["own"] = to_array(own);
    columns["multipliers"] = to_array(multipliers);
    return columns;
}

}  // namespace robust_metric
