#include "learn/arml/deciding_pairs_reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

namespace robust_metric::reference {

namespace {

double squared_distance(MatrixView points, std::int64_t a, std::int64_t b) {
    double sum = 0.0;
    for (std::size_t j = 0; j < points.cols(); ++j) {
        const double difference = points(static_cast<std::size_t>(a), j) - points(static_cast<std::size_t>(b), j);
        sum += difference * difference;
    }
    return sum;
}

double length_of_difference(MatrixView normals, std::int64_t a, std::int64_t b, Norm q) {
    double sum = 0.0, largest = 0.0;
    for (std::size_t j = 0; j < normals.cols(); ++j) {
        const double size =
            std::fabs(normals(static_cast<std::size_t>(a), j) - normals(static_cast<std::size_t>(b), j));
        sum += size;
        largest = std::max(largest, size);
    }
    return q == Norm::one ? sum : q == Norm::infinity ? largest : std::sqrt(squared_distance(normals, a, b));
}

std::vector<std::int64_t> without_filling(std::span<const std::int64_t> row) {
    std::vector<std::int64_t> indices;
    for (const std::int64_t i : row)
        if (i != -1) indices.push_back(i);
    return indices;
}

}  // namespace

Pairs deciding_pairs(MatrixView embedded, MatrixView normals, std::span<const std::int64_t> anchors,
                     const CandidateTables& candidates, const Ranks& ranks, Norm dual_norm) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    Pairs pairs;
    for (std::size_t t = 0; t < ranks.near.size(); ++t) {
        const std::size_t a = t / ranks.draws;
        const auto own = without_filling(candidates.own.subspan(a * candidates.k, candidates.k));
        const auto other = without_filling(candidates.other.subspan(a * candidates.k, candidates.k));
        if (own.empty() || other.empty()) {
            pairs.near.push_back(-1);
            pairs.far.push_back(-1);
            continue;
        }
        const std::size_t near_rank = std::min(static_cast<std::size_t>(ranks.near[t]), own.size() - 1);
        const std::size_t far_rank = std::min(static_cast<std::size_t>(ranks.far[t]), other.size() - 1);
        std::vector<std::tuple<double, std::size_t, std::size_t>> column;  // bound, far, near
        for (std::size_t o = 0; o < other.size(); ++o) {
            std::vector<std::pair<double, std::size_t>> row;  // -bound: largest first
            bool any = false;
            for (std::size_t i = 0; i < own.size(); ++i) {
                const double margin =
                    squared_distance(embedded, anchors[a], other[o]) - squared_distance(embedded, anchors[a], own[i]);
                const double norm = length_of_difference(normals, own[i], other[o], dual_norm);
                any = any || norm > 0.0;
                row.emplace_back(norm > 0.0 ? -margin / (2.0 * norm) : infinity, i);
            }
            std::sort(row.begin(), row.end());
            const auto [negated, near] = row[near_rank];
            column.emplace_back(any ? -negated : infinity, o, near);
        }
        std::sort(column.begin(), column.end());
        const auto [bound, far, near] = column[far_rank];
        pairs.near.push_back(own[near]);
        pairs.far.push_back(other[far]);
    }
    return pairs;
}

}  // namespace robust_metric::reference
