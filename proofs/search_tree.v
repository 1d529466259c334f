(** Search trees: a proved tree for every loss proves that the class stays (docs/vote_search.md).

    At the perturbed input let E be the other-class points among the K nearest, B the own-class ones. [lost] is
    what the lemma of the docs says of them, [canonical] that a lost vote gives such a pair, [differ] that it
    is enough to look at losses in which the rival has at most as many points as the next loss asks for.
    [proved] has the steps of the checker, one a constructor; [proved_is_empty] says that no perturbation is
    in a proved node. *)

Require Import Reals List Bool Arith Lra Lia.
Require Import RobustMetric.vectors RobustMetric.half_space RobustMetric.predict RobustMetric.losing_votes.
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

(** ** Nodes *)

Section Nodes.

Variables (C k n : nat) (label : nat -> nat) (c : nat).

(** The squared distances that the perturbed inputs may give. *)
Variable inputs : (nat -> R) -> Prop.

(** What holds of E and B. *)
Record node := {
  entering : list nat; (* in E *)
  out : list nat; (* not in E *)
  stay : list nat; (* in B *)
  beaten : list nat (* own class, not in B *)
}.

Record in_node (nd : node) (E B : list nat) : Prop := {
  all_enter : incl (entering nd) E;
  none_out : forall x, In x (out nd) -> ~ In x E;
  all_stay : incl (stay nd) B;
  none_beaten : forall x, In x (beaten nd) -> ~ In x B
}.

Definition enters x nd := {| entering := x :: entering nd; out := out nd; stay := stay nd; beaten := beaten nd |}.
Definition leaves x nd := {| entering := entering nd; out := x :: out nd; stay := stay nd; beaten := beaten nd |}.
Definition stays x nd := {| entering := entering nd; out := out nd; stay := x :: stay nd; beaten := beaten nd |}.
Definition is_beaten x nd := {| entering := entering nd; out := out nd; stay := stay nd; beaten := x :: beaten nd |}.
Definition root := {| entering := []; out := []; stay := []; beaten := [] |}.

(** A loss: the rival, the votes kept, and how many rivals enter at least and at most. *)
Variables (rival kept least most : nat).

(** No place is left in B, in E. *)
Definition no_more_stay nd x := NoDup (stay nd) /\ length (stay nd) = kept /\ ~ In x (stay nd).
Definition no_more_enter nd x := NoDup (entering nd) /\ length (entering nd) = k - kept /\ ~ In x (entering nd).

(** e comes before x in all of a node. *)
Definition holds (nd : node) (e x : nat) : Prop :=
  In e (entering nd) /\ x < n /\
  (label x = c /\ (In x (beaten nd) \/ no_more_stay nd x)
   \/ label x <> c /\ (In x (out nd) \/ no_more_enter nd x)).

(** Not all e can be as near as their x; half-spaces prove it. *)
Definition refuted (pairs : list (nat * nat)) : Prop :=
  forall D, inputs D -> ~ (forall e x, In (e, x) pairs -> (D e <= D x)%R).

Definition same x y := forall D, inputs D -> D x = D y.

(** Points that may still be in E. *)
Definition candidates nd := filter (fun x => negb (label x =? c) && negb (existsb (Nat.eqb x) (out nd))) (seq 0 n).

Inductive proved : node -> Prop :=
| by_sum nd pairs :
    (forall e x, In (e, x) pairs -> holds nd e x) -> refuted pairs -> proved nd
| stays_or_not nd x :
    proved (stays x nd) -> proved (is_beaten x nd) -> proved nd
| enters_or_not nd x :
    proved (enters x nd) -> proved (leaves x nd) -> proved nd
| equal_own nd e x :
    In e (entering nd) -> x < e -> x < n -> same x e -> label x = c -> proved (stays x nd) -> proved nd
| equal_other nd e x :
    In e (entering nd) -> x < e -> x < n -> same x e -> label x <> c ->
    In x (out nd) \/ no_more_enter nd x -> proved nd
| both_ways_own nd x : In x (stay nd) -> In x (beaten nd) -> proved nd
| both_ways_other nd x : In x (entering nd) -> In x (out nd) -> proved nd
| own_enters nd x : In x (entering nd) -> label x = c -> proved nd
| too_many_stay nd : NoDup (stay nd) -> kept < length (stay nd) -> proved nd
| too_many_enter nd : NoDup (entering nd) -> k - kept < length (entering nd) -> proved nd
| too_many_rivals nd :
    NoDup (entering nd) -> most < length (of_class label rival (entering nd)) -> proved nd
| too_many_others nd :
    NoDup (entering nd) -> k - kept - least < length (not_of_class label rival (entering nd)) -> proved nd
| too_few nd : length (candidates nd) < k - kept -> proved nd
| too_few_rivals nd : length (of_class label rival (candidates nd)) < least -> proved nd
| too_few_others nd :
    length (not_of_class label rival (candidates nd)) < k - kept - most -> proved nd.

