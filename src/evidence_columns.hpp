// Evidence of many queries as flat arrays with offsets, the form in which Python keeps and stores it.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "arrays.hpp"
#include "robust_metric/certificate.hpp"

namespace robust_metric {

// The search trees, or None where there are none.
inline pybind11::object tree_columns(const std::vector<Evidence>& evidence) {
    std::vector<std::int64_t> offsets{0}, point, children, pair_offsets{0}, entering, beaten, own_offsets{0}, own;
    std::vector<double> multipliers;
    for (const Evidence& proof : evidence) {
        for (const Evidence::Node& node : proof.tree) {
            point.push_back(node.point);
            children.push_back(static_cast<std::int64_t>(node.children));
            for (const Evidence::Pair& pair : node.pairs) {
                entering.push_back(static_cast<std::int64_t>(pair.entering));
                beaten.push_back(static_cast<std::int64_t>(pair.beaten));
                multipliers.push_back(pair.multiplier);
            }
            pair_offsets.push_back(static_cast<std::int64_t>(entering.size()));
            own.insert(own.end(), node.own.begin(), node.own.end());
            own_offsets.push_back(static_cast<std::int64_t>(own.size()));
        }
        offsets.push_back(static_cast<std::int64_t>(point.size()));
    }
    if (point.empty()) return pybind11::none();
    pybind11::dict columns;
    columns["offsets"] = to_array(offsets);
    columns["point"] = to_array(point);
    columns["children"] = to_array(children);
    columns["pair_offsets"] = to_array(pair_offsets);
    columns["entering"] = to_array(entering);
    columns["beaten"] = to_array(beaten);
    columns["multipliers"] = to_array(multipliers);
    columns["own_offsets"] = to_array(own_offsets);
    columns["own"] = to_array(own);
    return columns;
}

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
    columns["trees"] = tree_columns(evidence);
    return columns;
}

}  // namespace robust_metric
