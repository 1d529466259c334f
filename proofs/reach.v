(** Whether 2 a·δ stays below a number for every perturbation that costs less than the radius, in integers.

    Lengths are in units of s = 2^e. Costs are inverted to [bits] binary places, rounded up. *)

Require Import Reals ZArith List Bool Lra Lia Psatz.
Require Import RobustMetric.vectors RobustMetric.threat_models RobustMetric.integers.
Import ListNotations.
Open Scope R_scope.

Record reach := {
  norm_is : norm;
  bits : Z;
  inverse : list Z;
  radius_is : option (Z * Z) (* numerator and denominator, in units of s; none: infinite *)
}.

(** ⌈2^bits / w⌉ *)
Definition inverse_of (bits : Z) (w : float) : Z :=
  if (bits <? snd w)%Z then 1%Z
  else ((2 ^ (bits - snd w) + fst w - 1) / fst w)%Z.

Definition inverses (bits : Z) (W : list (option float)) : list Z :=
  map (fun w => match w with Some w => inverse_of bits w | None => 0%Z end) W.

Definition costs_valid (W : list (option float)) : bool :=
  forallb (fun w => match w with Some w => (0 <? fst w)%Z | None => true end) W.

Definition cost_values (W : list (option float)) : feature_costs := map (option_map value) W.

Fixpoint scaled (bits : Z) (inverse a : list Z) : list Z :=
  match inverse, a with
  | i :: inverse', x :: a' => (i * x)%Z :: scaled bits inverse' a'
  | [], _ => map (fun x => Z.shiftl x bits) a
  | _, [] => []
  end.

Definition max_size (a : list Z) : Z := fold_right (fun x m => Z.max (Z.abs x) m) 0%Z a.
Definition sum_sizes (a : list Z) : Z := fold_right (fun x m => (Z.abs x + m)%Z) 0%Z a.

(** ‖W⁻¹a‖_q rounded up, in units of 2^-bits *)
Definition dual_size (r : reach) (a : list Z) : Z :=
  let u := scaled (bits r) (inverse r) a in
  match norm_is r with
  | One => max_size u
  | Two => (Z.sqrt (zdot u u) + 1)%Z
  | Infinity => sum_sizes u
  end.

Definition within_length (r : reach) (gap length : Z) : bool :=
  match radius_is r with
  | None => false
  | Some (num, den) => (2 * num * length <=? Z.shiftl (gap * den) (bits r))%Z
  end.

(** The same for the square of that length *)
Definition within_square (r : reach) (gap square : Z) : bool :=
  match radius_is r with
  | None => false
  | Some (num, den) =>
      let left := (2 * num)%Z in
      let right := Z.shiftl (gap * den) (bits r) in
      (left * left * square <=? right * right)%Z
  end.

(** a is 0 on all features that may move. *)
Definition unmoved (r : reach) (a : list Z) : bool := forallb (Z.eqb 0) (scaled (bits r) (inverse r) a).

Definition stays_below (r : reach) (gap : Z) (a : list Z) : bool :=
  let u := scaled (bits r) (inverse r) a in
  match radius_is r with
  | None => unmoved r a
  | Some (num, den) =>
      let left := (2 * num)%Z in
      let right := Z.shiftl (gap * den) (bits r) in
      match norm_is r with
      | One => (left * max_size u <=? right)%Z
      | Two => within_square r gap (zdot u u)
      | Infinity => (left * sum_sizes u <=? right)%Z
      end
  end.

Lemma two_mono a b : (a <= b)%Z -> two a <= two b.
Proof.
  intros H. replace b with (a + (b - a))%Z by lia. rewrite two_add, (two_IZR (b - a)) by lia.
  assert (1 <= IZR (2 ^ (b - a))).
  { apply IZR_le. assert (0 < 2 ^ (b - a))%Z by (apply Z.pow_pos_nonneg; lia). lia. }
  assert (P := two_pos a). nra.
Qed.

Lemma inverse_of_large bits w : (0 < fst w)%Z -> two bits <= IZR (inverse_of bits w) * value w.
Proof.
  intros H. unfold inverse_of, value. destruct (Z.ltb_spec bits (snd w)) as [L|L].
  - assert (1 <= IZR (fst w)) by (apply IZR_le; lia).
    assert (P := two_mono bits (snd w) ltac:(lia)). assert (Q := two_pos (snd w)). nra.
  - set (m := fst w) in *. set (p := (2 ^ (bits - snd w))%Z).
    assert (E : (p <= (p + m - 1) / m * m)%Z).
    { assert (M := Z.mod_pos_bound (p + m - 1) m H). assert (D := Z.div_mod (p + m - 1) m ltac:(lia)). lia. }
    apply IZR_le in E. rewrite mult_IZR in E. unfold p in E at 1. rewrite <- two_IZR in E by lia.
    replace bits with ((bits - snd w) + snd w)%Z at 1 by lia. rewrite two_add.
    assert (Q := two_pos (snd w)). nra.
