(** When a vote is lost, and which losses differ (docs/vote_search.md).

    At the perturbed input let E be the other-class points among the K nearest, B the own-class ones. [lost] is
    what the lemma of the docs says of them, [canonical] that a lost vote gives such a pair, [differ] that it
    is enough to look at losses in which the rival has at most as many points as the next loss asks for. *)

Require Import Reals List Bool Arith Lra Lia.
Require Import RobustMetric.predict RobustMetric.losing_votes.
Import ListNotations.
Open Scope nat_scope.

Section Tree.

Variables (C k n : nat) (label : nat -> nat) (D : nat -> R) (c : nat).
Hypothesis labels : forall i, i < n -> label i < C.
Hypothesis enough : 1 <= k <= n.
Hypothesis is_class : c < C.

(** E and B at one perturbed input, for a loss to the rival with [kept] votes left. *)
Record lost (rival kept least : nat) (E B : list nat) : Prop := {
  distinct : NoDup E;
  count : length E = k - kept;
  other_class : forall e, In e E -> e < n /\ label e <> c;
  rivals_enter : least <= length (of_class label rival E);
  few_stay : NoDup B /\ length B <= kept;
  beats_own : forall e x, In e E -> x < n -> label x = c -> ~ In x B -> before D e x;
  beats_other : forall e x, In e E -> x < n -> label x <> c -> ~ In x E -> before D e x
}.

Lemma canonical r :
  predict C k n label D = r -> r <> c ->
  exists kept needs w E B,
    In (kept, needs) (ways (class_sizes label C n) c k) /\ In (r, w) needs /\ lost r kept w E B.
Proof.
  intros Hp Hr. destruct (losing_votes_complete C k n label D c labels enough is_class r Hp Hr)
    as (needs & w & H1 & H2 & H3).
  set (near := nearest D n k) in *.
  exists (length (of_class label c near)), needs, w, (not_of_class label c near), (of_class label c near).
  assert (S := split_by_class label c near). unfold near in S at 1. rewrite nearest_length in S by lia.
  assert (Hclosed : forall e x, In e near -> x < n -> ~ In x near -> before D e x).
  { intros e x He Hx Hn. destruct (before_total D e x) as [T|T]; [intros ->; contradiction|exact T|].
    destruct Hn. now apply (nearest_closed D n k e x). }
  repeat split; trivial.
  - apply NoDup_filter, nearest_NoDup.
  - lia.
  - apply not_of_class_in in H as [H _]. now apply nearest_in_range in H.
  - now apply not_of_class_in in H.
  - apply Nat.le_trans with (1 := H3).
    assert (E : of_class label r (not_of_class label c near) = of_class label r near).
    { unfold of_class, not_of_class. clear - Hr. induction near as [|i l IH]; simpl; [trivial|].
      destruct (label i =? c) eqn:E1; simpl.
      - apply Nat.eqb_eq in E1. rewrite E1. destruct (Nat.eqb_spec c r); [congruence|exact IH].
      - destruct (label i =? r); [f_equal|]; exact IH. }
    now rewrite E.
  - apply NoDup_filter, nearest_NoDup.
  - intros e x He Hx Hl Hn. apply not_of_class_in in He as [He _]. apply Hclosed; trivial.
    intros Hin. apply Hn, of_class_in. now split.
  - intros e x He Hx Hl Hn. apply not_of_class_in in He as [He _]. apply Hclosed; trivial.
    intros Hin. apply Hn, not_of_class_in. now split.
Qed.

(** ** Losses that differ *)

Lemma last_of (l : list nat) :
  l <> [] -> exists x, In x l /\ forall y, In y l -> y <> x -> before D y x.
Proof.
  induction l as [|a l IH]; [congruence|]. intros _. destruct l as [|b l].
  - exists a. split; [now left|]. intros y [->|[]] H; congruence.
  - destruct IH as (x & Hx & H); [discriminate|].
    destruct (Nat.eq_dec a x) as [->|N].
    + exists x. split; [now left|]. intros y [->|Hy] Hne; [congruence|]. now apply H.
    + destruct (before_total D a x N) as [T|T].
      * exists x. split; [now right|]. intros y [<-|Hy] Hne; auto.
      * exists a. split; [now left|]. intros y [->|Hy] Hne; [congruence|].
        destruct (Nat.eq_dec y x) as [->|M]; [trivial|]. now apply before_trans with x; [apply H|].
Qed.

