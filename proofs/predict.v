(** What [predict] answers: the K nearest, in the order of distance and index, vote; tied votes go to
    the smaller class.

    Training points are the numbers 0 … n − 1; [D i] is the squared distance of point i from the query,
    a real number, and [label i] its class, one of 0 … C − 1. *)

Require Import Reals List Lra Lia Arith Permutation Sorted.
Import ListNotations.

Section Order.

Variable D : nat -> R.

(** Nearer, or as near and of smaller index. *)
Definition before (i j : nat) : Prop := (D i < D j)%R \/ (D i = D j /\ i < j).

Definition before_b (i j : nat) : bool :=
  if Rlt_dec (D i) (D j) then true
  else if Rlt_dec (D j) (D i) then false
  else i <? j.

Fixpoint insert (i : nat) (sorted : list nat) : list nat :=
  match sorted with
  | [] => [i]
  | j :: rest => if before_b i j then i :: sorted else j :: insert i rest
  end.

Definition sort (points : list nat) : list nat := fold_right insert [] points.

Definition nearest (n k : nat) : list nat := firstn k (sort (seq 0 n)).

Lemma before_b_iff i j : before_b i j = true <-> before i j.
Proof.
  unfold before_b, before. destruct (Rlt_dec (D i) (D j)); [tauto|].
  destruct (Rlt_dec (D j) (D i)).
  - split; [discriminate|]. intros [H|[H _]]; lra.
  - rewrite Nat.ltb_lt. split; intros H; [right; split; [lra|trivial]|].
    destruct H as [H|[_ H]]; [lra|trivial].
Qed.

Lemma before_trans i j l : before i j -> before j l -> before i l.
Proof.
  unfold before. intros [H|[H H1]] [G|[G G1]]; try (left; lra). right; split; [lra|lia].
Qed.

Lemma before_irrefl i : ~ before i i.
Proof. unfold before. intros [H|[_ H]]; [lra|lia]. Qed.

Lemma before_total i j : i <> j -> before i j \/ before j i.
Proof.
  unfold before. intros H. destruct (Rtotal_order (D i) (D j)) as [G|[G|G]].
  - tauto.
  - destruct (Nat.lt_total i j) as [?|[?|?]]; [left|lia|right]; right; auto.
  - tauto.
Qed.

Lemma insert_permutation i l : Permutation (i :: l) (insert i l).
Proof.
  induction l as [|j l IH]; simpl; [trivial|].
  destruct (before_b i j); [trivial|].
  rewrite perm_swap. now apply perm_skip.
Qed.

Lemma sort_permutation l : Permutation l (sort l).
Proof.
  induction l as [|i l IH]; simpl; [trivial|].
  rewrite <- insert_permutation. now apply perm_skip.
Qed.

Lemma insert_sorted i l :
  ~ In i l -> StronglySorted before l -> StronglySorted before (insert i l).
Proof.
  induction l as [|j l IH]; intros Hi Hs; simpl.
  - repeat constructor.
  - inversion Hs as [|? ? Hl Hj]; subst.
    destruct (before_b i j) eqn:E.
    + apply before_b_iff in E. constructor; [trivial|]. constructor; [trivial|].
      rewrite Forall_forall in *. intros x Hx. now apply before_trans with j, Hj.
    + constructor; [apply IH; simpl in Hi; tauto|].
      assert (Hji : before j i).
      { destruct (before_total i j) as [H|H]; [simpl in Hi; intros ->; tauto| |trivial].
        apply before_b_iff in H. congruence. }
      rewrite Forall_forall in *. intros x Hx.
      apply (Permutation_in x (Permutation_sym (insert_permutation i l))) in Hx.
      destruct Hx as [<-|Hx]; auto.
Qed.

Lemma sort_sorted l : NoDup l -> StronglySorted before (sort l).
Proof.
  induction 1 as [|i l Hi _ IH]; simpl; [constructor|].
  apply insert_sorted; trivial.
  intros H. apply Hi. apply (Permutation_in i (Permutation_sym (sort_permutation l)) H).
Qed.

Lemma sorted_parts a b i j :
  StronglySorted before (a ++ b) -> In i a -> In j b -> before i j.
