(** What a perturbation costs, and the dual bound: how far a·δ can get at a given cost.

    cost(δ) = ‖Wδ‖_p with p = 1, 2 or ∞ and W a positive diagonal; an infinite cost freezes a feature.
    Features that the list of costs does not have cost 1. *)

Require Import Reals List Lra Psatz.
Require Import RobustMetric.vectors.
Import ListNotations.
Open Scope R_scope.

Inductive norm := One | Two | Infinity.

Definition length_in (p : norm) : vector -> R :=
  match p with One => norm1 | Two => norm2 | Infinity => norm_inf end.

Definition dual_length (p : norm) : vector -> R :=
  match p with One => norm_inf | Two => norm2 | Infinity => norm1 end.

(** [None]: infinite. *)
Definition feature_costs := list (option R).

Fixpoint weighted (W : feature_costs) (delta : vector) : vector :=
  match W, delta with
  | Some w :: W', x :: rest => w * x :: weighted W' rest
  | None :: W', _ :: rest => 0 :: weighted W' rest
  | [], _ => delta
  | _, [] => []
  end.

Definition cost (p : norm) (W : feature_costs) (delta : vector) : R :=
  length_in p (weighted W delta).

(** Frozen features do not move. *)
Fixpoint frozen_still (W : feature_costs) (delta : vector) : Prop :=
  match W, delta with
  | Some _ :: W', _ :: rest => frozen_still W' rest
  | None :: W', x :: rest => x = 0 /\ frozen_still W' rest
  | _, _ => True
  end.

Definition all_positive (W : feature_costs) : Prop := Forall (fun w => match w with Some w => 0 < w | None => True end) W.

(** W⁻¹a, with 0 for frozen features. *)
Fixpoint unweighted (W : feature_costs) (a : vector) : vector :=
  match W, a with
  | Some w :: W', x :: rest => x / w :: unweighted W' rest
  | None :: W', _ :: rest => 0 :: unweighted W' rest
  | [], _ => a
  | _, [] => []
  end.

Lemma dot_unweighted W a delta :
  all_positive W -> frozen_still W delta ->
  dot a delta = dot (unweighted W a) (weighted W delta).
Proof.
  revert a delta; induction W as [|w W IH]; intros a delta HW Hd; [trivial|].
  inversion HW as [|? ? Hw HW']; subst.
  destruct a as [|x a]; [now destruct w|].
  destruct delta as [|y delta]; [destruct w; simpl; now rewrite ?dot_nil_r|].
  destruct w as [w|]; simpl in *.
  - rewrite <- IH by trivial. field. lra.
  - destruct Hd as [-> Hd]. rewrite <- IH by trivial. lra.
Qed.

Lemma length_nonneg p a : 0 <= length_in p a.
Proof. destruct p; [apply norm1_nonneg|apply norm2_nonneg|apply norm_inf_nonneg]. Qed.

Lemma dual_length_nonneg p a : 0 <= dual_length p a.
Proof. destruct p; [apply norm_inf_nonneg|apply norm2_nonneg|apply norm1_nonneg]. Qed.

Lemma dual_bound p a b : Rabs (dot a b) <= dual_length p a * length_in p b.
Proof.
  destruct p; simpl; [apply hoelder|apply cauchy_schwarz|].
  rewrite dot_comm, Rmult_comm. apply hoelder.
Qed.

(** |a·δ| ≤ ‖W⁻¹a‖_q cost(δ). *)
Theorem reach p W a delta :
  all_positive W -> frozen_still W delta ->
  Rabs (dot a delta) <= dual_length p (unweighted W a) * cost p W delta.
Proof. intros HW Hd. rewrite (dot_unweighted W) by trivial. apply dual_bound. Qed.

(** Dual norms grow with the sizes of coordinates. *)
Lemma dual_length_mono p a b :
  Forall2 (fun x y => Rabs x <= Rabs y) a b -> dual_length p a <= dual_length p b.
Proof.
  intros H. destruct p; simpl.
  - induction H as [|x y a b Hx _ IH]; [apply Rle_refl|].
    change (Rmax (Rabs x) (norm_inf a) <= Rmax (Rabs y) (norm_inf b)).
    apply Rmax_lub; [apply Rle_trans with (1 := Hx), Rmax_l|apply Rle_trans with (1 := IH), Rmax_r].
  - unfold norm2. apply sqrt_le_1_alt. induction H as [|x y a b Hx _ IH]; simpl; [lra|].
    apply Rsqr_le_abs_1 in Hx. unfold Rsqr in Hx. lra.
  - induction H as [|x y a b Hx _ IH]; [apply Rle_refl|].
    change (Rabs x + norm1 a <= Rabs y + norm1 b). lra.
Qed.
