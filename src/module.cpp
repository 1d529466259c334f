// The extension module robust_metric._core: a list of bindings.
#include "bindings.hpp"

PYBIND11_MODULE(_core, m, pybind11::mod_gil_not_used()) {
    m.doc() = "Compiled core of robust_metric (private; use the robust_metric package)";
    robust_metric::bind_instruction_set(m);
    robust_metric::bind_blas(m);
    robust_metric::bind_threat(m);
    robust_metric::bind_training_set(m);
    robust_metric::bind_predict(m);
    robust_metric::bind_certify(m);
    robust_metric::bind_neighbor_sets(m);
    robust_metric::bind_minimal_perturbations(m);
    robust_metric::bind_embedding(m);
    robust_metric::bind_region_attack(m);
    robust_metric::bind_candidates(m);
    robust_metric::bind_deciding_pairs(m);
    robust_metric::bind_triplet_loss(m);
    robust_metric::bind_prototype_loss(m);
    robust_metric::bind_impostors(m);
    robust_metric::bind_logdet_projections(m);
    robust_metric::bind_margin_loss(m);
    robust_metric::bind_reference(m);
    robust_metric::bind_shards(m);
    robust_metric::bind_model(m);
    robust_metric::bind_c_api(m);
}
