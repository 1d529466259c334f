(** Vectors of integers, and what costs make of them, are linear. *)

Require Import ZArith List Bool Lia.
Require Import RobustMetric.integers RobustMetric.reach.
Import ListNotations.

Lemma zdot_comm a b : zdot a b = zdot b a.
Proof. revert b; induction a as [|x a IH]; destruct b as [|y b]; simpl; trivial. rewrite IH. ring. Qed.

Lemma zdot_nil_r a : zdot a [] = 0%Z.
Proof. now destruct a. Qed.

Lemma zdot_add a b v : zdot (zadd a b) v = (zdot a v + zdot b v)%Z.
Proof.
  revert b v; induction a as [|x a IH]; intros [|y b] [|t v]; simpl; rewrite ?zdot_nil_r; try ring.
  rewrite IH. ring.
Qed.

Lemma zdot_scale t a v : zdot (zscale t a) v = (t * zdot a v)%Z.
Proof.
  revert v; induction a as [|x a IH]; intros [|y v]; simpl; try ring. fold (zscale t a). rewrite IH. ring.
Qed.

Lemma zdot_opp a v : zdot (map Z.opp a) v = (- zdot a v)%Z.
Proof. revert v; induction a as [|x a IH]; intros [|y v]; simpl; try ring. rewrite IH. ring. Qed.

Lemma zdot_sub a b v : zdot (zsub a b) v = (zdot a v - zdot b v)%Z.
Proof.
  revert b v; induction a as [|x a IH]; intros [|y b] [|t v]; simpl; rewrite ?zdot_nil_r, ?zdot_opp; simpl; try ring.
  rewrite IH. ring.
Qed.

Section Linear.

Variables (bits : Z) (inverse : list Z).
Hypothesis places : (0 <= bits)%Z.

Lemma scaled_nil : scaled bits inverse [] = [].
Proof. now destruct inverse. Qed.

Lemma scaled_add a b : scaled bits inverse (zadd a b) = zadd (scaled bits inverse a) (scaled bits inverse b).
Proof.
  revert a b; induction inverse as [|i inverse' IH].
  - induction a as [|x a IH]; intros [|y b]; simpl; trivial. simpl in IH. rewrite IH. f_equal.
    rewrite !Z.shiftl_mul_pow2 by trivial. ring.
  - intros [|x a] [|y b]; simpl; trivial. rewrite IH. f_equal. ring.
Qed.

Lemma scaled_scale t a : scaled bits inverse (zscale t a) = zscale t (scaled bits inverse a).
Proof.
  revert a; induction inverse as [|i inverse' IH].
  - induction a as [|x a IH]; simpl; trivial. simpl in IH. f_equal; [|exact IH].
    rewrite !Z.shiftl_mul_pow2 by trivial. ring.
  - intros [|x a]; simpl; trivial. fold (zscale t a). rewrite IH. simpl. f_equal. ring.
Qed.

Lemma zsub_as_sum a b : zsub a b = zadd a (zscale (-1) b).
Proof.
  revert b; induction a as [|x a IH]; intros b.
  - change (map Z.opp b = map (Z.mul (-1)) b). apply map_ext. intros z. ring.
  - destruct b as [|y b]; [trivial|]. simpl. rewrite IH. f_equal.
Qed.

Lemma scaled_sub a b v :
  zdot (scaled bits inverse (zsub a b)) v = (zdot (scaled bits inverse a) v - zdot (scaled bits inverse b) v)%Z.
Proof. rewrite zsub_as_sum, scaled_add, scaled_scale, zdot_add, zdot_scale. ring. Qed.

End Linear.
