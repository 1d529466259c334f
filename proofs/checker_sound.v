(** A yes of the checker is true: whatever real perturbation is cheaper than the radius, the answer stays. *)

Require Import Reals ZArith List Bool Arith Lra Lia Psatz FMapPositive.
Require Import RobustMetric.vectors RobustMetric.predict RobustMetric.half_space RobustMetric.losing_votes.
Require Import RobustMetric.threat_models RobustMetric.integers RobustMetric.reach RobustMetric.lists.
Require Import RobustMetric.box RobustMetric.region RobustMetric.search_tree RobustMetric.memo RobustMetric.votes
  RobustMetric.places RobustMetric.losses RobustMetric.votes_sound RobustMetric.checker.
Import ListNotations.
Open Scope nat_scope.

Lemma equal_vectors_eq a b : equal_vectors a b = true -> a = b.
Proof.
  revert b; induction a as [|x a IH]; destruct b as [|y b]; simpl; try easy.
  intros H. apply andb_true_iff in H as [H1 H2]. apply Z.eqb_eq in H1. subst. f_equal. auto.
Qed.

Lemma equal_lists_eq a b : equal_lists a b = true -> a = b.
Proof.
  revert b; induction a as [|x a IH]; destruct b as [|y b]; simpl; try easy.
  intros H. apply andb_true_iff in H as [H1 H2]. apply Nat.eqb_eq in H1. subst. f_equal. auto.
Qed.

(** ** The model *)

Section Sound.

Variables (guess : guesses) (m : model) (t : threat) (e : Z) (c : certificate) (delta : vector).

Hypothesis valid : valid_model m t = true.
Hypothesis points_fit : forall p x, In p (training m) -> In x (fst p) -> (e <= snd x)%Z.
Hypothesis query_fits : forall x, In x (query c) -> (e <= snd x)%Z.
Hypothesis bounds_fit : forall x, In x (ends (bounds t)) -> (e <= snd x)%Z.
Hypothesis allowed : admissible t (values (query c)) delta.
Hypothesis cheap : cheaper (cost_of t delta) (radius c).

Let n := length (training m).
Let k := n_neighbors m.
Let pr := prepare m e.
Let L := integer_metric m.
Let s := two e.
Let u := match components m with None => 1%R | Some _ => two (metric_exponent m) end.
Let zi := map (in_units e) (query c).
Let g := region_of guess t e zi (radius c).
Let r := plain g.
Hypothesis query_inside : room_valid (room_at e (bounds t) zi) = true.
Let view := look g (zimage L zi) (zgram L (zimage L zi)).
Let D i := dist (real_metric m) (add (values (query c)) delta) (vector_of m i).

Definition integers_of i := map (in_units e) (fst (nth i (training m) ([], 0))).
Definition record i := make_point L (first_points m e) (Later (all_points m e)) (i, (integers_of i, class_of m i)).

Lemma valid_parts : 1 <= k <= n /\ (forall i, i < n -> class_of m i < n_classes m) /\ costs_valid (costs t) = true.
Proof.
  assert (H := valid). unfold valid_model in H.
  apply andb_true_iff in H as [H H3]. apply andb_true_iff in H as [H H2]. apply andb_true_iff in H as [H0 H1].
  apply Nat.leb_le in H0, H1. repeat split; trivial.
  intros i Hi. rewrite forallb_forall in H2. apply Nat.ltb_lt, H2, nth_In. exact Hi.
Qed.

Lemma integer_points_all :
  integer_points m e = map (fun i => (i, (integers_of i, class_of m i))) (seq 0 n).
Proof.
  unfold integer_points, n. set (f := fun p : list float * nat => (map (in_units e) (fst p), snd p)).
  rewrite <- (map_length f), (combine_seq (map f (training m)) (f ([], 0))). apply map_ext.
  intros i. now rewrite map_nth.
Qed.

Lemma points_all : points pr = map record (seq 0 n).
Proof. unfold pr. simpl. rewrite integer_points_all, map_map. trivial. Qed.

Lemma found_point i p : Map.find (key i) (by_index pr) = Some p -> exists j, j < n /\ p = record j.
Proof.
  unfold pr. simpl. revert p. generalize (key i) as x.
  apply find_in_all with (P := fun p => exists j, j < n /\ p = record j).
  - intros p Hp. fold L in Hp. change (In p (points pr)) in Hp. rewrite points_all in Hp.
    apply in_map_iff in Hp. destruct Hp as (j & <- & Hj). exists j. apply in_seq in Hj. split; [lia|trivial].
  - intros x p H. now rewrite Map.gempty in H.
Qed.

Lemma by_index_right i p : Map.find (key i) (by_index pr) = Some p -> i < n /\ p = record i.
Proof.
  intros F. destruct (found_point _ _ F) as (j & Hj & ->).
  assert (K : key i = key (index (record j))).
  { unfold pr in F. simpl in F. revert F. apply find_keyed with (k := fun p => key (index p)).
    intros x p H. now rewrite Map.gempty in H. }
  apply SuccNat2Pos.inj in K. simpl in K. subst. auto.
Qed.

Lemma by_index_all i : i < n -> Map.find (key i) (by_index pr) = Some (record i).
Proof.
  intros Hi. destruct (Map.find (key i) (by_index pr)) as [p|] eqn:F.
  - apply by_index_right in F as [_ ->]. trivial.
  - exfalso. revert F. unfold pr. simpl. apply find_some_added. left. exists (record i). split; [|trivial].
    change (In (record i) (points pr)). rewrite points_all. apply in_map, in_seq. lia.
Qed.

Lemma by_class_all : by_class pr = class_sizes (class_of m) (n_classes m) n.
Proof.
  unfold class_sizes. change (by_class pr) with
    (map (fun r => (r, length (filter (fun p => class p =? r) (points pr)))) (seq 0 (n_classes m))).
  apply map_ext. intros x. rewrite points_all, filter_of_map, map_length. trivial.
Qed.

Definition bucket_right (l : list (nat * list Z)) : Prop :=
  forall j v, In (j, v) l -> j < n /\ v = integers_of j.

Lemma buckets_right :
  forall h l, Map.find h (first_points m e) = Some l -> bucket_right l.
