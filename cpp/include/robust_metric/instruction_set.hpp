// Which instruction set the innermost loops use; results do not depend on it.
#pragma once

#include <string>
#include <vector>

#include "robust_metric/export.hpp"

namespace robust_metric {

// Name of the one in use: the best that this CPU runs, or what ROBUST_METRIC_ISA or force_instruction_set chose.
ROBUST_METRIC_EXPORT std::string instruction_set();
// Names that this CPU runs, oldest first.
ROBUST_METRIC_EXPORT std::vector<std::string> available_instruction_sets();
// Throws std::invalid_argument for a name that is unknown or that this CPU cannot run.
ROBUST_METRIC_EXPORT void force_instruction_set(const std::string& name);

}  // namespace robust_metric
