(** The theorem of docs/halfspace_bounds.md: the radius from order statistics of pair bounds, for every K,
    any number of classes, and ties. *)

Require Import Reals List Bool Arith Lra Lia Psatz Permutation Sorted.
Require Import RobustMetric.vectors RobustMetric.predict RobustMetric.half_space RobustMetric.losing_votes.
Import ListNotations.
Open Scope nat_scope.

(** ** Order statistics of the values of f over points, counted from 1 *)

Definition smallest (k : nat) (f : nat -> R) (points : list nat) : R :=
  f (nth (k - 1) (sort f points) 0).

(** 0 where there are fewer points. *)
Definition largest (k : nat) (f : nat -> R) (points : list nat) : R :=
  if k <=? length points then f (nth (k - 1) (sort (fun i => - f i)%R points) 0) else 0%R.

Lemma sorted_up f l i j :
  StronglySorted (before f) l -> i <= j -> j < length l -> (f (nth i l 0%nat) <= f (nth j l 0%nat))%R.
Proof.
  intros H. revert i j; induction H as [|x l _ IH Hx]; intros i j Hij Hj; simpl in Hj; [lia|].
  destruct i as [|i], j as [|j]; simpl; try lra; try lia.
  - rewrite Forall_forall in Hx. destruct (Hx (nth j l 0)) as [?|[? _]]; [apply nth_In; lia|lra|lra].
  - apply IH; lia.
Qed.

Lemma nth_of_firstn {A} k j (l : list A) d : j < k -> nth j (firstn k l) d = nth j l d.
Proof.
  revert j l; induction k as [|k IH]; intros j [|x l] H; try lia; [now destruct j|].
  destruct j as [|j]; simpl; [trivial|]. apply IH. lia.
Qed.

(** Fewer than k values are at most b, if b is less than the k-th smallest. *)
Lemma below_smallest k f points b (at_most : nat -> bool) :
  1 <= k -> NoDup points -> (forall i, at_most i = true -> (f i <= b)%R) ->
  (b < smallest k f points)%R -> length (filter at_most points) < k.
Proof.
  intros Hk Hd Hb H. set (s := sort f points) in *.
  assert (P := sort_permutation f points). fold s in P.
  assert (S : StronglySorted (before f) s) by now apply sort_sorted.
  destruct (Nat.lt_ge_cases (length points) k) as [L|L].
  { apply Nat.le_lt_trans with (2 := L), NoDup_incl_length; [now apply NoDup_filter|].
    intros i Hi. now apply filter_In in Hi. }
  enough (E : incl (filter at_most points) (firstn (k - 1) s)).
  { assert (G := NoDup_incl_length (NoDup_filter at_most Hd) E). rewrite firstn_length in G. lia. }
  intros i Hi. apply filter_In in Hi as [Hi Ha]. apply (Permutation_in i P) in Hi.
  destruct (In_nth s i 0 Hi) as (j & Hj & <-).
  destruct (Nat.lt_ge_cases j (k - 1)) as [J|J].
  - rewrite <- (nth_of_firstn (k - 1)) by trivial. apply nth_In. rewrite firstn_length. lia.
  - assert (U := sorted_up f s (k - 1) j S J Hj). apply Hb in Ha. unfold smallest in H. fold s in H. lra.
Qed.

(** At least k values are more than b, if b is less than the k-th largest. *)
Lemma above_largest k f points b :
  1 <= k -> NoDup points -> (0 <= b)%R -> (b < largest k f points)%R ->
  exists found, NoDup found /\ length found = k /\ forall i, In i found -> In i points /\ (b < f i)%R.
Proof.
  intros Hk Hd Hb H. unfold largest in H. destruct (Nat.leb_spec k (length points)) as [L|L]; [|lra].
  set (g := fun i => (- f i)%R) in *. set (s := sort g points) in *.
  assert (P := sort_permutation g points). fold s in P.
  assert (S : StronglySorted (before g) s) by now apply sort_sorted.
  assert (Len := Permutation_length P).
  exists (firstn k s). split; [|split; [rewrite firstn_length; lia|]].
  - assert (N := Permutation_NoDup P Hd). rewrite <- (firstn_skipn k s) in N.
    clear - N. induction (firstn k s) as [|x l IH]; [constructor|]. inversion N; subst. constructor.
    + intros G. apply H1, in_or_app. now left.
    + apply IH; trivial.
  - intros i Hi. split.
    + apply (Permutation_in i (Permutation_sym P)). rewrite <- (firstn_skipn k s). apply in_or_app. now left.
    + destruct (In_nth _ i 0 Hi) as (j & Hj & E). rewrite firstn_length in Hj.
      rewrite nth_of_firstn in E by lia.
      assert (U := sorted_up g s j (k - 1) S ltac:(lia) ltac:(lia)). rewrite E in U. unfold g in U. lra.
