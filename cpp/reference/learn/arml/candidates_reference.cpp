#include "learn/arml/candidates_reference.hpp"

#include <algorithm>
#include <utility>

namespace robust_metric::reference {

Candidates find_candidates(MatrixView embedded, std::span<const std::int32_t> labels,
                           std::span<const std::int64_t> anchors, std::size_t k) {
    Candidates found{std::vector<std::int64_t>(anchors.size() * k, -1),
                     std::vector<std::int64_t>(anchors.size() * k, -1)};
    for (std::size_t a = 0; a < anchors.size(); ++a) {
        const auto anchor = static_cast<std::size_t>(anchors[a]);
        std::vector<std::pair<double, std::int64_t>> own, other;
        for (std::size_t i = 0; i < embedded.rows(); ++i) {
            if (i == anchor) continue;
            double distance = 0.0;
            for (std::size_t j = 0; j < embedded.cols(); ++j) {
                const double difference = embedded(anchor, j) - embedded(i, j);
                distance += difference * difference;
            }
            auto& list = labels[i] == labels[anchor] ? own : other;
            list.emplace_back(distance, static_cast<std::int64_t>(i));
        }
        std::sort(own.begin(), own.end());
        std::sort(other.begin(), other.end());
        for (std::size_t c = 0; c < std::min(k, own.size()); ++c) found.own[a * k + c] = own[c].second;
        for (std::size_t c = 0; c < std::min(k, other.size()); ++c) found.other[a * k + c] = other[c].second;
    }
    return found;
}

}  // namespace robust_metric::reference
