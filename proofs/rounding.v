(** Error bounds of docs/rounding.md that certificates of the compiled code rest on, for IEEE binary64 rounded
    to nearest even, with gradual underflow and without overflow: [up] and [down] of base/rounding.hpp, the exact
    sums and products of base/double_double.hpp. *)

Require Import Reals ZArith Lia Lra Psatz.
From Flocq Require Import Core Relative Mult_error Pff2Flocq.
Open Scope R_scope.

Notation binary64 := (generic_format radix2 (FLT_exp (-1074) 53)).

(** fl(x) *)
Definition fl (x : R) : R := round radix2 (FLT_exp (-1074) 53) ZnearestE x.

(** Unit roundoff, and half the smallest positive number. *)
Definition u : R := bpow radix2 (-53).
Definition tiny : R := bpow radix2 (-1075).

Lemma power_of_two e : bpow radix2 e = powerRZ 2 e.
Proof. rewrite bpow_powerRZ. reflexivity. Qed.

(** Section 1 of the page: one rounding. *)
Lemma one_rounding x : exists eps eta, Rabs eps <= u /\ Rabs eta <= tiny /\ fl x = x * (1 + eps) + eta.
Proof.
  destruct (error_N_FLT radix2 (-1074) 53 eq_refl (fun x => negb (Z.even x)) x) as (eps & eta & H1 & H2 & _ & H).
  exists eps, eta. repeat split; trivial.
  - apply Rle_trans with (1 := H1). unfold u.
    replace (/ 2) with (bpow radix2 (-1)) by (simpl; lra). rewrite <- bpow_plus. apply Rle_refl.
  - apply Rle_trans with (1 := H2). unfold tiny.
    replace (/ 2) with (bpow radix2 (-1)) by (simpl; lra). rewrite <- bpow_plus. apply Rle_refl.
Qed.

Lemma u_small : 0 < u < / 1000000.
Proof. unfold u. simpl. lra. Qed.

(** ** up and down *)

Definition up (v : R) : R := fl (fl (v * (1 + 128 * u)) + bpow radix2 (-950)).

Definition down (v : R) : R :=
  let lowered := fl (fl (v * (1 - 128 * u)) - bpow radix2 (-950)) in
  if Rlt_dec 0 lowered then lowered else 0.

(** The factors are numbers that binary64 has: 128 u = 2^-46. *)
Lemma up_factor : binary64 (1 + 128 * u).
Proof.
  apply generic_format_FLT. apply FLT_spec with (Float radix2 (2 ^ 46 + 1) (-46)).
  - unfold F2R, u. simpl. lra.
  - reflexivity.
  - discriminate.
Qed.

Lemma down_factor : binary64 (1 - 128 * u).
Proof.
  apply generic_format_FLT. apply FLT_spec with (Float radix2 (2 ^ 46 - 1) (-46)).
  - unfold F2R, u. simpl. lra.
  - reflexivity.
  - discriminate.
Qed.

Lemma below_power x m : 0 <= x <= 1 -> 1 - INR m * x <= (1 - x) ^ m.
Proof.
  intros H. induction m as [|m IH]; [simpl; lra|].
  rewrite S_INR. simpl. assert (0 <= INR m) by apply pos_INR. assert (0 <= (1 - x) ^ m) by (apply pow_le; lra). nra.
Qed.

Lemma above_power x m : 0 <= x -> (1 + x) ^ m * (1 - INR m * x) <= 1.
Proof.
  intros H. induction m as [|m IH]; [simpl; lra|].
  rewrite S_INR. simpl. assert (0 <= INR m) by apply pos_INR. assert (0 <= (1 + x) ^ m) by (apply pow_le; lra).
  assert ((1 + x) * (1 - (INR m + 1) * x) <= 1 - INR m * x) by nra.
  replace ((1 + x) * (1 + x) ^ m * (1 - (INR m + 1) * x)) with ((1 + x) ^ m * ((1 + x) * (1 - (INR m + 1) * x))) by ring.
  apply Rle_trans with ((1 + x) ^ m * (1 - INR m * x)); [|exact IH]. now apply Rmult_le_compat_l.
