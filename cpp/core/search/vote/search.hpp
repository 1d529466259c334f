// The minimal adversarial perturbation of a k-nearest-neighbour vote, k > 1, any number of classes: best-first branch
// and bound over which points enter the k nearest and which points of the predicted class stay among them.
// Why it covers every way to lose the vote: docs/vote_search.md.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/deadline.hpp"
#include "certify/halfspace_bounds.hpp"
#include "robust_metric/evidence.hpp"
#include "search/result.hpp"
#include "search/vote/cell.hpp"
#include "search/vote/joint.hpp"
#include "search/vote/tree.hpp"
#include "search/witness.hpp"

namespace robust_metric {

// Per-thread search.
class VoteSearch {
public:
    explicit VoteSearch(const PreparedSet& training)
        : training_(&training),
          bounds_(training),
          witness_(training, bounds_.refined_bounds().space()),
          cell_(training, bounds_.refined_bounds().space()),
          joint_(cell_) {}
    VoteSearch(const VoteSearch&) = delete;

    // As PerturbationSearch::run; label: the prediction by k neighbours. keep_tree: for evidence() afterwards; the
    // search then stops, as by the time limit, at VoteTree::most_nodes.
    MinimalPerturbation run(const Query& query, int label, std::size_t k, double time_limit,
                            std::span<double> perturbation, bool keep_tree = false);

    Evidence evidence() const;

private:
    using Id = VoteCell::Id;
    using Pair = VoteCell::Pair;

    // Losing to `rival` with at most `kept` own votes: the `entering` nearest other-class points, least .. most of them
    // of class rival, are each nearer than all own-class points but `kept`.
    struct Loss {
        int rival;
        std::size_t kept, entering, least, most;
    };
    // What a node has decided.
    struct Sets {
        std::vector<Id> entering, allowed, beaten, excluded;
    };
    struct Ranked {
        double value;
        Id id;
        bool operator<(const Ranked& b) const { return value != b.value ? value < b.value : id < b.id; }
    };
    struct Slice {
        std::uint32_t begin = 0, count = 0;
    };
    enum class Next : std::uint8_t {
        own,    // choices are own-class points nearer than what enters, one more than may stay, largest bound first
        enter,  // choices are points that may enter next, by their bounds
        closed  // every decision is taken
    };
    struct Node {
        double bound, norm;
        std::uint32_t loss;
        VoteTree::Index record;
        Next next;
        bool refined;
        Slice entering, allowed, beaten, excluded, pairs, candidates, choices;
        std::uint32_t numbers;    // multipliers, then the bounds of choices
        std::uint32_t position;   // choices handed out
        std::uint32_t branching;  // of points that enter: so many of the choices, the first ones, are handed out
    };
    struct Later {
        const std::vector<Node>& nodes;
        bool operator()(std::uint32_t a, std::uint32_t b) const {
            return nodes[a].bound != nodes[b].bound ? nodes[a].bound > nodes[b].bound : a > b;
        }
    };
    struct Beaten {
        double bound;
        std::size_t entering;  // which of sets_.entering proves it
    };
    enum class Mark : std::uint8_t { free, entering, allowed, beaten, excluded };
    enum class Outcome { solved, contradiction, too_far, stopped };
    struct Needs {  // how many more must enter: in all, of the rival, of others; what is left of both
        std::size_t total, rival, others, rival_room, others_room;
    };

