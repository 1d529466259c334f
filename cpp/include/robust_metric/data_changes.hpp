// Changes of the training data that a certificate is to survive, beside perturbations of the query.
#pragma once

#include <cstddef>

namespace robust_metric {

// At most so many points added anywhere, with any labels, taken out, and given other labels. Theorem and proof:
// docs/data_changes.md.
struct DataChanges {
    std::size_t inserted = 0, deleted = 0, relabelled = 0;

    bool any() const { return inserted > 0 || deleted > 0 || relabelled > 0; }
};

}  // namespace robust_metric
