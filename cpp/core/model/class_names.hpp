// Class names of the types that model files know.
#pragma once

#include <string>
#include <vector>

#include "files/json.hpp"

namespace robust_metric {

// Throws std::invalid_argument unless names are in increasing order, without repeats, and of the type.
void check_class_names(const std::string& type, const std::vector<std::string>& names);
files::Json pack_class_names(const std::string& type, const std::vector<std::string>& names);
std::vector<std::string> unpack_class_names(const std::string& type, const files::Json& names);

}  // namespace robust_metric
