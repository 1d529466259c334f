(** The last steps of `CostSpace::reach_one`, `reach_infinity` and `reach_two` (geometry/cost_space.cpp) for binary64:
    what they answer lies below the answer over the reals for the price, the set or the multiplier they chose. That each
    of these bounds the reach of a half-space in a box is in box_bounds.v. *)

Require Import Reals ZArith Lia Lra Psatz.
From Flocq Require Import Core.
Require Import RobustMetric.rounding RobustMetric.double_double RobustMetric.halfspace_distance.
Open Scope R_scope.

Local Instance digits : Prec_gt_0 53 := eq_refl.

Lemma fl_nonneg x : 0 <= x -> 0 <= fl x.
Proof.
  intros H. unfold fl. rewrite <- (round_0 radix2 (FLT_exp (-1074) 53) ZnearestE).
  apply round_le; [now apply FLT_exp_valid|apply valid_rnd_N|exact H].
Qed.

(** reach_one, reach_infinity: (offset − gain) / (slope + error), gain and slope of at least their true values. *)
Theorem quotient_lower offset gain slope error Gain Slope :
  binary64 offset -> binary64 gain -> binary64 slope -> binary64 error ->
  Gain <= gain <= offset -> 0 <= Slope <= slope -> 0 <= error -> 0 < Slope + error ->
  0 <= down (fl (fl (offset - gain) / fl (slope + error))) <= (offset - Gain) / (Slope + error).
