(** Where a weighted sum of distances keeps some own-class point nearer than another point.

    The inequalities of docs/evidence.md: for a point o of another class, points x₁ … xₘ and multipliers
    λᵢ ≥ 0, with N = Σ λᵢ (d(z, o) − d(z, xᵢ)) and w = Σ λᵢ (o − xᵢ), moving the query by δ changes N by
    −2 δ·Mw. While that leaves N positive, some xᵢ is strictly nearer than o. *)

Require Import Reals List Lra Psatz.
Require Import RobustMetric.vectors.
Import ListNotations.
Open Scope R_scope.

(** Multipliers with their points. *)
Definition weighted_points := list (R * vector).

Fixpoint gap (m : metric) (z o : vector) (own : weighted_points) : R :=
  match own with
  | [] => 0
  | (l, x) :: rest => l * (dist m z o - dist m z x) + gap m z o rest
  end.

Fixpoint difference (o : vector) (own : weighted_points) : vector :=
  match own with
  | [] => []
  | (l, x) :: rest => add (scale l (sub o x)) (difference o rest)
  end.

Lemma image_nil m u : dot (image m []) u = 0.
Proof.
  destruct m as [rows|]; [|trivial]. simpl.
  revert u; induction rows as [|row rows IH]; intros [|x u]; simpl; trivial.
  rewrite IH, dot_nil_r. lra.
Qed.

Lemma gap_moved m z o own delta :
  gap m (add z delta) o own = gap m z o own - 2 * dot (gram m (difference o own)) delta.
Proof.
  rewrite dot_gram. induction own as [|(l & x) own IH]; simpl.
  - rewrite image_nil. lra.
  - rewrite IH, !dist_moved, !dot_gram, dot_image_add, dot_image_scale, !dot_image_sub. lra.
Qed.

Lemma some_is_nearer m z o own :
  (forall l x, In (l, x) own -> 0 <= l) -> 0 < gap m z o own ->
  exists l x, In (l, x) own /\ dist m z x < dist m z o.
Proof.
  induction own as [|(l & x) own IH]; simpl; intros Hl Hg; [lra|].
  destruct (Rlt_dec (dist m z x) (dist m z o)) as [H|H].
  - exists l, x. auto.
  - assert (Hx : 0 <= l) by (apply Hl with x; auto).
    destruct IH as (l' & x' & Hin & Hlt); [intros; eapply Hl; eauto|nra|].
    exists l', x'. auto.
Qed.

(** While 2 δ·Mw stays below N. *)
Theorem nearer_below m z o own delta :
  (forall l x, In (l, x) own -> 0 <= l) ->
  2 * dot (gram m (difference o own)) delta < gap m z o own ->
  exists l x, In (l, x) own /\ dist m (add z delta) x < dist m (add z delta) o.
Proof. intros Hl Hg. apply some_is_nearer; [trivial|]. rewrite gap_moved. lra. Qed.

(** The docs' sentence for ‖δ‖₂ < R: N > 0 and N ≥ 2 R ‖Mw‖₂ suffice. *)
Theorem half_space m z o own R delta :
  (forall l x, In (l, x) own -> 0 <= l) ->
  0 < gap m z o own -> 2 * R * norm2 (gram m (difference o own)) <= gap m z o own ->
  norm2 delta < R ->
  exists l x, In (l, x) own /\ dist m (add z delta) x < dist m (add z delta) o.
Proof.
  intros Hl Hpos Hg Hd. apply nearer_below; [trivial|].
  assert (H := cauchy_schwarz (gram m (difference o own)) delta).
  assert (H1 := Rle_abs (dot (gram m (difference o own)) delta)).
  assert (H2 := norm2_nonneg (gram m (difference o own))). assert (H3 := norm2_nonneg delta).
  destruct H2 as [H2|H2]; [nra|]. rewrite <- H2 in H. lra.
Qed.

(** Where the sum of a moved query is not below 0, no point stays behind unless all with a multiplier are ties. *)
Lemma not_all_behind m z o own :
  (forall l x, In (l, x) own -> 0 <= l) -> 0 <= gap m z o own ->
  (forall l x, In (l, x) own -> dist m z o <= dist m z x) ->
  forall l x, In (l, x) own -> 0 < l -> dist m z o = dist m z x.
Proof.
  intros Hl Hg Hb.
  assert (G : forall own, (forall l x, In (l, x) own -> 0 <= l) ->
    (forall l x, In (l, x) own -> dist m z o <= dist m z x) -> gap m z o own <= 0).
  { clear. induction own as [|(l & x) own IH]; simpl; intros Hl Hb; [lra|].
    assert (A := Hl l x (or_introl eq_refl)). assert (B := Hb l x (or_introl eq_refl)).
    specialize (IH (fun l' x' H => Hl l' x' (or_intror H)) (fun l' x' H => Hb l' x' (or_intror H))). nra. }
  induction own as [|(l0 & x0) own IH]; simpl in *; intros l x Hin Hp; [contradiction|].
  assert (A := Hl l0 x0 (or_introl eq_refl)). assert (B := Hb l0 x0 (or_introl eq_refl)).
  assert (Hl' : forall l' x', In (l', x') own -> 0 <= l') by (intros; eapply Hl; eauto).
  assert (Hb' : forall l' x', In (l', x') own -> dist m z o <= dist m z x') by (intros; eapply Hb; eauto).
  assert (R := G own Hl' Hb').
  destruct Hin as [E|Hin].
  - injection E as -> ->. nra.
  - apply IH with l; trivial. nra.
Qed.
