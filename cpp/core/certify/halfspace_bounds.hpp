// Certified radii of K-nearest-neighbour predictions from half-space distances, for every K and any number of
// classes. The theorem and its proof: docs/halfspace_bounds.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "certify/losing_votes.hpp"
#include "certify/waiting_entrants.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "geometry/displacements.hpp"
#include "geometry/neighbors.hpp"
#include "robust_metric/evidence.hpp"

namespace robust_metric {

// Per-thread evaluation of the pair bounds of one query. Entrants (other-class points, which may
// enter the k nearest) wait in a queue by a lower bound of R_v that is deepened, level by level, only as far as an
// answer needs. All in scaled units.
class HalfspaceBounds {
public:
    enum Level : int {
        coarse,    // the nearest own-class points, denominators by the triangle inequality
        sketched,  // as many of the nearest own-class points as it takes, denominators from sketches, or without the
                   // box
        nearest_pairs,  // the same points, their own denominators
        near_pairs,     // some more of them
        all_pairs,      // every own-class point, filter accuracy
        refined         // the deciding pairs again from the stored arrays; not a filter's bits any more
    };
    struct Queued {
        double bound;
        std::size_t position;
        Level level;

        // Place in the queue. Refined bounds wait for the filter's bounds that are nearly equal: the order of refined
        // bounds then decides, which does not depend on the filter's bits.
        double rank() const { return level == refined ? bound * (1.0 + margin) : bound; }
    };
    static constexpr double margin = 1e-9;
    // Radii that are only compared with `at` need not be known above this: bounds of the filter may exceed refined ones
    // by rounding.
    static double cap_of(double at) { return at * (1.0 + margin); }

    explicit HalfspaceBounds(const PreparedSet& training, const DataChanges& changes = {})
        : training_(&training), changes_(changes), refined_(training) {}

    // Certified radius of `label` being the k-nearest-neighbour prediction at query (which the
    // caller has established); infinite where nothing can change it. Past the deadline a smaller one that is proved.
    // wanted: the class that it may be changed to, if not any.
    double radius(const Query& query, int label, std::size_t k, const Deadline* deadline = nullptr,
                  int wanted = any_class);
    // The same as far as it takes to compare it with `at`: some number below that where the radius is, else one that is
    // not below.
    double radius_below(const Query& query, int label, std::size_t k, double at);

    // What proves the last radius: the nearest own-class points for most entrants, and for those that were looked
    // at more closely the pairs that may decide them.
    Evidence evidence() const;

    // The parts of which radius is made, for the searches that go on from these bounds.
    // query must stay in place; depth: largest number of kept votes asked for, plus one.
    void start(const Query& query, int label, std::size_t depth);
    // The same with these points as own class and all others as entrants, each by the smallest of its pair bounds: for
    // enqueue(own.size() - 1, ...), and levels up to nearest_pairs.
    void start(const Query& query, std::span<const std::size_t> own);
    // fills the queue with the bounds R_kept(x⁻) of the other-class points, those known to be at least
    // `limit` left out; kept < depth, kept < class size
    void enqueue(std::size_t kept, bool skip_shadowed, double limit);
    // the entrant with the smallest bound, deepened to `level` at least; null when none is left
    const Queued* top(Level level);
    void pop();
    // the own-class point of an entrant's largest pair bound, and that bound at full accuracy: the bits that radius
    // works with. own is not set where no pair has a positive one.
    struct LargestPair {
        double bound = 0.0;
        std::size_t own = 0;
    };
    LargestPair largest_pair(std::size_t position);

    // an interval for d(z, x) - ‖L̂z̃‖², an upper bound of ‖M(z - x)‖, the filter's bounds of ε(z; x⁺, x⁻)
    Interval relative_distance(std::size_t position) const { return query_->mapped.relative(position); }
    double length(std::size_t position) const;
    Interval pair(std::size_t other, std::size_t own) const;
    // its lower end alone, which in a box costs half
    double pair_lower(std::size_t other, std::size_t own) const;
    // the nearest points of the class, nearest first up to the filter's accuracy
    const std::vector<std::size_t>& near_own() const { return near_own_; }
    RefinedBounds& refined_bounds() { return refined_; }

private:
    struct Entrant {
        std::size_t position;
        Level level = coarse;
        std::vector<double> largest;          // pair bounds, largest first
        std::vector<std::size_t> candidates;  // own points that may be among them
    };

    double least_losing(const Query& query, int label, const std::vector<LosingVote>& votes, double at);
    double losing_radius(const LosingVote& vote, double cap, bool& reached);
    bool out_of_time() const;
    void find_near_own(std::size_t count);
    void start_near_own();
    void load_more();
    Queued deepen(const Queued& queued);
    void deepen_top();
    void evaluate_next(std::size_t count, double last_rank);
    double nearest_bound(std::size_t other, bool roughly) const;
    double rough_pair_lower(std::size_t other, std::size_t own) const;
    bool boxed_two_norm() const;
    Interval pair_in_space(std::size_t other, std::size_t own, bool with_upper) const;
    Interval pair_from(std::size_t other, std::size_t own, Interval length) const;
    void use_near_pairs(Entrant& entrant);
    void use_all_pairs(Entrant& entrant);
    void use_refined_pairs(Entrant& entrant);
    Entrant& entrant_of(std::size_t position);

    const PreparedSet* training_;
    DataChanges changes_;  // that radius is to survive
    RefinedBounds refined_;
    const Deadline* deadline_ = nullptr;  // of radius
    const Query* query_ = nullptr;
    int label_ = 0;
    std::size_t depth_ = 0;                          // pair bounds known per entrant
    std::size_t kept_ = 0;                           // which of them the queue is sorted by
    double squared_norm_ = 0.0;                      // upper bound of ‖M̂z̃‖²
    std::vector<std::size_t> near_own_;              // nearest own-class points, nearest first
    std::vector<double> own_distance_, own_length_;  // running maxima over near_own_
    std::vector<std::uint32_t> entrant_slot_;        // position -> 1 + index into entrants_, 0 for none
    std::vector<Entrant> entrants_;
    std::size_t entrant_count_ = 0;
    std::vector<std::size_t> entered_;  // per class
    std::vector<Queued> queue_;
    WaitingEntrants waiting_;
    struct Known {
        float bound;
        std::uint32_t position;
    };
    std::vector<Known> known_;  // bounds of entrants from the levels before near_pairs
    std::vector<Interval> pairs_;
    mutable std::vector<double> normal_;
    std::vector<std::size_t> scratch_;
};

}  // namespace robust_metric