Proof.
  intros Bo Bg Bs Be [HG Hg] [HS Hs] He Hp. assert (U := u_value).
  assert (T : tiny <= bpow radix2 (-1000)) by (apply bpow_le; lia).
  assert (R1 := one_sum offset (- gain) Bo (generic_format_opp _ _ _ Bg)). fold (offset - gain) in R1.
  rewrite (Rabs_pos_eq (offset - gain)) in R1 by lra. apply Rabs_le_inv in R1.
  assert (R2 := one_sum slope error Bs Be). rewrite (Rabs_pos_eq (slope + error)) in R2 by lra. apply Rabs_le_inv in R2.
  set (top := fl (offset - gain)) in *. set (bottom := fl (slope + error)) in *.
  set (V := (offset - Gain) / (Slope + error)).
  assert (Ht : 0 <= top) by (apply fl_nonneg; lra).
  assert (Hb : (Slope + error) * (1 - u) <= bottom) by (rewrite U in *; lra).
  assert (Pb : 0 < (Slope + error) * (1 - u)) by (apply Rmult_lt_0_compat; rewrite ?U; lra).
  assert (V0 : 0 <= V) by (unfold V, Rdiv; apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]).
  assert (Vx : V * (Slope + error) = offset - Gain) by (unfold V, Rdiv; rewrite Rmult_assoc, Rinv_l; lra).
  assert (Q : top / bottom <= V * (1 + 4 * u)).
  { apply Rmult_le_reg_r with bottom; [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    apply Rle_trans with (V * (1 + 4 * u) * ((Slope + error) * (1 - u))).
    - replace (V * (1 + 4 * u) * ((Slope + error) * (1 - u))) with (V * (Slope + error) * ((1 + 4 * u) * (1 - u))) by ring.
      rewrite Vx. apply Rle_trans with ((offset - Gain) * (1 + u)); [rewrite U in *; lra|].
      apply Rmult_le_compat_l; [lra|]. rewrite U. lra.
    - apply Rmult_le_compat_l; [|exact Hb]. apply Rmult_le_pos; [trivial|rewrite U; lra]. }
  assert (Q0 : 0 <= top / bottom) by (unfold Rdiv; apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
  apply down_underflow; [trivial|]. split; [now apply fl_nonneg|].
  assert (E := error_of_one (top / bottom)). rewrite (Rabs_pos_eq _ Q0) in E. apply Rabs_le_inv in E.
  rewrite U in *. lra.
Qed.

(** ** reach_two, where nothing underflows: what may is in section 9 of docs/rounding.md *)

Definition rounded (x y : R) : Prop := Rabs (y - x) <= u * Rabs x.

Lemma rounded_nonneg x y : rounded x y -> 0 <= x -> x * (1 - u) <= y <= x * (1 + u).
Proof. unfold rounded. intros H P. rewrite (Rabs_pos_eq x P) in H. apply Rabs_le_inv in H. lra. Qed.

(** value = μ b (1 − 2^-51) − harm, harm of at least Σ h_j(μ), is below φ(μ) = μ b − Σ h_j(μ). *)
Theorem value_lower reached Harm harm product kept value :
  0 <= reached -> Harm <= harm -> 0 <= harm -> harm < kept ->
  rounded reached product -> rounded (product * (1 - 4 * u)) kept -> rounded (kept - harm) value ->
  value <= reached - Harm.
Proof.
  intros P HH H0 Hk R1 R2 R3. assert (U := u_value).
  apply rounded_nonneg in R1; [|trivial]. apply rounded_nonneg in R3; [|lra].
  assert (P1 : 0 <= product) by (apply Rle_trans with (2 := proj1 R1), Rmult_le_pos; rewrite ?U; lra).
  apply rounded_nonneg in R2; [|apply Rmult_le_pos; rewrite ?U; lra].
  assert (K : kept * (1 + u) <= reached).
  { apply Rle_trans with (reached * (1 + u) * (1 - 4 * u) * (1 + u) * (1 + u)).
    - apply Rmult_le_compat_r; [rewrite U; lra|]. apply Rle_trans with (1 := proj2 R2).
      apply Rmult_le_compat_r; [rewrite U; lra|]. apply Rmult_le_compat_r; [rewrite U; lra|]. apply R1.
    - rewrite <- (Rmult_1_r reached) at 2. rewrite !Rmult_assoc. apply Rmult_le_compat_l; [trivial|]. rewrite U. lra. }
  assert (0 <= u * harm) by (apply Rmult_le_pos; [rewrite U; lra|trivial]). lra.
Qed.

(** 2 value / (slack + √(slack² + 2 value)) is the root of ½R² + s R = value, up to 8 u. *)
Theorem root_lower s value slack square squares root whole R0 :
  0 <= s -> 0 < value ->
  rounded s slack -> rounded (slack * slack) square -> rounded (square + 2 * value) squares ->
  rounded (sqrt squares) root -> rounded (slack + root) whole -> rounded (2 * value / whole) R0 ->
  exists R, 0 <= R /\ R * R / 2 + s * R = value /\ R0 <= R * (1 + 8 * u).
Proof.
  intros Ps Pv H1 H2 H3 H4 H5 H6. assert (U := u_value).
  set (t := sqrt (s * s + 2 * value)).
  assert (Ss : 0 <= s * s) by now apply Rmult_le_pos.
  assert (T2 : t * t = s * s + 2 * value) by (apply sqrt_sqrt; lra).
  assert (T0 : 0 < t) by (apply sqrt_lt_R0; lra).
  assert (Ts : s < t) by (apply Rnot_le_lt; intros L; assert (t * t <= s * s) by (apply Rmult_le_compat; lra); lra).
  set (f := 1 - u). assert (F : 0 < f < 1) by (unfold f; rewrite U; lra).
  apply rounded_nonneg in H1; [|trivial]. fold f in H1.
  assert (P1 : 0 <= s * f) by (apply Rmult_le_pos; lra).
  assert (S0 : 0 <= slack) by lra.
  apply rounded_nonneg in H2; [|now apply Rmult_le_pos]. fold f in H2.
  assert (S2 : s * f * (s * f) <= slack * slack) by (apply Rmult_le_compat; lra).
  assert (P2 : s * s * f * f * f <= square).
  { apply Rle_trans with (2 := proj1 H2). replace (s * s * f * f * f) with (s * f * (s * f) * f) by ring.
    apply Rmult_le_compat_r; lra. }
  assert (Q0 : 0 <= s * s * f * f * f) by (repeat apply Rmult_le_pos; lra).
  apply rounded_nonneg in H3; [|lra]. fold f in H3.
  assert (P3 : (t * f * f) * (t * f * f) <= squares).
  { apply Rle_trans with (2 := proj1 H3).
    replace (t * f * f * (t * f * f)) with (t * t * (f * f * f) * f) by ring. rewrite T2.
    apply Rmult_le_compat_r; [lra|].
    assert (f * f * f <= 1) by nra.
    replace ((s * s + 2 * value) * (f * f * f)) with (s * s * f * f * f + 2 * value * (f * f * f)) by ring.
    assert (2 * value * (f * f * f) <= 2 * value * 1) by (apply Rmult_le_compat_l; lra). lra. }
  assert (Q1 : 0 <= t * f * f) by (repeat apply Rmult_le_pos; lra).
  assert (P4 : t * f * f <= sqrt squares).
  { rewrite <- (sqrt_square (t * f * f)) by trivial. now apply sqrt_le_1_alt. }
  apply rounded_nonneg in H4; [|lra]. fold f in H4.
  assert (P5 : t * f * f * f <= root) by (apply Rle_trans with (2 := proj1 H4), Rmult_le_compat_r; lra).
  assert (Q2 : 0 <= t * f * f * f) by (apply Rmult_le_pos; lra).
  apply rounded_nonneg in H5; [|lra]. fold f in H5.
  assert (P6 : (s + t) * (f * f * f * f) <= whole).
  { apply Rle_trans with (2 := proj1 H5).
    replace ((s + t) * (f * f * f * f)) with ((s * f * (f * f) + t * f * f * f) * f) by ring.
    apply Rmult_le_compat_r; [lra|]. assert (f * f <= 1) by nra.
    assert (s * f * (f * f) <= s * f * 1) by (apply Rmult_le_compat_l; lra). lra. }
  set (g := f * f * f * f) in *. assert (G : 0 < g) by (unfold g; repeat apply Rmult_lt_0_compat; lra).
  assert (W : 0 < (s + t) * g) by (apply Rmult_lt_0_compat; lra).
  exists (t - s). split; [lra|]. split; [|].
  { replace ((t - s) * (t - s) / 2 + s * (t - s)) with ((t * t - s * s) / 2) by field. lra. }
  assert (D : 0 <= 2 * value / whole) by (unfold Rdiv; apply Rmult_le_pos; [lra|left; apply Rinv_0_lt_compat; lra]).
  apply rounded_nonneg in H6; [|trivial]. apply Rle_trans with (1 := proj2 H6).
  assert (E : 2 * value = (t - s) * (s + t)) by lra.
  assert (V : 2 * value / whole <= (t - s) / g).
  { apply Rmult_le_reg_r with whole; [lra|]. unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
    rewrite E. apply Rle_trans with ((t - s) / g * ((s + t) * g)).
    - right. field. lra.
    - apply Rmult_le_compat_l; [|exact P6]. unfold Rdiv. apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]. }
  apply Rle_trans with ((t - s) / g * (1 + u)); [apply Rmult_le_compat_r; [rewrite U; lra|exact V]|].
  unfold Rdiv. rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|].
  apply Rmult_le_reg_l with g; [trivial|]. rewrite <- Rmult_assoc, Rinv_r by lra.
  unfold g, f. rewrite U. lra.
Qed.
