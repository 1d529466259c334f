// Parts of a model to the bytes of its file and back: docs/embedding.md says what a file holds.
#pragma once

#include <span>
#include <vector>

#include "robust_metric/model.hpp"

namespace robust_metric {

// Throws std::invalid_argument where parts do not fit together, beyond what TrainingSet and Threat look after.
void check_parts(const ModelParts& parts);
// Throws std::runtime_error or std::invalid_argument for what is not a whole model of a version that is known.
ModelParts unpack_model(std::span<const unsigned char> file);
std::vector<unsigned char> pack_model(const ModelParts& parts);

}  // namespace robust_metric
