#include <pybind11/stl.h>

#include "bindings.hpp"
#include "robust_metric/instruction_set.hpp"

namespace robust_metric {

void bind_instruction_set(pybind11::module_& m) {
    m.def("instruction_set", &instruction_set, "Name of the instruction set in use.");
    m.def("available_instruction_sets", &available_instruction_sets, "Names that this CPU runs, oldest first.");
    m.def("force_instruction_set", &force_instruction_set, pybind11::arg("name"),
          "Use this instruction set from now on; results do not depend on it.");
}

}  // namespace robust_metric