Proof.
  induction a as [|x a IH]; simpl; [tauto|].
  intros Hs [->|Hi] Hj; inversion Hs as [|? ? Hl Hx]; subst.
  - rewrite Forall_forall in Hx. apply Hx, in_or_app. now right.
  - now apply IH.
Qed.

(** All that the proofs use of the K nearest. *)

Lemma nearest_length n k : k <= n -> length (nearest n k) = k.
Proof.
  intros H. unfold nearest. rewrite firstn_length, <- (Permutation_length (sort_permutation _)).
  rewrite seq_length. lia.
Qed.

Lemma nearest_in_range n k i : In i (nearest n k) -> i < n.
Proof.
  intros H. assert (G : In i (sort (seq 0 n))).
  { rewrite <- (firstn_skipn k). apply in_or_app. now left. }
  apply (Permutation_in i (Permutation_sym (sort_permutation _))), in_seq in G. lia.
Qed.

Lemma nearest_NoDup n k : NoDup (nearest n k).
Proof.
  assert (H : NoDup (sort (seq 0 n))) by
    (apply (Permutation_NoDup (sort_permutation _)), seq_NoDup).
  rewrite <- (firstn_skipn k) in H. unfold nearest.
  revert H. generalize (firstn k (sort (seq 0 n))), (skipn k (sort (seq 0 n))).
  induction l as [|x l IH]; intros l' H; [constructor|]. inversion H; subst. constructor.
  - intros Hx. apply H2. apply in_or_app. now left.
  - now apply IH with l'.
Qed.

(** Whatever comes before one of the K nearest is one of them. *)
Lemma nearest_closed n k i j :
  j < n -> In i (nearest n k) -> before j i -> In j (nearest n k).
Proof.
  intros Hj Hi Hb. assert (H : In j (sort (seq 0 n))).
  { apply (Permutation_in j (sort_permutation _)), in_seq. lia. }
  unfold nearest in *. rewrite <- (firstn_skipn k) in H. apply in_app_or in H.
  destruct H as [H|H]; [trivial|]. exfalso.
  apply (before_irrefl i). apply before_trans with j; [|trivial].
  apply sorted_parts with (firstn k (sort (seq 0 n))) (skipn k (sort (seq 0 n))); trivial.
  rewrite firstn_skipn. apply sort_sorted, seq_NoDup.
Qed.

End Order.

(** The vote. *)

Definition of_class (label : nat -> nat) (c : nat) (points : list nat) : list nat :=
  filter (fun i => label i =? c) points.

Definition not_of_class (label : nat -> nat) (c : nat) (points : list nat) : list nat :=
  filter (fun i => negb (label i =? c)) points.

(** The first of the classes 0 … C − 1 that has as many votes as any. *)
Fixpoint winner (votes : nat -> nat) (C : nat) : nat :=
  match C with
  | 0 => 0
  | S r => let best := winner votes r in if votes best <? votes r then r else best
  end.

Definition predict (C k n : nat) (label : nat -> nat) (D : nat -> R) : nat :=
  winner (fun c => length (of_class label c (nearest D n k))) C.

Lemma winner_in_range votes C : 0 < C -> winner votes C < C.
Proof.
  induction C as [|r IH]; [lia|]. intros _. simpl.
  destruct (_ <? _); [lia|]. destruct r; [simpl; lia|]. assert (H := IH ltac:(lia)). simpl in *. lia.
Qed.

Lemma winner_wins votes C r :
  r < C -> votes r <= votes (winner votes C) /\ (r < winner votes C -> votes r < votes (winner votes C)).
Proof.
  induction C as [|s IH]; [lia|]. intros Hr. simpl.
  destruct (Nat.ltb_spec (votes (winner votes s)) (votes s)) as [H|H].
  - destruct (Nat.eq_dec r s) as [->|G]; [lia|]. destruct IH as [IH _]; [lia|]. lia.
  - destruct (Nat.eq_dec r s) as [->|G]; [|apply IH; lia].
    split; [trivial|]. destruct s as [|s]; [simpl; lia|].
    assert (L := winner_in_range votes (S s) ltac:(lia)). lia.
Qed.
