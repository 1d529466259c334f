(** A tree that [proves] accepts proves its loss: the children of each rule cover their node, and no perturbation is
    in a node that is proved (docs/vote_search.md, docs/evidence.md). *)

Require Import Reals ZArith List Bool Arith Lra Lia Psatz.
Require Import RobustMetric.vectors RobustMetric.predict RobustMetric.losing_votes RobustMetric.search_tree.
Require Import RobustMetric.integers RobustMetric.threat_models RobustMetric.reach RobustMetric.region.
Require Import RobustMetric.memo RobustMetric.votes RobustMetric.lists RobustMetric.scaled RobustMetric.places.
Import ListNotations.
Open Scope nat_scope.

(** ** At one perturbation *)

Section At.

Variables (g : region) (k c n : nat) (label : nat -> nat) (D : nat -> R) (s : R) (delta : vector).
Variables (spot_of : nat -> spot) (spots : positive -> spot) (places : positive -> place).
Variables (place_at : nat -> option place) (earlier : place -> list place).

Let place_of i := make_place g spots (spot_of i).

Definition is_place (p : place) : Prop := who p < n /\ p = place_of (who p).
Definition is_own (p : place) : Prop := is_place p /\ label (who p) = c.

Hypothesis bits_nonneg : (0 <= bits (plain g))%Z.
Hypothesis spots_right : forall i, i < n -> spots (key i) = spot_of i.
Hypothesis number_right : forall i, i < n -> number (spot_of i) = i.
Hypothesis kind_right : forall i, i < n -> kind (spot_of i) = label i.
Hypothesis scaled_right : forall i, i < n -> now (scaled_slope (spot_of i)) = scale_up g (slope (spot_of i)).
Hypothesis places_right : forall i, i < n -> places (key i) = place_of i.
Hypothesis place_at_right : forall i p, place_at i = Some p -> i < n /\ p = place_of i.
Hypothesis earlier_right : forall i b,
  i < n -> In b (earlier (place_of i)) -> exists j, j < n /\ b = place_of j /\ j < i /\ D j = D i.

(** gap ≤ 2 a·δ, in units of the checker *)
Definition reached (gap : Z) (a : list Z) : Prop := (s * IZR gap <= 2 * dot (reals a) delta)%R.
Definition passed (gap : Z) (a : list Z) : Prop := (s * IZR gap < 2 * dot (reals a) delta)%R.

Hypothesis out_right : forall gap a, (0 < gap)%Z -> stays_out g gap a = true -> ~ reached gap a.
Hypothesis square_right : forall gap a, is_two g = true -> (0 < gap)%Z ->
  within_square (plain g) gap (zdot (scale_up g a) (scale_up g a)) = true -> ~ reached gap a.
Hypothesis beyond_right : forall gap a, never_beyond g gap a = true -> ~ passed gap a.
Hypothesis strict_right : forall i j, i < n -> j < n -> (D i < D j)%R ->
  passed (far (spot_of i) - far (spot_of j)) (zsub (slope (spot_of i)) (slope (spot_of j))).
Hypothesis pair_right : forall i j, i < n -> j < n -> (D i <= D j)%R ->
  reached (far (spot_of i) - far (spot_of j)) (zsub (slope (spot_of i)) (slope (spot_of j))).

Lemma contradiction_right gap a : contradiction g gap a = true -> ~ reached gap a.
Proof.
  unfold contradiction. intros H. apply andb_true_iff in H as [H1 H2]. apply Z.ltb_lt in H1. now apply out_right.
Qed.

