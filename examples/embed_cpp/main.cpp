// Certified radius of a 1-nearest-neighbour prediction on a line: classes 0 and 1 at -1 and 3, query at 0.
// The decision boundary is at 1, so the radius is 1, up to rounding.
#include <cstdio>
#include <robust_metric/certify.hpp>

int main() {
    const double points[] = {-1.0, 3.0}, query[] = {0.0};
    const std::int32_t classes[] = {0, 1};
    const robust_metric::TrainingSet training({points, 2, 1}, classes, 2, {});
    double radius = 0.0;
    std::int32_t label = -1;
    robust_metric::certified_radii(training, {query, 1, 1}, {}, 1, {}, {&radius, 1}, {&label, 1});
    std::printf("class %d, radius %.12g\n", label, radius);
    return label == 0 && radius <= 1.0 && radius > 1.0 - 1e-9 ? 0 : 1;
}
