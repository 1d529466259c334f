(** Prints what the theorems of docs/proofs.md rest on: the axioms of the real numbers, and nothing else. *)

Require Import RobustMetric.vectors RobustMetric.losing_votes RobustMetric.half_space.
Require Import RobustMetric.halfspace_bounds RobustMetric.search_tree RobustMetric.votes_sound.
Require Import RobustMetric.neighbor_sets RobustMetric.threat_models RobustMetric.checker_sound RobustMetric.rounding.
Require Import RobustMetric.double_double RobustMetric.cancelling_sum RobustMetric.inner_products
  RobustMetric.reach_rounding RobustMetric.halfspace_distance.

Print Assumptions cauchy_schwarz.
Print Assumptions losing_votes_complete.
Print Assumptions vote_kept.
Print Assumptions half_space.
Print Assumptions radius_from_half_spaces.
Print Assumptions differ.
Print Assumptions proves_right.
Print Assumptions same_neighbors.
Print Assumptions reach.
Print Assumptions check_file_sound.
Print Assumptions up_right.
Print Assumptions down_right.
Print Assumptions two_sum_exact.
Print Assumptions fast_two_sum_exact.
Print Assumptions two_product_exact.
Print Assumptions product_error.
Print Assumptions any_sum_error.
Print Assumptions any_order.
Print Assumptions power_below_gamma.
Print Assumptions gap_right.
Print Assumptions down_underflow.
Print Assumptions halfspace_lower.
Print Assumptions quotient_lower.
Print Assumptions value_lower.
Print Assumptions root_lower.
