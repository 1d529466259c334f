(** Real vectors, what a linear map makes of them, and how large a product of two can be.

    A vector is a list of coordinates; those that a list does not have are zero. So no lemma needs to
    ask whether lengths agree. *)

Require Import Reals List Lra Psatz.
Import ListNotations.
Open Scope R_scope.

Definition vector := list R.

Fixpoint dot (a b : vector) : R :=
  match a, b with
  | x :: a', y :: b' => x * y + dot a' b'
  | _, _ => 0
  end.

Fixpoint add (a b : vector) : vector :=
  match a, b with
  | x :: a', y :: b' => (x + y) :: add a' b'
  | [], _ => b
  | _, [] => a
  end.

Definition scale (t : R) (a : vector) : vector := map (Rmult t) a.

Definition sub (a b : vector) : vector := add a (scale (-1) b).

Lemma dot_nil_r a : dot a [] = 0.
Proof. now destruct a. Qed.

Lemma dot_comm a b : dot a b = dot b a.
Proof. revert b; induction a; destruct b; simpl; trivial. rewrite IHa. lra. Qed.

Lemma dot_add_l a b u : dot (add a b) u = dot a u + dot b u.
Proof.
  revert b u; induction a as [|x a IH]; destruct b as [|y b], u as [|t u]; simpl; try lra.
  rewrite IH. lra.
Qed.

Lemma dot_scale_l t a u : dot (scale t a) u = t * dot a u.
Proof.
  revert u; induction a as [|x a IH]; destruct u as [|y u]; simpl; try lra.
  fold (scale t a). rewrite IH. lra.
Qed.

Lemma dot_sub_l a b u : dot (sub a b) u = dot a u - dot b u.
Proof. unfold sub. rewrite dot_add_l, dot_scale_l. lra. Qed.

Lemma dot_self_nonneg a : 0 <= dot a a.
Proof. induction a; simpl; nra. Qed.

