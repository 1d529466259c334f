#include "search/vote/nodes.hpp"

#include <algorithm>

#include "base/rounding.hpp"

namespace robust_metric {

void VoteNodes::clear() {
    nodes_.clear();
    open_.clear();
    ids_.clear();
    numbers_.clear();
}

std::size_t VoteNodes::stored() const {
    return nodes_.size() * sizeof(nodes_[0]) + ids_.size() * sizeof(ids_[0]) + numbers_.size() * sizeof(numbers_[0]);
}

auto VoteNodes::add(const VoteNode& node) -> Index {
    nodes_.push_back(node);
    return static_cast<Index>(nodes_.size() - 1);
}

void VoteNodes::open(Index index) {
    open_.push_back(index);
    std::push_heap(open_.begin(), open_.end(), later());
}

auto VoteNodes::take_best() -> Index {
    std::pop_heap(open_.begin(), open_.end(), later());
    const Index best = open_.back();
    open_.pop_back();
    return best;
}

double VoteNodes::least_bound() const { return open_.empty() ? rounding::infinity : nodes_[open_.front()].bound; }

IdSlice VoteNodes::store(std::span<const Id> ids) {
    const IdSlice slice{static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint32_t>(ids.size())};
    ids_.insert(ids_.end(), ids.begin(), ids.end());
    return slice;
}

void VoteNodes::store_decided(VoteNode& node, const Decided::Sets& sets) {
    node.entering = store(sets.entering);
    node.allowed = store(sets.allowed);
    node.beaten = store(sets.beaten);
    node.excluded = store(sets.excluded);
}

Decided::Sets VoteNodes::decided(const VoteNode& node) const {
    const auto list = [&](IdSlice slice) {
        const auto found = ids(slice);
        return std::vector<Id>(found.begin(), found.end());
    };
    return {list(node.entering), list(node.allowed), list(node.beaten), list(node.excluded)};
}

void VoteNodes::store_pairs(VoteNode& node, std::span<const CellPoints::Pair> pairs,
                            std::span<const double> multipliers) {
    node.pairs = {static_cast<std::uint32_t>(ids_.size()), 2 * static_cast<std::uint32_t>(pairs.size())};
    for (const CellPoints::Pair pair : pairs) {
        ids_.push_back(pair.entering);
        ids_.push_back(pair.beaten);
    }
    node.numbers = static_cast<std::uint32_t>(numbers_.size());
    numbers_.insert(numbers_.end(), multipliers.begin(), multipliers.end());
}

std::span<const double> VoteNodes::multipliers(const VoteNode& node) const {
    return {numbers_.data() + node.numbers, pair_count(node)};
}

void VoteNodes::store_choices(VoteNode& node, std::span<const Ranked> choices) {
    node.choices = {static_cast<std::uint32_t>(ids_.size()), static_cast<std::uint32_t>(choices.size())};
    for (const Ranked& x : choices) {
        ids_.push_back(x.id);
        numbers_.push_back(x.value);
    }
}

}  // namespace robust_metric
