(** Every way to lose the vote, and when a class keeps it.

    Class c loses with v votes kept to a rival r that gets at least w of the K − v other votes. [ways] lists
    (v, [(r, w); …]) from the sizes of the classes alone; [losing_votes_complete] says that no way is missing:
    ties of votes, plurality and any number of classes included. [vote_kept] is the count: where every way is
    barred by too few points that could enter, predict answers c. *)

Require Import Reals List Lia Arith Bool.
Require Import RobustMetric.predict.
Import ListNotations.

(** Classes and their numbers of points. *)
Definition sizes := list (nat * nat).

Definition total (s : sizes) : nat := list_sum (map snd s).

Definition rivals (s : sizes) (c : nat) : sizes :=
  filter (fun e => negb (fst e =? c) && (0 <? snd e)) s.

(** More votes than c, or as many for a smaller class; and no fewer than an equal share, rounded up. *)
Definition least_votes (c kept entering others r : nat) : nat :=
  Nat.max (kept + if c <? r then 1 else 0) ((entering + others - 1) / others).

Definition ways_keeping (s : sizes) (c k kept : nat) : list (nat * nat) :=
  let entering := k - kept in
  let rs := rivals s c in
  if total rs <? entering then []
  else flat_map
    (fun e => let w := least_votes c kept entering (length rs) (fst e) in
      if w <=? Nat.min entering (snd e) then [(fst e, w)] else []) rs.

Definition most_kept (s : sizes) (c k : nat) : nat :=
  Nat.min (k / 2) (total (filter (fun e => fst e =? c) s)).

(** Largest number of kept votes first. *)
Definition ways (s : sizes) (c k : nat) : list (nat * list (nat * nat)) :=
  filter (fun w => match snd w with [] => false | _ => true end)
    (map (fun kept => (kept, ways_keeping s c k kept)) (rev (seq 0 (S (most_kept s c k))))).

Section Counting.

Variable label : nat -> nat.

Lemma of_class_in c l i : In i (of_class label c l) <-> In i l /\ label i = c.
Proof. unfold of_class. rewrite filter_In, Nat.eqb_eq. tauto. Qed.

Lemma not_of_class_in c l i : In i (not_of_class label c l) <-> In i l /\ label i <> c.
Proof. unfold not_of_class. rewrite filter_In, Bool.negb_true_iff, Nat.eqb_neq. tauto. Qed.

Lemma split_by_class c l :
  length l = length (of_class label c l) + length (not_of_class label c l).
Proof.
  unfold of_class, not_of_class. induction l as [|i l IH]; simpl; [trivial|].
  destruct (label i =? c); simpl; lia.
Qed.

Lemma of_class_of_not c r l : length (of_class label r (not_of_class label c l)) <= length (of_class label r l).
Proof.
  unfold of_class, not_of_class. induction l as [|i l IH]; simpl; [trivial|].
  destruct (label i =? c), (label i =? r) eqn:E; simpl; rewrite ?E; simpl; lia.
Qed.

(** Points whose classes are in a list are no more than those of its classes together. *)
Lemma length_by_classes rs l :
  (forall i, In i l -> In (label i) rs) ->
  length l <= list_sum (map (fun r => length (of_class label r l)) rs).
Proof.
  revert l; induction rs as [|r rs IH]; intros l H; simpl.
  - destruct l as [|i l]; [trivial|]. destruct (H i). now left.
  - rewrite (split_by_class r l). apply Nat.add_le_mono_l.
    apply Nat.le_trans with (1 := IH (not_of_class label r l) ltac:(
      intros i Hi; apply not_of_class_in in Hi; destruct Hi as [Hi Hr];
      destruct (H i Hi) as [E|E]; [congruence|exact E])).
    clear. induction rs as [|s rs IH]; simpl; [trivial|].
    apply Nat.add_le_mono; [apply of_class_of_not | exact IH].
Qed.

Lemma sum_at_most (f : nat -> nat) m rs :
  (forall r, In r rs -> f r <= m) -> list_sum (map f rs) <= length rs * m.
