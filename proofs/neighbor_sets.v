(** The radius within which the set of the K nearest points cannot change (docs/neighbor_certificates.md). *)

Require Import Reals List Arith Lra Lia.
Require Import RobustMetric.vectors RobustMetric.predict RobustMetric.halfspace_bounds.
Import ListNotations.
Open Scope nat_scope.

(** Where no point outside overtakes one inside, the set is the same. *)
Lemma same_set n k D D' :
  k <= n ->
  (forall a b, In a (nearest D n k) -> b < n -> ~ In b (nearest D n k) -> before D' a b) ->
  forall x, In x (nearest D n k) <-> In x (nearest D' n k).
Proof.
  intros Hk H. assert (I : incl (nearest D n k) (nearest D' n k)).
  { intros a Ha. destruct (in_dec Nat.eq_dec a (nearest D' n k)) as [|Hn]; [trivial|exfalso].
    assert (J : ~ incl (a :: nearest D' n k) (nearest D n k)).
    { intros J. assert (L := NoDup_incl_length (NoDup_cons a Hn (nearest_NoDup D' n k)) J).
      simpl in L. rewrite !nearest_length in L by trivial. lia. }
    apply J. intros b [<-|Hb]; [trivial|].
    destruct (in_dec Nat.eq_dec b (nearest D n k)) as [|Hb']; [trivial|exfalso].
    apply Hn. apply (nearest_closed D' n k b a); trivial.
    - now apply nearest_in_range in Ha.
    - apply H; trivial. now apply nearest_in_range in Hb. }
  intros x. split; [apply I|].
  apply NoDup_length_incl; trivial; [apply nearest_NoDup|]. now rewrite !nearest_length.
Qed.

(** cost(δ) < ε(z; a, b) for all pairs; ε = ∞ where Mb = Ma. *)
Theorem same_neighbors n k m z (point : nat -> vector) delta :
  k <= n ->
  let D z i := dist m z (point i) in
  (forall a b, In a (nearest (D z) n k) -> b < n -> ~ In b (nearest (D z) n k) ->
     norm2 (gram m (sub (point b) (point a))) = 0%R
     \/ (norm2 delta < epsilon m z (point a) (point b))%R) ->
  forall x, In x (nearest (D z) n k) <-> In x (nearest (D (add z delta)) n k).
Proof.
  intros Hk D H. apply same_set; trivial. intros a b Ha Hb Hn.
  assert (B : before (D z) a b).
  { destruct (before_total (D z) a b) as [T|T]; [intros ->; contradiction|trivial|].
    destruct Hn. now apply (nearest_closed (D z) n k a b). }
  destruct (H a b Ha Hb Hn) as [E|E].
  - right. destruct B as [B|[_ B]].
    + unfold D in B. rewrite (never_infinite m z (point a) (point b) E) in B. lra.
    + split; [|trivial]. unfold D. symmetry. now apply never_infinite.
  - left. now apply nearer_within_epsilon.
Qed.
