// Everything that programs call, at once.
#pragma once

#include "robust_metric/blas.hpp"
#include "robust_metric/certify.hpp"
#include "robust_metric/data_changes.hpp"
#include "robust_metric/evidence.hpp"
#include "robust_metric/execution.hpp"
#include "robust_metric/export.hpp"
#include "robust_metric/instruction_set.hpp"
#include "robust_metric/matrix_view.hpp"
#include "robust_metric/minimal_perturbations.hpp"
#include "robust_metric/model.hpp"
#include "robust_metric/points.hpp"
#include "robust_metric/predict.hpp"
#include "robust_metric/threat.hpp"
#include "robust_metric/training_set.hpp"
