(** Products and sums of double-doubles, base/double_double.hpp: the relative error of a product is at most
    8 u² = 2^-103, and that of a sum whose high parts do not cancel by more than half. *)

Require Import Reals ZArith Lia Lra.
From Flocq Require Import Core Relative Plus_error.
Require Import RobustMetric.rounding.
Open Scope R_scope.

Local Instance digits : Prec_gt_0 53 := eq_refl.

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

(** Sums do not underflow. *)
Lemma one_sum a b : binary64 a -> binary64 b -> Rabs (fl (a + b) - (a + b)) <= u * Rabs (a + b).
Proof.
  intros Ha Hb.
  destruct (FLT_plus_error_N_ex radix2 (-1074) 53 (fun x => negb (Z.even x)) a b Ha Hb) as (eps & H1 & H2).
  unfold fl. rewrite H2. replace ((a + b) * (1 + eps) - (a + b)) with (eps * (a + b)) by ring.
  rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|]. apply Rle_trans with (1 := H1).
  unfold u_ro. assert (E : / 2 * bpow radix2 (- (53) + 1) = u).
  { unfold u. replace (/ 2) with (bpow radix2 (-1)) by (simpl; lra). rewrite <- bpow_plus. reflexivity. }
  rewrite E. assert (U := u_value). apply Rmult_le_reg_r with (1 + u); [rewrite U; lra|].
  unfold Rdiv. rewrite Rmult_assoc, Rinv_l by (apply Rgt_not_eq; rewrite U; lra).
  rewrite Rmult_1_r. assert (0 <= u * u) by apply Rle_0_sqr. lra.
Qed.

(** What a sum leaves is small beside it: high and low part of a result are a double-double again. *)
Lemma rest_of_sum a b z :
  binary64 a -> binary64 b -> sum_high a b + z = a + b -> Rabs z <= u * Rabs (sum_high a b).
Proof.
  intros Ha Hb E.
  destruct (FLT_plus_error_N_round_ex radix2 (-1074) 53 (fun x => negb (Z.even x)) a b Ha Hb) as (eps & H1 & H2).
  change (round _ _ _ (a + b)) with (sum_high a b) in H2.
  replace z with (eps * sum_high a b) by lra. rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|].
  apply Rle_trans with (1 := H1). unfold u_ro, u.
  replace (/ 2) with (bpow radix2 (-1)) by (simpl; lra). rewrite <- bpow_plus. apply Rle_refl.
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

Theorem product_error :
  Rabs zl <= u * Rabs zh
  /\ Rabs (zh + zl - (ah + al) * (bh + bl)) <= 8 * (u * u) * Rabs ((ah + al) * (bh + bl)).
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
  split; [apply rest_of_sum; trivial; apply fl_binary64|]. rewrite Z.
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

(** ** The sum *)

Section Sum.

Variables ah al bh bl : R.
Hypothesis high_a : binary64 ah.
Hypothesis low_a : binary64 al.
Hypothesis high_b : binary64 bh.
Hypothesis low_b : binary64 bl.
Hypothesis small_a : Rabs al <= u * Rabs ah.
Hypothesis small_b : Rabs bl <= u * Rabs bh.

(** True of numbers of one sign, and wherever no more than half of the larger number is lost. *)
Hypothesis no_cancelling : Rabs ah <= 2 * Rabs (ah + bh) /\ Rabs bh <= 2 * Rabs (ah + bh).

Let sh := sum_high ah bh.
Let sl := sum_low ah bh.
Let th := sum_high al bl.
Let tl := sum_low al bl.
Let carried := fl (sl + th).
Let vh := sum_high sh carried.
Let vl := fl (carried - fl (vh - sh)).
Let low := fl (tl + vl).
Let zh := sum_high vh low.
Let zl := fl (low - fl (zh - vh)).

Theorem sum_error :
  Rabs zl <= u * Rabs zh
  /\ Rabs (zh + zl - (ah + al + (bh + bl))) <= 8 * (u * u) * Rabs (ah + al + (bh + bl)).