Section At.

Variables (D : nat -> R) (E B : list nat).
Hypothesis possible : inputs D.
Hypothesis loss : lost k n label D c rival kept least E B.
Hypothesis not_more : length (of_class label rival E) <= most.

Lemma holds_right nd e x : in_node nd E B -> holds nd e x -> before D e x.
Proof.
  intros [I1 I2 I3 I4] (He & Hx & [[Hc H]|[Hc H]]); destruct loss as [Ld Lc Lo Lr [Lb1 Lb2] Lown Loth].
  - apply Lown; auto. destruct H as [H|(H1 & H2 & H3)]; [auto|]. intros Hin. apply H3.
    refine (NoDup_length_incl H1 _ I3 x Hin). lia.
  - apply Loth; auto. destruct H as [H|(H1 & H2 & H3)]; [auto|]. intros Hin. apply H3.
    refine (NoDup_length_incl H1 _ I1 x Hin). lia.
Qed.

Lemma no_more_enter_right nd x : in_node nd E B -> In x (out nd) \/ no_more_enter nd x -> ~ In x E.
Proof.
  intros [I1 I2 _ _] [H|(H1 & H2 & H3)]; [auto|]. intros Hin. apply H3.
  refine (NoDup_length_incl H1 _ I1 x Hin). rewrite (count _ _ _ _ _ _ _ _ _ _ loss). lia.
Qed.

Lemma E_candidates nd : in_node nd E B -> incl E (candidates nd).
Proof.
  intros [_ I2 _ _] x Hx. destruct (other_class _ _ _ _ _ _ _ _ _ _ loss x Hx) as [Hn Hc].
  apply filter_In. split; [apply in_seq; lia|]. apply Nat.eqb_neq in Hc. rewrite Hc. simpl.
  apply negb_true_iff. destruct (existsb (Nat.eqb x) (out nd)) eqn:T; [exfalso|trivial].
  apply existsb_exists in T as (y & Hy & T). apply Nat.eqb_eq in T. subst y. now apply (I2 x).
Qed.

Lemma NoDup_incl_filter (f : nat -> bool) l l' :
  NoDup l -> incl l l' -> length (filter f l) <= length (filter f l').
Proof.
  intros Hd Hi. apply NoDup_incl_length; [now apply NoDup_filter|].
  intros x Hx. apply filter_In in Hx as [Hx Hf]. apply filter_In. auto.
Qed.

(** No perturbation is in a proved node. *)
Theorem proved_is_empty nd : proved nd -> in_node nd E B -> False.
Proof.
  destruct loss as [Ld Lc Lo Lr [Lb1 Lb2] Lown Loth].
  induction 1 as [nd pairs Hp Hr|nd x _ IH1 _ IH2|nd x _ IH1 _ IH2|nd e x He Hlt Hx Hs Hc _ IH
    |nd e x He Hlt Hx Hs Hc H|nd x H1 H2|nd x H1 H2|nd x H1 H2|nd Hd H|nd Hd H|nd Hd H|nd Hd H|nd H|nd H|nd H];
    intros I.
  - apply (Hr D possible). intros e x Hin. destruct (holds_right nd e x I (Hp e x Hin)) as [T|[T _]]; lra.
  - destruct I as [I1 I2 I3 I4]. destruct (in_dec Nat.eq_dec x B) as [Hin|Hin].
    + apply IH1. split; trivial. intros y [<-|Hy]; auto.
    + apply IH2. split; trivial. intros y [<-|Hy]; auto.
  - destruct I as [I1 I2 I3 I4]. destruct (in_dec Nat.eq_dec x E) as [Hin|Hin].
    + apply IH1. split; trivial. intros y [<-|Hy]; auto.
    + apply IH2. split; trivial. intros y [<-|Hy]; auto.
  - destruct I as [I1 I2 I3 I4]. apply IH. split; trivial. intros y [<-|Hy]; [|auto].
    destruct (in_dec Nat.eq_dec x B) as [Hin|Hin]; [trivial|exfalso].
    destruct (Lown e x (I1 e He) Hx Hc Hin) as [T|[_ T]]; [|lia]. rewrite (Hs D possible) in T. lra.
  - assert (Hn := no_more_enter_right nd x I H). destruct I as [I1 I2 I3 I4].
    destruct (Loth e x (I1 e He) Hx Hc Hn) as [T|[_ T]]; [|lia]. rewrite (Hs D possible) in T. lra.
  - destruct I as [I1 I2 I3 I4]. apply (I4 x); auto.
  - destruct I as [I1 I2 I3 I4]. apply (I2 x); auto.
  - destruct I as [I1 I2 I3 I4]. now apply (Lo x (I1 x H1)).
  - destruct I as [I1 I2 I3 I4]. assert (G := NoDup_incl_length Hd I3). lia.
  - destruct I as [I1 I2 I3 I4]. assert (G := NoDup_incl_length Hd I1). lia.
  - destruct I as [I1 I2 I3 I4].
    assert (G := NoDup_incl_filter (fun i => label i =? rival) _ _ Hd I1). unfold of_class in *. lia.
  - destruct I as [I1 I2 I3 I4]. assert (S := split_by_class label rival E).
    assert (G := NoDup_incl_filter (fun i => negb (label i =? rival)) _ _ Hd I1).
    unfold not_of_class in *. lia.
  - assert (G := NoDup_incl_length Ld (E_candidates nd I)). lia.
  - assert (G := NoDup_incl_filter (fun i => label i =? rival) _ _ Ld (E_candidates nd I)).
    unfold of_class in *. lia.
  - assert (S := split_by_class label rival E).
    assert (G := NoDup_incl_filter (fun i => negb (label i =? rival)) _ _ Ld (E_candidates nd I)).
    unfold not_of_class in *. lia.
