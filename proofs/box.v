(** Whether 2 a·δ stays below a number for every perturbation within bounds that costs less than the radius.

    The bounds of docs/threat_models.md in integers. Each holds for every choice of a price (p = 1) or of a
    multiplier (p = 2); which one is taken is a guess that nobody has to trust. *)

Require Import Reals ZArith List Bool Lra Lia Psatz.
Require Import RobustMetric.vectors RobustMetric.threat_models RobustMetric.integers RobustMetric.reach.
Import ListNotations.
Open Scope R_scope.

(** How far each feature may fall and rise, in units of s; none: as far as it likes. *)
Definition room := list (option Z * option Z).

(** A feature that may move towards the half-space. *)
Record term := {
  pull : Z; (* |a_j| *)
  cheapness : Z; (* 1 / W_j in units of 2^-bits, rounded up *)
  weight : Z; (* W_j in units of 2^-weight_bits *)
  cap : option Z (* how far it may move, where that is bounded *)
}.

Fixpoint terms (one_inverse one_weight : Z) (inverse weights : list Z) (caps : room) (a : list Z) : list term :=
  match a with
  | [] => []
  | x :: a' =>
      let i := hd one_inverse inverse in
      let c := hd (None, None) caps in
      let cap := if (0 <? x)%Z then snd c else fst c in
      let rest := terms one_inverse one_weight (tl inverse) (tl weights) (tl caps) a' in
      if (x =? 0)%Z || (i =? 0)%Z || match cap with Some 0%Z => true | _ => false end
      then rest
      else {| pull := Z.abs x; cheapness := i; weight := hd one_weight weights; cap := cap |} :: rest
  end.

Definition weight_exponent (W : list (option float)) : Z :=
  fold_right (fun w e => match w with Some w => Z.min (snd w) e | None => e end) 0%Z W.

Definition weights_of (W : list (option float)) : list Z :=
  map (fun w => match w with Some w => in_units (weight_exponent W) w | None => 0%Z end) W.

Definition zsum {A} (f : A -> Z) (l : list A) : Z := fold_right (fun x s => (f x + s)%Z) 0%Z l.

(** How far 2 a·δ gets within the bounds; none: as far as it likes. *)
Definition farthest (ts : list term) : option Z :=
  if forallb (fun t => match cap t with Some _ => true | None => false end) ts
  then Some (2 * zsum (fun t => pull t * match cap t with Some c => c | None => 0 end) ts)%Z
  else None.

(** Nothing within the bounds gets there. *)
Definition out_of_box (gap : Z) (ts : list term) : bool :=
  match farthest ts with Some f => (f <? gap)%Z | None => false end.

(** Nothing within the bounds gets beyond. *)
Definition within_box (gap : Z) (ts : list term) : bool :=
  match farthest ts with Some f => (f <=? gap)%Z | None => false end.

(** p = ∞: each feature moves by R / W_j, or to its bound. *)
Definition moved (num q : Z) (t : term) : Z :=
  match cap t with
  | Some c => Z.min (c * q) (num * cheapness t)
  | None => num * cheapness t
  end%Z.

Definition infinity_below (num q gap : Z) (ts : list term) : bool :=
  (2 * zsum (fun t => pull t * moved num q t) ts <? gap * q)%Z.

(** p = 1: a·δ ≤ τ ‖Wδ‖₁ + Σ (|a_j| − τ W_j)₊ cap_j for every price τ = price 2^-bits. *)
Definition above_price (bits weight_bits price : Z) (t : term) : Z :=
  Z.max 0 (Z.shiftl (pull t) (bits + weight_bits) - price * weight t).

Definition one_below (num den bits weight_bits gap price : Z) (ts : list term) : bool :=
  let rest := above_price bits weight_bits price in
  let total := (2 * (Z.shiftl (num * price) weight_bits
                     + den * zsum (fun t => rest t * match cap t with Some c => c | None => 0 end) ts))%Z in
  let wanted := Z.shiftl (gap * den) (bits + weight_bits) in
  (0 <=? price)%Z
  && forallb (fun t => match cap t with Some _ => true | None => (rest t =? 0)%Z end) ts
  && ((total <? wanted)%Z || ((0 <? price)%Z && (total =? wanted)%Z)).

(** p = 2: 2 μ a·δ ≤ ‖Wδ‖² + Σ max (2 μ |a_j| x − W_j² x²) for every μ = m / n > 0; cut off are features that
    would move farthest beyond their bound. *)
Definition cut (m n weight_bits : Z) (t : term) : option Z :=
  match cap t with
  | Some c => if (n * weight t * weight t * c <=? Z.shiftl (m * pull t) (2 * weight_bits))%Z then Some c else None
  | None => None
  end.