Lemma cauchy_schwarz_squared a b : dot a b * dot a b <= dot a a * dot b b.
Proof.
  revert b; induction a as [|x a IH]; destruct b as [|y b]; simpl;
    try (assert (H := dot_self_nonneg a)); try (assert (H' := dot_self_nonneg b)); try nra.
  specialize (IH b).
  set (A := dot a a) in *; set (B := dot b b) in *; set (D := dot a b) in *.
  enough (2 * (x * y * D) <= x * x * B + y * y * A) by nra.
  assert (HA := sqrt_sqrt A H); assert (HB := sqrt_sqrt B H').
  assert (PA := sqrt_pos A); assert (PB := sqrt_pos B).
  set (p := sqrt A) in *; set (q := sqrt B) in *.
  assert (HD : Rabs D <= p * q).
  { rewrite <- (Rabs_pos_eq (p * q)) by nra. apply Rsqr_le_abs_0. unfold Rsqr. nra. }
  assert (HX : x * y * D <= Rabs (x * y) * (p * q)).
  { apply Rle_trans with (Rabs (x * y * D)); [apply Rle_abs|].
    rewrite Rabs_mult. apply Rmult_le_compat_l; [apply Rabs_pos | exact HD]. }
  assert (HY : Rabs (x * y) * (p * q) * 2 <= x * x * B + y * y * A).
  { rewrite <- HA, <- HB. unfold Rabs. destruct (Rcase_abs (x * y)).
    - assert (S := Rle_0_sqr (x * q + y * p)). unfold Rsqr in S. lra.
    - assert (S := Rle_0_sqr (x * q - y * p)). unfold Rsqr in S. lra. }
  lra.
Qed.

(** The three norms of the threat models. *)

Definition norm1 (a : vector) : R := fold_right (fun x s => Rabs x + s) 0 a.
Definition norm2 (a : vector) : R := sqrt (dot a a).
Definition norm_inf (a : vector) : R := fold_right (fun x s => Rmax (Rabs x) s) 0 a.

Lemma norm1_nonneg a : 0 <= norm1 a.
Proof.
  induction a as [|x a IH]; [simpl; lra|].
  change (norm1 (x :: a)) with (Rabs x + norm1 a). assert (H := Rabs_pos x). lra.
Qed.

Lemma norm2_nonneg a : 0 <= norm2 a.
Proof. apply sqrt_pos. Qed.

Lemma norm_inf_nonneg a : 0 <= norm_inf a.
Proof.
  induction a as [|x a IH]; simpl; [lra|].
  apply Rle_trans with (1 := Rabs_pos x), Rmax_l.
Qed.

Lemma norm2_squared a : norm2 a * norm2 a = dot a a.
Proof. apply sqrt_sqrt, dot_self_nonneg. Qed.

Theorem cauchy_schwarz a b : Rabs (dot a b) <= norm2 a * norm2 b.
Proof.
  assert (HA := norm2_nonneg a); assert (HB := norm2_nonneg b).
  rewrite <- (Rabs_pos_eq (norm2 a * norm2 b)) by nra.
  apply Rsqr_le_abs_0. unfold Rsqr.
  replace (norm2 a * norm2 b * (norm2 a * norm2 b))
    with (norm2 a * norm2 a * (norm2 b * norm2 b)) by ring.
  rewrite !norm2_squared. apply cauchy_schwarz_squared.
Qed.

Theorem hoelder a b : Rabs (dot a b) <= norm_inf a * norm1 b.
Proof.
  revert b; induction a as [|x a IH]; intros b.
  - simpl. rewrite Rabs_R0. lra.
  - destruct b as [|y b]; [simpl; rewrite Rabs_R0; lra|].
    change (dot (x :: a) (y :: b)) with (x * y + dot a b).
    change (norm_inf (x :: a)) with (Rmax (Rabs x) (norm_inf a)).
    change (norm1 (y :: b)) with (Rabs y + norm1 b).
    specialize (IH b). assert (H1 := norm1_nonneg b). assert (H2 := Rabs_pos y).
    assert (H3 := Rmax_l (Rabs x) (norm_inf a)). assert (H4 := Rmax_r (Rabs x) (norm_inf a)).
    apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_mult. nra.
Qed.

(** ** Linear maps

    The metric's components L as a list of rows; none is the identity. Only products with their images
    are ever needed, so linearity is stated for those. *)

Definition metric := option (list vector).

Definition image (m : metric) (v : vector) : vector :=
  match m with
  | None => v
  | Some rows => map (fun row => dot row v) rows
  end.

Fixpoint combination (coefficients : vector) (rows : list vector) : vector :=
  match coefficients, rows with
  | x :: u, row :: rows' => add (scale x row) (combination u rows')
  | _, _ => []
  end.

(** Mv for M = LᵀL. *)
Definition gram (m : metric) (v : vector) : vector :=
  match m with
  | None => v
  | Some rows => combination (image m v) rows
  end.

Lemma dot_image_add m a b u :
  dot (image m (add a b)) u = dot (image m a) u + dot (image m b) u.
Proof.
  destruct m as [rows|]; [|apply dot_add_l].
  simpl. revert u; induction rows as [|row rows IH]; intros [|x u]; simpl; try lra.
  rewrite IH, (dot_comm row), dot_add_l, (dot_comm a), (dot_comm b). lra.
Qed.

Lemma dot_image_scale m t a u : dot (image m (scale t a)) u = t * dot (image m a) u.
Proof.
  destruct m as [rows|]; [|apply dot_scale_l].
  simpl. revert u; induction rows as [|row rows IH]; intros [|x u]; simpl; try lra.
  rewrite IH, (dot_comm row), dot_scale_l, (dot_comm a). lra.
Qed.

Lemma dot_image_sub m a b u :
  dot (image m (sub a b)) u = dot (image m a) u - dot (image m b) u.
Proof. unfold sub. rewrite dot_image_add, dot_image_scale. lra. Qed.

Lemma dot_gram m v u : dot (gram m v) u = dot (image m v) (image m u).
Proof.
  destruct m as [rows|]; [|reflexivity]. unfold gram.
  assert (H : forall c, dot (combination c rows) u = dot c (image (Some rows) u)).
  { simpl. induction rows as [|row rows IH]; intros [|x c]; simpl; trivial.
    rewrite dot_add_l, dot_scale_l, IH. trivial. }
  apply H.
Qed.

(** ** The squared distance d(z, x) = ‖L(z − x)‖² *)

Definition dist (m : metric) (z x : vector) : R :=
  dot (image m (sub z x)) (image m (sub z x)).

(** The quadratic terms cancel where distances are subtracted: this one is the same for every x. *)
Lemma dist_moved m z delta x :
  dist m (add z delta) x
  = dist m z x - 2 * dot (gram m (sub x z)) delta + dot (image m delta) (image m delta).
Proof.
  unfold dist. rewrite dot_gram, !dot_image_sub, !dot_image_add.
  rewrite !(dot_comm _ (image m (sub (add z delta) x))), !dot_image_sub, !dot_image_add.
  rewrite !(dot_comm _ (image m (sub z x))), !dot_image_sub.
  rewrite (dot_comm (image m delta) (image m z)), (dot_comm (image m delta) (image m x)).
  lra.
Qed.
