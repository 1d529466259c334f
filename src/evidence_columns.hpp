// Evidence of many queries as flat arrays with offsets, the form in which Python keeps and stores it.
#pragma once

#include <pybind11/pybind11.h>

#include <vector>

#include "arrays.hpp"
#include "robust_metric/evidence.hpp"

namespace robust_metric {

// Lists of different lengths, one behind the other.
struct Lists {
    std::vector<std::int64_t> values, offsets{0};

    template <class Range>
    void append(const Range& list) {
        values.insert(values.end(), list.begin(), list.end());
        end_list();
    }
    void end_list() { offsets.push_back(static_cast<std::int64_t>(values.size())); }
};

inline void put(pybind11::dict& columns, const char* name, const char* offsets_name, const Lists& lists) {
    columns[name] = to_array(lists.values);
    columns[offsets_name] = to_array(lists.offsets);
}

// The search trees, or None where there are none.
inline pybind11::object tree_columns(const std::vector<Evidence>& evidence) {
    Lists point, entering, own;
    std::vector<std::int64_t> children, beaten;
    std::vector<double> multipliers;
    for (const Evidence& proof : evidence) {
        for (const Evidence::Node& node : proof.tree) {
            point.values.push_back(node.point);
            children.push_back(static_cast<std::int64_t>(node.children));
            for (const Evidence::Pair& pair : node.pairs) {
                entering.values.push_back(static_cast<std::int64_t>(pair.entering));
                beaten.push_back(static_cast<std::int64_t>(pair.beaten));
                multipliers.push_back(pair.multiplier);
            }
            entering.end_list();
            own.append(node.own);
        }
        point.end_list();
    }
    if (point.values.empty()) return pybind11::none();
    pybind11::dict columns;
    put(columns, "point", "offsets", point);
    columns["children"] = to_array(children);
    put(columns, "entering", "pair_offsets", entering);
    columns["beaten"] = to_array(beaten);
    columns["multipliers"] = to_array(multipliers);
    put(columns, "own", "own_offsets", own);
    return columns;
}

inline pybind11::object to_columns(const std::vector<Evidence>& evidence) {
    Lists near_own, row_other, own;
    std::vector<double> multipliers;
    for (const Evidence& proof : evidence) {
        near_own.append(proof.near_own);
        for (const Evidence::Entrant& entrant : proof.entrants) {
            row_other.values.push_back(static_cast<std::int64_t>(entrant.other));
            own.append(entrant.own);
            multipliers.insert(multipliers.end(), entrant.multipliers.begin(), entrant.multipliers.end());
        }
        row_other.end_list();
    }
    pybind11::dict columns;
    put(columns, "near_own", "near_offsets", near_own);
    put(columns, "row_other", "row_offsets", row_other);
    put(columns, "own", "own_offsets", own);
    columns["multipliers"] = to_array(multipliers);
    columns["trees"] = tree_columns(evidence);
    return columns;
}

}  // namespace robust_metric
