#include "geometry/exact_distance.hpp"

#include <algorithm>
#include <climits>
#include <utility>
#include <vector>

#include "base/integer.hpp"

namespace robust_metric {

namespace {

// b - a and 2z - a - b, each in units of a power of two of its own
struct Factors {
    std::vector<Integer> difference, sum;
};

Factors factors(const double* z, const double* a, const double* b, std::size_t dimension) {
    const int of_points = std::min(common_exponent(a, dimension), common_exponent(b, dimension));
    const int of_all = std::min(of_points, common_exponent(z, dimension));
    Factors w;
    for (std::size_t j = 0; j < dimension; ++j) {
        Integer difference(b[j], of_points), sum(z[j], of_all);
        difference.add(Integer(a[j], of_points), true);
        sum.add(sum);
        sum.add(Integer(a[j], of_all), true);
        sum.add(Integer(b[j], of_all), true);
        w.difference.push_back(std::move(difference));
        w.sum.push_back(std::move(sum));
    }
    return w;
}

}  // namespace

int compare_distances_exactly(MatrixView components, const double* z, const double* a, const double* b,
                              std::size_t dimension) {
    if (std::equal(a, a + dimension, b)) return 0;  // duplicates, by far the commonest tie
    // ‖L(z - a)‖² - ‖L(z - b)‖² = L(b - a) · L(2z - a - b)
    const Factors w = factors(z, a, b, dimension);
    Integer gap;
    if (components.rows() == 0) {
        for (std::size_t j = 0; j < dimension; ++j) gap.add(w.difference[j] * w.sum[j]);
        return gap.sign();
    }
    const int scale = common_exponent(components);
    for (std::size_t i = 0; i < components.rows(); ++i) {
        Integer p, q;
        for (std::size_t j = 0; j < dimension; ++j) {
            if (components(i, j) == 0.0) continue;
            const Integer weight(components(i, j), scale);
            p.add(weight * w.difference[j]);
            q.add(weight * w.sum[j]);
        }
        gap.add(p * q);
    }
    return gap.sign();
}

}  // namespace robust_metric
