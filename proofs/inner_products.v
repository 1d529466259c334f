(** Inner products in any order, with or without fused multiply-add: the γ of section 2 of docs/rounding.md, for
    the BLAS, the kernels and their lanes, and sums of non-negative terms. *)

Require Import Reals ZArith Lia Lra Psatz.
From Flocq Require Import Core.
Require Import RobustMetric.rounding RobustMetric.double_double.
Open Scope R_scope.

(** How a sum of products may be computed. A plain number is a product with 1. *)
Inductive order :=
  | Nothing
  | Product (a b : R)
  | Sum (s t : order)
  | Fused (a b : R) (t : order).

Fixpoint computed (s : order) : R :=
  match s with
  | Nothing => 0
  | Product a b => fl (a * b)
  | Sum s t => fl (computed s + computed t)
  | Fused a b t => fl (a * b + computed t)
  end.

Fixpoint exact (s : order) : R :=
  match s with
  | Nothing => 0
  | Product a b => a * b
  | Sum s t => exact s + exact t
  | Fused a b t => a * b + exact t
  end.

(** Σ |a_i b_i| *)
Fixpoint size (s : order) : R :=
  match s with
  | Nothing => 0
  | Product a b => Rabs (a * b)
  | Sum s t => size s + size t
  | Fused a b t => Rabs (a * b) + size t
  end.

Fixpoint products (s : order) : nat :=
  match s with
  | Nothing => 0
  | Product _ _ => 1
  | Sum s t => products s + products t
  | Fused _ _ t => S (products t)
  end.

(** How many roundings a term passes at most. *)
Fixpoint roundings (s : order) : nat :=
  match s with
  | Nothing => 0
  | Product _ _ => 1
  | Sum s t => S (Nat.max (roundings s) (roundings t))
  | Fused _ _ t => S (roundings t)
  end.

Lemma computed_binary64 s : binary64 (computed s).
Proof. destruct s; simpl; [apply generic_format_0|apply fl_binary64..]. Qed.

Lemma size_nonneg s : 0 <= size s.
Proof.
  induction s as [|a b|s IHs t IHt|a b t IHt]; simpl; try lra; try apply Rabs_pos.
  assert (P := Rabs_pos (a * b)). lra.
Qed.

Lemma size_exact s : Rabs (exact s) <= size s.
Proof.
  induction s as [|a b|s IHs t IHt|a b t IHt]; simpl; try lra; [rewrite Rabs_R0; lra|..];
    apply Rle_trans with (1 := Rabs_triang _ _); lra.
Qed.

Lemma power_grows m n : (m <= n)%nat -> 1 <= (1 + u) ^ m <= (1 + u) ^ n.
Proof.
  intros H. assert (U := u_small). split; [apply pow_R1_Rle; lra|]. apply Rle_pow; [lra|trivial].
Qed.

(** With f = (1 + u)^n for n roundings: (f − 1) Σ |a_i b_i|, and tiny for each product that underflows. *)
Theorem any_order s n :
  (roundings s <= n)%nat ->
  Rabs (computed s - exact s) <= ((1 + u) ^ n - 1) * size s + (1 + u) ^ n * INR (products s) * tiny.
