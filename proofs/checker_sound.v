(** A yes of the checker is true: whatever real perturbation is cheaper than the radius, the answer stays. *)

Require Import Reals ZArith List Bool Arith Lra Lia Psatz FMapPositive.
Require Import RobustMetric.vectors RobustMetric.predict RobustMetric.half_space RobustMetric.losing_votes.
Require Import RobustMetric.threat_models RobustMetric.integers RobustMetric.reach RobustMetric.checker
  RobustMetric.lists.
Require Import RobustMetric.box RobustMetric.region.
Import ListNotations.
Open Scope nat_scope.

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
Definition record i := make_point L (first_points m e) (i, (integers_of i, class_of m i)).

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

Fixpoint slope (o : seen) (own : list (Z * seen)) : R :=
  match own with
  | [] => 0
  | (l, a) :: rest => IZR l * (dot (reals (gradient o)) delta - dot (reals (gradient a)) delta) + slope o rest
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

Lemma slope_right o own :
  sees o -> (forall l a, In (l, a) own -> sees a) ->
  dot (gram (real_metric m) (difference (vector_of m (seen_index o)) (as_real own))) delta
  = (s * (u * u) * slope o own)%R.
Proof.
  intros (i & Hi & ->) Hown. destruct metric_right as [-> Hu]. rewrite dot_gram.
  induction own as [|(l & a) own IH]; simpl; [rewrite image_nil; ring|].
  destruct (Hown l a (or_introl eq_refl)) as (j & Hj & ->).
  fold (as_real own). rewrite dot_image_add, dot_image_scale, dot_image_sub.
  simpl in IH. rewrite IH by (intros l' a' H; apply (Hown l' a'); now right).
  simpl. rewrite !vector_right by trivial.
  rewrite <- !dot_gram, !gram_in by trivial. rewrite !dot_reals_sub. ring.
Qed.

Lemma direction_right o own : dot (reals (weighted_direction o own)) delta = slope o own.
Proof.
  induction own as [|(l & a) own IH]; simpl; [trivial|].
  fold (weighted_direction o own). rewrite reals_add, dot_add_l, reals_scale, dot_scale_l, dot_reals_sub, IH. trivial.
Qed.

Lemma sum_right o own :
  sees o -> (forall l a, In (l, a) own -> sees a /\ (0 <= l)%Z) ->
  (2 * slope o own < s * IZR (weighted_gap o own))%R ->
  exists a, (exists l, In (l, a) own) /\ (D (seen_index a) < D (seen_index o))%R.