Qed.

Lemma tiny_is_tiny : 2 * tiny <= bpow radix2 (-950) * (1 - u) /\ 0 < tiny.
Proof.
  assert (U := u_small). split; [|apply bpow_gt_0].
  assert (B : 4 * tiny <= bpow radix2 (-950)).
  { unfold tiny. replace 4 with (bpow radix2 2) by (simpl; lra). rewrite <- bpow_plus. apply bpow_le. lia. }
  assert (0 < tiny) by apply bpow_gt_0. nra.
Qed.

(** What was computed with at most 60 roundings of non-negative terms lies above its value after [up]. *)
Theorem up_right v computed :
  0 <= v -> v * (1 - u) ^ 60 <= computed -> v <= up computed.
Proof.
  intros Hv Hc. assert (U := u_small). destruct tiny_is_tiny as [T T0].
  assert (P : 0 <= computed).
  { apply Rle_trans with (2 := Hc). apply Rmult_le_pos; [trivial|]. apply pow_le. lra. }
  unfold up. set (x := computed * (1 + 128 * u)). set (b := bpow radix2 (-950)) in *.
  destruct (one_rounding x) as (e1 & t1 & E1 & T1 & H1).
  destruct (one_rounding (fl x + b)) as (e2 & t2 & E2 & T2 & H2). rewrite H2.
  apply Rabs_le_inv in E1, E2, T1, T2.
  assert (X0 : 0 <= x) by (unfold x; nra).
  assert (X1 : x * (1 - u) - tiny <= fl x) by (rewrite H1; nra).
  assert (Y : 0 <= fl x + b) by nra.
  assert (A : (x * (1 - u) - tiny + b) * (1 - u) - tiny <= (fl x + b) * (1 + e2) + t2).
  { assert ((x * (1 - u) - tiny + b) * (1 - u) <= (fl x + b) * (1 - u)) by (apply Rmult_le_compat_r; lra).
    assert ((fl x + b) * (1 - u) <= (fl x + b) * (1 + e2)) by (apply Rmult_le_compat_l; lra). lra. }
  apply Rle_trans with (2 := A).
  assert (K : v <= x * (1 - u) * (1 - u)).
  { unfold x. apply Rle_trans with (v * (1 - u) ^ 60 * (1 + 128 * u) * (1 - u) * (1 - u)).
    - replace (v * (1 - u) ^ 60 * (1 + 128 * u) * (1 - u) * (1 - u)) with (v * ((1 - u) ^ 62 * (1 + 128 * u))) by ring.
      rewrite <- (Rmult_1_r v) at 1. apply Rmult_le_compat_l; [trivial|].
      assert (B := below_power u 62 ltac:(lra)). replace (INR 62) with 62 in B by (simpl; lra). nra.
    - repeat (apply Rmult_le_compat_r; [lra|]). exact Hc. }
  nra.
Qed.

(** … and below it after [down]. *)
Theorem down_right v computed :
  0 <= v -> 0 <= computed <= v * (1 + u) ^ 60 -> 0 <= down computed <= v.
