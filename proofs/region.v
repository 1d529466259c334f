(** The perturbations of one certificate: cheaper than the radius, and within the bounds where there are any. *)

Require Import Reals ZArith List Bool Lra Lia.
Require Import RobustMetric.vectors RobustMetric.threat_models RobustMetric.integers RobustMetric.reach
  RobustMetric.box RobustMetric.box_bounds.
Import ListNotations.
Open Scope R_scope.

(** A price, or a multiplier m / n, for norm, bits, bits of weights, radius as a fraction, and features. *)
Definition guesses := norm -> Z -> Z -> Z -> Z -> list term -> Z * Z.

Record region := {
  plain : reach;
  space : option (room * list Z * Z); (* room of each feature, weights in units of 2^-bits, these bits *)
  guess : guesses
}.

(** The features that may move towards the half-space of a. *)
Definition movable (g : region) (caps : room) (weights : list Z) (weight_bits : Z) (a : list Z) : list term :=
  terms (2 ^ bits (plain g)) (2 ^ weight_bits) (inverse (plain g)) weights caps a.

(** 2 a·δ ≤ gap within the bounds, whatever a perturbation costs. *)
Definition never_beyond (g : region) (gap : Z) (a : list Z) : bool :=
  (0 <=? gap)%Z &&
  match space g with
  | None => unmoved (plain g) a
  | Some (caps, weights, weight_bits) => within_box gap (movable g caps weights weight_bits a)
  end.

(** No perturbation of the region reaches gap ≤ 2 a·δ. *)
Definition stays_out (g : region) (gap : Z) (a : list Z) : bool :=
  stays_below (plain g) gap a ||
  match space g with
  | None => false
  | Some (caps, weights, weight_bits) =>
      let b := bits (plain g) in
      let ts := movable g caps weights weight_bits a in
      out_of_box gap ts ||
      match radius_is (plain g) with
      | None => false
      | Some (num, den) =>
          let guessed := guess g (norm_is (plain g)) b weight_bits num den in
          match norm_is (plain g) with
          | One => one_below num den b weight_bits gap (fst (guessed ts)) ts
          | Two => let (m, n) := guessed ts in two_below num den b weight_bits gap m n ts
          | Infinity => infinity_below num (Z.shiftl den b) gap ts
          end
      end
  end.

(** ** Bounds of features *)

Definition limits := list (option R * option R).

Fixpoint within (bounds : limits) (v : vector) : Prop :=
  match bounds, v with
  | (lower, upper) :: bounds', x :: v' =>
      match lower with Some l => l <= x | None => True end
      /\ match upper with Some u => x <= u | None => True end
      /\ within bounds' v'
  | _, _ => True
  end.

Definition limit_values (bounds : list (option float * option float)) : limits :=
  map (fun b => (option_map value (fst b), option_map value (snd b))) bounds.

(** The room around a query, in units of 2^e. *)
Fixpoint room_at (e : Z) (bounds : list (option float * option float)) (z : list Z) : room :=
  match bounds with
  | [] => []
  | (lower, upper) :: bounds' =>
      let x := hd 0%Z z in
      (option_map (fun l => x - in_units e l)%Z lower, option_map (fun u => in_units e u - x)%Z upper)
        :: room_at e bounds' (tl z)
  end.

Definition ends (bounds : list (option float * option float)) : list float :=
  let one b := match b with Some x => [x] | None => [] end in
  flat_map (fun b => one (fst b) ++ one (snd b)) bounds.

Lemma keeps_within e bounds z delta :
  (forall x, In x (ends bounds) -> (e <= snd x)%Z) ->
  within (limit_values bounds) (add (scale (two e) (reals z)) delta) ->
  keeps (two e) (room_at e bounds z) delta.