Qed.

Lemma max_size_norm a : IZR (max_size a) = norm_inf (reals a).
Proof.
  induction a as [|x a IH]; [trivial|].
  change (norm_inf (reals (x :: a))) with (Rmax (Rabs (IZR x)) (norm_inf (reals a))).
  change (max_size (x :: a)) with (Z.max (Z.abs x) (max_size a)).
  rewrite <- IH, Rabs_Zabs. unfold Rmax. destruct (Rle_dec _ _) as [H|H].
  - apply le_IZR in H. f_equal. lia.
  - f_equal. apply Z.max_l. apply Rnot_le_lt, lt_IZR in H. lia.
Qed.

Lemma sum_sizes_norm a : IZR (sum_sizes a) = norm1 (reals a).
Proof.
  induction a as [|x a IH]; [trivial|].
  change (norm1 (reals (x :: a))) with (Rabs (IZR x) + norm1 (reals a)).
  change (sum_sizes (x :: a)) with (Z.abs x + sum_sizes a)%Z.
  now rewrite plus_IZR, IH, Rabs_Zabs.
Qed.

Lemma scaled_large bits W a :
  (0 <= bits)%Z -> costs_valid W = true ->
  Forall2 (fun x y => Rabs x <= Rabs y)
    (scale (two bits) (unweighted (cost_values W) (reals a)))
    (reals (scaled bits (inverses bits W) a)).
Proof.
  intros Hb. revert a; induction W as [|w W IH]; intros a HW.
  - simpl. clear HW. induction a as [|x a IH]; simpl; constructor; trivial.
    rewrite Z.shiftl_mul_pow2, mult_IZR, <- two_IZR by trivial. rewrite Rmult_comm. apply Rle_refl.
  - destruct a as [|x a]; [destruct w; simpl; constructor|].
    simpl in HW. apply andb_true_iff in HW as [Hw HW].
    destruct w as [w|]; simpl; constructor; try (apply IH; exact HW).
    + apply Z.ltb_lt in Hw. assert (L := inverse_of_large bits w Hw).
      assert (V : 0 < value w) by (unfold value; apply Rmult_lt_0_compat; [now apply IZR_lt|apply two_pos]).
      unfold Rdiv. rewrite mult_IZR, !Rabs_mult.
      assert (I : 0 < / value w) by now apply Rinv_0_lt_compat.
      rewrite (Rabs_pos_eq (two bits)), (Rabs_pos_eq (/ value w)) by
        (try (left; exact I); left; apply two_pos).
      assert (A := Rabs_pos (IZR x)).
      assert (G : two bits * / value w <= IZR (inverse_of bits w)).
      { apply Rmult_le_reg_r with (value w); [trivial|]. rewrite Rmult_assoc, Rinv_l by lra. lra. }
      apply Rle_trans with (IZR (inverse_of bits w) * Rabs (IZR x)).
      * replace (two bits * (Rabs (IZR x) * / value w)) with (two bits * / value w * Rabs (IZR x)) by ring.
        now apply Rmult_le_compat_r.
      * apply Rmult_le_compat_r; [trivial|apply Rle_abs].
    + rewrite Rmult_0_r. apply Rle_refl.
Qed.

Section Sound.

Variables (W : list (option float)) (r : reach) (s : R) (delta : vector).
Hypothesis valid : costs_valid W = true.
Hypothesis places : (0 <= bits r)%Z.
Hypothesis inverted : inverse r = inverses (bits r) W.
Hypothesis unit_pos : 0 < s.
Hypothesis still : frozen_still (cost_values W) delta.
Hypothesis cheap :
  match radius_is r with
  | None => True
  | Some (num, den) => (0 < den)%Z /\ cost (norm_is r) (cost_values W) delta * IZR den < s * IZR num
  end.

Let size a := dual_length (norm_is r) (reals (scaled (bits r) (inverse r) a)).
Let c := cost (norm_is r) (cost_values W) delta.

