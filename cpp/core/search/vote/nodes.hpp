// The nodes of a vote search: what each has decided, what it may decide next, and which of them are open, the smallest
// bound first. What nodes refer to lies in two pools, so that a node costs no allocation of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "search/vote/cell.hpp"
#include "search/vote/decided.hpp"
#include "search/vote/points.hpp"
#include "search/vote/tree.hpp"

namespace robust_metric {

// Ids in the pool, by where they begin.
struct IdSlice {
    std::uint32_t begin = 0, count = 0;

    IdSlice after(std::uint32_t i) const { return {begin + i + 1, count - i - 1}; }
};

struct VoteNode {
    enum class Next : std::uint8_t {
        own,    // choices are own-class points nearer than what enters, one more than may stay, largest bound first
        enter,  // choices are points that may enter next, by their bounds
        closed  // every decision is taken
    };

    double bound, norm;
    std::uint32_t loss;
    VoteTree::Index record;
    Next next;
    bool refined;
    IdSlice entering, allowed, beaten, excluded, pairs, candidates, choices;  // pairs: two ids each
    std::uint32_t numbers;    // multipliers of the pairs, then the bounds of choices
    std::uint32_t position;   // choices handed out
    std::uint32_t branching;  // of points that enter: so many of the choices, the first ones, are handed out
};

class VoteNodes {
public:
    using Id = CellPoints::Id;
    using Index = std::uint32_t;
    static constexpr Index none = UINT32_MAX;

    void clear();
    // bytes that all nodes take
    std::size_t stored() const;

    Index add(const VoteNode& node);
    VoteNode& operator[](Index index) { return nodes_[index]; }
    const VoteNode& operator[](Index index) const { return nodes_[index]; }

    // Open nodes; of equal bounds the one that was made first comes first.
    void open(Index index);
    Index take_best();
    bool any_open() const { return !open_.empty(); }
    double least_bound() const;  // of the open ones; infinite where there is none

    IdSlice store(std::span<const Id> ids);
    std::span<const Id> ids(IdSlice slice) const { return {ids_.data() + slice.begin, slice.count}; }
    void store_decided(VoteNode& node, const Decided::Sets& sets);
    Decided::Sets decided(const VoteNode& node) const;

    // The active pairs of the node's cell with their multipliers; choices come after them.
    void store_pairs(VoteNode& node, std::span<const CellPoints::Pair> pairs, std::span<const double> multipliers);
    std::size_t pair_count(const VoteNode& node) const { return node.pairs.count / 2; }
    CellPoints::Pair pair(const VoteNode& node, std::size_t i) const {
        return {ids_[node.pairs.begin + 2 * i], ids_[node.pairs.begin + 2 * i + 1]};
    }
    std::span<const double> multipliers(const VoteNode& node) const;

    // Points to choose from with their bounds, once the pairs are stored.
    void store_choices(VoteNode& node, std::span<const Ranked> choices);
    Id choice(const VoteNode& node, std::size_t i) const { return ids_[node.choices.begin + i]; }
    double choice_bound(const VoteNode& node, std::size_t i) const {
        return numbers_[node.numbers + pair_count(node) + i];
    }

private:
    auto later() const {
        return [this](Index a, Index b) {
            return nodes_[a].bound != nodes_[b].bound ? nodes_[a].bound > nodes_[b].bound : a > b;
        };
    }

    std::vector<VoteNode> nodes_;
    std::vector<Index> open_;  // a heap
    std::vector<Id> ids_;
    std::vector<double> numbers_;
};

}  // namespace robust_metric
