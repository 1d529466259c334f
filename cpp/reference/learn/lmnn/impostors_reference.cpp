#include "learn/lmnn/impostors_reference.hpp"

namespace robust_metric::reference {

Impostors find_impostors(MatrixView points, MatrixView embedded, std::span<const std::int32_t> labels,
                         std::span<const std::int64_t> anchors, MatrixView thresholds) {
    const std::size_t n = points.rows(), d = points.cols(), k = thresholds.cols();
    Impostors found{std::vector<std::int64_t>(anchors.size() * k), std::vector<std::int64_t>(n),
                    std::vector<double>(anchors.size() * d)};
    for (std::size_t a = 0; a < anchors.size(); ++a) {
        const auto anchor = static_cast<std::size_t>(anchors[a]);
        for (std::size_t l = 0; l < n; ++l) {
            if (labels[l] == labels[anchor]) continue;
            double squared = 0.0;
            for (std::size_t j = 0; j < embedded.cols(); ++j) {
                const double difference = embedded(anchor, j) - embedded(l, j);
                squared += difference * difference;
            }
            for (std::size_t t = 0; t < k; ++t) {
                if (!(squared < thresholds(a, t))) continue;
                ++found.by_target[a * k + t];
                ++found.by_point[l];
                for (std::size_t j = 0; j < d; ++j) found.sums[a * d + j] += points(l, j);
            }
        }
    }
    return found;
}

}  // namespace robust_metric::reference