Definition free_square (m n weight_bits : Z) (t : term) : Z :=
  match cut m n weight_bits t with
  | Some _ => 0
  | None => (pull t * cheapness t) * (pull t * cheapness t)
  end.

Definition reached (m n weight_bits : Z) (t : term) : Z :=
  match cut m n weight_bits t with Some c => pull t * c | None => 0 end.

Definition spent (m n weight_bits : Z) (t : term) : Z :=
  match cut m n weight_bits t with Some c => (weight t * c) * (weight t * c) | None => 0 end.

Definition two_below (num den bits weight_bits gap m n : Z) (ts : list term) : bool :=
  let sum f := zsum (f m n weight_bits) ts in
  let both := (2 * (bits + weight_bits))%Z in
  (0 <? m)%Z && (0 <? n)%Z &&
  (Z.shiftl (num * num * n * n) both + Z.shiftl (den * den * m * m * sum free_square) (2 * weight_bits)
   + Z.shiftl (2 * m * n * den * den * sum reached) both
   <=? Z.shiftl (m * n * gap * den * den) both
       + Z.shiftl (n * n * den * den * sum spent) (2 * bits))%Z.

(** ** What it means *)

(** In units of s, δ stays within the room. *)
Fixpoint keeps (s : R) (caps : room) (delta : vector) : Prop :=
  match caps, delta with
  | (below, above) :: caps', x :: rest =>
      match below with Some b => - x <= s * IZR b | None => True end
      /\ match above with Some b => x <= s * IZR b | None => True end
      /\ keeps s caps' rest
  | _, _ => True
  end.

Definition room_valid (caps : room) : bool :=
  let fits b := match b with Some b => (0 <=? b)%Z | None => true end in
  forallb (fun c => fits (fst c) && fits (snd c)) caps.

Definition rsum {A} (f : A -> R) (l : list A) : R := fold_right (fun x s => f x + s) 0 l.

Section Sound.

Variables (bits weight_bits : Z) (s : R).
Hypothesis bits_nonneg : (0 <= bits)%Z.
Hypothesis weight_bits_nonneg : (0 <= weight_bits)%Z.
Hypothesis unit_pos : 0 < s.

(** A step x of a feature towards the half-space, and what it costs at least. *)
Definition fits (t : term) (xy : R * R) : Prop :=
  let (x, y) := xy in
  0 <= y /\ x * two bits <= IZR (cheapness t) * y /\ x * IZR (weight t) <= y * two weight_bits
  /\ match cap t with Some c => x <= s * IZR c /\ (0 <= c)%Z | None => True end
  /\ (0 < pull t)%Z /\ (0 < cheapness t)%Z /\ (0 <= weight t)%Z.

(** The features of a perturbation that may matter, one by one. *)
Record explained (ts : list term) (xys : list (R * R)) (a : list Z) (v delta : vector) : Prop := {
  each_fits : Forall2 fits ts xys;
  gain : dot (reals a) delta <= rsum (fun p => IZR (pull (fst p)) * fst (snd p)) (combine ts xys);
  in_norm1 : rsum snd xys <= norm1 v;
  in_norm2 : rsum (fun p => snd p * snd p) xys <= dot v v;
  in_norm_inf : forall p, In p xys -> snd p <= norm_inf v
}.

(** W, its inverse and its weights feature by feature; those beyond the lists cost 1. *)
Fixpoint agree (W : feature_costs) (inverse weights : list Z) : Prop :=
  match W, inverse, weights with
  | [], [], [] => True
  | Some w :: W', i :: inverse', x :: weights' =>
      0 < w /\ (0 < i)%Z /\ two bits <= IZR i * w /\ w * two weight_bits = IZR x /\ agree W' inverse' weights'
  | None :: W', i :: inverse', x :: weights' => i = 0%Z /\ agree W' inverse' weights'
  | _, _, _ => False
  end.

Definition terms_for inverse weights caps a :=
  terms (2 ^ bits) (2 ^ weight_bits) inverse weights caps a.

Lemma skip ts xys a v delta x h d :
  explained ts xys a v delta -> IZR x * d <= 0 -> explained ts xys (x :: a) (h :: v) (d :: delta).
Proof.
  intros [F G N1 N2 NI] H. split; trivial.
  - change (IZR x * d + dot (reals a) delta <= rsum (fun p => IZR (pull (fst p)) * fst (snd p)) (combine ts xys)). lra.
  - change (rsum snd xys <= Rabs h + norm1 v). assert (P := Rabs_pos h). lra.
  - simpl. nra.
  - intros p Hp. apply Rle_trans with (1 := NI p Hp). apply Rmax_r.
Qed.

Lemma take ts xys a v delta x h d t X :
  explained ts xys a v delta -> fits t (X, Rabs h) -> IZR x * d <= IZR (pull t) * X ->
  explained (t :: ts) ((X, Rabs h) :: xys) (x :: a) (h :: v) (d :: delta).
