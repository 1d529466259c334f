(** The theorem speaks of something: two points on a line, the radius that is right and the next larger one. *)

Require Import ZArith List.
Require Import RobustMetric.threat_models RobustMetric.checker RobustMetric.checker_sound.
Import ListNotations.

(** Class 0 at 0 and class 1 at 4; K = 1. *)
Definition line : model :=
  {| training := [([(0, 0)%Z], 0); ([(1, 2)%Z], 1)]; components := None; n_neighbors := 1; n_classes := 2 |}.

Definition euclidean : threat := {| norm_of := Two; costs := []; bounds := [] |}.

(** The query 1, which is 1 away from the boundary at 2. *)
Definition certified (radius : Z * Z) : certificate :=
  {| query := [(1, 0)%Z]; label := 0; radius := Some radius; near := [0]; rows := []; combined := false; trees := [] |}.

Definition no_guess : region.guesses := fun _ _ _ _ _ _ => (0, 1)%Z.

Lemma right_and_too_large :
  check_file no_guess line euclidean [certified (1, 0)%Z; certified (2 ^ 52 + 1, -52)%Z] = [true; false].
Proof. vm_compute. reflexivity. Qed.

Theorem the_radius_is_proved : claim line euclidean (certified (1, 0)%Z).
Proof.
  apply (check_file_sound no_guess line euclidean
    [certified (1, 0)%Z; certified (2 ^ 52 + 1, -52)%Z] 0); [reflexivity|].
  now rewrite right_and_too_large.
Qed.