Proof.
  revert z delta; induction bounds as [|[lo hi] bounds IH]; intros z delta He Hw; [exact I|].
  destruct delta as [|d delta]; [exact I|].
  assert (He' : forall x, In x (ends bounds) -> (e <= snd x)%Z).
  { intros x Hx. apply He. unfold ends. simpl. apply in_or_app. now right. }
  assert (Elo : forall l, lo = Some l -> value l = two e * IZR (in_units e l)).
  { intros l ->. apply in_units_value, He. simpl. now left. }
  assert (Ehi : forall h, hi = Some h -> value h = two e * IZR (in_units e h)).
  { intros h ->. apply in_units_value, He. unfold ends. simpl. apply in_or_app. left. apply in_or_app. right. now left. }
  assert (H : exists x, x = hd 0%Z z
     /\ within (limit_values ((lo, hi) :: bounds)) ((two e * IZR x + d) :: add (scale (two e) (reals (tl z))) delta)).
  { exists (hd 0%Z z). split; [trivial|]. destruct z as [|x z]; [|exact Hw].
    simpl hd. rewrite Rmult_0_r, Rplus_0_l. exact Hw. }
  destruct H as (x & Ex & H). simpl in H. destruct H as (H1 & H2 & H3).
  cbn [room_at keeps]. rewrite <- Ex. repeat split.
  - destruct lo as [l|]; simpl in *; [|trivial]. rewrite (Elo l eq_refl) in H1. rewrite minus_IZR. lra.
  - destruct hi as [h|]; simpl in *; [|trivial]. rewrite (Ehi h eq_refl) in H2. rewrite minus_IZR. lra.
  - now apply IH.
Qed.

(** ** Weights *)

Lemma weight_exponent_le W w : In (Some w) W -> (weight_exponent W <= snd w)%Z.
Proof.
  induction W as [|x W IH]; [now intros []|]. intros [->|H].
  - change (Z.min (snd w) (weight_exponent W) <= snd w)%Z. lia.
  - specialize (IH H). destruct x as [x|]; [|exact IH].
    change (Z.min (snd x) (weight_exponent W) <= snd w)%Z. lia.
Qed.

Lemma weight_exponent_nonpositive W : (weight_exponent W <= 0)%Z.
Proof.
  induction W as [|[x|] W IH]; [reflexivity| |exact IH].
  change (Z.min (snd x) (weight_exponent W) <= 0)%Z. lia.
Qed.

Lemma agree_of_costs bits W :
  costs_valid W = true ->
  agree bits (- weight_exponent W) (cost_values W) (inverses bits W) (weights_of W).
Proof.
  intros H. unfold weights_of. set (e := weight_exponent W).
  assert (He : forall w, In (Some w) W -> (e <= snd w)%Z) by (intros w; apply weight_exponent_le).
  clearbody e. induction W as [|w W IH]; [exact I|].
  simpl in H. apply andb_true_iff in H as [Hw H].
  assert (He' : forall v, In (Some v) W -> (e <= snd v)%Z) by (intros v Hv; apply He; now right).
  destruct w as [w|]; simpl; [|split; [trivial|now apply IH]].
  apply Z.ltb_lt in Hw. assert (L := inverse_of_large bits w Hw).
  assert (V : 0 < value w) by (unfold value; apply Rmult_lt_0_compat; [now apply IZR_lt|apply two_pos]).
  repeat split; trivial; [| |now apply IH].
  - apply lt_IZR. assert (P := two_pos bits). apply Rmult_lt_reg_r with (value w); [trivial|]. lra.
  - rewrite (in_units_value e w) by (apply He; now left).
    replace (two e * IZR (in_units e w) * two (- e)) with (two e * two (- e) * IZR (in_units e w)) by ring.
    rewrite <- two_add, Z.add_opp_diag_r. change (two 0) with 1. ring.
Qed.

Section Sound.

Variables (W : list (option float)) (g : region) (s : R) (delta : vector).
Hypothesis valid : costs_valid W = true.
Hypothesis places : (0 <= bits (plain g))%Z.
Hypothesis inverted : inverse (plain g) = inverses (bits (plain g)) W.
Hypothesis unit_pos : 0 < s.
Hypothesis still : frozen_still (cost_values W) delta.
Hypothesis cheap :
  match radius_is (plain g) with
  | None => True
  | Some (num, den) =>
      (0 < den)%Z /\ cost (norm_is (plain g)) (cost_values W) delta * IZR den < s * IZR num
  end.
Hypothesis inside :
  match space g with
  | None => True
  | Some (caps, weights, weight_bits) =>
      keeps s caps delta /\ room_valid caps = true
      /\ weights = weights_of W /\ weight_bits = (- weight_exponent W)%Z
  end.

Lemma weight_bits_nonneg : (0 <= - weight_exponent W)%Z.
Proof. assert (N := weight_exponent_nonpositive W). lia. Qed.

Lemma movable_right a caps :
  keeps s caps delta -> room_valid caps = true ->
  exists xys, explained (bits (plain g)) (- weight_exponent W) s
    (movable g caps (weights_of W) (- weight_exponent W) a) xys a (weighted (cost_values W) delta) delta.
Proof.
  intros Hk Hr. unfold movable. rewrite inverted.
  apply explain; trivial; [apply weight_bits_nonneg|now apply agree_of_costs].
Qed.

Theorem never_beyond_right gap a : never_beyond g gap a = true -> 2 * dot (reals a) delta <= s * IZR gap.
Proof.
  unfold never_beyond. intros H. apply andb_true_iff in H as [Hg H]. apply Z.leb_le, IZR_le in Hg.
  assert (In := inside). destruct (space g) as [[[caps weights] weight_bits]|].
  - destruct In as (Hk & Hr & -> & ->). destruct (movable_right a caps Hk Hr) as (xys & E).
    exact (within_box_right _ _ s unit_pos _ xys a _ delta gap E H).
  - rewrite (unmoved_right W (plain g) s delta) by trivial.
    assert (P := unit_pos). nra.
Qed.

Theorem stays_out_right gap a :
  (0 < gap)%Z -> stays_out g gap a = true -> 2 * dot (reals a) delta < s * IZR gap.
Proof.
  intros Hg H. unfold stays_out in H. apply orb_true_iff in H as [H|H].
  { apply stays_below_right with (W := W) (r := plain g); trivial. }
  assert (In := inside). destruct (space g) as [[[caps weights] weight_bits]|]; [|discriminate].
  destruct In as (Hk & Hr & -> & ->).
  destruct (movable_right a caps Hk Hr) as (xys & E).
  set (b := bits (plain g)) in *. set (wb := (- weight_exponent W)%Z) in *.
  assert (Hwb : (0 <= wb)%Z) by apply weight_bits_nonneg.
  cbv zeta in H. set (ts := movable g caps (weights_of W) wb a) in *.
  apply orb_true_iff in H as [H|H].
  { apply (out_of_box_right b wb s unit_pos ts xys a _ delta gap E H). }
  assert (Ch := cheap). destruct (radius_is (plain g)) as [(num & den)|]; [|discriminate].
  destruct Ch as [Hden Hc]. unfold cost in Hc.
  destruct (norm_is (plain g)); simpl in Hc.
  - exact (one_below_right b wb s places Hwb unit_pos ts xys a _ delta gap E num den Hden _ Hc H).
  - destruct (guess g _ _ _ _ _ ts) as [m n].
    exact (two_below_right b wb s places Hwb unit_pos ts xys a _ delta gap E num den Hden m n Hc H).
  - exact (infinity_below_right b wb s places unit_pos ts xys a _ delta gap E num den Hden Hc H).
Qed.

End Sound.