    void list_losses(const std::vector<LosingVote>& votes);
    void attack(const LosingVote& vote);
    void attack_cell(std::span<const std::size_t> entering, std::size_t kept);
    bool gather(const LosingVote& vote, std::size_t seed, std::vector<std::size_t>& positions);
    bool has_good_start() const;
    bool choose_entering(const LosingVote& vote, std::vector<std::size_t>& rows, std::vector<std::size_t>& positions);
    void add_near_own();
    void improve_witness();
    bool choose_nearest();
    bool improve_in_cell(double share);
    bool project(double cutoff);
    void exchange_points();
    bool exchange_pair(const Sets& from, Pair pair, std::span<const Ranked> others);
    void bisect_segments();
    void choose_points(std::size_t k, std::size_t kept);
    void add_roots();
    bool search(const Deadline& deadline);
    bool full() const;
    void narrow();
    void push(std::uint32_t node);
    void expand(std::uint32_t node);
    void create(std::uint32_t loss, double bound, const Node& warm, Slice candidates, VoteTree::Index record);
    Outcome solve(double margin, double cutoff);
    bool find_violated(double margin, Pair& worst);
    Id farthest_entering() const;
    bool admit_equal_points();
    void branch(Node& node);
    bool own_first(const Node& node) const;
    bool rank_beaten();
    void branch_on_own(Node& node);
    Beaten beaten_bound(Id own);
    void keep_own_children(const Node& node);
    void branch_on_entering(Node& node);
    void list_entering(Node& node, const Loss& loss, const Needs& needs);
    double entering_bound(Id x, double upper);
    double root_bound(Id x, double upper);
    double joint_bound(Id x);
    void start_joint(std::size_t kept);
    void raise_by_company(const Loss& loss, const Needs& needs, double upper);
    double company_bound(Id x, const Loss& loss, const Needs& needs, double upper);
    double pair_length(Id x, Id own);
    Needs needs(const Loss& loss) const;
    double rest_bound(const Node& node, const Needs& needs) const;
    bool push_inside();
    void refine(Node& node);
    void set_marks(bool on);
    void load(const Node& node, Sets& sets) const;
    Slice store(std::span<const Id> ids);
    bool is_rival(Id id, const Loss& loss) const { return training_->label(cell_.position(id)) == loss.rival; }

    const PreparedSet* training_;
    HalfspaceBounds bounds_;
    Witness witness_;
    VoteCell cell_;
    JointBounds joint_;
    VoteTree tree_;
    int label_ = 0;
    std::vector<Loss> losses_;
    static constexpr std::uint32_t no_node = UINT32_MAX;
    std::uint32_t followed_ = no_node;  // a node that is followed down, out of heap_
    bool follow_ = false;               // whether the next node that is made is followed
    bool searching_ = false;            // points take part as choose_points chose them
    std::size_t k_ = 0;
    double narrowed_ = 0.0;                           // radius within which own_ may be among the k nearest
    std::vector<VoteCell::Measured> nearest_points_;  // k points and more that are among the nearest
    std::size_t own_count_ = 0;                       // own-class points of cell_
    std::vector<Id> own_, candidates_;  // points that take part, own-class points first; candidates_ may enter
    std::vector<Mark> marks_;
    std::vector<Node> nodes_;
    std::vector<std::uint32_t> heap_, ids_;  // ids_, numbers_: what nodes refer to
    std::vector<double> numbers_;
    Sets sets_;
    // how the cell of sets_ is enforced: own-class points that may still stay; whether all candidates that do not
    // enter are beaten; whether the `spare_` nearest own-class points of the moment stay
    std::size_t spare_ = 0;
    bool complete_ = false, nearest_stay_ = false;
    std::vector<Pair> pairs_;
    std::vector<double> multipliers_, step_, pair_lengths_;  // pair_lengths_: NaN where not asked for yet
    std::vector<std::size_t> far_, near_;
    std::vector<Ranked> ranked_, near_own_;
    std::vector<double> largest_, along_;
    std::array<std::vector<double>, 3> company_;  // bounds of points beside one: all, the rival's, others
    // bounds of candidates_ at roots that keep root_spare_ votes, NaN where not asked for yet
    std::vector<double> root_bounds_;
    std::size_t root_spare_ = 0;
    std::size_t cached_own_ = 0;  // those own-class points have their lengths to candidates in pair_lengths_
    const Query* query_ = nullptr;
    Embedding embedding_;
    double settled_ = 0.0;
    double certified_ = 0.0, searched_ = 0.0;  // lower bounds: without, and by the search
    std::int64_t created_ = 0;
};

}  // namespace robust_metric
