// Declarations of every bind_<idea>.cpp, for module.cpp.
#pragma once

#include <pybind11/pybind11.h>

namespace robust_metric {

void bind_blas(pybind11::module_& m);
void bind_c_api(pybind11::module_& m);
void bind_candidates(pybind11::module_& m);
void bind_deciding_pairs(pybind11::module_& m);
void bind_embedding(pybind11::module_& m);
void bind_certify(pybind11::module_& m);
void bind_impostors(pybind11::module_& m);
void bind_instruction_set(pybind11::module_& m);
void bind_logdet_projections(pybind11::module_& m);
void bind_margin_loss(pybind11::module_& m);
void bind_minimal_perturbations(pybind11::module_& m);
void bind_model(pybind11::module_& m);
void bind_neighbor_sets(pybind11::module_& m);
void bind_predict(pybind11::module_& m);
void bind_prototype_loss(pybind11::module_& m);
void bind_reference(pybind11::module_& m);
void bind_region_attack(pybind11::module_& m);
void bind_shards(pybind11::module_& m);
void bind_threat(pybind11::module_& m);
void bind_training_set(pybind11::module_& m);
void bind_triplet_loss(pybind11::module_& m);

}  // namespace robust_metric
