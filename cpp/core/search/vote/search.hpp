// The minimal adversarial perturbation of a k-nearest-neighbour vote, k > 1, any number of classes: best-first branch
// and bound over which points enter the k nearest and which points of the predicted class stay among them.
// Why it covers every way to lose the vote: docs/vote_search.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "certify/halfspace_bounds.hpp"
#include "geometry/exact_sum.hpp"
#include "robust_metric/evidence.hpp"
#include "search/result.hpp"
#include "search/vote/attack.hpp"
#include "search/vote/bounds.hpp"
#include "search/vote/branching.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/losses.hpp"
#include "search/vote/nodes.hpp"
#include "search/vote/points.hpp"
#include "search/vote/roots.hpp"
#include "search/vote/solver.hpp"
#include "search/vote/tree.hpp"
#include "search/witness.hpp"

namespace robust_metric {

// Per-thread search.
class VoteSearch {
public:
    explicit VoteSearch(const PreparedSet& training);
    VoteSearch(const VoteSearch&) = delete;

    // As SingleSearch::run; label: the prediction by k neighbours. The certified bound and a first witness may take
    // until limit.extended(). keep_tree: for evidence() afterwards; the search then stops, as by the time limit, at
    // VoteTree::most_nodes. wanted: the class that the prediction is to change to, if not any other.
    MinimalPerturbation run(const Query& query, int label, std::size_t k, const Deadline& limit,
                            std::span<double> perturbation, bool keep_tree = false, int wanted = any_class);

    // The last run's answer with a witness that keeps its class when it is rounded, if there is one.
    MinimalPerturbation survive(const WitnessRounding& to, std::span<double> perturbation);

    // What proves the last run's lower.
    Evidence evidence() const;

private:
    using Index = VoteNodes::Index;

    void start(const Query& query, int label, std::size_t k, bool keep_tree, int wanted);
    MinimalPerturbation answer(std::span<double> perturbation) const;
    bool find_start(const LosingVote& vote);
    bool choose_points(const LosingVote& vote);
    bool can_win(std::span<const CellPoints::Id> entering) const;
    bool search();
    bool go_through_nodes();
    double least_bound() const;
    void take_root();
    bool visit(Index index);
    bool full() const;
    void open(Index index);
    void refine(VoteNode& node);
    void expand_own(Index index);
    void expand_entering(Index index);
    void create(VoteNode node, Decided::Sets sets);
    std::optional<bool> decide_next(VoteNode& node, const VoteLoss& loss);
    void split_ties(VoteNode& node);
    bool solve(VoteNode& node);
    double prove(VoteTree::Index record);
    bool prove_empty(VoteTree::Index record);

    const PreparedSet* training_;
    Deadline deadline_{rounding::infinity};  // what all parts ask
    HalfspaceBounds bounds_;
    Witness witness_;
    VoteCell cell_;
    VotePoints points_;
    Decided decided_;
    CellSolver solver_;
    VoteAttack attack_;
    VoteBounds vote_bounds_;
    VoteNodes nodes_;
    VoteTree tree_;
    VoteBranching branching_;
    VoteRoots roots_;
    IdSlice candidates_;  // of every root
    std::vector<VoteLoss> losses_;
    Index followed_ = VoteNodes::none;  // a node that is followed down, not among the open ones
    bool follow_ = false;               // whether the next node that is made is followed
    int label_ = 0, wanted_ = any_class;
    int far_ = 0;  // of the query
    bool timed_out_ = false;
    double settled_ = 0.0;                     // least bound of the closed nodes
    double certified_ = 0.0, searched_ = 0.0;  // lower bounds: without, and by the search
    std::int64_t created_ = 0;
    const double* query_ = nullptr;
    ExactSum exact_sum_;
    std::vector<CellPoints::Pair> pairs_;
    std::vector<double> multipliers_;
};

}  // namespace robust_metric
