// The projection by constraint generation on arbitrary small polyhedra: it ends, its multipliers are a dual
// solution, its norm does not shrink, and what it calls optimal is feasible.
#include <algorithm>
#include <vector>

#include "bytes.hpp"
#include "project/active_set.hpp"

using robust_metric::ActiveSetProjection;
using robust_metric::fuzz::Bytes;
using robust_metric::fuzz::require;

namespace {

struct Constraint {
    std::vector<double> normal;
    double offset, size;

    double violation(std::span<const double> x) const {
        double value = offset;
        for (std::size_t j = 0; j < normal.size(); ++j) value -= normal[j] * x[j];
        return value;
    }
};

void check_dual(const ActiveSetProjection& qp, const std::vector<Constraint>& constraints, double scale) {
    std::vector<double> combination(qp.solution().size(), 0.0);
    double weight = 0.0;
    for (std::size_t i = 0; i < qp.active().size(); ++i) {
        const double multiplier = qp.multipliers()[i];
        require(multiplier >= 0.0 && std::isfinite(multiplier), "multipliers are finite and not negative");
        const Constraint& c = constraints[qp.active()[i]];
        for (std::size_t j = 0; j < combination.size(); ++j) combination[j] += multiplier * c.normal[j];
        weight += multiplier * c.size;
    }
    for (std::size_t j = 0; j < combination.size(); ++j)
        require(std::fabs(combination[j] - qp.solution()[j]) <= 1e-5 * (weight + scale),
                "the solution is the combination of active normals");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes(data, size);
    const std::size_t dimension = bytes.between(1, 5), count = bytes.between(1, 12);
    std::vector<Constraint> constraints(count);
    for (Constraint& c : constraints) {
        double squares = 0.0;
        for (std::size_t j = 0; j < dimension; ++j) {
            c.normal.push_back(static_cast<int>(bytes.byte() % 9) - 4);
            squares += c.normal.back() * c.normal.back();
        }
        c.size = std::sqrt(squares);
        c.offset = static_cast<int>(bytes.byte() % 17) - 8;
    }
    ActiveSetProjection qp(dimension);
    qp.reset();
    double previous = 0.0;
    for (int round = 0; round < 1000; ++round) {
        std::size_t worst = count;
        double violation = 1e-9;
        for (std::size_t i = 0; i < count; ++i) {
            const double found = constraints[i].violation(qp.solution()) / std::max(constraints[i].size, 1.0);
            if (found > violation) {
                violation = found;
                worst = i;
            }
        }
        if (worst == count) return 0;  // feasible: optimal, for the norm never shrank
        const bool added = qp.add(constraints[worst].normal.data(), constraints[worst].offset, worst);
        require(std::isfinite(qp.norm()), "the norm is finite");
        if (!added) return 0;  // infeasible
        check_dual(qp, constraints, 1.0 + qp.norm());
        require(qp.norm() >= previous * (1.0 - 1e-7) - 1e-9, "the norm does not shrink");
        previous = qp.norm();
    }
    require(false, "ends within a thousand constraints");
    return 0;
}