Proof.
  induction rs as [|r rs IH]; intros H; simpl; [trivial|].
  apply Nat.add_le_mono; [apply H; now left|]. apply IH. intros s Hs. apply H. now right.
Qed.

Lemma included_in_class c (l : list nat) n :
  NoDup l -> (forall i, In i l -> i < n) ->
  length (of_class label c l) <= length (of_class label c (seq 0 n)).
Proof.
  intros Hd Hl. apply NoDup_incl_length; [now apply NoDup_filter|].
  intros i Hi. apply of_class_in in Hi. destruct Hi as [Hi Hc]. apply of_class_in.
  split; [apply in_seq; specialize (Hl i Hi); lia|trivial].
Qed.

Definition class_sizes (C n : nat) : sizes :=
  map (fun r => (r, length (of_class label r (seq 0 n)))) (seq 0 C).

Lemma class_sizes_in C n r m :
  In (r, m) (class_sizes C n) <-> r < C /\ m = length (of_class label r (seq 0 n)).
Proof.
  unfold class_sizes. rewrite in_map_iff. split.
  - intros (s & E & H). injection E as <- <-. apply in_seq in H. split; [lia|trivial].
  - intros [H ->]. exists r. split; [trivial|]. apply in_seq. lia.
Qed.

Lemma rivals_in C n c r m :
  In (r, m) (rivals (class_sizes C n) c) <->
  r < C /\ r <> c /\ m = length (of_class label r (seq 0 n)) /\ 0 < m.
Proof.
  unfold rivals. rewrite filter_In, class_sizes_in. simpl.
  rewrite Bool.andb_true_iff, Bool.negb_true_iff, Nat.eqb_neq, Nat.ltb_lt. tauto.
Qed.

Lemma total_of_class C n c :
  c < C -> length (of_class label c (seq 0 n)) <= total (filter (fun e => fst e =? c) (class_sizes C n)).
Proof.
  intros H. assert (G : In (c, length (of_class label c (seq 0 n)))
    (filter (fun e => fst e =? c) (class_sizes C n))).
  { apply filter_In. simpl. rewrite Nat.eqb_refl, class_sizes_in. auto. }
  revert G. generalize (filter (fun e => fst e =? c) (class_sizes C n)). unfold total.
  induction l as [|e l IH]; simpl; [tauto|]. intros [->|G]; simpl; [lia|]. specialize (IH G). lia.
Qed.

End Counting.

Section Vote.

Variables (C k n : nat) (label : nat -> nat) (D : nat -> R) (c : nat).
Hypothesis labels : forall i, i < n -> label i < C.
Hypothesis enough : 1 <= k <= n.
Hypothesis is_class : c < C.

Let near := nearest D n k.
Let votes r := length (of_class label r near).

Lemma votes_at_most_size r : votes r <= length (of_class label r (seq 0 n)).
Proof.
  apply included_in_class; [apply nearest_NoDup|]. intros i. apply nearest_in_range.
Qed.

(** The way in which c was lost is on the list. *)
Theorem losing_votes_complete r :
  predict C k n label D = r -> r <> c ->
  exists needs w, In (votes c, needs) (ways (class_sizes label C n) c k)
                  /\ In (r, w) needs /\ w <= votes r.