Qed.

(** ** One pair *)

(** The distance of the half-space in which o is at least as near as x. *)
Definition epsilon (m : metric) (z x o : vector) : R :=
  (Rmax (dist m z o - dist m z x) 0 / (2 * norm2 (gram m (sub o x))))%R.

Lemma difference_of_one o x : difference o [(1%R, x)] = sub o x.
Proof.
  simpl. assert (A : forall v : vector, add v [] = v) by now intros [|].
  rewrite A. unfold scale. rewrite <- (map_id (sub o x)) at 2. apply map_ext. intros y. ring.
Qed.

(** The denominator is 0 only where both distances are equal. *)
Lemma never_infinite m z x o : norm2 (gram m (sub o x)) = 0%R -> dist m z o = dist m z x.
Proof.
  intros H. assert (E : forall v, dot (gram m (sub o x)) v = 0%R).
  { intros v. assert (C := cauchy_schwarz (gram m (sub o x)) v). rewrite H, Rmult_0_l in C.
    assert (P := Rabs_pos (dot (gram m (sub o x)) v)).
    assert (A : Rabs (dot (gram m (sub o x)) v) = 0%R) by lra.
    destruct (Req_dec (dot (gram m (sub o x)) v) 0) as [|N]; [trivial|]. now apply Rabs_no_R0 in N. }
  assert (A := E (sub z o)). assert (B := E (sub z x)). rewrite dot_gram, dot_image_sub in A, B.
  unfold dist. transitivity (dot (image m (sub z x)) (image m (sub z o))).
  - rewrite !dot_image_sub. lra.
  - rewrite dot_comm, !dot_image_sub. lra.
Qed.

Lemma nearer_within_epsilon m z x o delta :
  (norm2 delta < epsilon m z x o)%R -> (dist m (add z delta) x < dist m (add z delta) o)%R.
Proof.
  intros H. assert (Hd := norm2_nonneg delta). unfold epsilon in H.
  set (w := norm2 (gram m (sub o x))) in *. set (g := (dist m z o - dist m z x)%R) in *.
  destruct (norm2_nonneg (gram m (sub o x))) as [W|W].
  2: { assert (E := never_infinite m z x o (eq_sym W)). unfold g in H. rewrite E in H.
    rewrite Rminus_diag_eq, Rmax_left in H by lra. unfold Rdiv in H. rewrite Rmult_0_l in H. lra. }
  fold w in W. assert (Hg : (2 * norm2 delta * w < Rmax g 0)%R).
  { apply Rmult_lt_compat_r with (r := (2 * w)%R) in H; [|lra].
    unfold Rdiv in H. rewrite Rmult_assoc, Rinv_l in H by lra. lra. }
  assert (P : (0 < g)%R).
  { destruct (Rle_lt_dec g 0) as [L|L]; [|trivial]. rewrite Rmax_right in Hg by trivial.
    assert (0 <= 2 * norm2 delta * w)%R by (apply Rmult_le_pos; lra). lra. }
  rewrite Rmax_left in Hg by lra.
  assert (G : gap m z o [(1%R, x)] = g) by (simpl; unfold g; ring).
  destruct (nearer_below m z o [(1%R, x)] delta) as (l & y & [E|[]] & Hn).
  - intros l y [E|[]]. injection E as <- <-. lra.
  - rewrite difference_of_one, G.
    assert (C := cauchy_schwarz (gram m (sub o x)) delta). fold w in C.
    assert (A := Rle_abs (dot (gram m (sub o x)) delta)). lra.
  - injection E as _ <-. exact Hn.
Qed.

(** ** The theorem *)

Lemma of_class_filter label r g l : of_class label r (filter g l) = filter g (of_class label r l).
Proof.
  unfold of_class. induction l as [|i l IH]; simpl; [trivial|].
  destruct (g i) eqn:G, (label i =? r) eqn:E; simpl; rewrite ?G, ?E; now rewrite IH.
Qed.

Lemma may_enter_of_others n label c free v :
  may_enter n label c free v = filter (free v) (not_of_class label c (seq 0 n)).