Proof.
  unfold first_points. destruct (n_neighbors m =? 1).
  - enough (H : forall ps, (forall p, In p ps -> fst p < n /\ fst (snd p) = integers_of (fst p)) ->
      forall b, (forall h l, Map.find h b = Some l -> bucket_right l) ->
      forall h l, Map.find h (fold_left enter ps b) = Some l -> bucket_right l).
    { apply H.
      - intros p Hp. rewrite integer_points_all in Hp. apply in_map_iff in Hp.
        destruct Hp as (i & <- & Hi). apply in_seq in Hi. simpl. split; [lia|trivial].
      - intros h l G. now rewrite Map.gempty in G. }
    induction ps as [|p ps IH]; intros Hp b Hb; simpl; [exact Hb|].
    apply IH; [intros q Hq; apply Hp; now right|]. intros h l. unfold enter.
    destruct (existsb _ _); [apply Hb|]. intros G.
    eapply find_added with (P := bucket_right); [|apply Hb|exact G].
    destruct (Hp p (or_introl eq_refl)) as [H1 H2].
    intros j v [E|Hin]; [injection E as <- <-; auto|].
    unfold bucket in Hin. destruct (Map.find (hash (fst (snd p))) b) eqn:F; [|destruct Hin].
    now apply (Hb _ _ F).
  - intros h l G. now rewrite Map.gempty in G.
Qed.

Lemma repeated_right i :
  repeated (record i) = true -> k = 1 /\ exists j, j < i /\ j < n /\ integers_of j = integers_of i.
Proof.
  intros H. simpl in H. unfold is_repeated in H. apply existsb_exists in H as ((j & v) & Hin & H).
  unfold bucket in Hin. destruct (Map.find _ (first_points m e)) as [l|] eqn:F; [|destruct Hin].
  destruct (buckets_right _ _ F j v Hin) as [Hj ->].
  apply andb_true_iff in H as [H1 H2]. simpl in H1, H2.
  apply Nat.ltb_lt in H1. apply equal_vectors_eq in H2. split; [|exists j; auto].
  unfold first_points in F. fold k in F. destruct (Nat.eqb_spec k 1); [trivial|].
  now rewrite Map.gempty in F.
Qed.

Lemma all_points_right : forall h l, Map.find h (all_points m e) = Some l -> bucket_right l.
Proof.
  unfold all_points.
  enough (H : forall ps : list (nat * (list Z * nat)),
    (forall p, In p ps -> fst p < n /\ fst (snd p) = integers_of (fst p)) ->
    forall b, (forall h l, Map.find h b = Some l -> bucket_right l) ->
    forall h l, Map.find h (fold_left (fun b p => let v := fst (snd p) in
      Map.add (hash v) ((fst p, v) :: bucket b v) b) ps b) = Some l -> bucket_right l).
  { apply H.
    - intros p Hp. rewrite integer_points_all in Hp. apply in_map_iff in Hp.
      destruct Hp as (i & <- & Hi). apply in_seq in Hi. simpl. split; [lia|trivial].
    - intros h l G. now rewrite Map.gempty in G. }
  induction ps as [|p ps IH]; intros Hp b Hb; simpl; [exact Hb|].
  apply IH; [intros q Hq; apply Hp; now right|]. intros h l G.
  eapply find_added with (P := bucket_right); [|apply Hb|exact G].
  destruct (Hp p (or_introl eq_refl)) as [H1 H2].
  intros j v [E|Hin]; [injection E as <- <-; auto|].
  unfold bucket in Hin. destruct (Map.find (hash (fst (snd p))) b) eqn:F; [|destruct Hin].
  now apply (Hb _ _ F).
Qed.

Lemma equal_before_right i j :
  In j (now (equals (record i))) -> j < i /\ j < n /\ integers_of j = integers_of i.
