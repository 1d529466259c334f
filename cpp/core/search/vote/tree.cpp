#include "search/vote/tree.hpp"

#include <algorithm>
#include <utility>

#include "base/rounding.hpp"

namespace robust_metric {

void VoteTree::start(bool keep) {
    keep_ = keep;
    records_.clear();
    roots_.clear();
}

auto VoteTree::add(Index parent, std::size_t point) -> Index {
    if (!keep_) return none;
    const auto index = static_cast<Index>(records_.size());
    records_.push_back({parent == none ? -1 : static_cast<std::int64_t>(point), 0.0, false, {}, {}, {}});
    (parent == none ? roots_ : records_[parent].children).push_back(index);
    return index;
}

void VoteTree::prove(Index node, double bound, const VoteCell& cell, std::span<const CellPoints::Pair> pairs,
                     std::span<const double> multipliers) {
    if (!keep_) return;
    Record& record = records_[node];
    if (bound < record.proved) return;
    record.proved = bound;
    record.pairs.clear();
    for (std::size_t i = 0; i < pairs.size(); ++i)
        if (multipliers[i] > 0.0)
            record.pairs.push_back(
                {cell.points().position(pairs[i].entering), cell.points().position(pairs[i].beaten), multipliers[i]});
}

void VoteTree::improve(Index node, double bound) {
    if (keep_) records_[node].proved = std::max(records_[node].proved, bound);
}

void VoteTree::prove_empty(Index node, std::vector<Evidence::Pair> pairs) {
    if (!keep_) return;
    std::erase_if(pairs, [](const Evidence::Pair& pair) { return pair.multiplier == 0.0; });
    records_[node].proved = rounding::infinity;
    records_[node].pairs = std::move(pairs);
}

void VoteTree::split_own(Index node) {
    if (keep_) records_[node].splits_own = true;
}

void VoteTree::use_own(Index node, const VoteCell& cell, CellPoints::Id own) {
    if (keep_) records_[node].own.push_back(cell.points().position(own));
}

std::vector<Evidence::Node> VoteTree::preorder(double lower) const {
    std::vector<Evidence::Node> nodes;
    for (const Index root : roots_) append(root, lower, nodes);
    return nodes;
}

// A node that its multipliers prove is a leaf, whatever the search did below it; a node whose children beat own-class
// points needs no multipliers.
void VoteTree::append(Index index, double lower, std::vector<Evidence::Node>& nodes) const {
    const Record& record = records_[index];
    if (record.proved >= lower) {
        nodes.push_back({record.point, 0, record.pairs, {}});
        return;
    }
    nodes.push_back({record.point, record.children.size(),
                     record.splits_own ? std::vector<Evidence::Pair>() : record.pairs, record.own});
    for (const Index child : record.children) append(child, lower, nodes);
}

}  // namespace robust_metric