Proof.
  intros Hp Hrc. unfold predict in Hp. fold near in Hp. fold votes in Hp.
  assert (HC : r < C) by (rewrite <- Hp; apply winner_in_range; lia).
  destruct (winner_wins votes C c is_class) as [Hc Htie]. rewrite Hp in Hc, Htie.
  assert (Hother : length (not_of_class label c near) = k - votes c /\ votes c <= k).
  { assert (H := split_by_class label c near). unfold near in H at 1.
    rewrite nearest_length in H by lia. fold (votes c) in H. lia. }
  assert (Hr : votes r <= k - votes c).
  { destruct Hother as [<- _]. unfold votes, of_class, not_of_class.
    clear - Hrc. induction near as [|i l IH]; simpl; [trivial|].
    destruct (Nat.eqb_spec (label i) r), (Nat.eqb_spec (label i) c); simpl in *; lia. }
  set (rs := rivals (class_sizes label C n) c).
  assert (Hin : forall i, In i (not_of_class label c near) -> In (label i) (map fst rs)).
  { intros i Hi. apply not_of_class_in in Hi. destruct Hi as [Hi Hn].
    apply nearest_in_range in Hi as Hlt. apply in_map_iff.
    exists (label i, length (of_class label (label i) (seq 0 n))). split; [trivial|].
    apply rivals_in. repeat split; auto.
    destruct (of_class label (label i) (seq 0 n)) eqn:E; [|simpl; lia].
    assert (In i []) as []. rewrite <- E. apply of_class_in. split; [apply in_seq; lia|trivial]. }
  assert (Hle : forall s, In s (map fst rs) ->
    length (of_class label s (not_of_class label c near)) <= votes s /\ votes s <= votes r).
  { intros s Hs. split; [apply of_class_of_not|]. apply in_map_iff in Hs.
    destruct Hs as ((s' & m) & E & Hs). simpl in E. subst s'. apply rivals_in in Hs.
    destruct (winner_wins votes C s) as [H _]; [tauto|]. now rewrite Hp in H. }
  assert (Hshare : k - votes c <= length rs * votes r).
  { destruct Hother as [<- _]. rewrite <- (map_length fst rs).
    apply Nat.le_trans with (1 := length_by_classes label (map fst rs) _ Hin).
    apply sum_at_most. intros s Hs. destruct (Hle s Hs). lia. }
  assert (Htotal : k - votes c <= total rs).
  { destruct Hother as [<- _].
    apply Nat.le_trans with (1 := length_by_classes label (map fst rs) _ Hin).
    unfold total. rewrite map_map.
    assert (G : forall e, In e rs -> length (of_class label (fst e) (not_of_class label c near)) <= snd e).
    { intros (s & m) He. apply rivals_in in He as (_ & _ & -> & _). simpl.
      apply Nat.le_trans with (1 := of_class_of_not label c s near), votes_at_most_size. }
    revert G. clear. induction rs as [|e l IH]; intros G; simpl; [trivial|].
    apply Nat.add_le_mono; [apply G; now left|]. apply IH. intros e' He. apply G. now right. }
  assert (Hpos : 1 <= votes r).
  { destruct (Nat.eq_dec (votes r) 0) as [E|E]; [|lia]. rewrite E in Hshare. lia. }
  assert (Hrival : In (r, length (of_class label r (seq 0 n))) rs).
  { apply rivals_in. assert (H := votes_at_most_size r). repeat split; trivial. lia. }
  assert (Hq : 1 <= length rs) by (destruct rs; [destruct Hrival|simpl; lia]).
  set (w := least_votes c (votes c) (k - votes c) (length rs) r).
  assert (Hw : w <= votes r).
  { unfold w, least_votes. apply Nat.max_lub.
    - destruct (Nat.ltb_spec c r) as [H|H]; [specialize (Htie H); lia|lia].
    - apply Nat.lt_succ_r, Nat.div_lt_upper_bound; lia. }
  exists (ways_keeping (class_sizes label C n) c k (votes c)), w. split; [|split; [|exact Hw]].
  - unfold ways. apply filter_In. split.
    + apply in_map_iff. exists (votes c). split; [trivial|]. rewrite <- in_rev. apply in_seq.
      assert (H : votes c <= most_kept (class_sizes label C n) c k); [|lia].
      unfold most_kept. apply Nat.min_glb.
      * apply Nat.div_le_lower_bound; lia.
      * apply Nat.le_trans with (1 := votes_at_most_size c). now apply total_of_class.
    + assert (Hne : In (r, w) (ways_keeping (class_sizes label C n) c k (votes c))).
      { unfold ways_keeping. fold rs. destruct (Nat.ltb_spec (total rs) (k - votes c)); [lia|].
        apply in_flat_map. exists (r, length (of_class label r (seq 0 n))). split; [exact Hrival|].
        simpl. fold w. destruct (Nat.leb_spec w (Nat.min (k - votes c) (length (of_class label r (seq 0 n))))) as [H1|H1].
        - now left.
        - assert (H2 := votes_at_most_size r). lia. }
      simpl. destruct (ways_keeping _ _ _ _); [destruct Hne|trivial].
  - unfold ways_keeping. fold rs. destruct (Nat.ltb_spec (total rs) (k - votes c)); [lia|].
    apply in_flat_map. exists (r, length (of_class label r (seq 0 n))). split; [exact Hrival|].
    simpl. fold w. destruct (Nat.leb_spec w (Nat.min (k - votes c) (length (of_class label r (seq 0 n))))) as [H1|H1].
    + now left.
    + assert (H2 := votes_at_most_size r). lia.
Qed.

(** [free v o]: it was not excluded that o is among the K nearest while v votes are kept. *)
Variable free : nat -> nat -> bool.
Hypothesis free_right :
  forall o, In o near -> label o <> c -> free (votes c) o = true.

Definition may_enter (kept : nat) : list nat :=
  filter (fun o => negb (label o =? c) && free kept o) (seq 0 n).

(** Fewer points may enter than must, or too few of the rival's class. *)
Definition barred (kept : nat) (need : nat * nat) : Prop :=
  length (may_enter kept) < k - kept \/ length (of_class label (fst need) (may_enter kept)) < snd need.

Theorem vote_kept :
  (forall kept needs need,
     In (kept, needs) (ways (class_sizes label C n) c k) -> In need needs -> barred kept need) ->
  predict C k n label D = c.
Proof.
  intros H. destruct (Nat.eq_dec (predict C k n label D) c) as [E|E]; [trivial|exfalso].
  destruct (losing_votes_complete _ eq_refl E) as (needs & w & H1 & H2 & H3).
  set (r := predict C k n label D) in *.
  assert (Hinc : incl (not_of_class label c near) (may_enter (votes c))).
  { intros o Ho. apply not_of_class_in in Ho as [Ho Hn]. apply filter_In.
    apply nearest_in_range in Ho as Hlt. split; [apply in_seq; lia|].
    rewrite free_right by trivial. apply Nat.eqb_neq in Hn. now rewrite Hn. }
  assert (Hd : NoDup (not_of_class label c near)) by apply NoDup_filter, nearest_NoDup.
  destruct (H _ _ _ H1 H2) as [B|B]; simpl in B.
  - assert (G := NoDup_incl_length Hd Hinc). assert (S := split_by_class label c near).
    unfold near in S at 1. rewrite nearest_length in S by lia. fold (votes c) in S. lia.
  - assert (G : votes r <= length (of_class label r (may_enter (votes c)))); [|lia].
    apply NoDup_incl_length; [apply NoDup_filter, nearest_NoDup|].
    intros o Ho. apply of_class_in in Ho as [Ho Hr]. apply of_class_in. split; [|trivial].
    apply Hinc, not_of_class_in. split; [trivial|congruence].
Qed.

End Vote.

(** Where v + 1 points of class c come before o, it is not among the K nearest while v votes are kept. *)
Lemma excluded_by_count k n label D c o (ahead : list nat) :
  In o (nearest D n k) -> NoDup ahead ->
  (forall p, In p ahead -> p < n /\ label p = c /\ before D p o) ->
  length ahead <= length (of_class label c (nearest D n k)).
Proof.
  intros Ho Hd H. apply NoDup_incl_length; [trivial|]. intros p Hp.
  destruct (H p Hp) as (H1 & H2 & H3). apply of_class_in. split; [|trivial].
  now apply nearest_closed with o.
Qed.

(** The nearest point is no point that comes after another. *)
Lemma excluded_by_equal n D o p :
  In o (nearest D n 1) -> p < n -> before D p o -> False.
Proof.
  intros Ho Hp Hb. assert (H := nearest_closed D n 1 o p Hp Ho Hb).
  assert (L : length (nearest D n 1) <= 1) by (unfold nearest; rewrite firstn_length; lia).
  destruct (nearest D n 1) as [|a [|b l]]; simpl in *; try tauto; [|lia].
  destruct Ho as [->|[]], H as [->|[]]. now apply (before_irrefl D p).
Qed.