Proof.
  intros Ho Hown H. assert (P : (0 < s)%R) by apply two_pos. assert (Q := unit_pos).
  destruct (nearer_below (real_metric m) (values (query c)) (vector_of m (seen_index o)) (as_real own) delta)
    as (l & x & Hin & Hlt).
  - intros l x Hin. apply in_map_iff in Hin as ((l' & a) & E & Hin). injection E as <- <-.
    apply IZR_le. now apply (Hown l' a).
  - rewrite gap_right, slope_right by (trivial; intros l a Hin; now apply (Hown l a)).
    assert (0 < s * (u * u))%R by (repeat apply Rmult_lt_0_compat; trivial).
    replace (s * u * (s * u) * IZR (weighted_gap o own))%R
      with (s * (u * u) * (s * IZR (weighted_gap o own)))%R by ring.
    replace (2 * (s * (u * u) * slope o own))%R with (s * (u * u) * (2 * slope o own))%R by ring.
    now apply Rmult_lt_compat_l.
  - apply in_map_iff in Hin as ((l' & a) & E & Hin). injection E as _ <-.
    exists a. split; [now exists l'|exact Hlt].
Qed.

Ltac apply_reach :=
  first [exact (proj2 (proj2 valid_parts)) | apply precision_nonneg | reflexivity | apply two_pos
        | exact (proj1 allowed) | exact cheap_in_units | exact inside_in_units].

Lemma proves_pair_right o a :
  sees o -> sees a -> proves_pair g o a = true -> (D (seen_index a) < D (seen_index o))%R.
Proof.
  intros Ho Ha H. unfold proves_pair in H. apply andb_true_iff in H as [Hg H]. apply Z.ltb_lt in Hg.
  assert (B : (2 * (dot (reals (gradient o)) delta - dot (reals (gradient a)) delta)
               < s * IZR (distance o - distance a))%R).
  { apply orb_true_iff in H as [H|H].
    - assert (E : forall x, sees x -> size x = dual_size r (gradient x)) by (intros x (j & _ & ->); trivial).
      rewrite !E in H by trivial.
      apply within_length_right with (W := costs t) (r := r); trivial; apply_reach.
    - rewrite <- dot_reals_sub.
      apply stays_out_right with (W := costs t) (g := g); trivial; apply_reach. }
  destruct (sum_right o [(1%Z, a)]) as (a' & (l & [E|[]]) & Hlt); trivial.
  - intros l x [E|[]]. injection E as <- <-. split; [trivial|lia].
  - replace (weighted_gap o [(1%Z, a)]) with (distance o - distance a)%Z by
      (unfold weighted_gap; cbn [fold_right fst snd]; ring).
    cbn [slope]. lra.
  - injection E as _ <-. exact Hlt.
Qed.

Lemma proves_sum_right o own :
  sees o -> (forall l a, In (l, a) own -> sees a) -> proves_sum g o own = true ->
  exists a, (exists l, In (l, a) own) /\ (D (seen_index a) < D (seen_index o))%R.
Proof.
  intros Ho Hown H. unfold proves_sum in H. apply andb_true_iff in H as [H Hb].
  apply andb_true_iff in H as [Hl Hg]. apply Z.ltb_lt in Hg. apply sum_right; trivial.
  - intros l a Hin. split; [now apply (Hown l)|]. rewrite forallb_forall in Hl.
    specialize (Hl _ Hin). now apply Z.leb_le in Hl.
  - rewrite <- direction_right.
    apply stays_out_right with (W := costs t) (g := g); trivial; apply_reach.
Qed.

(** ** The count *)

(** Points of the certified class that stay nearer than o. *)
Definition nearer (o : nat) (p : nat) : Prop := p < n /\ class_of m p = label c /\ (D p < D o)%R.

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
  destruct ws as [|(kept & needs0) ws'] eqn:Ews.
  - apply vote_kept with (free := fun _ _ => true); trivial.
    intros kept needs need Hin. unfold ws in Ews. rewrite Ews in Hin. destruct Hin.
  - apply andb_true_iff in Hvotes as [_ Hvotes]. cbv zeta in Hvotes.
    change (exponent pr) with e in Hvotes. change (in_metric pr) with L in Hvotes.
    fold zi in Hvotes. fold g in Hvotes. fold view in Hvotes.
    pose (rows_of i := match Map.find (key i) (fold_left add_row (rows c) (Map.empty (list row))) with
                       | Some l => rev l | None => [] end).
    set (near_seen := map view _) in Hvotes.
    assert (Hnear : forall a, In a near_seen -> own_seen a) by apply own_seen_map.
    set (count := fun i => ahead pr view g (label c) (S kept) (combined c) near_seen (rows_of i) (view (record i))).
    set (free := fun v i => negb (repeated (record i)) && (count i <=? v)).
    apply vote_kept with (free := free); trivial.
    + intros o Ho Hc. apply nearest_in_range in Ho as Hlt. unfold free.
      apply andb_true_iff. split.
      * apply negb_true_iff. destruct (repeated (record o)) eqn:E; [exfalso|trivial].
        destruct (repeated_right o E) as (E1 & j & Hj & Hjn & Eq).
        unfold k in E1. rewrite E1 in Ho. apply (excluded_by_equal n D o j); trivial.
        right. split; [|trivial]. unfold D. rewrite !vector_right, Eq by trivial. trivial.
      * apply Nat.leb_le. destruct (ahead_right (S kept) (combined c) near_seen (rows_of o) o Hlt Hnear)
          as (found & Hd & Hp & Hlen).
        unfold count. rewrite <- Hlen. apply excluded_by_count with (o := o); trivial.
        intros p Hin. destruct (Hp p Hin) as (H1 & H2 & H3). repeat split; trivial. now left.
    + assert (Hothers : forall v, length (may_enter n (class_of m) (label c) free v) =
        length (filter (fun o => snd o <=? v) (map (fun p => (class p, ahead pr view g (label c) (S kept) (combined c) near_seen (rows_of (index p)) (view p)))
          (filter (fun p => negb (class p =? label c) && negb (repeated p)) (points pr)))) /\
        forall x, length (of_class (class_of m) x (may_enter n (class_of m) (label c) free v)) =
        length (filter (fun o => fst o =? x) (filter (fun o => snd o <=? v) (map (fun p => (class p, ahead pr view g (label c) (S kept) (combined c) near_seen (rows_of (index p)) (view p)))
          (filter (fun p => negb (class p =? label c) && negb (repeated p)) (points pr)))))).
      { intros v. rewrite points_all. unfold may_enter, of_class.
        rewrite !filter_of_map, !map_length, !filter_filter. split.
        - f_equal. apply filter_ext. intros i. unfold free, count. simpl. now rewrite andb_assoc.
        - intros x. rewrite !filter_of_map, !map_length, !filter_filter. f_equal. apply filter_ext.
          intros i. unfold free, count. simpl. now rewrite !andb_assoc. }
      intros v needs need Hin Hneed. unfold ws in Ews. rewrite Ews in Hin.
      rewrite forallb_forall in Hvotes. specialize (Hvotes _ Hin).
      unfold way_barred in Hvotes. simpl fst in Hvotes. simpl snd in Hvotes.
      destruct (Hothers v) as [Hl Hx]. unfold barred.
      apply orb_true_iff in Hvotes as [Hv|Hv].
      * left. rewrite Hl. now apply Nat.ltb_lt in Hv.
      * right. rewrite Hx. rewrite forallb_forall in Hv. specialize (Hv _ Hneed). now apply Nat.ltb_lt in Hv.
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