Lemma remove_once x l : NoDup l -> In x l -> length (remove Nat.eq_dec x l) = length l - 1.
Proof.
  induction l as [|y l IH]; simpl; [tauto|]. intros Hd Hx. inversion Hd as [|? ? Hy Hd']; subst.
  destruct (Nat.eq_dec x y) as [->|N].
  - rewrite notin_remove by trivial. lia.
  - simpl. rewrite IH by (trivial; destruct Hx; congruence). destruct Hx as [|Hx]; [congruence|].
    destruct l; [destruct Hx|simpl; lia].
Qed.

Lemma of_class_remove r x l :
  length (of_class label r l) <= S (length (of_class label r (remove Nat.eq_dec x l))) \/ ~ NoDup l.
Proof.
  induction l as [|y l IH]; simpl; [left; lia|].
  destruct (in_dec Nat.eq_dec y l) as [Hy|Hy]; [right; intros Hd; inversion Hd; contradiction|].
  destruct IH as [IH|IH]; [left|right; intros Hd; inversion Hd; contradiction].
  unfold of_class in *. destruct (Nat.eq_dec x y) as [->|N].
  - rewrite (notin_remove Nat.eq_dec l y Hy). destruct (label y =? r); simpl; lia.
  - simpl. destruct (label y =? r); simpl; lia.
Qed.

(** With more rivals than the loss with one more vote kept asks for, that loss is met as well: without the last
    point of E. *)
Lemma one_more_kept rival kept least least' E B :
  kept < k -> lost rival kept least E B -> least' < length (of_class label rival E) ->
  exists E', lost rival (S kept) least' E' B.
Proof.
  intros Hk [Hd Hc Ho Hr [HB1 HB2] Hown Hoth] Hmore.
  destruct (last_of E) as (x & Hx & Hlast); [intros ->; simpl in Hc; lia|].
  exists (remove Nat.eq_dec x E).
  assert (Hin : forall e, In e (remove Nat.eq_dec x E) <-> In e E /\ e <> x).
  { intros e. split; [apply in_remove|]. intros [A B']. now apply in_in_remove. }
  split.
  - clear - Hd. induction Hd as [|y l Hy Hd IH]; simpl; [constructor|].
    destruct (Nat.eq_dec x y); [trivial|]. constructor; [|trivial]. intros H. apply in_remove in H. tauto.
  - rewrite remove_once by trivial. lia.
  - intros e He. apply Ho. now apply Hin in He.
  - destruct (of_class_remove rival x E) as [H|H]; [lia|contradiction].
  - split; [trivial|lia].
  - intros e y He Hy Hl Hn. apply Hin in He as [He _]. now apply Hown.
  - intros e y He Hy Hl Hn. apply Hin in He as [He Hne].
    destruct (Nat.eq_dec y x) as [->|N]; [now apply Hlast|].
    apply Hoth; trivial. intros H. apply Hn, Hin. now split.
Qed.

(** What the loss with one more vote kept asks of the rival, if there is one. *)
Definition asked (all : list (nat * list (nat * nat))) (rival kept : nat) (w : nat) : Prop :=
  exists needs, In (S kept, needs) all /\ In (rival, w) needs.

Theorem differ r :
  predict C k n label D = r -> r <> c ->
  exists kept needs w E B,
    In (kept, needs) (ways (class_sizes label C n) c k) /\ In (r, w) needs /\ lost r kept w E B
    /\ forall w', asked (ways (class_sizes label C n) c k) r kept w' -> length (of_class label r E) <= w'.
Proof.
  intros Hp Hr. set (all := ways (class_sizes label C n) c k).
  destruct (canonical r Hp Hr) as (kept0 & needs0 & w0 & E0 & B0 & H1 & H2 & H3). fold all in H1.
  assert (Hsmall : forall kept needs, In (kept, needs) all -> kept < k).
  { intros kept needs H. unfold all, ways in H. apply filter_In in H as [H _].
    apply in_map_iff in H as (v & E & H). injection E as -> _. rewrite <- in_rev in H. apply in_seq in H.
    unfold most_kept in H. assert (k / 2 < k) by (apply Nat.div_lt; lia). lia. }
  remember (k - kept0) as left eqn:Hleft. revert kept0 needs0 w0 E0 B0 H1 H2 H3 Hleft.
  induction left as [left IH] using lt_wf_ind. intros kept needs w E B H1 H2 H3 ->.
  assert (Dec : (forall w', asked all r kept w' -> length (of_class label r E) <= w')
    \/ exists w', asked all r kept w' /\ w' < length (of_class label r E)).
  { set (m := length (of_class label r E)).
    destruct (existsb (fun way => (fst way =? S kept) && existsb (fun need => (fst need =? r) && (snd need <? m)) (snd way)) all) eqn:T.
    - right. apply existsb_exists in T as ((v & ns) & Hin & T). apply andb_true_iff in T as [T1 T2].
      simpl in T1, T2. apply Nat.eqb_eq in T1. subst v. apply existsb_exists in T2 as ((r' & w') & Hn & T2).
      apply andb_true_iff in T2 as [T2 T3]. simpl in T2, T3. apply Nat.eqb_eq in T2. subst r'.
      apply Nat.ltb_lt in T3. exists w'. split; [now exists ns|trivial].
    - left. intros w' (ns & Hin & Hn). destruct (le_lt_dec m w') as [L|L]; [trivial|].
      assert (F : existsb (fun way => (fst way =? S kept) && existsb (fun need => (fst need =? r) && (snd need <? m)) (snd way)) all = true); [|congruence].
      apply existsb_exists. exists (S kept, ns). split; [trivial|]. simpl. rewrite Nat.eqb_refl. simpl.
      apply existsb_exists. exists (r, w'). split; [trivial|]. simpl. rewrite Nat.eqb_refl. now apply Nat.ltb_lt. }
  destruct Dec as [Dec|(w' & (ns & Hin & Hn) & Hlt)].
  - exists kept, needs, w, E, B. auto.
  - destruct (one_more_kept r kept w w' E B (Hsmall _ _ H1) H3 Hlt) as (E' & H').
    apply (IH (k - S kept)) with (S kept) ns w' E' B; trivial. specialize (Hsmall _ _ H1). lia.
Qed.

End Tree.

Lemma NoDup_incl_filter (f : nat -> bool) l l' :
  NoDup l -> incl l l' -> length (filter f l) <= length (filter f l').
Proof.
  intros Hd Hi. apply NoDup_incl_length; [now apply NoDup_filter|].
  intros x Hx. apply filter_In in Hx as [Hx Hf]. apply filter_In. auto.
Qed.
