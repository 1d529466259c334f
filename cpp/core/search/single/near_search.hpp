// The exact search of a 1-NN prediction among the points that decide it, where those are found in leaves. Answers are
// those of the search among all points, to the bit; where that is not sure there is none.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/deadline.hpp"
#include "certify/near_rows.hpp"
#include "data/leaf_query.hpp"
#include "data/prepared_set.hpp"
#include "data/query_block.hpp"
#include "robust_metric/minimal_perturbations.hpp"
#include "search/single/near_points.hpp"
#include "search/single/search.hpp"

namespace robust_metric {

// Per-thread; for threat models that leaves serve, without feature costs or boxes.
class NearSearch {
public:
    explicit NearSearch(const PreparedSet& training)
        : training_(&training),
          rows_(training),
          points_(training),
          some_(std::make_unique<PreparedSet>(training, std::span<const std::uint32_t>())),
          block_(std::make_unique<QueryBlock>(*some_)),
          search_(std::make_unique<SingleSearch>(*some_)) {}

    // label: the 1-NN prediction at query. As SingleSearch::run.
    std::optional<MinimalPerturbation> run(LeafQuery& query, int label, const Deadline& limit,
                                           std::span<double> perturbation);

private:
    MinimalPerturbation search_among(std::span<const std::uint32_t> points, const LeafQuery& query, int label,
                                     const Deadline& limit, std::span<double> perturbation);

    const PreparedSet* training_;
    NearRows rows_;
    NearPoints points_;
    std::unique_ptr<PreparedSet> some_;  // the points of a search, which is made for the place where they are
    std::unique_ptr<QueryBlock> block_;
    std::unique_ptr<SingleSearch> search_;
};

}  // namespace robust_metric