Proof.
  assert (U := u_value). destruct no_cancelling as [N1 N2].
  set (S := Rabs (ah + bh)) in *. assert (S0 : 0 <= S) by apply Rabs_pos.
  assert (X1 := two_sum_exact ah bh high_a high_b). fold sh sl in X1.
  assert (X2 := two_sum_exact al bl low_a low_b). fold th tl in X2.
  assert (R1 := one_sum ah bh high_a high_b). fold S in R1. change (fl (ah + bh)) with sh in R1.
  assert (A1 : Rabs al <= 2 * u * S) by (rewrite U in *; lra).
  assert (B1 : Rabs bl <= 2 * u * S) by (rewrite U in *; lra).
  assert (T1 : Rabs (al + bl) <= 4 * u * S).
  { apply Rle_trans with (1 := Rabs_triang _ _). lra. }
  assert (R2 := one_sum al bl low_a low_b). change (fl (al + bl)) with th in R2.
  assert (R2' : Rabs (th - (al + bl)) <= 4 * (u * u) * S) by (rewrite U in *; lra).
  assert (C1 : Rabs (sl + th) <= 5 * u * S + u * S / 1000).
  { replace (sl + th) with ((ah + bh - sh) + (th - (al + bl)) + (al + bl)) by lra.
    apply Rabs_le. apply Rabs_le_inv in R1, R2', T1. rewrite U in *. lra. }
  assert (Bs : binary64 sl) by apply fl_binary64. assert (Bt : binary64 th) by apply fl_binary64.
  assert (R3 := one_sum sl th Bs Bt). fold carried in R3.
  assert (R3' : Rabs (carried - (sl + th)) <= 5 * (u * u) * S + u * u * S / 1000) by (rewrite U in *; lra).
  assert (C2 : Rabs carried <= 5 * u * S + u * S / 100).
  { apply Rabs_le. apply Rabs_le_inv in C1, R3'. rewrite U in *. lra. }
  assert (H1 : S * (1 - / 1000) <= Rabs sh).
  { assert (Q := Rabs_triang_inv (ah + bh) (ah + bh - sh)).
    replace (ah + bh - (ah + bh - sh)) with sh in Q by ring. fold S in Q.
    rewrite <- Rabs_Ropp, Ropp_minus_distr in R1. rewrite U in *. lra. }
  assert (H1' : Rabs sh <= S * (1 + / 1000)).
  { assert (Q := Rabs_triang (ah + bh) (sh - (ah + bh))). replace (ah + bh + (sh - (ah + bh))) with sh in Q by ring.
    fold S in Q. rewrite U in *. lra. }
  assert (Bh : binary64 sh) by apply fl_binary64. assert (Bc : binary64 carried) by apply fl_binary64.
  assert (V : vh + vl = sh + carried).
  { apply fast_two_sum_exact; trivial. left. rewrite U in *. lra. }
  assert (R4 := one_sum sh carried Bh Bc). change (fl (sh + carried)) with vh in R4.
  assert (C3 : Rabs (sh + carried) <= S * (1 + / 500)).
  { apply Rle_trans with (1 := Rabs_triang _ _). rewrite U in *. lra. }
  assert (V1 : Rabs vl <= u * S * (1 + / 500)).
  { replace vl with (- (vh - (sh + carried))) by lra. rewrite Rabs_Ropp. rewrite U in *. lra. }
  assert (Tl : Rabs tl <= 4 * (u * u) * S).
  { replace tl with (- (th - (al + bl))) by lra. now rewrite Rabs_Ropp. }
  assert (C4 : Rabs (tl + vl) <= u * S * (1 + / 400)).
  { apply Rle_trans with (1 := Rabs_triang _ _). rewrite U in *. lra. }
  assert (Btl : binary64 tl) by apply fl_binary64. assert (Bvl : binary64 vl) by apply fl_binary64.
  assert (R5 := one_sum tl vl Btl Bvl). fold low in R5.
  assert (R5' : Rabs (low - (tl + vl)) <= u * u * S * (1 + / 400)) by (rewrite U in *; lra).
  assert (L1 : Rabs low <= 2 * u * S).
  { apply Rabs_le. apply Rabs_le_inv in C4, R5'. rewrite U in *. lra. }
  assert (L2 : S * (1 - / 100) <= Rabs vh).
  { assert (Q := Rabs_triang_inv sh (sh - vh)). replace (sh - (sh - vh)) with vh in Q by ring.
    assert (W : Rabs (sh - vh) <= S / 1000).
    { replace (sh - vh) with (vl - carried) by lra. apply Rabs_le. apply Rabs_le_inv in V1, C2. rewrite U in *. lra. }
    lra. }
  assert (Z : zh + zl = vh + low).
  { apply fast_two_sum_exact; [apply fl_binary64|apply fl_binary64|]. left. rewrite U in *. lra. }
  split; [apply rest_of_sum; trivial; apply fl_binary64|].
  assert (F : S * (1 - / 100) <= Rabs (ah + al + (bh + bl))).
  { assert (Q := Rabs_triang_inv (ah + bh) (- (al + bl))). rewrite Rabs_Ropp in Q.
    replace (ah + bh - - (al + bl)) with (ah + al + (bh + bl)) in Q by ring. fold S in Q. rewrite U in *. lra. }
  apply Rle_trans with (8 * (u * u) * (S * (1 - / 100))).
  2: { apply Rmult_le_compat_l; [rewrite U; lra|exact F]. }
  rewrite Z.
  replace (vh + low - (ah + al + (bh + bl))) with ((low - (tl + vl)) + (carried - (sl + th))) by lra.
  apply Rabs_le. apply Rabs_le_inv in R3', R5'. rewrite U in *. lra.
Qed.

End Sum.