Qed.

End At.

End Nodes.

(** Where every loss that differs has a proved tree, the class stays. *)
Theorem trees_keep_class C k n label c (inputs : (nat -> R) -> Prop) :
  (forall i, i < n -> label i < C) -> 1 <= k <= n -> c < C ->
  (forall kept needs r w,
     In (kept, needs) (ways (class_sizes label C n) c k) -> In (r, w) needs ->
     exists most, (asked (ways (class_sizes label C n) c k) r kept most \/ most = k - kept)
       /\ proved k n label c inputs r kept w most root) ->
  forall D, inputs D -> predict C k n label D = c.
Proof.
  intros Hl Hk Hc H D HD. destruct (Nat.eq_dec (predict C k n label D) c) as [|N]; [trivial|exfalso].
  destruct (differ C k n label D c Hl Hk Hc _ eq_refl N) as (kept & needs & w & E & B & H1 & H2 & H3 & H4).
  destruct (H kept needs _ w H1 H2) as (most & Hm & Hp).
  apply (proved_is_empty k n label c inputs _ kept w most D E B HD H3) with (nd := root); trivial.
  - destruct Hm as [Hm| ->]; [auto|]. rewrite <- (count _ _ _ _ _ _ _ _ _ _ H3).
    rewrite (split_by_class label (predict C k n label D) E). lia.
  - split; simpl; try easy; intros x [].
Qed.

(** ** Half-spaces refute pairs *)

Fixpoint pairs_gap (m : metric) (z : vector) (point : nat -> vector) (pairs : list (R * (nat * nat))) : R :=
  match pairs with
  | [] => 0
  | (l, (e, x)) :: rest => l * (dist m z (point e) - dist m z (point x)) + pairs_gap m z point rest
  end.

Fixpoint pairs_difference (point : nat -> vector) (pairs : list (R * (nat * nat))) : vector :=
  match pairs with
  | [] => []
  | (l, (e, x)) :: rest => add (scale l (sub (point e) (point x))) (pairs_difference point rest)
  end.

(** Step 2 of docs/evidence.md, for ‖δ‖₂ < R. *)
Theorem sum_refutes m z point pairs (R : R) :
  (forall l p, In (l, p) pairs -> 0 <= l)%R ->
  (0 < pairs_gap m z point pairs)%R ->
  (2 * R * norm2 (gram m (pairs_difference point pairs)) <= pairs_gap m z point pairs)%R ->
  refuted (fun D => exists delta, (norm2 delta < R)%R /\ forall i, D i = dist m (add z delta) (point i))
    (map snd pairs).
Proof.
  intros Hl Hpos Hg D (delta & Hd & HD) H.
  assert (M : pairs_gap m (add z delta) point pairs
              = (pairs_gap m z point pairs - 2 * dot (gram m (pairs_difference point pairs)) delta)%R).
  { clear. rewrite dot_gram. induction pairs as [|(l & e & x) pairs IH]; simpl.
    - rewrite image_nil. lra.
    - rewrite IH, !dist_moved, !dot_gram, dot_image_add, dot_image_scale, !dot_image_sub. lra. }
  assert (N : (pairs_gap m (add z delta) point pairs <= 0)%R).
  { clear - Hl H HD. induction pairs as [|(l & e & x) pairs IH]; simpl; [lra|].
    assert (A : (D e <= D x)%R) by (apply H; now left). rewrite !HD in A.
    assert (B : (0 <= l)%R) by (apply Hl with (e, x); now left).
    assert (T := IH ltac:(intros; eapply Hl; right; eassumption) ltac:(intros; apply H; now right)). nra. }
  rewrite M in N. assert (Cs := cauchy_schwarz (gram m (pairs_difference point pairs)) delta).
  assert (A := Rle_abs (dot (gram m (pairs_difference point pairs)) delta)).
  assert (P := norm2_nonneg (gram m (pairs_difference point pairs))). assert (Q := norm2_nonneg delta).
  destruct P as [P|P]; [nra|]. rewrite <- P in Cs. lra.
Qed.
