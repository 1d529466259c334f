#include "bindings.hpp"
#include "robust_metric/blas.hpp"

namespace robust_metric {

void bind_blas(pybind11::module_& m) {
    m.def(
        "use_dgemm", [](std::uintptr_t address) { blas::use_dgemm(reinterpret_cast<blas::Dgemm>(address)); },
        pybind11::arg("address"), "Hand the core the address of a Fortran dgemm (0: its own plain loop).");
}

}  // namespace robust_metric
