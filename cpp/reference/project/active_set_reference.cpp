#include "project/active_set_reference.hpp"

#include <cmath>
#include <utility>

namespace robust_metric::reference {

namespace {

using Sets = std::vector<std::vector<std::size_t>>;

// all sets of at most `size` of the numbers below count
void collect(std::size_t first, std::size_t count, std::size_t size, std::vector<std::size_t>& chosen, Sets& sets) {
    sets.push_back(chosen);
    if (chosen.size() == size) return;
    for (std::size_t i = first; i < count; ++i) {
        chosen.push_back(i);
        collect(i + 1, count, size, chosen, sets);
        chosen.pop_back();
    }
}

// Gauss with pivots on the diagonal; nothing where the matrix is singular up to rounding.
std::optional<Vector> solve(std::vector<Vector> a, Vector b) {
    const std::size_t n = b.size();
    const std::vector<Vector> original = a;
    for (std::size_t k = 0; k < n; ++k) {
        std::size_t pivot = k;
        for (std::size_t i = k; i < n; ++i)
            if (std::fabs(a[i][k]) > std::fabs(a[pivot][k])) pivot = i;
        if (!(std::fabs(a[pivot][k]) > 1e-14L * original[k][k])) return std::nullopt;
        std::swap(a[pivot], a[k]);
        std::swap(b[pivot], b[k]);
        for (std::size_t i = k + 1; i < n; ++i) {
            const Real factor = a[i][k] / a[k][k];
            for (std::size_t j = k; j < n; ++j) a[i][j] -= factor * a[k][j];
            b[i] -= factor * b[k];
        }
    }
    for (std::size_t k = n; k-- > 0;) {
        for (std::size_t j = k + 1; j < n; ++j) b[k] -= a[k][j] * b[j];
        b[k] /= a[k][k];
    }
    return b;
}

}  // namespace

std::optional<Vector> project(const std::vector<Vector>& normals, const Vector& offsets, Real tolerance) {
    const std::size_t dimension = normals.empty() ? 0 : normals[0].size();
    Sets sets;
    std::vector<std::size_t> chosen;
    collect(0, normals.size(), dimension, chosen, sets);
    std::optional<Vector> best;
    for (const auto& set : sets) {
        std::vector<Vector> gram;
        Vector wanted;
        for (const std::size_t i : set) {
            gram.emplace_back();
            for (const std::size_t j : set) gram.back().push_back(dot(normals[i], normals[j]));
            wanted.push_back(offsets[i]);
        }
        const auto multipliers = solve(gram, wanted);
        if (!multipliers) continue;
        Vector point(dimension);
        for (std::size_t i = 0; i < set.size(); ++i)
            for (std::size_t j = 0; j < dimension; ++j) point[j] += (*multipliers)[i] * normals[set[i]][j];
        bool feasible = true;
        for (std::size_t i = 0; i < normals.size(); ++i) {
            const Real slack = tolerance * (std::fabs(offsets[i]) + norm(normals[i]) * norm(point));
            feasible = feasible && dot(normals[i], point) >= offsets[i] - slack;
        }
        if (feasible && (!best || norm(point) < norm(*best))) best = point;
    }
    return best;
}

}  // namespace robust_metric::reference
