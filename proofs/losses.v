(** The losses of search trees are all that [differ] speaks of. *)

Require Import List Bool Arith Lia.
Require Import RobustMetric.losing_votes RobustMetric.search_tree RobustMetric.memo RobustMetric.votes
  RobustMetric.lists.
Import ListNotations.
Open Scope nat_scope.

Lemma asked_for_right v all r r' w :
  Map.find (key r) (asked_for v all) = Some (r', w) -> exists needs, In (v, needs) all /\ In (r', w) needs.
Proof.
  unfold asked_for. destruct (find _ all) as [[v' needs]|] eqn:F.
  - apply find_some in F as [Hin Hv]. simpl in Hv. apply Nat.eqb_eq in Hv. subst v'. intros H.
    exists needs. split; [trivial|]. simpl in H. revert H.
    apply (find_in_all (fun need => In need needs) (fun need => key (fst need)) needs); [trivial|].
    intros i p H. now rewrite Map.gempty in H.
  - intros H. now rewrite Map.gempty in H.
Qed.

(** No loss is missing that [differ] speaks of. *)
Lemma losses_complete k all v needs r w rivals :
  In (v, needs) all -> In (r, w) needs -> w <= rivals -> rivals <= k - v ->
  (forall w', asked all r v w' -> rivals <= w') ->
  exists l, In l (losses_of k all (v, needs)) /\ rival l = r /\ kept l = v /\ arriving l = k - v /\ least l = w
    /\ rivals <= most l.
Proof.
  intros Hv Hr Hw Hk Ha. unfold losses_of. simpl fst. simpl snd.
  set (m := most_of (asked_for (S v) all) r (k - v)).
  assert (M : rivals <= m).
  { unfold m, most_of. destruct (Map.find _ _) as [[r' w']|] eqn:F; [|trivial].
    destruct (Nat.eqb_spec r' r) as [->|]; [|trivial].
    destruct (asked_for_right _ _ _ _ _ F) as (ns & H1 & H2). apply Nat.min_glb; [trivial|]. apply Ha. now exists ns. }
  exists {| rival := r; kept := v; arriving := k - v; least := w; most := m |}. repeat split; trivial.
  apply in_flat_map. exists (r, w). split; [trivial|]. simpl. fold m.
  destruct (Nat.leb_spec w m); [now left|lia].
Qed.