Proof.
  simpl. unfold equal_before. intros H. apply in_map_iff in H as ((j' & v) & E & H). simpl in E. subst j'.
  apply filter_In in H as [Hin H]. apply andb_true_iff in H as [H1 H2]. apply Nat.ltb_lt in H1.
  unfold bucket in Hin. destruct (Map.find _ (all_points m e)) as [l|] eqn:F; [|destruct Hin].
  destruct (all_points_right _ _ F j v Hin) as [Hj ->]. apply equal_vectors_eq in H2. auto.
Qed.

Lemma own_points_right cl named p :
  In p (own_points pr cl named) -> exists j, j < n /\ p = record j /\ class_of m j = cl.
Proof.
  intros H. apply in_flat_map in H as (i & _ & H).
  destruct (Map.find (key i) (by_index pr)) as [q|] eqn:F; [|destruct H].
  destruct (Nat.eqb_spec (class q) cl) as [E|]; [|destruct H]. destruct H as [->|[]].
  destruct (found_point _ _ F) as (j & Hj & ->). exists j. auto.
Qed.

(** ** Units *)

Lemma metric_right : real_metric m = metric_in u L /\ unit_fits u L.
Proof.
  unfold real_metric, L, integer_metric, u, metric_exponent. destruct (components m) as [rs|]; [|simpl; auto].
  simpl. split; [|trivial]. f_equal. rewrite map_map. apply map_ext_in. intros row Hrow.
  apply values_in_units. intros x Hx. apply least_exponent_le, in_concat. now exists row.
Qed.

Lemma vector_right i : i < n -> vector_of m i = scale s (reals (integers_of i)).
Proof.
  intros Hi. apply values_in_units. intros x Hx.
  apply points_fit with (nth i (training m) ([], 0)); [now apply nth_In|trivial].
Qed.

Lemma query_right : values (query c) = scale s (reals zi).
Proof. now apply values_in_units. Qed.

Lemma unit_pos : (0 < u)%R.
Proof. unfold u. destruct (components m); [apply two_pos|lra]. Qed.

Lemma precision_nonneg W : (0 <= precision W)%Z.
Proof.
  unfold precision. match goal with |- context [if ?b then _ else _] => destruct b end; [lia|].
  enough (H : (0 <= fold_right (fun w b => Z.max match w with Some w => Z.log2 (fst w) + 1 + Z.max 0 (snd w) | None => 0 end b) 0 W)%Z) by lia.
  clear. induction W as [|w W IH]; simpl; lia.
Qed.

Lemma radius_right x : (0 < snd (radius_in e x))%Z /\ (value x * IZR (snd (radius_in e x)) = s * IZR (fst (radius_in e x)))%R.
Proof.
  unfold radius_in, s. destruct (Z.leb_spec e (snd x)) as [H|H]; simpl.
  - split; [lia|]. rewrite (in_units_value e x) by trivial. ring.
  - split; [apply Z.pow_pos_nonneg; lia|]. unfold value. rewrite <- two_IZR by lia.
    replace e with (snd x + (e - snd x))%Z at 2 by lia. rewrite two_add. ring.
Qed.

Lemma cheap_in_units :
  match radius_is r with
  | None => True
  | Some (num, den) =>
      (0 < den)%Z /\ (cost (norm_is r) (cost_values (costs t)) delta * IZR den < s * IZR num)%R
  end.
Proof.
  unfold r, g, region_of, reach_of. simpl. assert (H := cheap). unfold cheaper in H.
  destruct (radius c) as [x|]; simpl; [|trivial].
  destruct (radius_right x) as [Hden E]. destruct (radius_in e x) as (num & den). simpl in *.
  split; [trivial|]. rewrite <- E. apply Rmult_lt_compat_r; [now apply IZR_lt|exact H].
Qed.

Lemma inside_in_units :
  match space g with
  | None => True
  | Some (caps, weights, weight_bits) =>
      keeps s caps delta /\ room_valid caps = true
      /\ weights = weights_of (costs t) /\ weight_bits = (- weight_exponent (costs t))%Z
  end.
Proof.
  assert (K : keeps s (room_at e (bounds t) zi) delta).
  { apply keeps_within; [exact bounds_fit|]. fold s zi. rewrite <- query_right. apply allowed. }
  assert (Q := query_inside). unfold g, region_of. cbn [space].
  destruct (bounds t) as [|b bs]; [trivial|]. now repeat split.
Qed.

(** ** Inequalities *)

Definition sees (a : seen) : Prop := exists j, j < n /\ a = view (record j).

Definition as_real (own : list (Z * seen)) : weighted_points :=
  map (fun w => (IZR (fst w), vector_of m (seen_index (snd w)))) own.

Fixpoint rise (o : seen) (own : list (Z * seen)) : R :=
  match own with
  | [] => 0
  | (l, a) :: rest => IZR l * (dot (reals (gradient o)) delta - dot (reals (gradient a)) delta) + rise o rest
  end.

Lemma gap_right o own :
  sees o -> (forall l a, In (l, a) own -> sees a) ->
  gap (real_metric m) (values (query c)) (vector_of m (seen_index o)) (as_real own)
  = (s * u * (s * u) * IZR (weighted_gap o own))%R.
Proof.
  intros (i & Hi & ->) Hown. destruct metric_right as [-> Hu]. rewrite query_right.
  induction own as [|(l & a) own IH]; simpl; [ring|].
  destruct (Hown l a (or_introl eq_refl)) as (j & Hj & ->).
  fold (as_real own). simpl in IH. rewrite IH by (intros l' a' H; apply (Hown l' a'); now right).
  rewrite plus_IZR, mult_IZR, minus_IZR. simpl.
  rewrite !vector_right by trivial. rewrite !dist_in by trivial. ring.
Qed.

Lemma rise_right o own :
  sees o -> (forall l a, In (l, a) own -> sees a) ->
  dot (gram (real_metric m) (difference (vector_of m (seen_index o)) (as_real own))) delta
  = (s * (u * u) * rise o own)%R.
Proof.
  intros (i & Hi & ->) Hown. destruct metric_right as [-> Hu]. rewrite dot_gram.
  induction own as [|(l & a) own IH]; simpl; [rewrite image_nil; ring|].
  destruct (Hown l a (or_introl eq_refl)) as (j & Hj & ->).
  fold (as_real own). rewrite dot_image_add, dot_image_scale, dot_image_sub.
  simpl in IH. rewrite IH by (intros l' a' H; apply (Hown l' a'); now right).
  simpl. rewrite !vector_right by trivial.
  rewrite <- !dot_gram, !gram_in by trivial. rewrite !dot_reals_sub. ring.
Qed.

Lemma direction_right o own : dot (reals (weighted_direction o own)) delta = rise o own.
Proof.
  induction own as [|(l & a) own IH]; simpl; [trivial|].
  fold (weighted_direction o own). rewrite reals_add, dot_add_l, reals_scale, dot_scale_l, dot_reals_sub, IH. trivial.
Qed.

Lemma sum_right o own :
  sees o -> (forall l a, In (l, a) own -> sees a /\ (0 <= l)%Z) ->
  (2 * rise o own < s * IZR (weighted_gap o own))%R ->
  exists a, (exists l, In (l, a) own) /\ (D (seen_index a) < D (seen_index o))%R.
Proof.
  intros Ho Hown H. assert (P : (0 < s)%R) by apply two_pos. assert (Q := unit_pos).
  destruct (nearer_below (real_metric m) (values (query c)) (vector_of m (seen_index o)) (as_real own) delta)
    as (l & x & Hin & Hlt).
  - intros l x Hin. apply in_map_iff in Hin as ((l' & a) & E & Hin). injection E as <- <-.
    apply IZR_le. now apply (Hown l' a).
  - rewrite gap_right, rise_right by (trivial; intros l a Hin; now apply (Hown l a)).
    assert (0 < s * (u * u))%R by (repeat apply Rmult_lt_0_compat; trivial).
    replace (s * u * (s * u) * IZR (weighted_gap o own))%R
      with (s * (u * u) * (s * IZR (weighted_gap o own)))%R by ring.
    replace (2 * (s * (u * u) * rise o own))%R with (s * (u * u) * (2 * rise o own))%R by ring.
    now apply Rmult_lt_compat_l.
  - apply in_map_iff in Hin as ((l' & a) & E & Hin). injection E as _ <-.
    exists a. split; [now exists l'|exact Hlt].
Qed.

(** The same where the sum may be 0, of which a tie would be lost. *)
Lemma strict_sum_right o own :
  sees o -> (forall l a, In (l, a) own -> sees a /\ (0 <= l)%Z) ->
  (2 * rise o own <= s * IZR (weighted_gap o own))%R ->
  (exists l a, In (l, a) own /\ (0 < l)%Z /\ seen_index a < seen_index o) ->
  exists a, (exists l, In (l, a) own) /\ before D (seen_index a) (seen_index o).
Proof.
  intros Ho Hown H (l0 & a0 & Hin0 & Hl0 & Hi0).
  assert (P : (0 < s)%R) by apply two_pos. assert (Q := unit_pos).
  set (ahead := fun w : Z * seen => before_b D (seen_index (snd w)) (seen_index o)).
  destruct (existsb ahead own) eqn:X.
  { apply existsb_exists in X as ((l & a) & Hin & X). exists a. split; [now exists l|].
    now apply before_b_iff. }
  assert (Behind : forall l a, In (l, a) own -> ~ before D (seen_index a) (seen_index o)).
  { intros l a Hin B. apply before_b_iff in B. assert (Y : existsb ahead own = true); [|congruence].
    apply existsb_exists. exists (l, a). split; [trivial|exact B]. }
  exfalso. apply (Behind l0 a0 Hin0). right. split; [|exact Hi0]. symmetry.
  apply (not_all_behind (real_metric m) (add (values (query c)) delta) (vector_of m (seen_index o)) (as_real own))
    with (l := IZR l0).
  - intros l x Hin. apply in_map_iff in Hin as ((l' & a) & E & Hin). injection E as <- <-.
    apply IZR_le. now apply (Hown l' a).
  - rewrite gap_moved, gap_right, rise_right by (trivial; intros l a Hin; now apply (Hown l a)).
    assert (0 < s * (u * u))%R by (repeat apply Rmult_lt_0_compat; trivial).
    replace (s * u * (s * u) * IZR (weighted_gap o own) - 2 * (s * (u * u) * rise o own))%R
      with (s * (u * u) * (s * IZR (weighted_gap o own) - 2 * rise o own))%R by ring.
    apply Rmult_le_pos; lra.
  - intros l x Hin. apply in_map_iff in Hin as ((l' & a) & E & Hin). injection E as <- <-.
    apply Rnot_lt_le. intros Lt. apply (Behind l' a Hin). left. exact Lt.
  - apply in_map_iff. exists (l0, a0). split; [trivial|exact Hin0].
  - now apply IZR_lt.
Qed.

Ltac apply_reach :=
  first [exact (proj2 (proj2 valid_parts)) | apply precision_nonneg | reflexivity | apply two_pos
        | exact (proj1 allowed) | exact cheap_in_units | exact inside_in_units].

Lemma beyond gap a : never_beyond g gap a = true -> (2 * dot (reals a) delta <= s * IZR gap)%R.
Proof. intros H. apply never_beyond_right with (W := costs t) (g := g); trivial; apply_reach. Qed.

Lemma proves_pair_right o a :
  sees o -> sees a -> proves_pair g o a = true -> before D (seen_index a) (seen_index o).
Proof.
  intros Ho Ha H. unfold proves_pair in H.
  assert (Only : forall l x, In (l, x) [(1%Z, a)] -> sees x /\ (0 <= l)%Z).
  { intros l x [E|[]]. injection E as <- <-. split; [trivial|lia]. }
  assert (Gap : weighted_gap o [(1%Z, a)] = (distance o - distance a)%Z).
  { unfold weighted_gap. cbn [fold_right fst snd]. ring. }
  apply orb_true_iff in H as [H|H].
  - apply andb_true_iff in H as [Hg H]. apply Z.ltb_lt in Hg.
    assert (B : (2 * (dot (reals (gradient o)) delta - dot (reals (gradient a)) delta)
                 < s * IZR (distance o - distance a))%R).
    { apply orb_true_iff in H as [H|H].
      - assert (E : forall x, sees x -> size x = dual_size r (gradient x)) by (intros x (j & _ & ->); trivial).
        rewrite !E in H by trivial.
        apply within_length_right with (W := costs t) (r := r); trivial; apply_reach.
      - rewrite <- dot_reals_sub.
        apply stays_out_right with (W := costs t) (g := g); trivial; apply_reach. }
    destruct (sum_right o [(1%Z, a)]) as (a' & (l & [E|[]]) & Hlt); trivial.
    + rewrite Gap. cbn [rise]. lra.
    + injection E as _ <-. left. exact Hlt.
  - apply andb_true_iff in H as [H Hb]. apply andb_true_iff in H as [Hi _]. apply Nat.ltb_lt in Hi.
    apply beyond in Hb. rewrite dot_reals_sub in Hb.
    destruct (strict_sum_right o [(1%Z, a)]) as (a' & (l & [E|[]]) & Hlt); trivial.
    + rewrite Gap. cbn [rise]. lra.
    + exists 1%Z, a. split; [now left|]. split; [lia|trivial].
    + injection E as _ <-. exact Hlt.
Qed.

Lemma proves_sum_right o own :
  sees o -> (forall l a, In (l, a) own -> sees a) -> proves_sum g o own = true ->
  exists a, (exists l, In (l, a) own) /\ before D (seen_index a) (seen_index o).
Proof.
  intros Ho Hown H. unfold proves_sum in H. cbv zeta in H. apply andb_true_iff in H as [Hl H].
  assert (Hown' : forall l a, In (l, a) own -> sees a /\ (0 <= l)%Z).
  { intros l a Hin. split; [now apply (Hown l)|]. rewrite forallb_forall in Hl.
    specialize (Hl _ Hin). now apply Z.leb_le in Hl. }
  apply orb_true_iff in H as [H|H]; apply andb_true_iff in H as [H Hb].
  - apply Z.ltb_lt in H. destruct (sum_right o own) as (a & Hin & Hlt); trivial.
    + rewrite <- direction_right.
      apply stays_out_right with (W := costs t) (g := g); trivial; apply_reach.
    + exists a. split; [trivial|now left].
  - apply existsb_exists in H as ((l & a) & Hin & H). apply andb_true_iff in H as [H1 H2].
    apply Z.ltb_lt in H1. apply Nat.ltb_lt in H2.
    apply strict_sum_right; trivial; [|now exists l, a].
    rewrite <- direction_right. now apply beyond.
Qed.

(** ** The count *)

(** Points of the certified class that stay before o. *)
Definition nearer (o : nat) (p : nat) : Prop := p < n /\ class_of m p = label c /\ before D p o.

Definition own_seen (a : seen) : Prop := exists j, j < n /\ class_of m j = label c /\ a = view (record j).

Lemma own_seen_sees a : own_seen a -> sees a.
Proof. intros (j & Hj & _ & ->). now exists j. Qed.

Lemma own_seen_map named : forall a, In a (map view (own_points pr (label c) named)) -> own_seen a.
Proof.
  intros a H. apply in_map_iff in H as (p & <- & H).
  destruct (own_points_right _ _ _ H) as (j & Hj & -> & Hc). now exists j.
Qed.

Lemma stay_ahead_right enough i own proved :
  i < n -> (forall a, In a own -> own_seen a) ->
  NoDup proved -> (forall p, In p proved -> nearer i p) ->
  let found := stay_ahead g enough (view (record i)) own proved in
  NoDup found /\ forall p, In p found -> nearer i p.
Proof.
  intros Hi. revert proved; induction own as [|a own IH]; intros proved Hown Hd Hp; simpl; [auto|].
  destruct (enough <=? length proved); [auto|].
  assert (Hown' : forall b, In b own -> own_seen b) by (intros b Hb; apply Hown; now right).
  destruct (negb (existsb (Nat.eqb (seen_index a)) proved) && proves_pair g (view (record i)) a) eqn:E;
    [|now apply IH].
  apply andb_true_iff in E as [E1 E2]. apply IH; trivial.
  - constructor; [|trivial]. intros Hin. apply negb_true_iff in E1.
    assert (existsb (Nat.eqb (seen_index a)) proved = true); [|congruence].
    apply existsb_exists. exists (seen_index a). split; [trivial|apply Nat.eqb_refl].
  - intros p [<-|Hin]; [|auto].
    assert (Ha : own_seen a) by (apply Hown; now left).
    assert (So : sees (view (record i))) by now exists i.
    assert (H := proves_pair_right _ _ So (own_seen_sees a Ha) E2).
    destruct Ha as (j & Hj & Hc & ->). repeat split; trivial.
Qed.

Lemma ahead_right enough sums near_seen rows_of i :
  i < n -> (forall a, In a near_seen -> own_seen a) ->
  exists found, NoDup found /\ (forall p, In p found -> nearer i p)
    /\ length found = ahead pr view g (label c) enough sums near_seen rows_of (view (record i)).
Proof.
  intros Hi Hnear. unfold ahead.
  destruct (stay_ahead_right enough i near_seen []) as [Hd Hp]; trivial; [constructor|easy|].
  set (proved := stay_ahead g enough (view (record i)) near_seen []) in *.
  destruct sums.
  - destruct proved as [|p0 proved']; [|exists (p0 :: proved'); auto].
    destruct (existsb _ rows_of) eqn:E; [|exists []; auto].
    apply existsb_exists in E as (w & _ & E).
    destruct (proves_sum_right _ _ ltac:(now exists i) ltac:(
      intros l a Hin; apply own_seen_sees, own_seen_map with (fst w);
      apply in_combine_r in Hin; exact Hin) E) as (a & (l & Hin) & Hlt).
    apply in_combine_r, own_seen_map in Hin. destruct Hin as (j & Hj & Hc & ->).
    exists [j]. split; [repeat constructor; simpl; tauto|]. split; [|trivial].
    intros p [<-|[]]. repeat split; trivial.
  - destruct (enough <=? length proved); [exists proved; auto|].
    eexists. split; [|split; [|reflexivity]]; apply stay_ahead_right; trivial; apply own_seen_map.
Qed.

(** ** Search trees *)

Let image := zimage L zi.
Let twice_z := zgram L image.
Let places := places_of g image twice_z pr.
Let spot_of i := spot_at g image twice_z pr (key i).
Let spots q := spot_at g image twice_z pr q.

Lemma places_as_made q : places q = make_place g (fun q => now (look_up q (tabulate (fun q => Later (spots q))))) (spots q).
Proof. unfold places, places_of. rewrite !look_up_tabulate. reflexivity. Qed.

Let spots' q := now (look_up q (tabulate (fun q => Later (spots q)))).

Lemma spot_right i : i < n ->
  spot_of i = let s := view (record i) in
    {| number := i; kind := class_of m i; far := distance s; slope := gradient s;
       scaled_slope := Later (scale_up g (gradient s)) |}.
Proof. intros Hi. unfold spot_of, spot_at. rewrite by_index_all by trivial. reflexivity. Qed.

Lemma place_at_right i p :
  place_at pr places i = Some p -> i < n /\ p = make_place g spots' (spot_of i).
Proof.
  unfold place_at. destruct (Map.find (key i) (by_index pr)) as [q|] eqn:F; [|discriminate].
  intros H. injection H as <-. apply by_index_right in F as [Hi _]. split; [trivial|]. apply places_as_made.
Qed.

Lemma place_at_all i : i < n -> place_at pr places i = Some (make_place g spots' (spot_of i)).
Proof. intros Hi. unfold place_at. rewrite by_index_all by trivial. now rewrite places_as_made. Qed.

Lemma same_integers i j : i < n -> j < n -> integers_of i = integers_of j -> D i = D j.
Proof. intros Hi Hj E. unfold D. now rewrite !vector_right, E. Qed.

Lemma earlier_right i b :
  i < n -> In b (earlier_places pr places (make_place g spots' (spot_of i))) ->
  exists j, j < n /\ b = make_place g spots' (spot_of j) /\ j < i /\ D j = D i.
Proof.
  intros Hi H. unfold earlier_places in H.
  assert (W : who (make_place g spots' (spot_of i)) = i) by (unfold who; simpl; now rewrite spot_right).
  rewrite W, by_index_all in H by trivial. apply in_flat_map in H as (j & Hj & H).
  apply equal_before_right in Hj as (Hlt & Hn & E).
  rewrite place_at_all in H by trivial. destruct H as [<-|[]]. exists j.
  repeat split; trivial. now apply same_integers.
Qed.

Lemma reached_pair i j : i < n -> j < n -> (D i <= D j)%R ->
  reached s delta (far (spot_of i) - far (spot_of j)) (zsub (slope (spot_of i)) (slope (spot_of j))).
Proof.
  intros Hi Hj Hd. unfold reached. rewrite !spot_right by trivial. cbv zeta. cbn [far slope].
  apply Rnot_lt_le. intros H.
  destruct (sum_right (view (record i)) [(1%Z, view (record j))]) as (a & (l & [E|[]]) & Hlt).
  - now exists i.
  - intros l a [E|[]]. injection E as <- <-. split; [now exists j|lia].
  - replace (weighted_gap (view (record i)) [(1%Z, view (record j))])
      with (distance (view (record i)) - distance (view (record j)))%Z by
      (unfold weighted_gap; cbn [fold_right fst snd]; ring).
    rewrite dot_reals_sub in H. cbn [rise]. lra.
  - injection E as _ <-. change (D j < D i)%R in Hlt. lra.
Qed.

Lemma passed_pair i j : i < n -> j < n -> (D i < D j)%R ->
  passed s delta (far (spot_of i) - far (spot_of j)) (zsub (slope (spot_of i)) (slope (spot_of j))).
Proof.
  intros Hi Hj Hd. unfold passed. rewrite !spot_right by trivial. cbv zeta. cbn [far slope].
  apply Rnot_le_lt. intros H. assert (P : (0 < s)%R) by apply two_pos. assert (Q := unit_pos).
  set (o := view (record i)) in *. set (a := view (record j)) in *.
  assert (So : sees o) by now exists i. assert (Sa : sees a) by now exists j.
  assert (Only : forall l x, In (l, x) [(1%Z, a)] -> sees x) by (intros l x [E|[]]; injection E as <- <-; exact Sa).
  assert (G := gap_moved (real_metric m) (values (query c)) (vector_of m (seen_index o)) (as_real [(1%Z, a)]) delta).
  rewrite gap_right, rise_right in G by trivial.
  replace (weighted_gap o [(1%Z, a)]) with (distance o - distance a)%Z in G by
    (unfold weighted_gap; cbn [fold_right fst snd]; ring).
  cbn [as_real map fst snd gap rise] in G. rewrite dot_reals_sub in H.
  change (seen_index o) with i in G. change (seen_index a) with j in G.
  change (dist _ _ (vector_of m i)) with (D i) in G. change (dist _ _ (vector_of m j)) with (D j) in G.
  assert (0 < s * (u * u))%R by (repeat apply Rmult_lt_0_compat; trivial).
  assert (0 <= s * (u * u) * (s * IZR (distance o - distance a)
    - 2 * (dot (reals (gradient o)) delta - dot (reals (gradient a)) delta)))%R by (apply Rmult_le_pos; lra).
  lra.
Qed.

Lemma reached_beyond gap a : never_beyond g gap a = true -> ~ passed s delta gap a.
Proof. intros H. apply Rle_not_lt. now apply beyond. Qed.

Lemma reached_out gap a : (0 < gap)%Z -> stays_out g gap a = true -> ~ reached s delta gap a.
Proof.
  intros Hg H. apply Rlt_not_le.
  apply stays_out_right with (W := costs t) (g := g); trivial; apply_reach.
Qed.

Lemma reached_square gap a :
  is_two g = true -> (0 < gap)%Z ->
  within_square (plain g) gap (zdot (scale_up g a) (scale_up g a)) = true -> ~ reached s delta gap a.
Proof.
  intros H2 Hg H. apply reached_out; trivial. unfold stays_out. apply orb_true_iff. left.
  unfold stays_below. fold (scale_up g a). unfold is_two in H2. unfold within_square in H |- *.
  destruct (radius_is (plain g)) as [[num den]|]; [|discriminate].
  destruct (norm_is (plain g)); [discriminate|exact H|discriminate].
Qed.

Lemma those_at_right l p : In p (those_at (place_at pr places) l) -> exists i, In i l /\ place_at pr places i = Some p.
Proof.
  intros H. apply in_flat_map in H as (i & Hi & H). exists i. split; [trivial|].
  destruct (place_at pr places i) as [q|]; [|destruct H]. destruct H as [->|[]]. trivial.
Qed.

Lemma company_right l v own apart :
  company_of pr g places (label c) l v = (own, apart) ->
  Forall (is_own g (label c) n (class_of m) spot_of spots') own /\ NoDup (map who own)
  /\ apart = apart_table g places own v.
Proof.
  intros H. unfold company_of in H. injection H as <- <-. split; [|split; [apply once_right|trivial]].
  apply Forall_forall. intros p Hp. apply once_incl, in_flat_map in Hp as (i & _ & Hp).
  unfold own_place in Hp. destruct (place_at pr places i) as [q|] eqn:F; [|destruct Hp].
  destruct (Nat.eqb_spec (its_class q) (label c)) as [Ec|]; [|destruct Hp]. destruct Hp as [->|[]].
  apply place_at_right in F as [Hi ->].
  assert (W : who (make_place g spots' (spot_of i)) = i) by (unfold who; simpl; now rewrite spot_right).
  split; [split; rewrite W; trivial|]. rewrite W, <- Ec. unfold its_class. simpl. now rewrite spot_right.
Qed.

Definition company_known (before : company) : Prop :=
  now (known before) = company_of pr g places (label c) (named before) (few before).

Lemma losses_proved_right ls ts before l free free_places :
  company_known before -> losses_proved pr g places (label c) ls ts before = true ->
  In (l, (free, free_places)) ls ->
  loss_barred l free = true
  \/ exists t own apart, company_of pr g places (label c) (own_of t) (kept l) = (own, apart)
     /\ proves_loss g (label c) (place_at pr places) (earlier_places pr places) l own apart (now free_places) t = true.
Proof.
  revert ts before; induction ls as [|[l' [free' places']] ls IH]; intros ts before Hb H Hin; [destruct Hin|].
  cbn [losses_proved] in H. destruct (loss_barred l' free') eqn:Br.
  - destruct Hin as [E|Hin]; [injection E as -> -> ->; auto|]. now apply (IH (tl ts) before).
  - destruct ts as [|t' ts]; [discriminate|]. cbv zeta in H.
    set (w := company_for pr g places (label c) before (own_of t') (kept l')) in *.
    assert (Hw : company_known w /\ named w = own_of t' /\ few w = kept l').
    { unfold w, company_for. destruct (_ && _) eqn:S; [|repeat split].
      apply andb_true_iff in S as [S1 S2]. apply equal_lists_eq in S1. apply Nat.eqb_eq in S2. auto. }
    destruct Hw as (K1 & K2 & K3). unfold company_known in K1. rewrite K2, K3 in K1.
    destruct (now (known w)) as [own apart] eqn:Kw. apply andb_true_iff in H as [H1 H2].
    destruct Hin as [E|Hin].
    + injection E as -> -> ->. right. exists t', own, apart. auto.
    + apply (IH ts w); trivial. unfold company_known. now rewrite K2, K3, Kw.
Qed.

(** ** The certificate *)

Theorem check_certificate_sound_at :
  check_certificate guess m t pr c = true -> answer m (add (values (query c)) delta) = label c.
Proof.
  intros H. unfold check_certificate in H.
  apply andb_true_iff in H as [H Hvotes]. apply andb_true_iff in H as [_ Hlabel].
  cbv zeta in Hvotes. apply andb_true_iff in Hvotes as [_ Hvotes].
  apply Nat.ltb_lt in Hlabel. rewrite by_class_all in Hvotes.
  destruct valid_parts as (Hk & Hlabels & _).
  set (ws := ways (class_sizes (class_of m) (n_classes m) n) (label c) (n_neighbors m)) in *.
  unfold answer. fold n. change (fun i => dist _ _ _) with D.
  destruct (Nat.eq_dec (predict (n_classes m) (n_neighbors m) n (class_of m) D) (label c)) as [|Lost]; [trivial|exfalso].
  destruct (differ (n_classes m) (n_neighbors m) n (class_of m) D (label c) Hlabels Hk Hlabel _ eq_refl Lost)
    as (v & needs & w & E & B & H1 & H2 & H3 & H4). fold ws in H1, H4.
  set (r' := predict _ _ _ _ _) in *.
  destruct ws as [|[most_kept needs0] ws'] eqn:Ews; [destruct H1|]. rewrite <- Ews in *.
  apply andb_true_iff in Hvotes as [_ Hvotes]. cbv zeta in Hvotes.
  change (exponent pr) with e in Hvotes. change (in_metric pr) with L in Hvotes.
  fold zi in Hvotes. fold g in Hvotes. fold image in Hvotes. fold twice_z in Hvotes.
  fold view in Hvotes. fold places in Hvotes.
  pose (rows_of i := match Map.find (key i) (fold_left add_row (rows c) (Map.empty (list row))) with
                     | Some l => rev l | None => [] end).
  pose (near_seen := map view (own_points pr (label c) (near c))).
  assert (Hnear : forall a, In a near_seen -> own_seen a) by apply own_seen_map.
  pose (count p := ahead pr view g (label c) (S most_kept) (combined c) near_seen (rows_of (index p)) (view p)).
  pose (others := map (fun p => ((index p, class p), count p))
    (filter (fun p => negb (class p =? label c) && negb (repeated p)) (points pr))).
  pose (entrants v := map fst (filter (fun o => snd o <=? v) others)).
  pose (may_enter v := (entrants v, Later (those_at (place_at pr places) (map fst (entrants v))))).
  assert (Hv : losses_proved pr g places (label c)
    (flat_map (fun way => map (fun l => (l, may_enter (fst way))) (losses_of (n_neighbors m) ws way)) ws) (trees c)
    {| named := []; few := 0; known := Later (company_of pr g places (label c) [] 0) |} = true) by exact Hvotes.
  clear Hvotes. pose (free := entrants v).
  (* whoever is in E may enter *)
  assert (Free : forall o, In o E -> In (o, class_of m o) free).
  { intros o Ho. destruct (other_class _ _ _ _ _ _ _ _ _ _ H3 o Ho) as [Hn Hc].
    apply in_map_iff. exists ((o, class_of m o), count (record o)). split; [trivial|]. apply filter_In. split.
    - apply in_map_iff. exists (record o). split; [trivial|]. apply filter_In. split.
      + rewrite points_all. apply in_map, in_seq. lia.
      + apply Nat.eqb_neq in Hc. change (class (record o)) with (class_of m o). rewrite Hc. simpl andb.
        apply negb_true_iff. destruct (repeated (record o)) eqn:Rp; [exfalso|trivial].
        destruct (repeated_right o Rp) as (K1 & j & Hj & Hjn & Eq). unfold k in K1.
        assert (Deq := same_integers j o Hjn Hn Eq).
        destruct (few_stay _ _ _ _ _ _ _ _ _ _ H3) as [_ Hfew].
        assert (Cnt := search_tree.count _ _ _ _ _ _ _ _ _ _ H3).
        assert (E1 : E = [o]).
        { rewrite K1 in Cnt. destruct E as [|o' [|o'' E']]; [destruct Ho| |cbn [length] in Cnt; lia].
          destruct Ho as [->|[]]. trivial. }
        assert (V : v = 0) by (rewrite E1, K1 in Cnt; cbn [length] in Cnt; lia).
        destruct (Nat.eq_dec (class_of m j) (label c)) as [Ej|Ej].
        * destruct (beats_own _ _ _ _ _ _ _ _ _ _ H3 o j Ho Hjn Ej) as [T|[T T']]; [|lra|lia].
          destruct B; [easy|simpl in Hfew; lia].
        * destruct (beats_other _ _ _ _ _ _ _ _ _ _ H3 o j Ho Hjn Ej) as [T|[T T']]; [|lra|lia].
          rewrite E1. intros [Eo|[]]. lia.
    - apply Nat.leb_le. simpl snd. unfold count.
      destruct (ahead_right (S most_kept) (combined c) near_seen (rows_of o) o Hn Hnear) as (found & Hd & Hp & Hlen).
      change (index (record o)) with o. rewrite <- Hlen.
      destruct (few_stay _ _ _ _ _ _ _ _ _ _ H3) as [_ Hfew].
      apply Nat.le_trans with (2 := Hfew), NoDup_incl_length; [trivial|].
      intros p Hin. destruct (Hp p Hin) as (P1 & P2 & P3).
      destruct (in_dec Nat.eq_dec p B) as [|N]; [trivial|exfalso].
      apply (before_irrefl D p). apply before_trans with o; trivial.
      exact (beats_own _ _ _ _ _ _ _ _ _ _ H3 o p Ho P1 P2 N). }
  assert (Hw : w <= length (of_class (class_of m) r' E)) by apply H3.
  assert (Hr : length (of_class (class_of m) r' E) <= n_neighbors m - v).
  { rewrite <- (search_tree.count _ _ _ _ _ _ _ _ _ _ H3), (split_by_class (class_of m) r' E). lia. }
  destruct (losses_complete (n_neighbors m) ws v needs r' w _ H1 H2 Hw Hr H4) as (l & Hl & L1 & L2 & L3 & L4 & L5).
  pose (nobody := {| named := []; few := 0; known := Later (company_of pr g places (label c) [] 0) |}).
  destruct (losses_proved_right _ _ nobody l free (Later (those_at (place_at pr places) (map fst free)))
    (eq_refl : company_known nobody) Hv) as [Br|(tr & own & apart & Co & Pr)].
  - apply in_flat_map. exists (v, needs). split; [trivial|]. apply in_map_iff. exists l. split; [reflexivity|trivial].
  - unfold loss_barred in Br. apply orb_true_iff in Br as [Br|Br]; apply Nat.ltb_lt in Br.
    + assert (G : length E <= length free); [|rewrite (search_tree.count _ _ _ _ _ _ _ _ _ _ H3) in G; lia].
      rewrite <- (map_length (fun o => (o, class_of m o))). apply NoDup_incl_length.
      * apply FinFun.Injective_map_NoDup; [intros x y Q; congruence|apply H3].
      * intros q Hq. apply in_map_iff in Hq as (o & <- & Ho). auto.
    + assert (G : length (of_class (class_of m) r' E) <= length (filter (fun o => snd o =? rival l) free)); [|lia].
      rewrite <- (map_length (fun o => (o, class_of m o))). apply NoDup_incl_length.
      * apply FinFun.Injective_map_NoDup; [intros x y Q; congruence|apply NoDup_filter, H3].
      * intros q Hq. apply in_map_iff in Hq as (o & <- & Ho). apply of_class_in in Ho as [Ho Hc].
        apply filter_In. split; [auto|]. simpl. rewrite L1. now apply Nat.eqb_eq.
  - destruct (company_right _ _ _ _ Co) as (O1 & O2 & O3).
    rewrite <- L1, <- L2, <- L4 in H3. rewrite <- L1 in L5.
    refine (proves_loss_right g (n_neighbors m) (label c) n (class_of m) D s delta spot_of spots' places
      (place_at pr places) (earlier_places pr places) _ _ _ _ _ _ place_at_right earlier_right reached_out
      reached_square reached_beyond passed_pair reached_pair l E B H3 L5 _ own apart O1 O2 O3 tr _ _ _ Pr).
    + apply precision_nonneg.
    + intros i Hi. unfold spots'. now rewrite look_up_tabulate.
    + intros i Hi. now rewrite spot_right.
    + intros i Hi. now rewrite spot_right.
    + intros i Hi. now rewrite spot_right.
    + intros i Hi. apply places_as_made.
    + rewrite L3, L2. trivial.
    + apply Forall_forall. intros p Hp. apply those_at_right in Hp as (i & _ & Hp).
      apply place_at_right in Hp as [Hi ->].
      assert (W : who (make_place g spots' (spot_of i)) = i) by (unfold who; simpl; now rewrite spot_right).
      split; rewrite W; trivial.
    + intros o Ho. apply mem_in. exists (make_place g spots' (spot_of o)).
      destruct (other_class _ _ _ _ _ _ _ _ _ _ H3 o Ho) as [Hn _]. split.
      * apply in_flat_map. exists o. split; [|rewrite place_at_all by trivial; now left].
        apply in_map_iff. exists (o, class_of m o). split; [trivial|auto].
      * unfold who. simpl. now rewrite spot_right.
Qed.

End Sound.

(** ** The file *)

Lemma file_exponent_le vs v x :
  In v vs -> In x v -> (fold_right (fun v e => Z.min (least_exponent v) e) 0%Z vs <= snd x)%Z.
Proof.
  intros Hv Hx. induction vs as [|w vs IH]; [destruct Hv|]. simpl. destruct Hv as [->|Hv].
  - assert (H := least_exponent_le v x Hx). lia.
  - specialize (IH Hv). lia.
Qed.

Lemma checked_inside guess m t pr c :
  check_certificate guess m t pr c = true ->
  room_valid (room_at (exponent pr) (bounds t) (map (in_units (exponent pr)) (query c))) = true.
Proof.
  intros H. unfold check_certificate in H. apply andb_true_iff in H as [_ H].
  cbv zeta in H. now apply andb_true_iff in H.
Qed.

Theorem check_file_sound guess m t certificates i c :
  nth_error certificates i = Some c ->
  nth_error (check_file guess m t certificates) i = Some true ->
  claim m t c.
Proof.
  intros Hc H. unfold check_file in H.
  destruct (valid_model m t) eqn:V; [|rewrite nth_error_map, Hc in H; discriminate].
  rewrite nth_error_map, Hc in H. injection H as H.
  apply nth_error_In in Hc. intros delta Hd Hcost.
  apply (check_certificate_sound_at guess m t (file_exponent m t certificates) c delta); trivial.
  - intros p x Hp Hx. apply file_exponent_le with (v := fst p); [|trivial].
    right. apply in_or_app. left. now apply in_map.
  - intros x Hx. apply file_exponent_le with (v := query c); [|trivial].
    right. apply in_or_app. right. now apply in_map.
  - intros x Hx. apply file_exponent_le with (v := ends (bounds t)); [now left|trivial].
  - exact (checked_inside _ _ _ _ _ H).
Qed.