Proof.
  intros [F G N1 N2 NI] Ht H. split.
  - now constructor.
  - change (IZR x * d + dot (reals a) delta
      <= IZR (pull t) * X + rsum (fun p => IZR (pull (fst p)) * fst (snd p)) (combine ts xys)). lra.
  - change (Rabs h + rsum snd xys <= Rabs h + norm1 v). lra.
  - change (Rabs h * Rabs h + rsum (fun p => snd p * snd p) xys <= h * h + dot v v).
    rewrite <- Rabs_mult, Rabs_pos_eq by nra. lra.
  - intros p [<-|Hp]; [apply Rmax_l|]. apply Rle_trans with (1 := NI p Hp). apply Rmax_r.
Qed.

Lemma skip_nothing ts xys a x : explained ts xys a [] [] -> explained ts xys (x :: a) [] [].
Proof. intros [F G N1 N2 NI]. split; trivial. now rewrite dot_nil_r in *. Qed.

Lemma take_nothing ts xys a x t :
  explained ts xys a [] [] -> fits t (0, 0) -> explained (t :: ts) ((0, 0) :: xys) (x :: a) [] [].
Proof.
  intros [F G N1 N2 NI] H. split.
  - now constructor.
  - rewrite dot_nil_r in *. change (0 <= IZR (pull t) * 0 + rsum (fun p => IZR (pull (fst p)) * fst (snd p)) (combine ts xys)). lra.
  - change (0 + rsum snd xys <= norm1 []). lra.
  - change (0 * 0 + rsum (fun p => snd p * snd p) xys <= dot [] []). lra.
  - intros p [<-|Hp]; [apply Rle_refl|]. now apply NI.
Qed.

Lemma head_of_costs W inverse weights :
  agree W inverse weights ->
  let i := hd (2 ^ bits)%Z inverse in
  let x := hd (2 ^ weight_bits)%Z weights in
  agree (tl W) (tl inverse) (tl weights) /\
  ((i = 0%Z /\ forall d delta, frozen_still W (d :: delta) ->
      d = 0 /\ frozen_still (tl W) delta /\ exists h, weighted W (d :: delta) = h :: weighted (tl W) delta)
   \/ exists w, 0 < w /\ (0 < i)%Z /\ two bits <= IZR i * w /\ w * two weight_bits = IZR x
       /\ forall d delta, frozen_still W (d :: delta) ->
          frozen_still (tl W) delta /\ weighted W (d :: delta) = w * d :: weighted (tl W) delta).
Proof.
  intros H i x. destruct W as [|[w|] W], inverse as [|i0 inverse], weights as [|x0 weights]; simpl in H; try tauto.
  - simpl. split; [trivial|]. right. exists 1.
    unfold i, x; simpl. rewrite <- !two_IZR by trivial.
    repeat split; try lra; [apply Z.pow_pos_nonneg; lia|]. f_equal. ring.
  - destruct H as (H1 & H2 & H3 & H4 & H5). split; [trivial|]. right. exists w. now repeat split.
  - destruct H as (H1 & H2). split; [trivial|]. left. split; [exact H1|].
    intros d delta Hd. simpl in Hd. destruct Hd as [-> Hd]. repeat split; trivial. now exists 0.
Qed.

Lemma explain a : forall W inverse weights caps delta,
  agree W inverse weights -> frozen_still W delta -> keeps s caps delta -> room_valid caps = true ->
  exists xys, explained (terms_for inverse weights caps a) xys a (weighted W delta) delta.
