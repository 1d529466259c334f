// What works on a training set: one for all queries, or, where each has a box of its own, one for each.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>

#include "data/prepared_set.hpp"
#include "robust_metric/threat.hpp"

namespace robust_metric {

template <class Work>
class InBoxes {
public:
    using Make = std::function<std::unique_ptr<Work>(const PreparedSet&)>;

    // boxes: one a query or none, in place as long as this is
    InBoxes(const PreparedSet& training, const QueryBoxes& boxes, Make make)
        : training_(&training), boxes_(&boxes), make_(std::move(make)) {
        if (boxes.empty()) work_ = make_(training);
    }

    // Of the query in this row; valid until the next call.
    Work& of(std::size_t row) {
        if (boxes_->empty()) return *work_;
        const PreparedSet& t = *training_;
        Threat threat =
            t.threat().within({boxes_->lower.row(row), t.dimension()}, {boxes_->upper.row(row), t.dimension()});
        work_.reset();
        boxed_ = std::make_unique<const PreparedSet>(t, std::move(threat));
        work_ = make_(*boxed_);
        return *work_;
    }

private:
    const PreparedSet* training_;
    const QueryBoxes* boxes_;
    Make make_;
    std::unique_ptr<const PreparedSet> boxed_;
    std::unique_ptr<Work> work_;
};

}  // namespace robust_metric
