// The tree of a vote search, kept where its lower bound is to be proved to others: what each node decided, and the
// multipliers that bound it. What a checker makes of it: docs/evidence.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "robust_metric/evidence.hpp"
#include "search/vote/cell.hpp"

namespace robust_metric {

class VoteTree {
public:
    using Index = std::uint32_t;
    static constexpr Index none = UINT32_MAX;

    // nodes a query beside the roots; a search that keeps its tree stops there
    static constexpr std::size_t most_nodes = 20000;

    // Forgets all nodes. Where keep is false nothing is kept from now on, and the functions below do nothing.
    void start(bool keep);
    bool keeps() const { return keep_; }
    bool full() const { return records_.size() >= most_nodes + roots_.size(); }

    // A node; point: the training point that its parent's rule decides on in it, none for a root.
    Index add(Index parent, std::size_t point);
    Index add_root() { return add(none, 0); }
    // The child that was added as the i-th of its parent.
    Index child(Index parent, std::size_t i) const { return keep_ ? records_[parent].children[i] : none; }
    // The multipliers of its pairs prove the bound (scaled); replaces what was known, unless that is larger.
    void prove(Index node, double bound, const VoteCell& cell, std::span<const CellPoints::Pair> pairs,
               std::span<const double> multipliers);
    void improve(Index node, double bound);
    // These pairs prove that the node is empty.
    void prove_empty(Index node, std::vector<Evidence::Pair> pairs);
    // The children of this node beat own-class points.
    void split_own(Index node);
    // Own-class points by which the bounds of entering points are computed.
    void use_own(Index node, const VoteCell& cell, CellPoints::Id own);

    // What proves `lower` (scaled), in preorder.
    std::vector<Evidence::Node> preorder(double lower) const;

private:
    struct Record {
        std::int64_t point;
        double proved = 0.0;
        bool splits_own = false;
        std::vector<Evidence::Pair> pairs;
        std::vector<std::size_t> own;
        std::vector<Index> children;
    };
    void append(Index index, double lower, std::vector<Evidence::Node>& nodes) const;

    bool keep_ = false;
    std::vector<Record> records_;
    std::vector<Index> roots_;
};

}  // namespace robust_metric
