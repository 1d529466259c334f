#include "bindings.hpp"
#include "robust_metric/blas.hpp"

namespace robust_metric {

void bind_blas(pybind11::module_& m) {
    m.def(
        "use_gemm",
        [](std::uintptr_t dgemm, std::uintptr_t sgemm) {
            blas::use_gemm(reinterpret_cast<blas::Gemm<double>>(dgemm), reinterpret_cast<blas::Gemm<float>>(sgemm));
        },
        pybind11::arg("dgemm"), pybind11::arg("sgemm"),
        "Hand the core the addresses of Fortran dgemm and sgemm (0: its own plain loops).");
}

}  // namespace robust_metric
