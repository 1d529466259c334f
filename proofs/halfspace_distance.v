(** The last steps of `Displacements::halfspace_distance` (geometry/displacements.cpp): from a gap and a direction
    that are known up to an error to a lower bound of the distance of a half-space, for binary64. *)

Require Import Reals ZArith Lia Lra Psatz.
From Flocq Require Import Core Mult_error.
Require Import RobustMetric.rounding RobustMetric.double_double.
Open Scope R_scope.

Local Instance digits : Prec_gt_0 53 := eq_refl.

(** 3 of the 4 u |gap| that the code adds to the error cover the rounding of gap − error, and one that of the sum. *)
Theorem gap_right gap error known G :
  binary64 gap -> binary64 error -> 0 <= known -> 0 <= error < gap ->
  known + 3 * u * gap <= error -> Rabs (gap - G) <= known -> 0 < fl (gap - error) <= G.
Proof.
  intros Bg Be K [L0 L] He HG. assert (U := u_value).
  assert (R0 := one_sum gap (- error) Bg (generic_format_opp _ _ _ Be)).
  fold (gap - error) in R0. rewrite (Rabs_pos_eq (gap - error)) in R0 by lra.
  apply Rabs_le_inv in R0, HG. assert (0 <= 3 * u * gap) by (rewrite U; lra).
  rewrite U in *. split; lra.
Qed.

(** What was computed with a few roundings, of which some may underflow, lies below its value after [down]. *)
Lemma down_underflow v computed :
  0 <= v -> 0 <= computed <= v * (1 + 8 * u) + bpow radix2 (-1000) -> 0 <= down computed <= v.
Proof.
  intros Hv [P Hc]. assert (U := u_value). unfold down. cbv zeta.
  set (x := computed * (1 - 128 * u)). set (b := bpow radix2 (-950)).
  destruct (Rlt_dec 0 (fl (fl x - b))) as [L|L]; [split; [lra|]|lra].
  assert (T : tiny <= b / 1000000 /\ bpow radix2 (-1000) <= b / 1000000 /\ 0 < tiny).
  { assert (S : forall e, (e <= -970)%Z -> bpow radix2 e <= b / 1000000).
    { intros e He. apply Rle_trans with (bpow radix2 (-970)); [now apply bpow_le|].
      unfold b. replace (-970)%Z with (-950 + -20)%Z by lia. rewrite bpow_plus.
      assert (0 < bpow radix2 (-950)) by apply bpow_gt_0. simpl (bpow radix2 (-20)). nra. }
    repeat split; [apply S; lia|apply S; lia|apply bpow_gt_0]. }
  destruct T as (T1 & T2 & T3).
  assert (X0 : 0 <= x) by (unfold x; rewrite U; lra).
  assert (E1 := error_of_one x). rewrite (Rabs_pos_eq x X0) in E1.
  assert (E2 := error_of_one (fl x - b)). apply Rabs_le_inv in E1, E2.
  assert (X1 : x <= v * (1 - 100 * u) + b / 1000000).
  { apply Rle_trans with ((v * (1 + 8 * u) + b / 1000000) * (1 - 128 * u)).
    - unfold x. apply Rmult_le_compat_r; [rewrite U; lra|lra].
    - rewrite U. lra. }
  unfold Rabs in E2. destruct (Rcase_abs (fl x - b)) as [N|N].
  - exfalso. assert (fl (fl x - b) <= 0); [|lra].
    unfold fl at 1. rewrite <- (round_0 radix2 (FLT_exp (-1074) 53) ZnearestE).
    apply round_le; [now apply FLT_exp_valid|apply valid_rnd_N|lra].
  - rewrite U in *. lra.
Qed.

(** lower = down(gap / (2 longest)), for a numerator of at most the true gap and longest at least the true length. *)
Theorem halfspace_lower gap longest G length :
  binary64 longest -> 0 <= gap <= G -> 0 < length <= longest ->
  0 <= down (fl (gap / fl (2 * longest))) <= G / (2 * length).
Proof.
  intros Bl [Hg HG] [Hl HL]. assert (U := u_value).
  assert (T : tiny <= bpow radix2 (-1000)) by (apply bpow_le; lia).
  (* the divisor is exact *)
  rewrite (fl_exact (2 * longest)).
  2: { rewrite Rmult_comm. change 2 with (bpow radix2 1).
    apply mult_bpow_pos_exact_FLT; [exact Bl|lia]. }
  set (q := gap / (2 * longest)).
  assert (I1 : 0 < / (2 * longest)) by (apply Rinv_0_lt_compat; lra).
  assert (I2 : / (2 * longest) <= / (2 * length)) by (apply Rinv_le_contravar; lra).
  assert (Q0 : 0 <= q) by (unfold q, Rdiv; now apply Rmult_le_pos; [|left]).
  assert (Q : q <= G / (2 * length)) by (unfold q, Rdiv; apply Rmult_le_compat; lra).
  assert (E := error_of_one q). rewrite (Rabs_pos_eq q Q0) in E. apply Rabs_le_inv in E.
  apply down_underflow; [lra|]. split.
  - unfold fl. rewrite <- (round_0 radix2 (FLT_exp (-1074) 53) ZnearestE).
    apply round_le; [now apply FLT_exp_valid|apply valid_rnd_N|exact Q0].
  - rewrite U in *. lra.
Qed.