Proof.
  induction a as [|x a IH]; intros W inverse weights caps delta HW Hd Hk Hc.
  - exists []. split; simpl; try lra; [constructor|apply norm1_nonneg|apply dot_self_nonneg|tauto].
  - destruct (head_of_costs W inverse weights HW) as [HW' Hhead].
    assert (Hc' : room_valid (tl caps) = true).
    { destruct caps as [|c caps]; [trivial|]. simpl in Hc. now apply andb_true_iff in Hc. }
    assert (Hcap : forall b, (if (0 <? x)%Z then snd (hd (None, None) caps) else fst (hd (None, None) caps)) = Some b -> (0 <= b)%Z).
    { intros b E. destruct caps as [|(lo & hi) caps]; [destruct (0 <? x)%Z; discriminate|].
      simpl in Hc. apply andb_true_iff in Hc as [Hc _]. apply andb_true_iff in Hc as [C1 C2].
      simpl in E. destruct (0 <? x)%Z; rewrite E in *; now apply Z.leb_le. }
    unfold terms_for. cbn [terms].
    set (i := hd (2 ^ bits)%Z inverse) in *. set (wz := hd (2 ^ weight_bits)%Z weights) in *.
    set (c := if (0 <? x)%Z then snd (hd (None, None) caps) else fst (hd (None, None) caps)) in *.
    fold (terms_for (tl inverse) (tl weights) (tl caps) a).
    destruct delta as [|d delta].
    + destruct (IH (tl W) (tl inverse) (tl weights) (tl caps) []) as (xys & E); trivial.
      { now destruct (tl W) as [|[w|] W']. } { now destruct (tl caps) as [|[lo hi] caps']. }
      assert (N : forall V, weighted V [] = []) by now intros [|[w|] V]. rewrite N in *.
      destruct ((x =? 0)%Z || (i =? 0)%Z || _) eqn:T; [exists xys; now apply skip_nothing|].
      apply orb_false_iff in T as [T _]. apply orb_false_iff in T as [T1 T2].
      apply Z.eqb_neq in T1, T2. exists ((0, 0) :: xys). apply take_nothing; [trivial|].
      destruct Hhead as [[Z0 _]|(w & Hw & Hi & _ & Hx & _)]; [contradiction|].
      simpl. assert (Hwz : (0 <= wz)%Z).
      { apply le_IZR. rewrite <- Hx. assert (P := two_pos weight_bits). nra. }
      repeat split; try lra; try lia.
      destruct c as [b|] eqn:Ec; [|trivial]. assert (B := Hcap b eq_refl). split; [|trivial].
      apply IZR_le in B. nra.
    + assert (Hk' : keeps s (tl caps) delta) by (destruct caps as [|(lo & hi) caps]; simpl in *; tauto).
      assert (Hmove : forall b, c = Some b ->
        (if (0 <? x)%Z then d else - d) <= s * IZR b).
      { intros b E. unfold c in E. destruct caps as [|(lo & hi) caps]; [destruct (0 <? x)%Z; discriminate|].
        simpl in E, Hk. destruct Hk as (K1 & K2 & _). destruct (0 <? x)%Z; rewrite E in *; trivial. }
      destruct Hhead as [[Z0 Hhead]|(w & Hw & Hi & Hb & Hx & Hhead)].
      * destruct (Hhead d delta Hd) as (-> & Hd' & h & Eh). rewrite Eh.
        destruct (IH (tl W) (tl inverse) (tl weights) (tl caps) delta) as (xys & E); trivial.
        rewrite Z0, Z.eqb_refl, orb_true_r. exists xys. apply skip; [trivial|lra].
      * destruct (Hhead d delta Hd) as (Hd' & Eh). rewrite Eh.
        destruct (IH (tl W) (tl inverse) (tl weights) (tl caps) delta) as (xys & E); trivial.
        assert (Hsign : IZR x * d = IZR (Z.abs x) * (if (0 <? x)%Z then d else - d)).
        { destruct (Z.ltb_spec 0 x); [rewrite Z.abs_eq by lia; trivial|].
          rewrite Z.abs_neq, opp_IZR by lia. ring. }
        destruct ((x =? 0)%Z || (i =? 0)%Z || _) eqn:T.
        { exists xys. apply skip; [trivial|]. apply orb_true_iff in T as [T|T].
          - apply orb_true_iff in T as [T|T]; apply Z.eqb_eq in T; [subst x; lra|lia].
          - destruct c as [[|p|p]|]; try discriminate. assert (M := Hmove 0%Z eq_refl).
            rewrite Hsign. assert (0 <= IZR (Z.abs x)) by (apply IZR_le; lia). nra. }
        apply orb_false_iff in T as [T _]. apply orb_false_iff in T as [T1 T2].
        apply Z.eqb_neq in T1, T2.
        exists (((if (0 <? x)%Z then d else - d), Rabs (w * d)) :: xys). apply take; [trivial| |simpl; lra].
        assert (Habs : (if (0 <? x)%Z then d else - d) <= Rabs d).
        { destruct (0 <? x)%Z; [apply Rle_abs|]. rewrite <- Rabs_Ropp. apply Rle_abs. }
        assert (Ha := Rabs_pos d). simpl. rewrite Rabs_mult, (Rabs_pos_eq w) by lra.
        assert (P := two_pos bits). assert (P' := two_pos weight_bits).
        assert (Hwz : (0 <= wz)%Z) by (apply le_IZR; rewrite <- Hx; nra).
        repeat split; try lia.
        -- nra.
        -- apply Rle_trans with (Rabs d * two bits); [nra|].
           replace (IZR i * (w * Rabs d)) with (IZR i * w * Rabs d) by ring. nra.
        -- rewrite <- Hx. replace (w * Rabs d * two weight_bits) with (Rabs d * (w * two weight_bits)) by ring.
           assert (0 <= w * two weight_bits) by nra. nra.
        -- destruct c as [b|] eqn:Ec; [|trivial]. split; [now apply Hmove|now apply Hcap].
Qed.

End Sound.