Proof.
  unfold may_enter, not_of_class. induction (seq 0 n) as [|i l IH]; simpl; [trivial|].
  destruct (label i =? c); simpl; [|destruct (free v i)]; now rewrite IH.
Qed.

Section Radius.

Variables (C k n : nat) (label : nat -> nat) (point : nat -> vector) (m : metric) (z : vector) (c : nat).
Hypothesis labels : forall i, i < n -> label i < C.
Hypothesis enough : 1 <= k <= n.
Hypothesis is_class : c < C.

Let own := of_class label c (seq 0 n).
Let others := not_of_class label c (seq 0 n).

(** R_v(o): the (v + 1)-th largest pair bound of o. *)
Definition row_bound (v o : nat) : R := largest (S v) (fun x => epsilon m z (point x) (point o)) own.

(** The value of one way to lose. *)
Definition way_bound (v r w : nat) : R :=
  Rmax (smallest (k - v) (row_bound v) others) (smallest w (row_bound v) (of_class label r others)).

Lemma ways_positive v needs r w :
  In (v, needs) (ways (class_sizes label C n) c k) -> In (r, w) needs -> 1 <= k - v /\ 1 <= w.
Proof.
  intros H Hr. unfold ways in H. apply filter_In in H as [H _]. apply in_map_iff in H as (v' & E & H).
  injection E as -> <-. rewrite <- in_rev in H. apply in_seq in H.
  assert (V : v <= k / 2) by (unfold most_kept in H; lia).
  assert (D : k / 2 < k) by (apply Nat.div_lt; lia).
  split; [lia|]. unfold ways_keeping in Hr. destruct (_ <? _); [destruct Hr|].
  apply in_flat_map in Hr as (e & He & Hr).
  destruct (_ <=? _); [|destruct Hr]. destruct Hr as [E|[]]. injection E as _ <-.
  unfold least_votes. set (q := length (rivals (class_sizes label C n) c)) in *.
  assert (Q : 1 <= q) by (unfold q; destruct (rivals _ _); [destruct He|simpl; lia]).
  apply Nat.le_trans with (2 := Nat.le_max_r _ _). apply Nat.div_le_lower_bound; lia.
Qed.

Theorem radius_from_half_spaces delta :
  (forall v needs r w,
     In (v, needs) (ways (class_sizes label C n) c k) -> In (r, w) needs ->
     (norm2 delta < way_bound v r w)%R) ->
  predict C k n label (fun i => dist m (add z delta) (point i)) = c.
Proof.
  intros H. set (b := norm2 delta). assert (Hb : (0 <= b)%R) by apply norm2_nonneg.
  set (free := fun v o => if Rlt_dec b (row_bound v o) then false else true).
  assert (Hfree : forall v o, free v o = true -> (row_bound v o <= b)%R).
  { intros v o. unfold free. destruct (Rlt_dec _ _); [discriminate|]. intros _. lra. }
  apply vote_kept with (free := free); trivial.
  - intros o Ho Hc. unfold free. destruct (Rlt_dec _ _) as [L|]; [exfalso|trivial].
    apply above_largest in L as (found & Hd & Hl & Hf); [|lia|apply NoDup_filter, seq_NoDup|trivial].
    assert (G := excluded_by_count k n label _ c o found Ho Hd). rewrite Hl in G.
    apply (Nat.nle_succ_diag_l _ (G ltac:(
      intros p Hp; destruct (Hf p Hp) as [H1 H2]; apply of_class_in in H1 as [H1 H3];
      apply in_seq in H1; repeat split; [lia|exact H3|left; now apply nearer_within_epsilon]))).
  - intros v needs [r w] Hw Hr. destruct (ways_positive _ _ _ _ Hw Hr) as [P1 P2].
    specialize (H _ _ _ _ Hw Hr). unfold barred. simpl.
    rewrite may_enter_of_others. fold others. unfold way_bound in H.
    destruct (Rlt_dec b (smallest (k - v) (row_bound v) others)) as [S|S].
    + left. apply below_smallest with (f := row_bound v) (b := b); trivial; [|apply Hfree].
      apply NoDup_filter, seq_NoDup.
    + right. assert (S' : (b < smallest w (row_bound v) (of_class label r others))%R).
      { revert H. unfold Rmax. fold b. destruct (Rle_dec _ _); intros; lra. }
      rewrite of_class_filter. apply below_smallest with (f := row_bound v) (b := b); trivial; [|apply Hfree].
      apply NoDup_filter, NoDup_filter, seq_NoDup.
Qed.

End Radius.