Proof.
  intros Hv [P Hc]. assert (U := u_small). destruct tiny_is_tiny as [T T0].
  unfold down. set (x := computed * (1 - 128 * u)). set (b := bpow radix2 (-950)) in *.
  cbv zeta. destruct (Rlt_dec 0 (fl (fl x - b))) as [L|L]; [split; [lra|]|lra].
  destruct (one_rounding x) as (e1 & t1 & E1 & T1 & H1).
  destruct (one_rounding (fl x - b)) as (e2 & t2 & E2 & T2 & H2). rewrite H2 in *.
  apply Rabs_le_inv in E1, E2, T1, T2.
  assert (X0 : 0 <= x) by (unfold x; nra).
  assert (X1 : fl x <= x * (1 + u) + tiny) by (rewrite H1; nra).
  assert (K : x * (1 + u) * (1 + u) <= v).
  { unfold x. apply Rle_trans with (v * (1 + u) ^ 60 * (1 - 128 * u) * (1 + u) * (1 + u)).
    - repeat (apply Rmult_le_compat_r; [lra|]). exact Hc.
    - replace (v * (1 + u) ^ 60 * (1 - 128 * u) * (1 + u) * (1 + u)) with (v * ((1 + u) ^ 62 * (1 - 128 * u))) by ring.
      rewrite <- (Rmult_1_r v) at 2. apply Rmult_le_compat_l; [trivial|].
      assert (B := above_power u 62 ltac:(lra)). replace (INR 62) with 62 in B by (simpl; lra).
      assert (0 <= (1 + u) ^ 62) by (apply pow_le; lra). nra. }
  destruct (Rle_lt_dec (fl x - b) 0) as [Y|Y].
  - (* then the last rounding alone would have to be positive *)
    assert (Z0 : fl (fl x - b) <= 0).
    { unfold fl at 1. rewrite <- (round_0 radix2 (FLT_exp (-1074) 53) ZnearestE). apply round_le; [|apply valid_rnd_N|exact Y].
      apply FLT_exp_valid. reflexivity. }
    rewrite H2 in Z0. lra.
  - assert (A : (fl x - b) * (1 + e2) <= (x * (1 + u) + tiny - b) * (1 + u)).
    { apply Rle_trans with ((fl x - b) * (1 + u)); [apply Rmult_le_compat_l; lra|].
      apply Rmult_le_compat_r; lra. }
    nra.
Qed.

(** ** Double-double *)

Definition sum_high (a b : R) : R := fl (a + b).

Definition sum_low (a b : R) : R :=
  let sum := fl (a + b) in
  let part := fl (sum - a) in
  fl (fl (a - fl (sum - part)) + fl (b - part)).

Lemma even_is_symmetric x : negb (Z.even x) = negb (negb (Z.even (- (x + 1)))).
Proof. rewrite Z.even_opp, Z.even_add. simpl. now destruct (Z.even x). Qed.

(** Knuth's TwoSum. *)
Theorem two_sum_exact a b : binary64 a -> binary64 b -> sum_high a b + sum_low a b = a + b.
Proof.
  intros Ha Hb.
  apply (TwoSum_correct (-1074) 53 (fun x => negb (Z.even x)) eq_refl ltac:(lia) even_is_symmetric a b Ha Hb).
Qed.

Lemma fl_exact a : binary64 a -> fl a = a.
Proof. intros H. apply round_generic; [apply valid_rnd_N|exact H]. Qed.

(** Dekker's Fast2Sum, as written: b − (sum − a). *)
Theorem fast_two_sum_exact a b :
  binary64 a -> binary64 b -> Rabs b <= Rabs a \/ a = 0 ->
  sum_high a b + fl (b - fl (sum_high a b - a)) = a + b.
Proof.
  intros Ha Hb [H| ->].
  2: { unfold sum_high. rewrite Rplus_0_l, Rminus_0_r, !(fl_exact b Hb), Rminus_diag_eq by trivial.
    rewrite fl_exact by apply generic_format_0. ring. }
  assert (F := Fast2Sum_correct (-1074) 53 (fun x => negb (Z.even x)) eq_refl ltac:(lia) even_is_symmetric a b Ha Hb H).
  unfold sum_high, fl in *.
  replace (sum_high a b - a) with (- (a - sum_high a b)) by ring. unfold sum_high, fl.
  rewrite <- F at 3. f_equal. f_equal.
  rewrite <- (Ropp_minus_distr a), round_NE_opp. ring.
Qed.

(** The product with its error by one fused operation, barring underflow. *)
Theorem two_product_exact a b :
  binary64 a -> binary64 b -> (a * b <> 0 -> bpow radix2 (-969) <= Rabs (a * b)) ->
  fl (a * b) + fl (a * b - fl (a * b)) = a * b.
Proof.
  intros Ha Hb H.
  assert (F : binary64 (fl (a * b) - a * b)).
  { apply mult_error_FLT; trivial; [reflexivity|apply valid_rnd_N]. }
  apply generic_format_opp in F. rewrite Ropp_minus_distr in F.
  unfold fl at 2. rewrite round_generic; [ring|apply valid_rnd_N|exact F].
Qed.
