(** Lists and maps: what the proof of the checker uses of them. *)

Require Import ZArith List Bool Arith Lia FMapPositive.
Require Import RobustMetric.memo.
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

Lemma find_keyed {A} (k : A -> positive) l :
  forall found, (forall i p, Map.find i found = Some p -> i = k p) ->
  forall i p, Map.find i (fold_left (fun f p => Map.add (k p) p f) l found) = Some p -> i = k p.
Proof.
  induction l as [|x l IH]; intros found Hf; simpl; [exact Hf|]. apply IH. intros i p H.
  destruct (Pos.eq_dec i (k x)) as [->|N]; [rewrite Map.gss in H; congruence|].
  rewrite Map.gso in H by trivial. auto.
Qed.

Lemma find_some_added {A} (k : A -> positive) l :
  forall found i, (exists p, In p l /\ k p = i) \/ Map.find i found <> None ->
  Map.find i (fold_left (fun f p => Map.add (k p) p f) l found) <> None.
Proof.
  induction l as [|x l IH]; intros found i H; simpl; [destruct H as [(p & [] & _)|H]; exact H|].
  apply IH. destruct (Pos.eq_dec i (k x)) as [->|N]; [right; rewrite Map.gss; discriminate|].
  destruct H as [(p & [->|Hp] & E)|H]; [congruence|left; now exists p|right]. now rewrite Map.gso.
Qed.
