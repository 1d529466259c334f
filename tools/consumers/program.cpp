// What every consumer builds: answers in hexadecimal, which must not depend on compiler, threads, or linking.
#include <robust_metric/version.h>

#include <cstdio>
#include <robust_metric/robust_metric.hpp>
#include <vector>

int main() {
    constexpr std::size_t n = 700, d = 5, m = 9;
    std::vector<double> points(n * d), queries(m * d), radii(m), steps(m * d);
    std::vector<std::int32_t> classes(n), labels(m);
    std::uint32_t state = 1;
    const auto next = [&] { return static_cast<double>((state = state * 1664525u + 1013904223u) >> 8) * 0x1p-24; };
    for (double& value : points) value = next();
    for (double& value : queries) value = next();
    for (std::size_t i = 0; i < n; ++i) classes[i] = points[i * d] + points[i * d + 1] > 1.0;
    const robust_metric::TrainingSet training({points.data(), n, d}, classes, 2, {});
    robust_metric::Execution two;
    two.num_threads = 2;
    std::vector<robust_metric::MinimalPerturbation> found(m);
    robust_metric::certified_radii(training, {queries.data(), m, d}, {}, 5, two, radii, labels);
    robust_metric::minimal_perturbations(training, {queries.data(), m, d}, {}, 1, 1e9, two, found,
                                         {steps.data(), m, d});
    for (std::size_t i = 0; i < m; ++i)
        std::printf("%d %a %a %a\n", static_cast<int>(labels[i]), radii[i], found[i].lower, found[i].upper);
    try {
        robust_metric::certified_radii(training, {queries.data(), m, d}, {}, 5, two, {}, labels);
    } catch (const std::invalid_argument&) {  // an exception that crosses a shared library's border
        return 0;
    }
    return 1;
}
