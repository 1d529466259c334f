(** The product of double-doubles, base/double_double.hpp: its relative error is at most 8 u² = 2^-103. *)

Require Import Reals ZArith Lia Lra.
From Flocq Require Import Core.
Require Import RobustMetric.rounding.
Open Scope R_scope.

Lemma error_of_one x : Rabs (fl x - x) <= u * Rabs x + tiny.
Proof.
  destruct (one_rounding x) as (eps & eta & H1 & H2 & ->).
  replace (x * (1 + eps) + eta - x) with (x * eps + eta) by ring.
  apply Rle_trans with (1 := Rabs_triang _ _). apply Rplus_le_compat; [|exact H2].
  rewrite Rabs_mult, Rmult_comm. apply Rmult_le_compat_r; [apply Rabs_pos|exact H1].
Qed.

Lemma u_value : u = / 9007199254740992.
Proof. unfold u. simpl. lra. Qed.

Lemma fl_binary64 x : binary64 (fl x).
Proof. apply generic_format_round; [now apply FLT_exp_valid|apply valid_rnd_N]. Qed.

(** Within the error of one rounding, of what is at most b in size. *)
Lemma one_error x b : Rabs x <= b -> Rabs (fl x - x) <= u * b + tiny.
Proof.
  intros H. apply Rle_trans with (1 := error_of_one x). apply Rplus_le_compat_r, Rmult_le_compat_l; [|exact H].
  rewrite u_value. lra.
Qed.

Section Product.

Variables ah al bh bl : R.
Hypothesis high_a : binary64 ah.
Hypothesis high_b : binary64 bh.
Hypothesis low_a : Rabs al <= u * Rabs ah.
Hypothesis low_b : Rabs bl <= u * Rabs bh.
Hypothesis no_underflow : bpow radix2 (-960) <= Rabs (ah * bh).

Let product := fl (ah * bh).
Let lost := fl (ah * bh - product).
Let cross := fl (al * bh + fl (ah * bl)).
Let low := fl (lost + cross).
Let zh := sum_high product low.
Let zl := fl (low - fl (zh - product)).

Let P := Rabs (ah * bh).

Lemma tiny_product : tiny <= u * u * P / 512.
Proof.
  apply Rle_trans with (u * u * bpow radix2 (-960) / 512).
  - unfold u, tiny. replace (/ 512) with (bpow radix2 (-9)) by (simpl; lra). unfold Rdiv.
    replace (/ 512) with (bpow radix2 (-9)) by (simpl; lra). rewrite <- !bpow_plus. apply bpow_le. lia.
  - assert (U := u_value). unfold Rdiv. apply Rmult_le_compat_r; [lra|]. apply Rmult_le_compat_l; [|exact no_underflow].
    rewrite U. lra.
Qed.

Theorem product_error : Rabs (zh + zl - (ah + al) * (bh + bl)) <= 8 * (u * u) * Rabs ((ah + al) * (bh + bl)).
Proof.
  assert (U := u_value). assert (T := tiny_product).
  assert (T0 : 0 < tiny) by apply bpow_gt_0.
  assert (P0 : 0 < P) by (apply Rlt_le_trans with (2 := no_underflow), bpow_gt_0).
  assert (A1 : Rabs (al * bh) <= u * P).
  { unfold P. rewrite !Rabs_mult, <- Rmult_assoc. apply Rmult_le_compat_r; [apply Rabs_pos|exact low_a]. }
  assert (A2 : Rabs (ah * bl) <= u * P).
  { unfold P. rewrite !Rabs_mult. replace (u * (Rabs ah * Rabs bh)) with (Rabs ah * (u * Rabs bh)) by ring.
    apply Rmult_le_compat_l; [apply Rabs_pos|exact low_b]. }
  assert (A3 : Rabs (al * bl) <= u * u * P).
  { unfold P. rewrite !Rabs_mult. replace (u * u * (Rabs ah * Rabs bh)) with ((u * Rabs ah) * (u * Rabs bh)) by ring.
    apply Rmult_le_compat; try apply Rabs_pos; assumption. }
  (* what the product loses is exact *)
  assert (E : product + lost = ah * bh).
  { apply two_product_exact; trivial. intros _. apply Rle_trans with (2 := no_underflow), bpow_le. lia. }
  assert (R0 := one_error (ah * bh) P (Rle_refl _)). fold product in R0.
  assert (R1 := one_error (ah * bl) (u * P) A2). set (t := fl (ah * bl)) in *.
  assert (C1 : Rabs (al * bh + t) <= 3 * u * P).
  { apply Rabs_le. apply Rabs_le_inv in A1, A2, R1. rewrite U in *. lra. }
  assert (R2 := one_error (al * bh + t) (2 * u * P + u * P / 64)).
  assert (C2 : Rabs (al * bh + t) <= 2 * u * P + u * P / 64).
  { apply Rabs_le. apply Rabs_le_inv in A1, A2, R1. rewrite U in *. lra. }
  specialize (R2 C2). fold cross in R2.
  assert (C3 : Rabs (lost + cross) <= 3 * u * P + u * P / 32).
  { apply Rabs_le. apply Rabs_le_inv in R0, R2, C2. rewrite U in *. lra. }
  assert (R3 := one_error (lost + cross) _ C3). fold low in R3.
  (* the last sum is exact *)
  assert (L : Rabs low <= Rabs product).
  { apply Rle_trans with (4 * u * P).
    - apply Rabs_le. apply Rabs_le_inv in C3, R3. rewrite U in *. lra.
    - assert (Q := Rabs_triang_inv (ah * bh) (ah * bh - product)).
      replace (ah * bh - (ah * bh - product)) with product in Q by ring. fold P in Q.
      rewrite <- Rabs_Ropp, Ropp_minus_distr in R0. rewrite U in *. lra. }
  assert (Z : zh + zl = product + low).
  { apply fast_two_sum_exact; [apply fl_binary64|apply fl_binary64|now left]. }
  rewrite Z.
  assert (B : Rabs ((ah + al) * (bh + bl)) >= P * (1 - / 1000)).
  { apply Rle_ge. replace ((ah + al) * (bh + bl)) with (ah * bh + (al * bh + (ah * bl + al * bl))) by ring.
    assert (Q := Rabs_triang_inv (ah * bh) (- (al * bh + (ah * bl + al * bl)))).
    rewrite Rabs_Ropp in Q. unfold Rminus in Q. rewrite Ropp_involutive in Q. fold P in Q.
    assert (Q' := Rabs_triang (al * bh) (ah * bl + al * bl)). assert (Q'' := Rabs_triang (ah * bl) (al * bl)).
    rewrite U in *. lra. }
  apply Rle_trans with (8 * (u * u) * (P * (1 - / 1000))).
  2: { apply Rmult_le_compat_l; [rewrite U; lra|lra]. }
  replace (product + low - (ah + al) * (bh + bl))
    with ((low - (lost + cross)) + (cross - (al * bh + t)) + (t - ah * bl) - al * bl + (product + lost - ah * bh)) by ring.
  rewrite E. apply Rabs_le. apply Rabs_le_inv in A3, R1, R2, R3. rewrite U in *. lra.
Qed.

End Product.
