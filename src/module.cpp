// The extension module robust_metric._core: a list of bindings.
#include "bindings.hpp"

PYBIND11_MODULE(_core, m) {
    m.doc() = "Compiled core of robust_metric (private; use the robust_metric package)";
    robust_metric::bind_blas(m);
    robust_metric::bind_candidates(m);
    robust_metric::bind_deciding_pairs(m);
    robust_metric::bind_triplet_loss(m);
}
