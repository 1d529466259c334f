#include "search/result.hpp"

#include "base/parallel.hpp"
#include "base/rounding.hpp"

namespace robust_metric {

void set_status(MinimalPerturbation& result, bool early) {
    if (result.lower == rounding::infinity)
        result.status = SearchStatus::no_other_class;  // every other-class point hides behind an equal one
    else if (result.upper <= result.lower * (1.0 + exactness))
        result.status = SearchStatus::exact;
    else if (early)
        result.status = stop_requested() ? SearchStatus::interrupted : SearchStatus::time_limit;
    else
        result.status = SearchStatus::interval;
}

}  // namespace robust_metric