Lemma together_right gap a gap' a' :
  is_two g = true ->
  together g gap (zdot (scale_up g a) (scale_up g a)) gap' (zdot (scale_up g a') (scale_up g a'))
    (zdot (scale_up g a') (scale_up g a)) = true ->
  reached gap a -> reached gap' a' -> False.
Proof.
  intros Ht H R1 R2. unfold together in H. cbv zeta in H.
  set (inner := zdot (scale_up g a') (scale_up g a)) in *.
  set (q := zdot (scale_up g a) (scale_up g a)) in *. set (q' := zdot (scale_up g a') (scale_up g a')) in *.
  set (share := (gap' * q - gap * inner)%Z) in *. set (scale := (gap * q' - gap' * inner)%Z) in *.
  apply andb_true_iff in H as [H H4]. apply andb_true_iff in H as [H1 H2].
  apply andb_true_iff in H4 as [H3 H4]. apply Z.ltb_lt in H1, H2, H3.
  apply (square_right (scale * gap + share * gap')%Z (zadd (zscale scale a) (zscale share a')) Ht H3).
  - replace (zdot _ _) with (scale * scale * q + 2 * scale * share * inner + share * share * q')%Z; [exact H4|].
    unfold q, q', inner, scale_up. rewrite scaled_add, !scaled_scale by trivial.
    rewrite zdot_add, !zdot_scale, (zdot_comm _ (zadd _ _)), (zdot_comm _ (zadd _ _)), !zdot_add, !zdot_scale.
    rewrite (zdot_comm (scaled _ _ a) (scaled _ _ a')). ring.
  - unfold reached in *. rewrite plus_IZR, !mult_IZR, reals_add, !reals_scale, dot_add_l, !dot_scale_l.
    apply IZR_lt in H1, H2. nra.
Qed.

Lemma who_place i : i < n -> who (place_of i) = i.
Proof. intros H. now apply number_right. Qed.

Lemma is_place_of i : i < n -> is_place (place_of i).
Proof. intros H. unfold is_place. now rewrite who_place. Qed.

Lemma class_right p : is_place p -> its_class p = label (who p).
Proof. intros [H ->]. rewrite who_place by trivial. now apply kind_right. Qed.

Lemma place_at_is i p : place_at i = Some p -> is_place p /\ who p = i.
Proof.
  intros H. destruct (place_at_right i p H) as [Hi ->]. split; [now apply is_place_of|now apply who_place].
Qed.

Lemma pair_to_right x w :
  is_place x -> is_place w ->
  pair_to x w = make_pair g (spot_of (who x)) (spot_of (who w)).
Proof.
  intros [Hx Ex] [Hw _]. unfold pair_to. rewrite Ex at 1. simpl.
  rewrite look_up_tabulate. simpl. now rewrite spots_right.
Qed.

(** ** A loss *)

Variables (l : loss) (E B : list nat).
Hypothesis possible : lost k n label D c (rival l) (kept l) (least l) E B.
Hypothesis not_more : length (of_class label (rival l) E) <= most l.
Hypothesis arriving_right : arriving l = k - kept l.

Record inside (nd : node) : Prop := {
  entering_places : Forall is_place (entering nd);
  open_places : Forall is_place (open nd);
  stay_places : Forall is_place (stay nd);
  beaten_own : Forall is_own (beaten nd);
  entering_once : NoDup (map who (entering nd));
  open_or_entering : forall p, In p (open nd) -> mem (who p) (entering nd) = false;
  stay_once : NoDup (map who (stay nd));
  all_covered : forall e, In e E -> mem e (entering nd) = true \/ mem e (open nd) = true;
  all_enter : forall p, In p (entering nd) -> In (who p) E;
  all_stay : forall p, In p (stay nd) -> In (who p) B;
  none_stays : forall p, In p (beaten nd) -> ~ In (who p) B
}.

Lemma E_count : length E = arriving l.
Proof. rewrite arriving_right. apply possible. Qed.

Lemma numbers_incl_E nd : inside nd -> incl (map who (entering nd)) E.
Proof. intros I x Hx. apply in_map_iff in Hx as (p & <- & Hp). now apply I. Qed.

Lemma numbers_incl_B nd : inside nd -> incl (map who (stay nd)) B.
Proof. intros I x Hx. apply in_map_iff in Hx as (p & <- & Hp). now apply I. Qed.

Lemma is_out_right nd x : inside nd -> is_out l nd x = true -> ~ In x E.
Proof.
  intros I H Hx. unfold is_out in H. apply andb_true_iff in H as [H1 H2]. apply negb_true_iff in H1.
  apply orb_true_iff in H2 as [H2|H2].
  - apply negb_true_iff in H2. destruct (all_covered _ I x Hx); congruence.
  - apply Nat.eqb_eq in H2. apply not_mem in H1. apply H1.
    refine (NoDup_length_incl (entering_once _ I) _ (numbers_incl_E nd I) x Hx).
    rewrite map_length, E_count. lia.
Qed.

Lemma stay_at_most nd : inside nd -> length (stay nd) <= kept l.
Proof.
  intros I. rewrite <- (map_length who). destruct (few_stay _ _ _ _ _ _ _ _ _ _ possible) as [_ H].
  apply Nat.le_trans with (2 := H), NoDup_incl_length; [apply I|now apply numbers_incl_B].
Qed.

(** *** Equal points *)

Definition with_stay (nd : node) (already : list place) : node :=
  {| entering := entering nd; open := open nd; stay := already; beaten := beaten nd |}.

Lemma put_before_right nd already points :
  inside nd ->
  (forall b, In b points -> is_place b /\ exists e, In e E /\ who b < e /\ D (who b) = D e) ->
  fold_right (put_before c l nd) (Some (stay nd)) points = Some already -> inside (with_stay nd already).
Proof.
  intros I. revert already; induction points as [|b points IH]; intros already H F.
  - simpl in F. injection F as <-. destruct nd; exact I.
  - simpl in F. destruct (fold_right _ _ points) as [before|]; [|discriminate].
    specialize (IH before (fun b' H' => H b' (or_intror H')) eq_refl). simpl in F.
    destruct (H b (or_introl eq_refl)) as (Pb & e & He & Hlt & Heq).
    destruct (its_class b =? c) eqn:Ec.
    + apply Nat.eqb_eq in Ec. rewrite class_right in Ec by trivial.
      destruct (mem (who b) (beaten nd)); [discriminate|].
      destruct (mem (who b) before) eqn:M; injection F as <-; [exact IH|].
      assert (Hin : In (who b) B).
      { destruct (in_dec Nat.eq_dec (who b) B) as [|N]; [trivial|exfalso].
        destruct (beats_own _ _ _ _ _ _ _ _ _ _ possible e (who b) He (proj1 Pb) Ec N) as [T|[T T']]; [lra|lia]. }
      destruct IH as [I1 I2 I3 I4 I5 I0 I6 I7 I8 I9 I10]. simpl in *.
      split; simpl; trivial.
      * constructor; trivial.
      * constructor; [now apply not_mem|trivial].
      * intros p [<-|Hp]; auto.
    + destruct (is_out l nd (who b)); [discriminate|]. injection F as <-. exact IH.
Qed.

Lemma put_before_empty nd points :
  inside nd ->
  (forall b, In b points -> is_place b /\ exists e, In e E /\ who b < e /\ D (who b) = D e) ->
  fold_right (put_before c l nd) (Some (stay nd)) points = None -> False.
Proof.
  intros I. induction points as [|b points IH]; intros H F; [discriminate|].
  simpl in F. destruct (fold_right _ _ points) as [before|].
  2: { apply IH; trivial. intros b' H'. apply H. now right. }
  simpl in F. destruct (H b (or_introl eq_refl)) as (Pb & e & He & Hlt & Heq).
  destruct (its_class b =? c) eqn:Ec.
  - apply Nat.eqb_eq in Ec. rewrite class_right in Ec by trivial.
    destruct (mem (who b) (beaten nd)) eqn:M; [|destruct (mem _ before); discriminate].
    apply mem_in in M as (p & Hp & Ep).
    destruct (beats_own _ _ _ _ _ _ _ _ _ _ possible e (who b) He (proj1 Pb) Ec) as [T|[T T']]; [|lra|lia].
    rewrite <- Ep. now apply (none_stays _ I).
  - apply Nat.eqb_neq in Ec. rewrite class_right in Ec by trivial.
    destruct (is_out l nd (who b)) eqn:O; [|discriminate].
    destruct (beats_other _ _ _ _ _ _ _ _ _ _ possible e (who b) He (proj1 Pb) Ec) as [T|[T T']]; [|lra|lia].
    now apply (is_out_right nd).
Qed.

Lemma equal_points_right nd :
  inside nd ->
  match with_equal_points c earlier l nd with
  | None => False
  | Some nd' => inside nd'
  end.
Proof.
  intros I. unfold with_equal_points.
  assert (H : forall b, In b (flat_map earlier (entering nd)) ->
    is_place b /\ exists e, In e E /\ who b < e /\ D (who b) = D e).
  { intros b Hb. apply in_flat_map in Hb as (x & Hx & Hb).
    assert (Px := proj1 (Forall_forall _ _) (entering_places _ I) x Hx). destruct Px as [Hn Ex].
    rewrite Ex in Hb. destruct (earlier_right (who x) b Hn Hb) as (j & Hj & -> & Hlt & Heq).
    split; [now apply is_place_of|]. exists (who x). rewrite who_place by trivial.
    repeat split; trivial. now apply (all_enter _ I). }
  destruct (fold_right _ _ _) as [already|] eqn:F.
  - assert (I' := put_before_right nd already _ I H F). fold (with_stay nd already).
    destruct (orb _ _) eqn:O; [|exact I']. apply orb_true_iff in O as [O|O].
    + apply Nat.ltb_lt in O. assert (S := stay_at_most _ I'). simpl in S. lia.
    + apply existsb_exists in O as (p & Hp & M). apply mem_in in M as (q & Hq & Eq).
      apply (none_stays _ I' q Hq). rewrite Eq. now apply (all_stay _ I').
  - exact (put_before_empty nd _ I H F).
Qed.

(** *** Sums *)

Lemma holds_right nd e x :
  inside nd -> is_place x -> holds c l nd e x = true -> before D e (who x).
Proof.
  intros I Px H. unfold holds in H. apply andb_true_iff in H as [He H].
  apply mem_in in He as (p & Hp & <-). assert (Hin := all_enter _ I p Hp).
  rewrite class_right in H by trivial. destruct (Nat.eqb_spec (label (who x)) c) as [Ec|Ec].
  - apply (beats_own _ _ _ _ _ _ _ _ _ _ possible); trivial; [apply Px|].
    apply orb_true_iff in H as [H|H].
    + apply mem_in in H as (q & Hq & <-). now apply (none_stays _ I).
    + apply andb_true_iff in H as [H1 H2]. apply Nat.eqb_eq in H1. apply negb_true_iff, not_mem in H2.
      intros Hx. apply H2. refine (NoDup_length_incl (stay_once _ I) _ (numbers_incl_B nd I) _ Hx).
      destruct (few_stay _ _ _ _ _ _ _ _ _ _ possible) as [_ H3]. rewrite map_length. lia.
  - apply (beats_other _ _ _ _ _ _ _ _ _ _ possible); trivial; [apply Px|]. now apply (is_out_right nd).
Qed.

Definition right_sum (t : sum) : Prop :=
  reached (sum_gap t) (direction t) /\ now (scaled_sum t) = scale_up g (direction t)
  /\ now (sum_square t) = zdot (scale_up g (direction t)) (scale_up g (direction t))
  /\ (strict t = true -> passed (sum_gap t) (direction t)).

(** Of places a and b, a comes before b. *)
Definition in_order (a b : place) (w : float) : Prop :=
  is_place a /\ is_place b /\ (0 <= fst w)%Z /\ before D (who a) (who b).

Lemma weighted_pair_right e a b w :
  in_order a b w ->
  let gap := (in_units e w * (far (at_spot a) - far (at_spot b)))%Z in
  let along := zscale (in_units e w) (zsub (slope (at_spot a)) (slope (at_spot b))) in
  reached gap along /\ ((0 < in_units e w)%Z -> who b < who a -> passed gap along).
Proof.
  intros (Pa & Pb & Hw & Hd). cbv zeta.
  assert (Le : (D (who a) <= D (who b))%R) by (destruct Hd as [H|[H _]]; lra).
  assert (P := pair_right (who a) (who b) (proj1 Pa) (proj1 Pb) Le).
  assert (S := strict_right (who a) (who b) (proj1 Pa) (proj1 Pb)).
  assert (W : (0 <= in_units e w)%Z) by (unfold in_units; now apply Z.shiftl_nonneg).
  assert (Ea := proj2 Pa). assert (Eb := proj2 Pb).
  replace (at_spot a) with (spot_of (who a)) by (rewrite Ea at 2; trivial).
  replace (at_spot b) with (spot_of (who b)) by (rewrite Eb at 2; trivial).
  unfold reached, passed in *. rewrite mult_IZR, reals_scale, dot_scale_l. apply IZR_le in W. split; [nra|].
  intros Hp Hlt. apply IZR_lt in Hp.
  assert (Lt : (D (who a) < D (who b))%R) by (destruct Hd as [H|[_ H]]; [trivial|lia]).
  specialize (S Lt). nra.
Qed.

Lemma add_up_right e found :
  (forall a b w, In (a, b, w) found -> in_order a b w) ->
  reached (fst (add_up e found)) (snd (add_up e found))
  /\ (ties_lose e found = true -> passed (fst (add_up e found)) (snd (add_up e found))).
Proof.
  induction found as [|[[a b] w] found IH]; intros H.
  - unfold reached. simpl. split; [lra|discriminate].
  - destruct (IH (fun a' b' w' H' => H a' b' w' (or_intror H'))) as [R S].
    destruct (weighted_pair_right e a b w (H a b w (or_introl eq_refl))) as [R1 S1].
    cbn [add_up fold_right fst snd]. fold (add_up e found).
    unfold reached, passed in *. rewrite plus_IZR, reals_add, dot_add_l. split; [lra|].
    intros T. cbn [ties_lose existsb] in T. fold (ties_lose e found) in T.
    apply orb_true_iff in T as [T|T]; [|specialize (S T); lra].
    apply andb_true_iff in T as [T1 T2]. apply Z.ltb_lt in T1. apply Nat.ltb_lt in T2.
    specialize (S1 T1 T2). lra.
Qed.

Lemma sum_of_right nd pairs t : inside nd -> sum_of g c place_at l nd pairs = Some t -> right_sum t.
Proof.
  intros I H. unfold sum_of in H. destruct pairs as [|p0 pairs']; [discriminate|].
  destruct (collect _ _) as [found|] eqn:F; [|discriminate].
  assert (G : forall a b w, In (a, b, w) found -> in_order a b w).
  { apply collect_right in F. intros a b w Hin. clear H.
    induction F as [|[[e x] w'] q ps qs Hq F IH]; [destruct Hin|]. destruct Hin as [->|Hin]; [|auto].
    unfold pair_of in Hq. destruct (place_at e) as [e'|] eqn:Ee; [|discriminate].
    destruct (place_at x) as [x'|] eqn:Ex; [|discriminate].
    destruct (andb _ _) eqn:A; [|discriminate]. injection Hq as -> -> ->.
    apply andb_true_iff in A as [A1 A2]. apply Z.leb_le in A1.
    destruct (place_at_is _ _ Ee) as [Pa Wa], (place_at_is _ _ Ex) as [Pb _].
    assert (A3 := holds_right nd e b I Pb A2). rewrite <- Wa in A3. unfold in_order. auto. }
  cbv zeta in H. destruct (add_up _ found) as [gap a] eqn:U. injection H as <-.
  destruct (add_up_right (least_exponent (map snd found)) found G) as [R S]. rewrite U in R, S. now repeat split.
Qed.

(** *** Too few *)

Lemma covered_numbers inside_ pool :
  (forall e, In e E -> mem e inside_ = true \/ mem e pool = true) -> incl E (map who (inside_ ++ pool)).
Proof.
  intros H e He. rewrite map_app. apply in_or_app. destruct (H e He) as [M|M]; apply mem_numbers in M; auto.
Qed.

Lemma count_filter (f : nat -> bool) ps :
  incl E (map who ps) -> length (filter f E) <= length (filter (fun p => f (who p)) ps).
Proof.
  intros H. rewrite <- (map_length who). apply NoDup_incl_length; [apply NoDup_filter, possible|].
  intros e He. apply filter_In in He as [He Hf]. apply H, in_map_iff in He as (p & <- & Hp).
  apply in_map, filter_In. auto.
Qed.

Lemma count_rivals_right ps :
  Forall is_place ps -> count_rivals l ps = length (filter (fun p => label (who p) =? rival l) ps).
Proof.
  intros H. unfold count_rivals. f_equal. apply filter_ext_in. intros p Hp. rewrite Forall_forall in H.
  now rewrite class_right by auto.
Qed.

Lemma others_count (f : place -> bool) ps :
  length ps - length (filter f ps) = length (filter (fun p => negb (f p)) ps).
Proof.
  induction ps as [|p ps IH]; [trivial|]. cbn [filter].
  assert (L : length (filter f ps) <= length ps).
  { clear. induction ps as [|q ps IH]; [trivial|]. cbn [filter]. destruct (f q); cbn [length]; lia. }
  destruct (f p); cbn [negb length]; lia.
Qed.

Lemma too_few_right inside_ pool :
  Forall is_place inside_ -> Forall is_place pool ->
  (forall e, In e E -> mem e inside_ = true \/ mem e pool = true) -> too_few l inside_ pool = true -> False.
Proof.
  intros Pi Pp H T. assert (C := covered_numbers _ _ H). unfold too_few in T. cbv zeta in T.
  rewrite !count_rivals_right, !others_count in T by trivial.
  destruct possible as [Ld Lc Lo Lr Lb Lown Loth].
  assert (S := split_by_class label (rival l) E). assert (M := not_more).
  assert (A := arriving_right).
  apply orb_true_iff in T as [T|T]; [apply orb_true_iff in T as [T|T]|].
  - apply Nat.ltb_lt in T. assert (G := NoDup_incl_length Ld C). rewrite map_length, app_length in G. lia.
  - apply Nat.ltb_lt in T. assert (G := count_filter (fun i => label i =? rival l) _ C).
    rewrite filter_app, app_length in G. unfold of_class in *. lia.
  - apply Nat.ltb_lt in T. assert (G := count_filter (fun i => negb (label i =? rival l)) _ C).
    rewrite filter_app, app_length in G. unfold of_class, not_of_class in *. lia.
Qed.

Definition covers (nd : node) (pool : list place) : Prop :=
  incl pool (open nd) /\ forall e, In e E -> mem e (entering nd) = true \/ mem e pool = true.

Lemma covers_places nd pool : inside nd -> covers nd pool -> Forall is_place pool.
Proof.
  intros I [H _]. apply Forall_forall. intros p Hp. apply (proj1 (Forall_forall _ _) (open_places _ I)). auto.
Qed.

(** Leaving out points of the pool that are not in E. *)
Lemma covers_filter nd pool (f : place -> bool) :
  inside nd -> covers nd pool ->
  (forall p, In p pool -> In (who p) E -> mem (who p) (entering nd) = false -> f p = true) ->
  covers nd (filter f pool).
Proof.
  intros I [H1 H2] Hf. split; [intros p Hp; apply filter_In in Hp as [Hp _]; auto|].
  intros e He. destruct (H2 e He) as [M|M]; [auto|].
  destruct (mem e (entering nd)) eqn:Me; [auto|right].
  apply mem_in in M as (p & Hp & <-). apply mem_in. exists p. split; [|trivial].
  apply filter_In. auto.
Qed.

Lemma with_room_right nd : inside nd -> covers nd (with_room l nd).
Proof.
  intros I. apply covers_filter; [trivial|split; [easy|apply I]|].
  intros p Hp Hin Hn. apply not_mem in Hn. apply negb_true_iff.
  assert (Pp := proj1 (Forall_forall _ _) (open_places _ I) p Hp). rewrite class_right by trivial.
  rewrite !count_rivals_right by apply I. rewrite others_count.
  assert (J : incl (who p :: map who (entering nd)) E).
  { intros x [<-|Hx]; [trivial|]. now apply (numbers_incl_E nd I). }
  assert (Nd : NoDup (who p :: map who (entering nd))) by (constructor; [trivial|apply I]).
  assert (Cnt : forall f : nat -> bool, f (who p) = true ->
    S (length (filter (fun q => f (who q)) (entering nd))) <= length (filter f E)).
  { intros f Hf. assert (G := NoDup_incl_filter f _ _ Nd J). simpl in G. rewrite Hf in G. simpl in G.
    rewrite <- (map_length who). replace (map who (filter (fun q => f (who q)) (entering nd)))
      with (filter f (map who (entering nd))); [exact G|]. clear. induction (entering nd) as [|x r IH]; simpl; [trivial|].
    destruct (f (who x)); simpl; now rewrite IH. }
  destruct possible as [Ld Lc Lo Lr Lb Lown Loth].
  assert (S := split_by_class label (rival l) E). assert (M := not_more). assert (A := arriving_right).
  destruct (label (who p) =? rival l) eqn:El; apply Nat.eqb_neq; intros T.
  - assert (G := Cnt (fun i => label i =? rival l) El). unfold of_class in *. lia.
  - assert (G := Cnt (fun i => negb (label i =? rival l)) ltac:(simpl; now rewrite El)).
    unfold of_class, not_of_class in *. lia.
Qed.

(** *** Points that are kept out *)

Lemma stay_or_come_before e w : In e E -> is_own w -> In (who w) B \/ (D e <= D (who w))%R.
Proof.
  intros He [[Hn _] Hc]. destruct (in_dec Nat.eq_dec (who w) B) as [|N]; [auto|right].
  destruct (beats_own _ _ _ _ _ _ _ _ _ _ possible e (who w) He Hn Hc N) as [T|[T _]]; lra.
Qed.

(** More own-class points in B than it has places for. *)
Lemma overfull nd F :
  inside nd -> NoDup F -> incl F B -> (forall x, In x F -> mem x (stay nd) = false) ->
  kept l - length (stay nd) < length F -> False.
Proof.
  intros I Hd Hi Hn H. destruct (few_stay _ _ _ _ _ _ _ _ _ _ possible) as [_ Hk].
  assert (S := stay_at_most nd I).
  assert (Nd : NoDup (F ++ map who (stay nd))).
  { clear - Hd Hn I. induction F as [|x F IH]; simpl; [apply I|]. inversion Hd; subst. constructor.
    - intros G. apply in_app_or in G as [G|G]; [contradiction|].
      assert (M := Hn x (or_introl eq_refl)). apply not_mem in M. contradiction.
    - apply IH; trivial. intros y Hy. apply Hn. now right. }
  assert (G : length (F ++ map who (stay nd)) <= length B).
  { apply NoDup_incl_length; [trivial|]. intros x Hx. apply in_app_or in Hx as [Hx|Hx]; [auto|].
    now apply (numbers_incl_B nd I). }
  rewrite app_length, map_length in G. lia.
Qed.

Lemma contradicts_right x w total inner :
  is_place x -> is_place w -> (D (who x) <= D (who w))%R ->
  (forall t, total = Some t -> right_sum t /\
     (is_two g = true ->
      inner = zdot (scale_up g (zsub (slope (spot_of (who x))) (slope (spot_of (who w))))) (scale_up g (direction t)))) ->
  contradicts g (pair_to x w) total inner = true -> False.
Proof.
  intros Px Pw Hd Ht H. rewrite pair_to_right in H by trivial. unfold contradicts in H.
  assert (P := pair_right (who x) (who w) (proj1 Px) (proj1 Pw) Hd).
  apply orb_true_iff in H as [H|H]; [now apply contradiction_right in H|].
  destruct total as [t|]; [|discriminate]. apply andb_true_iff in H as [H2 H].
  destruct (Ht t eq_refl) as [(R1 & R2 & R3 & _) Hi]. rewrite R3, (Hi H2) in H.
  now apply (together_right _ _ _ _ H2 H R1).
Qed.

Lemma scaled_of p : is_place p -> now (scaled_slope (at_spot p)) = scale_up g (slope (spot_of (who p))).
Proof. intros [Hn Ep]. rewrite Ep at 1. now apply scaled_right. Qed.

Lemma along_right total x w :
  is_place x -> is_place w ->
  forall t, total = Some t -> right_sum t -> is_two g = true ->
  (now (along g total x) - now (along g total w))%Z
  = zdot (scale_up g (zsub (slope (spot_of (who x))) (slope (spot_of (who w))))) (scale_up g (direction t)).
Proof.
  intros Px Pw t -> (_ & R2 & _ & _) H2. simpl. rewrite H2, !scaled_of, R2 by trivial.
  unfold scale_up. rewrite scaled_sub by trivial. trivial.
Qed.

Lemma beats_too_many_right nd total x others F :
  inside nd -> is_place x -> In (who x) E -> (forall t, total = Some t -> right_sum t) ->
  (forall w b a, In (w, (b, a)) others ->
     is_own w /\ a = along g total w /\ (b = true -> ~ In (who w) B)
     /\ (b = false -> mem (who w) (stay nd) = false /\ ~ In (who w) F)) ->
  NoDup (map (fun o => who (fst o)) (filter (fun o => negb (fst (snd o))) others)) ->
  NoDup F -> incl F B -> (forall y, In y F -> mem y (stay nd) = false) ->
  beats_too_many g (kept l - length (stay nd)) total x (along g total x) others (length F) = true -> False.
Proof.
  intros I Px Hx Ht. revert F; induction others as [|[w [b a]] others IH]; intros F Ho Nd Hd Hi Hs H; [discriminate|].
  cbn [beats_too_many] in H.
  destruct (Ho w b a (or_introl eq_refl)) as (Ow & -> & Hb & Hf).
  assert (Ho' : forall w b a, In (w, (b, a)) others ->
     is_own w /\ a = along g total w /\ (b = true -> ~ In (who w) B)
     /\ (b = false -> mem (who w) (stay nd) = false /\ ~ In (who w) F)) by (intros w' b' a' H'; apply Ho; now right).
  assert (Nd' : NoDup (map (fun o => who (fst o)) (filter (fun o => negb (fst (snd o))) others))).
  { simpl in Nd. destruct b; simpl in Nd; [trivial|now inversion Nd]. }
  destruct (alone _ || _) eqn:K; [|now apply (IH F)].
  assert (HB : In (who w) B).
  { destruct (stay_or_come_before (who x) w Hx Ow) as [|Hle]; [trivial|exfalso].
    apply (contradicts_right x w total (now (along g total x) - now (along g total w))%Z Px (proj1 Ow) Hle).
    - intros t Et. split; [auto|]. intros H2. apply along_right with (t := t); auto. apply Ow.
    - apply orb_true_iff in K as [K|K]; [|exact K]. unfold contradicts. now rewrite K. }
  destruct b; [now apply Hb in HB|]. destruct (Hf eq_refl) as [Hn Hw]. simpl in H.
  assert (Nd2 : NoDup (who w :: F)) by now constructor.
  assert (Hi2 : incl (who w :: F) B) by (intros y [<-|Hy]; auto).
  assert (Hs2 : forall y, In y (who w :: F) -> mem y (stay nd) = false) by (intros y [<-|Hy]; auto).
  destruct (_ <=? length F) eqn:Sp.
  - apply Nat.leb_le in Sp. apply (overfull nd (who w :: F) I Nd2 Hi2 Hs2). simpl. lia.
  - apply (IH (who w :: F)); trivial. intros w' b' a' H'. destruct (Ho' w' b' a' H') as (A1 & A2 & A3 & A4).
    split; [trivial|]. split; [trivial|]. split; [trivial|]. intros Eb. split; [now apply A4|].
    intros [Eq|G]; [|now apply A4 in G].
    subst b'. cbn in Nd. inversion Nd as [|? ? Nin _]. apply Nin. rewrite Eq.
    apply in_map_iff. eexists. split; [|apply filter_In; split; [exact H'|]]; trivial.
Qed.

Lemma own_place_right named listed :
  collect (own_place c place_at) named = Some listed -> Forall is_own listed.
Proof.
  intros H. apply collect_right in H. apply Forall_forall. intros p Hp.
  induction H as [|i q is qs Hq H IH]; [destruct Hp|]. destruct Hp as [->|Hp]; [|auto].
  unfold own_place in Hq. destruct (place_at i) as [q|] eqn:Eq; [|discriminate].
  destruct (Nat.eqb_spec (its_class q) c) as [Ec|]; [|discriminate]. injection Hq as ->.
  destruct (place_at_is _ _ Eq) as [Pp _]. split; [trivial|]. now rewrite <- class_right.
Qed.

Lemma kept_out_right nd total named x :
  inside nd -> (forall t, total = Some t -> right_sum t) -> is_place x -> In (who x) E ->
  kept_out g c place_at l nd total named x = false.
Proof.
  intros I Ht Px Hx. unfold kept_out. destruct (collect _ named) as [listed|] eqn:C; [|trivial].
  apply own_place_right in C. destruct (beats_too_many _ _ _ _ _ _ _) eqn:H; [exfalso|trivial].
  refine (beats_too_many_right nd total x _ [] I Px Hx Ht _ _ (NoDup_nil _) _ _ H).
  - intros w b a Hin. apply in_app_or in Hin as [Hin|Hin]; apply in_map_iff in Hin as (w' & Eq & Hin);
      injection Eq as <- <- <-.
    + split; [now apply (proj1 (Forall_forall _ _) (beaten_own _ I))|]. split; [trivial|].
      split; [|discriminate]. intros _. now apply (none_stays _ I).
    + apply filter_In in Hin as [Hin G]. apply andb_true_iff in G as [G1 G2]. apply negb_true_iff in G2.
      split; [apply (proj1 (Forall_forall _ _) C); now apply once_incl|]. split; [trivial|].
      split; [discriminate|]. intros _. split; [trivial|easy].
  - rewrite filter_app, map_app.
    assert (None_ : forall ps, filter (fun o : place * (bool * later Z) => negb (fst (snd o)))
      (map (fun w => (w, (true, along g total w))) ps) = []) by (induction ps; simpl; trivial).
    rewrite None_. simpl.
    assert (All_ : forall ps, map (fun o : place * (bool * later Z) => who (fst o))
      (filter (fun o => negb (fst (snd o))) (map (fun w => (w, (false, along g total w))) ps)) = map who ps)
      by (induction ps as [|p ps IHp]; simpl; [|rewrite IHp]; trivial).
    rewrite All_. apply NoDup_numbers_filter, once_right.
  - easy.
  - easy.
Qed.

(** *** Points that cannot enter together *)

Variables (own : list place) (apart : table (table (later bool))).
Hypothesis own_right : Forall is_own own.
Hypothesis own_once : NoDup (map who own).
Hypothesis apart_right : apart = apart_table g places own (kept l).

Lemma against_right x : is_place x ->
  against own x = map (fun w => (pair_to x w, zdot (scale_up g (slope (spot_of (who x))))
                                                  (scale_up g (slope (spot_of (who w)))))) own.
Proof.
  intros Px. unfold against. apply map_ext_in. intros w Hw.
  assert (Ow := proj1 (Forall_forall _ _) own_right w Hw). rewrite !scaled_of by (trivial; apply Ow). trivial.
Qed.

Lemma many_ahead_right x y ws F :
  is_two g = true -> is_place x -> is_place y -> In (who x) E -> In (who y) E ->
  Forall is_own ws -> NoDup (map who ws) -> (forall w, In w ws -> ~ In (who w) F) ->
  NoDup F -> incl F B ->
  let u i := scale_up g (slope (spot_of i)) in
  many_ahead g (kept l) (zdot (u (who x)) (u (who y)))
    (map (fun w => (pair_to x w, zdot (u (who x)) (u (who w)))) ws)
    (map (fun w => (pair_to y w, zdot (u (who y)) (u (who w)))) ws)
    (map (fun w => zdot (u (who w)) (u (who w))) ws) (length F) = true -> False.
Proof.
  intros H2 Px Py Hx Hy Ow Nd Hn Hd Hi u. revert F Hn Hd Hi.
  induction ws as [|w ws IH]; intros F Hn Hd Hi H; [discriminate|]. cbn [map many_ahead] in H.
  inversion Ow as [|? ? Ow1 Ow2]; subst. simpl in Nd. inversion Nd as [|? ? Nd1 Nd2]; subst.
  destruct (_ || _) eqn:K.
  2: { apply (IH Ow2 Nd2 F); trivial. intros w' H'. apply Hn. now right. }
  assert (HB : In (who w) B).
  { destruct (stay_or_come_before (who x) w Hx Ow1) as [|Lx]; [trivial|].
    destruct (stay_or_come_before (who y) w Hy Ow1) as [|Ly]; [trivial|exfalso].
    rewrite !pair_to_right in K by (trivial; apply Ow1).
    assert (Rx := pair_right (who x) (who w) (proj1 Px) (proj1 (proj1 Ow1)) Lx).
    assert (Ry := pair_right (who y) (who w) (proj1 Py) (proj1 (proj1 Ow1)) Ly).
    apply orb_true_iff in K as [K|K]; [apply orb_true_iff in K as [K|K]; now apply contradiction_right in K|].
    cbn [make_pair pair_gap square now] in K. cbv zeta in K.
    replace (zdot (u (who x)) (u (who y)) - zdot (u (who x)) (u (who w)) - zdot (u (who y)) (u (who w))
      + zdot (u (who w)) (u (who w)))%Z
      with (zdot (scale_up g (zsub (slope (spot_of (who x))) (slope (spot_of (who w)))))
                 (scale_up g (zsub (slope (spot_of (who y))) (slope (spot_of (who w)))))) in K.
    - exact (together_right _ _ _ _ H2 K Ry Rx).
    - unfold u, scale_up. rewrite scaled_sub, !(zdot_comm _ (scaled _ _ (zsub _ _))), !scaled_sub by trivial.
      rewrite (zdot_comm (scaled _ _ (slope (spot_of (who w)))) (scaled _ _ (slope (spot_of (who x))))),
        (zdot_comm (scaled _ _ (slope (spot_of (who y)))) (scaled _ _ (slope (spot_of (who x))))). ring. }
  destruct (kept l <=? length F) eqn:Sp.
  - apply Nat.leb_le in Sp. destruct (few_stay _ _ _ _ _ _ _ _ _ _ possible) as [_ Hk].
    assert (G : length (who w :: F) <= length B); [|simpl in G; lia].
    apply NoDup_incl_length; [constructor; [apply Hn; now left|trivial]|]. intros z [<-|Hz]; auto.
  - apply (IH Ow2 Nd2 (who w :: F)); trivial.
    + intros w' H' [Eq|G]; [|now apply (Hn w' (or_intror H'))]. apply Nd1. rewrite Eq. now apply in_map.
    + constructor; [apply Hn; now left|trivial].
    + intros z [<-|Hz]; auto.
Qed.

Lemma are_apart_right x y :
  is_two g = true -> is_place x -> is_place y -> are_apart apart x y = true -> In (who x) E -> In (who y) E -> False.
Proof.
  intros H2.
  assert (Both : forall i j, i < n -> j < n -> In i E -> In j E ->
    now (look_up (key j) (look_up (key i) apart)) = true -> False).
  { intros i j Hi Hj Ei Ej H. rewrite apart_right in H. unfold apart_table in H.
    cbv zeta in H. rewrite !look_up_tabulate in H. cbn [now] in H. rewrite !places_right in H by trivial.
    rewrite !against_right, !scaled_of in H by now apply is_place_of.
    assert (Sq : own_squares own =
      map (fun w => zdot (scale_up g (slope (spot_of (who w)))) (scale_up g (slope (spot_of (who w))))) own).
    { unfold own_squares. apply map_ext_in. intros w Hw.
      rewrite !scaled_of; trivial; apply (proj1 (Forall_forall _ _) own_right w Hw). }
    rewrite Sq in H. change 0 with (length (@nil nat)) in H.
    refine (many_ahead_right (place_of i) (place_of j) own [] H2 _ _ _ _ own_right own_once _ (NoDup_nil _) _ H);
      try (now apply is_place_of); try (now rewrite who_place); try easy. }
  intros Px Py H Ex Ey. unfold are_apart in H.
  destruct (Nat.max_spec (who x) (who y)) as [[L M]|[L M]]; rewrite M in H.
  - rewrite Nat.min_l in H by lia. apply (Both (who x) (who y)); trivial; [apply Px|apply Py].
  - rewrite Nat.min_r in H by lia. apply (Both (who y) (who x)); trivial; [apply Py|apply Px].
Qed.

Lemma without_covers nd pool x :
  inside nd -> covers nd pool -> ~ In (who x) E -> covers nd (without (who x) pool).
Proof.
  intros I H Hx. apply covers_filter; trivial. intros p _ Hp _. apply negb_true_iff, Nat.eqb_neq. congruence.
Qed.

Lemma company_pass_right nd pool :
  is_two g = true -> inside nd -> covers nd pool -> covers nd (company_pass l apart nd pool).
Proof.
  intros H2 I H. unfold company_pass.
  assert (P : forall x, In x pool -> is_place x) by (apply Forall_forall; now apply (covers_places nd)).
  enough (G : forall xs left, (forall x, In x xs -> is_place x) -> covers nd left ->
    covers nd (fold_left (fun left x =>
      if too_few l (x :: entering nd) (filter (fun y => negb (who y =? who x) && negb (are_apart apart x y)) left)
      then without (who x) left else left) xs left)) by (apply G; trivial).
  induction xs as [|x xs IH]; intros left Hx Hl; simpl; [trivial|].
  apply IH; [intros y Hy; apply Hx; now right|].
  destruct (too_few _ _ _) eqn:T; [|trivial]. apply without_covers; trivial. intros Hin.
  assert (Px := Hx x (or_introl eq_refl)). assert (Pl := covers_places nd left I Hl).
  refine (too_few_right _ _ _ _ _ T).
  - constructor; [trivial|apply I].
  - apply Forall_forall. intros y Hy. apply filter_In in Hy as [Hy _]. now apply (proj1 (Forall_forall _ _) Pl).
  - intros e He. destruct (Nat.eq_dec (who x) e) as [<-|N]; [left; simpl; now rewrite Nat.eqb_refl|].
    destruct (proj2 Hl e He) as [M|M]; [left; simpl; rewrite M; apply orb_true_r|right].
    apply mem_in in M as (y & Hy & <-). apply mem_in. exists y. split; [|trivial].
    apply filter_In. split; [trivial|]. apply andb_true_iff. split; apply negb_true_iff.
    + apply Nat.eqb_neq. congruence.
    + destruct (are_apart apart x y) eqn:A; [exfalso|trivial].
      apply (are_apart_right x y H2 Px (proj1 (Forall_forall _ _) Pl y Hy) A); trivial.
Qed.

Lemma narrow_right times nd pool :
  is_two g = true -> inside nd -> covers nd pool -> covers nd (narrow l apart times nd pool).
Proof.
  intros H2 I. revert pool; induction times as [|times IH]; intros pool H; simpl; [trivial|].
  destruct (_ =? _); [trivial|]. apply IH. now apply company_pass_right.
Qed.

Lemma with_company_right nd pool :
  inside nd -> covers nd pool -> covers nd (with_company g l own apart nd pool).
Proof.
  intros I H. unfold with_company. case_eq (is_two g); intros H2; [|trivial].
  cbn [negb orb]. destruct (_ || _); [trivial|].
  assert (G : covers nd (filter (fun x => negb (existsb (are_apart apart x) (entering nd))) pool)).
  { apply covers_filter; trivial. intros p Hp Hin _. apply negb_true_iff.
    destruct (existsb _ _) eqn:X; [exfalso|trivial]. apply existsb_exists in X as (y & Hy & A).
    apply (are_apart_right p y H2); trivial; [|now apply (proj1 (Forall_forall _ _) (entering_places _ I))
      |now apply (all_enter _ I)].
    now apply (proj1 (Forall_forall _ _) (covers_places nd pool I H)). }
  destruct (_ <? _); [now apply narrow_right|trivial].
Qed.

Lemma pool_right nd total named :
  inside nd -> (forall t, total = Some t -> right_sum t) ->
  covers nd (pool_of g c place_at l own apart nd total named).
Proof.
  intros I Ht. unfold pool_of.
  assert (G : covers nd (filter (fun x => negb (kept_out g c place_at l nd total named x)) (with_room l nd))).
  { assert (R := with_room_right nd I). apply covers_filter; trivial. intros p Hp Hin _.
    rewrite kept_out_right; trivial. now apply (proj1 (Forall_forall _ _) (covers_places _ _ I R)). }
  destruct (too_few _ _ _); [trivial|]. now apply with_company_right.
Qed.

(** *** Children cover their node *)

(** Of distinct own-class points outside B₀, more than may stay, one is not in B: the first is in its child. *)
Lemma first_beaten nd xs :
  inside nd -> Forall is_own xs -> NoDup (map who xs) -> (forall x, In x xs -> mem (who x) (stay nd) = false) ->
  kept l - length (stay nd) < length xs ->
  exists before x after, xs = before ++ x :: after /\ inside (beat nd (rev before ++ stay nd) x).
Proof.
  intros I Ho Hd Hn Hl.
  assert (X : exists before x after, xs = before ++ x :: after /\ ~ In (who x) B
    /\ forall y, In y before -> In (who y) B).
  { assert (X : ~ incl (map who xs) B).
    { intros Hi. apply (overfull nd (map who xs) I Hd Hi); [|now rewrite map_length].
      intros i Hi'. apply in_map_iff in Hi' as (x & <- & Hx). auto. }
    clear - X. induction xs as [|x xs IH]; [destruct X; easy|].
    destruct (in_dec Nat.eq_dec (who x) B) as [HB|HB].
    - destruct IH as (before & y & after & -> & H1 & H2).
      + intros H. apply X. intros i [<-|Hi]; auto.
      + exists (x :: before), y, after. split; [trivial|]. split; [trivial|]. intros z [<-|Hz]; auto.
    - exists [], x, xs. split; [trivial|]. split; [trivial|easy]. }
  destruct X as (before & x & after & -> & Hx & Hb). exists before, x, after. split; [trivial|].
  rewrite Forall_forall in Ho.
  assert (Ox : is_own x) by (apply Ho, in_or_app; right; now left).
  assert (Ob : forall y, In y before -> is_own y) by (intros y Hy; apply Ho, in_or_app; now left).
  destruct I as [I1 I2 I3 I4 I5 I0 I6 I7 I8 I9 I10]. split; simpl; trivial.
  - apply Forall_forall. intros y Hy. apply in_app_or in Hy as [Hy|Hy]; [|now apply (proj1 (Forall_forall _ _) I3)].
    apply Ob. now apply in_rev.
  - now constructor.
  - rewrite map_app, map_rev.
    assert (Nb : NoDup (map who before)).
    { clear - Hd. induction before as [|z before IH]; [constructor|]. inversion Hd as [|? ? H1 H2]. constructor; [|auto].
      intros G. apply H1. fold (map who). rewrite map_app. apply in_or_app. now left. }
    assert (Nb' : NoDup (rev (map who before))) by now apply NoDup_rev.
    assert (Dis : forall i, In i (rev (map who before)) -> ~ In i (map who (stay nd))).
    { intros i Hi. apply in_rev, in_map_iff in Hi as (y & <- & Hy). apply not_mem, Hn, in_or_app. now left. }
    clear - Nb' I6 Dis. induction (rev (map who before)) as [|i r IH]; simpl; [trivial|].
    inversion Nb'; subst. constructor; [|apply IH; trivial; intros j Hj; apply Dis; now right].
    intros G. apply in_app_or in G as [G|G]; [contradiction|]. apply (Dis i); [now left|trivial].
  - intros p Hp. apply in_app_or in Hp as [Hp|Hp]; [|auto]. apply Hb. now apply in_rev.
  - intros p [<-|Hp]; auto.
Qed.

Lemma enter_right nd pool x :
  inside nd -> covers nd pool -> mem (who x) (entering nd) = false -> is_place x -> In (who x) E ->
  inside (enter nd (without (who x) pool) x).
Proof.
  intros I H Hn Px Hx. assert (Pp := covers_places nd pool I H).
  destruct I as [I1 I2 I3 I4 I5 I0 I6 I7 I8 I9 I10]. split; simpl; trivial.
  - now constructor.
  - apply Forall_forall. intros p Hp. apply without_in in Hp as [Hp _]. now apply (proj1 (Forall_forall _ _) Pp).
  - constructor; [now apply not_mem|trivial].
  - intros p Hp. apply without_in in Hp as [Hp Hne]. apply orb_false_iff. split; [now apply Nat.eqb_neq, not_eq_sym|].
    apply I0. now apply H.
  - intros e He. destruct (Nat.eq_dec (who x) e) as [<-|N]; [left; now rewrite Nat.eqb_refl|].
    destruct (proj2 H e He) as [M|M]; [left; rewrite M; apply orb_true_r|right].
    apply mem_in in M as (p & Hp & <-). apply mem_in. exists p. split; [|trivial]. apply without_in. auto.
  - intros p [<-|Hp]; auto.
Qed.

(** *** Trees *)

Fixpoint tree_induction (P : tree -> Prop)
  (H : forall x pairs named children, Forall P children -> P (Tree x pairs named children)) (t : tree) : P t :=
  match t with
  | Tree x pairs named children =>
      H x pairs named children
        ((fix all (ts : list tree) : Forall P ts :=
            match ts with
            | [] => Forall_nil P
            | t :: ts' => Forall_cons t (tree_induction P H t) (all ts')
            end) children)
  end.

(** No perturbation is in a proved node. *)
Theorem proves_right t levels nd :
  inside nd -> proves g c place_at earlier l own apart levels nd t = true -> False.
Proof.
  revert levels nd. induction t as [x pairs named children IH] using tree_induction.
  intros levels nd I H. rewrite Forall_forall in IH. cbn [proves] in H.
  assert (Q := equal_points_right nd I). clear I.
  destruct (with_equal_points c earlier l nd) as [nd'|]; [|contradiction]. clear nd. rename nd' into nd, Q into I.
  set (total := sum_of g c place_at l nd pairs) in *.
  assert (Ht : forall t, total = Some t -> right_sum t) by (intros t; now apply sum_of_right).
  cbv zeta in H.
  destruct (match total with Some t => _ | None => false end) eqn:T.
  { destruct total as [t|]; [|discriminate]. destruct (Ht t eq_refl) as (R & _ & _ & S).
    apply orb_true_iff in T as [T|T]; [now apply contradiction_right in T|].
    apply andb_true_iff in T as [T1 T2]. exact (beyond_right _ _ T2 (S T1)). }
  destruct levels as [|levels]; [discriminate|].
  destruct (collect _ children) as [points|] eqn:C; [|discriminate].
  apply collect_right in C. assert (Len : length children = length points) by (clear - C; induction C; simpl; congruence).
  assert (Pp : forall p, In p points -> is_place p).
  { intros p Hp. clear - C Hp place_at_right number_right. induction C as [|t p' ts ps Ht C IHC]; [destruct Hp|].
    destruct Hp as [->|Hp]; [|auto]. now apply place_at_is in Ht. }
  destruct (repeats points) eqn:Rp; [discriminate|]. apply repeats_right in Rp.
  destruct (negb _ && _) eqn:Own.
  - apply andb_true_iff in H as [H H3]. apply andb_true_iff in H as [H1 H2].
    apply Nat.ltb_lt in H1. apply negb_true_iff in H2. apply andb_true_iff in Own as [_ Own].
    rewrite forallb_forall in Own.
    destruct (first_beaten nd points I) as (before & y & after & Ep & Iy); trivial.
    + apply Forall_forall. intros p Hp. split; [auto|]. rewrite <- class_right by auto. now apply Nat.eqb_eq, Own.
    + intros p Hp. destruct (mem (who p) (stay nd)) eqn:M; [|trivial].
      assert (X : existsb (fun x => mem (who x) (stay nd)) points = true) by (apply existsb_exists; eauto). congruence.
    + revert H3. match goal with |- ?f children points (stay nd) = true -> False => set (each := f) end.
      assert (Step : forall t ts x xs staying, each (t :: ts) (x :: xs) staying
        = proves g c place_at earlier l own apart levels (beat nd staying x) t && each ts xs (x :: staying))
        by reflexivity.
      clearbody each.
      assert (Each : forall first ts staying, length ts = length (first ++ y :: after) ->
        each ts (first ++ y :: after) staying = true ->
        exists t, In t ts /\ proves g c place_at earlier l own apart levels (beat nd (rev first ++ staying) y) t = true).
      { induction first as [|z first IHb]; intros [|t ts] staying L H3;
          cbn [app length] in L, H3; try discriminate L; rewrite Step in H3; apply andb_true_iff in H3 as [H3 H4].
        - exists t. split; [now left|exact H3].
        - destruct (IHb ts (z :: staying) ltac:(lia) H4) as (t' & Hin & Ht').
          exists t'. split; [now right|]. simpl. now rewrite <- app_assoc. }
      intros H3. rewrite Ep in H3. rewrite Ep in Len. destruct (Each before children (stay nd) Len H3) as (t & Hin & Hp).
      exact (IH t Hin levels _ Iy Hp).
  - destruct (_ || existsb _ _) eqn:O; [discriminate|].
    assert (R := pool_right nd total named I Ht). revert H.
    match goal with |- ?f children points ?pool = true -> False => set (each := f); revert R; generalize pool end.
    assert (Step : forall ts xs pool, each ts xs pool
      = too_few l (entering nd) pool ||
        match ts, xs with
        | t :: ts', x :: xs' =>
            if mem (who x) pool then
              let rest := without (who x) pool in
              proves g c place_at earlier l own apart levels (enter nd rest x) t && each ts' xs' rest
            else each ts' xs' pool
        | _, _ => false
        end) by (intros [|]; reflexivity).
    clearbody each.
    enough (Each : forall ts xs pool, incl ts children -> (forall x, In x xs -> is_place x) -> covers nd pool ->
      each ts xs pool = true -> False) by (intros pool R H; now apply (Each children points pool)).
    induction ts as [|t ts IHt]; intros xs pool Hi Hx R H; rewrite Step in H;
      (apply orb_true_iff in H as [H|H];
       [refine (too_few_right _ _ _ _ _ H); [apply I|now apply (covers_places nd)|apply R]|]); [discriminate|].
    destruct xs as [|y xs]; [discriminate|].
    assert (Hi' : incl ts children) by (intros t' H'; apply Hi; now right).
    assert (Hx' : forall x, In x xs -> is_place x) by (intros x' H'; apply Hx; now right).
    destruct (mem (who y) pool) eqn:M; [|now apply (IHt xs pool)].
    cbv zeta in H. apply andb_true_iff in H as [H1 H2].
    destruct (in_dec Nat.eq_dec (who y) E) as [Hin|Hin].
    + apply (IH t (Hi t (or_introl eq_refl)) levels _ (enter_right nd pool y I R ltac:(
        apply mem_in in M as (p & Hp & <-); apply (open_or_entering _ I); now apply R) (Hx y (or_introl eq_refl)) Hin) H1).
    + apply (IHt xs (without (who y) pool)); trivial. now apply without_covers.
Qed.

Theorem proves_loss_right t free :
  Forall is_place free -> (forall e, In e E -> mem e free = true) ->
  proves_loss g c place_at earlier l own apart free t = true -> False.
Proof.
  intros Hf Hc H. refine (proves_right t deepest _ _ H).
  split; simpl; try (now constructor); try easy. intros e He. right. now apply Hc.
Qed.

End At.
