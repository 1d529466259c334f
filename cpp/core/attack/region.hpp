// Adversarial examples of K-nearest-neighbour predictions: the query is projected onto nearby regions of another class
// (after Yang, Rashtchian, Wang, Chaudhuri, "Robustness for non-parametric classification", AISTATS 2020). A heuristic:
// what it finds is an upper bound that the classifier was run on, never a certificate. See docs/attacks.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "attack/moving_query.hpp"
#include "base/parallel.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/neighbors.hpp"
#include "project/active_set.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric {

// Per-thread search. Vectors over features come in three kinds: caller's units, scaled (see PreparedSet), and cost
// space u with δ_j = u_j · inverse_[j], in which the cost is a plain norm, up to the power of two of Threat.
class RegionAttack {
public:
    // rows and threat must outlive this object
    RegionAttack(const MappedRows& rows, const Threat& threat);

    // Attacks the k-nearest-neighbour prediction `label`. regions: how many other-class points are started from.
    // perturbation: d values; query + perturbation, computed in float64, keeps the bounds and is predicted
    // differently. False, and zeros, where no region led to such a point.
    bool run(const Query& query, int label, std::size_t k, std::size_t regions, std::span<double> perturbation);

private:
    // How the vote is lost: `kept` of the k nearest stay with the class, `entering` do not, `needed` of these are
    // the rival's.
    struct Plan {
        int rival;
        std::size_t kept, needed, entering;
    };
    // The part of the input space where this happens with these points.
    struct Region {
        std::vector<std::size_t> entering;  // the rival's first
        std::vector<std::size_t> kept;
        bool operator==(const Region&) const = default;
    };
    struct Pair {  // entering is to be at least as near as beaten
        std::size_t entering, beaten;
        double gap;  // d(z + δ, beaten) - d(z + δ, entering)
    };

    void start(const Query& query, int label, std::size_t k);
    std::vector<Plan> plans(int rival) const;
    std::vector<std::size_t> seeds(std::size_t count);
    double pair_distance(std::size_t other, std::size_t own);

    void attack_from(std::size_t seed, const Plan& plan);
    void choose_region(const Plan& plan, std::size_t seed);
    void reweight();
    void improve();
    bool swap_kept(const Plan& plan);
    bool swap_entering(const Plan& plan);
    void descend(const Plan& plan);
    void keep_if_best(const Plan& plan);
    std::vector<std::size_t> heaviest(bool entering) const;
    bool project_if_better(const Plan& plan) {
        const double before = best_norm_;
        descend(plan);
        return best_norm_ < before;
    }
    bool project_and_try(const Plan& plan, double cutoff);
    bool project(const Plan& plan, double margin, double cutoff);
    Pair worst_pair(const Plan& plan) const;
    bool add_pair(const Pair& pair, double margin, bool& satisfied);
    bool add_bound(bool& satisfied);
    bool try_point();

    double cost_of(std::span<const double> step) const {
        double sum = 0.0;
        for (std::size_t j = 0; j < step.size(); ++j) {
            const double size = feature_inverse_[j] > 0.0 ? std::fabs(step[j]) / feature_inverse_[j] : 0.0;
            sum = threat_->norm() == Norm::infinity ? std::max(sum, size)
                                                    : sum + (threat_->norm() == Norm::one ? size : size * size);
        }
        return threat_->norm() == Norm::two ? std::sqrt(sum) : sum;
    }

    const PreparedSet* training_;
    const MappedRows* rows_;
    MovingQuery moving_;
    const Threat* threat_;
    NeighborSearch neighbors_;
    ActiveSetProjection qp_;
    const Query* query_ = nullptr;
    int label_ = 0;
    std::size_t k_ = 0;
    double reach_ = 0.0, rounding_ = 0.0;  // cost of going to another class; of rounding z + δ
    std::vector<double> feature_inverse_, inverse_;
    std::vector<double> step_, normal_, point_, added_, perturbation_, best_;
    Region region_, best_region_;
    Plan best_plan_{};
    std::vector<std::pair<double, std::size_t>> best_active_;  // multipliers and constraints, largest first
    double best_cost_ = 0.0, best_norm_ = 0.0;
};

// Attacks the prediction of each query, which lies in the box of the threat model; that need not be the training set's.
// perturbations: m × d, as RegionAttack::run leaves them. The answers do not depend on the number of threads.
void region_attacks(const PreparedSet& training, MatrixView queries, std::size_t k, const Threat& threat,
                    std::size_t regions, const Execution& execution, MutableMatrixView perturbations);

}  // namespace robust_metric