Lemma positive_costs : all_positive (cost_values W).
Proof.
  unfold all_positive, cost_values. rewrite Forall_forall. intros w Hw. apply in_map_iff in Hw.
  destruct Hw as ([w'|] & <- & Hw); simpl; [|trivial].
  assert (H := proj1 (forallb_forall _ _) valid _ Hw). simpl in H. apply Z.ltb_lt in H.
  unfold value. apply Rmult_lt_0_compat; [now apply IZR_lt|apply two_pos].
Qed.

Lemma reach_scaled a : two (bits r) * Rabs (dot (reals a) delta) <= size a * c.
Proof.
  rewrite (dot_unweighted (cost_values W)) by (exact still || apply positive_costs).
  assert (P := two_pos (bits r)).
  rewrite <- (Rabs_pos_eq (two (bits r))) by lra. rewrite <- Rabs_mult, <- dot_scale_l.
  apply Rle_trans with (1 := dual_bound (norm_is r) _ _).
  apply Rmult_le_compat_r; [apply length_nonneg|].
  unfold size. rewrite inverted. apply dual_length_mono, scaled_large; trivial.
Qed.

Lemma far_enough (x U : R) (gap num den : Z) :
  radius_is r = Some (num, den) -> (0 < gap)%Z -> 0 <= U ->
  two (bits r) * x <= U * c -> 2 * IZR num * U <= IZR gap * IZR den * two (bits r) ->
  2 * x < s * IZR gap.
Proof.
  intros Hr Hg HU Hx Hn. assert (Ch := cheap). rewrite Hr in Ch. destruct Ch as [Hden Hc].
  apply IZR_lt in Hg, Hden. assert (P := two_pos (bits r)). fold c in Hc.
  assert (Hc0 : 0 <= c) by apply length_nonneg.
  destruct HU as [HU|<-].
  - apply Rmult_lt_reg_r with (two (bits r) * IZR den); [nra|].
    assert (A : 2 * (two (bits r) * x) * IZR den <= 2 * (U * c) * IZR den) by
      (apply Rmult_le_compat_r; lra).
    assert (B : 2 * U * (c * IZR den) < 2 * U * (s * IZR num)) by (apply Rmult_lt_compat_l; lra).
    assert (C : s * (2 * IZR num * U) <= s * (IZR gap * IZR den * two (bits r))) by
      (apply Rmult_le_compat_l; lra).
    lra.
  - assert (x <= 0) by nra. assert (0 < s * IZR gap) by nra. lra.
Qed.

Lemma dual_size_large a : size a <= IZR (dual_size r a).
Proof.
  unfold size, dual_size. set (u := scaled _ _ _). destruct (norm_is r); simpl.
  - rewrite max_size_norm. apply Rle_refl.
  - assert (H := dot_self_nonneg (reals u)). rewrite <- reals_dot in H. apply le_IZR in H.
    assert (S := Z.sqrt_spec (zdot u u) H). unfold Z.succ in S.
    assert (P := Z.sqrt_nonneg (zdot u u)). set (q := Z.sqrt (zdot u u)) in *.
    unfold norm2. rewrite <- reals_dot.
    rewrite <- (sqrt_square (IZR (q + 1))) by (apply IZR_le; lia).
    apply sqrt_le_1_alt. rewrite <- mult_IZR. apply IZR_le. lia.
  - rewrite sum_sizes_norm. apply Rle_refl.
Qed.

Lemma shifted gap den : IZR (Z.shiftl (gap * den) (bits r)) = IZR gap * IZR den * two (bits r).
Proof. rewrite Z.shiftl_mul_pow2, !mult_IZR, <- two_IZR by exact places. trivial. Qed.

(** The triangle inequality, for the difference of two vectors whose lengths are known. *)
Lemma within_length_right gap a b :
  (0 < gap)%Z -> 0 < s -> within_length r gap (dual_size r a + dual_size r b) = true ->
  2 * (dot (reals a) delta - dot (reals b) delta) < s * IZR gap.
Proof.
  intros Hg _ H. unfold within_length in H. revert H. case_eq (radius_is r); [intros (num & den) E H|discriminate].
  apply Z.leb_le, IZR_le in H. rewrite shifted, mult_IZR, mult_IZR, plus_IZR in H.
  apply far_enough with (U := IZR (dual_size r a) + IZR (dual_size r b)) (num := num) (den := den); trivial.
  - assert (A := dual_size_large a). assert (B := dual_size_large b).
    assert (A0 := dual_length_nonneg (norm_is r) (reals (scaled (bits r) (inverse r) a))).
    assert (B0 := dual_length_nonneg (norm_is r) (reals (scaled (bits r) (inverse r) b))).
    unfold size in *. lra.
  - assert (A := reach_scaled a). assert (B := reach_scaled b).
    assert (A1 := dual_size_large a). assert (B1 := dual_size_large b).
    assert (Hc0 : 0 <= c) by apply length_nonneg. assert (P := two_pos (bits r)).
    assert (A2 := Rle_abs (dot (reals a) delta)). assert (B2 := Rle_abs (- dot (reals b) delta)).
    rewrite Rabs_Ropp in B2.
    assert (size a * c <= IZR (dual_size r a) * c) by now apply Rmult_le_compat_r.
    assert (size b * c <= IZR (dual_size r b) * c) by now apply Rmult_le_compat_r.
    assert (two (bits r) * dot (reals a) delta <= two (bits r) * Rabs (dot (reals a) delta)) by
      (apply Rmult_le_compat_l; lra).
    assert (two (bits r) * - dot (reals b) delta <= two (bits r) * Rabs (dot (reals b) delta)) by
      (apply Rmult_le_compat_l; lra).
    lra.
Qed.

Lemma unmoved_right a : unmoved r a = true -> dot (reals a) delta = 0.
Proof.
  intros H. unfold unmoved in H. assert (P := two_pos (bits r)).
  assert (Z : size a = 0).
  { unfold size. assert (G : forall u, forallb (Z.eqb 0) u = true -> norm_inf (reals u) = 0 /\ norm1 (reals u) = 0 /\ dot (reals u) (reals u) = 0).
    { induction u as [|x u IH]; [simpl; auto|]. intros G.
      change ((0 =? x)%Z && forallb (Z.eqb 0) u = true) in G. apply andb_true_iff in G as [G1 G2].
      apply Z.eqb_eq in G1. subst x. destruct (IH G2) as (I1 & I2 & I3).
      change (norm_inf (reals (0%Z :: u))) with (Rmax (Rabs 0) (norm_inf (reals u))).
      change (norm1 (reals (0%Z :: u))) with (Rabs 0 + norm1 (reals u)).
      change (dot (reals (0%Z :: u)) (reals (0%Z :: u))) with (0 * 0 + dot (reals u) (reals u)).
      rewrite I1, I2, I3, Rabs_R0, Rmax_left; lra. }
    destruct (G _ H) as (G1 & G2 & G3). destruct (norm_is r); simpl; trivial.
    unfold norm2. rewrite G3. apply sqrt_0. }
  assert (B := reach_scaled a). rewrite Z, Rmult_0_l in B.
  assert (A := Rabs_pos (dot (reals a) delta)).
  assert (E : Rabs (dot (reals a) delta) = 0) by nra.
  destruct (Req_dec (dot (reals a) delta) 0) as [|N]; [trivial|]. now apply Rabs_no_R0 in N.
Qed.

Theorem stays_below_right gap a :
  (0 < gap)%Z -> stays_below r gap a = true -> 2 * dot (reals a) delta < s * IZR gap.
Proof.
  intros Hg H. unfold stays_below in H.
  assert (P := two_pos (bits r)). assert (Hc0 : 0 <= c) by apply length_nonneg.
  assert (Hx : two (bits r) * dot (reals a) delta <= size a * c).
  { apply Rle_trans with (2 := reach_scaled a), Rmult_le_compat_l; [lra|apply Rle_abs]. }
  revert H. case_eq (radius_is r); [intros (num & den) E H|intros E H].
  - apply far_enough with (U := size a) (num := num) (den := den); trivial; [apply dual_length_nonneg|].
    unfold size. unfold within_square in H. rewrite E in H. cbv zeta in H.
    destruct (norm_is r); apply Z.leb_le, IZR_le in H; simpl.
    + rewrite shifted, !mult_IZR, max_size_norm in H. exact H.
    + rewrite (mult_IZR _ (zdot _ _)), (mult_IZR (Z.shiftl _ _)), (mult_IZR (2 * num)), shifted, mult_IZR in H.
      assert (D : (0 < den)%Z) by (assert (Ch := cheap); rewrite E in Ch; tauto).
      apply IZR_lt in Hg, D.
      assert (0 < IZR gap * IZR den * two (bits r)) by (repeat apply Rmult_lt_0_compat; trivial).
      apply Rnot_lt_le. intros L. rewrite reals_dot, <- norm2_squared in H.
      assert (Q := norm2_nonneg (reals (scaled (bits r) (inverse r) a))). nra.
    + rewrite shifted, !mult_IZR, sum_sizes_norm in H. exact H.
  - rewrite (unmoved_right a H). apply IZR_lt in Hg. nra.
Qed.

End Sound.
