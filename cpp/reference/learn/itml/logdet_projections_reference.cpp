#include "learn/itml/logdet_projections_reference.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace robust_metric::reference {

namespace {

void project(const double* v, bool is_short, double gamma, LogDetConstraint& constraint, MutableMatrixView metric) {
    const std::size_t d = metric.rows();
    std::vector<double> image(d, 0.0);
    double length = 0.0;
    for (std::size_t i = 0; i < d; ++i) {
        for (std::size_t j = 0; j < d; ++j) image[i] += metric(i, j) * v[j];
        length += v[i] * image[i];
    }
    if (!(length > 0.0)) return;
    const double beta = constraint.project(length, is_short, gamma);
    for (std::size_t i = 0; i < d; ++i)
        for (std::size_t j = 0; j < d; ++j) metric(i, j) += beta * image[i] * image[j];
}

double change(const std::vector<LogDetConstraint>& now, const std::vector<LogDetConstraint>& before) {
    double moved = 0.0, first = 0.0, second = 0.0;
    for (std::size_t i = 0; i < now.size(); ++i) {
        moved += std::abs(now[i].multiplier - before[i].multiplier);
        first += before[i].multiplier * before[i].multiplier;
        second += now[i].multiplier * now[i].multiplier;
    }
    const double size = std::sqrt(first) + std::sqrt(second);
    return size > 0.0 ? moved / size : std::numeric_limits<double>::infinity();
}

}  // namespace

LogDetResult logdet_projections(MatrixView differences, std::size_t shorts, const LogDetSettings& settings,
                                MutableMatrixView metric) {
    std::vector<LogDetConstraint> constraints(differences.rows());
    for (std::size_t i = 0; i < constraints.size(); ++i)
        constraints[i].bound = i < shorts ? settings.short_bound : settings.long_bound;
    LogDetResult result;
    while (result.sweeps < settings.max_sweeps) {
        const std::vector<LogDetConstraint> before = constraints;
        for (std::size_t i = 0; i < constraints.size(); ++i)
            project(differences.row(i), i < shorts, settings.gamma, constraints[i], metric);
        ++result.sweeps;
        result.change = change(constraints, before);
        bool all_met = true;
        for (const LogDetConstraint& c : constraints) all_met = all_met && c.multiplier == 0.0;
        if (all_met || result.change < settings.tolerance) break;
    }
    return result;
}

}  // namespace robust_metric::reference
