(** Lists and maps: what the proof of the checker uses of them. *)

Require Import ZArith List Bool Arith Lia FMapPositive.
Require Import RobustMetric.checker.
Import ListNotations.
Open Scope nat_scope.

Lemma combine_seq {A} (l : list A) d :
  combine (seq 0 (length l)) l = map (fun i => (i, nth i l d)) (seq 0 (length l)).
Proof.
  enough (H : forall s, combine (seq s (length l)) l = map (fun i => (i, nth (i - s) l d)) (seq s (length l))).
  { rewrite H. apply map_ext. intros i. now rewrite Nat.sub_0_r. }
  induction l as [|x l IH]; intros s; simpl; [trivial|].
  rewrite Nat.sub_diag, IH. f_equal. apply map_ext_in. intros i Hi. apply in_seq in Hi.
  now replace (i - s) with (S (i - S s)) by lia.
Qed.

Lemma filter_of_map {A B} (f : A -> B) (g : B -> bool) l :
  filter g (map f l) = map f (filter (fun x => g (f x)) l).
Proof. induction l as [|x l IH]; simpl; [trivial|]. destruct (g (f x)); simpl; now rewrite IH. Qed.

Lemma filter_filter {A} (f g : A -> bool) l : filter f (filter g l) = filter (fun x => g x && f x) l.
Proof. induction l as [|x l IH]; simpl; [trivial|]. destruct (g x); simpl; rewrite IH; trivial. Qed.

Lemma find_added {A} (P : A -> Prop) i j (x : A) found y :
  P x -> (Map.find i found = Some y -> P y) -> Map.find i (Map.add j x found) = Some y -> P y.
Proof.
  intros Hx Hf H. destruct (Pos.eq_dec i j) as [->|N].
  - rewrite Map.gss in H. congruence.
  - rewrite Map.gso in H by trivial. auto.
Qed.

Lemma find_in_all {A} (P : A -> Prop) (k : A -> positive) l :
  (forall p, In p l -> P p) ->
  forall found, (forall i p, Map.find i found = Some p -> P p) ->
  forall i p, Map.find i (fold_left (fun f p => Map.add (k p) p f) l found) = Some p -> P p.
Proof.
  induction l as [|x l IH]; intros Hl found Hf; simpl; [exact Hf|].
  apply IH; [intros p Hp; apply Hl; now right|].
  intros i p H. eapply find_added; [apply Hl; now left|apply Hf|exact H].
Qed.

Lemma equal_vectors_eq a b : equal_vectors a b = true -> a = b.
Proof.
  revert b; induction a as [|x a IH]; destruct b as [|y b]; simpl; try easy.
  intros H. apply andb_true_iff in H as [H1 H2]. apply Z.eqb_eq in H1. subst. f_equal. auto.
Qed.