Proof.
  assert (U := u_small). assert (T : 0 < tiny) by apply bpow_gt_0.
  revert n. induction s as [|a b|s IHs t IHt|a b t IHt]; intros n Hn; simpl computed; simpl exact; simpl size.
  - simpl. rewrite Rminus_0_r, Rabs_R0. lra.
  - simpl in Hn. simpl INR. assert (E := error_of_one (a * b)).
    assert (P := power_grows 1 n Hn). simpl in P. rewrite Rmult_1_r in P.
    assert (Z := Rabs_pos (a * b)). nra.
  - simpl in Hn. destruct n as [|n]; [lia|]. specialize (IHs n ltac:(lia)). specialize (IHt n ltac:(lia)).
    simpl products. rewrite plus_INR.
    assert (P := power_grows n n (le_n n)). simpl pow. set (f := (1 + u) ^ n) in *.
    assert (R := one_sum _ _ (computed_binary64 s) (computed_binary64 t)).
    set (x := computed s) in *. set (y := computed t) in *. set (X := exact s) in *. set (Y := exact t) in *.
    assert (Sx := size_exact s). assert (Sy := size_exact t). fold X in Sx. fold Y in Sy.
    assert (B : Rabs (x + y) <= Rabs (x - X) + Rabs (y - Y) + (size s + size t)).
    { replace (x + y) with ((x - X) + (y - Y) + (X + Y)) by ring.
      apply Rle_trans with (1 := Rabs_triang _ _). assert (Q := Rabs_triang (x - X) (y - Y)).
      assert (Q' := Rabs_triang X Y). lra. }
    assert (G : Rabs (fl (x + y) - (X + Y)) <= u * Rabs (x + y) + (Rabs (x - X) + Rabs (y - Y))).
    { replace (fl (x + y) - (X + Y)) with ((fl (x + y) - (x + y)) + ((x - X) + (y - Y))) by ring.
      apply Rle_trans with (1 := Rabs_triang _ _). assert (Q := Rabs_triang (x - X) (y - Y)). lra. }
    apply Rle_trans with (1 := G).
    apply Rle_trans with ((1 + u) * (Rabs (x - X) + Rabs (y - Y)) + u * (size s + size t)); [nra|].
    apply Rle_trans with ((1 + u) * ((f - 1) * size s + f * INR (products s) * tiny
      + ((f - 1) * size t + f * INR (products t) * tiny)) + u * (size s + size t)); [nra|]. lra.
  - simpl in Hn. destruct n as [|n]; [lia|]. specialize (IHt n ltac:(lia)).
    cbn [products]. rewrite S_INR.
    assert (P := power_grows n n (le_n n)). simpl pow. set (f := (1 + u) ^ n) in *.
    set (y := computed t) in *. set (Y := exact t) in *. assert (Sy := size_exact t). fold Y in Sy.
    set (p := a * b). assert (E := error_of_one (p + y)).
    assert (B : Rabs (p + y) <= Rabs p + Rabs (y - Y) + size t).
    { replace (p + y) with (p + ((y - Y) + Y)) by ring. apply Rle_trans with (1 := Rabs_triang _ _).
      assert (Q := Rabs_triang (y - Y) Y). lra. }
    assert (G : Rabs (fl (p + y) - (p + Y)) <= u * Rabs (p + y) + tiny + Rabs (y - Y)).
    { replace (fl (p + y) - (p + Y)) with ((fl (p + y) - (p + y)) + (y - Y)) by ring.
      apply Rle_trans with (1 := Rabs_triang _ _). lra. }
    apply Rle_trans with (1 := G).
    assert (Z := Rabs_pos p). assert (N : 0 <= INR (products t)) by apply pos_INR.
    apply Rle_trans with ((1 + u) * Rabs (y - Y) + u * (Rabs p + size t) + tiny); [nra|].
    apply Rle_trans with ((1 + u) * ((f - 1) * size t + f * INR (products t) * tiny) + u * (Rabs p + size t) + tiny); [nra|].
    assert (0 <= (1 + u) * (f - 1) * Rabs p) by (repeat apply Rmult_le_pos; lra).
    assert (1 * tiny <= (1 + u) * f * tiny).
    { apply Rmult_le_compat_r; [lra|]. assert (0 <= u * f) by (apply Rmult_le_pos; lra). lra. }
    lra.
Qed.

(** (1 + u)^n − 1 ≤ γ_n = n u / (1 − n u) *)
Theorem power_below_gamma n : INR n * u < 1 -> (1 + u) ^ n - 1 <= INR n * u / (1 - INR n * u).
Proof.
  intros H. assert (U := u_small). assert (A := above_power u n ltac:(lra)).
  apply Rmult_le_reg_r with (1 - INR n * u); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

(** Sums of non-negative terms have that relative error. *)
Corollary relative_error s n :
  (roundings s <= n)%nat -> INR n * u < 1 -> size s = exact s ->
  Rabs (computed s - exact s)
  <= INR n * u / (1 - INR n * u) * exact s + (1 + u) ^ n * INR (products s) * tiny.
Proof.
  intros Hn H E. assert (A := any_order s n Hn). assert (G := power_below_gamma n H).
  assert (S := size_nonneg s). rewrite E in *. nra.
Qed.
