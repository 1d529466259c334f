(** The bounds of box.v are right, norm by norm. *)

Require Import Reals ZArith List Bool Lra Lia Psatz.
Require Import RobustMetric.vectors RobustMetric.threat_models RobustMetric.integers RobustMetric.reach
  RobustMetric.box.
Import ListNotations.
Open Scope R_scope.

(** ** Sums *)

Lemma zsum_rsum {A} (f : A -> Z) l : IZR (zsum f l) = rsum (fun x => IZR (f x)) l.
Proof.
  induction l as [|x l IH]; [trivial|].
  change (zsum f (x :: l)) with (f x + zsum f l)%Z. rewrite plus_IZR, IH. trivial.
Qed.

Lemma rsum_cons {A} (f : A -> R) x l : rsum f (x :: l) = f x + rsum f l.
Proof. trivial. Qed.

Lemma rsum_scale {A} c (f : A -> R) l : rsum (fun x => c * f x) l = c * rsum f l.
Proof.
  induction l as [|x l IH]; [simpl; ring|].
  change (c * f x + rsum (fun x => c * f x) l = c * (f x + rsum f l)). rewrite IH. ring.
Qed.

Lemma rsum_nothing {A} (l : list A) : rsum (fun _ => 0) l = 0.
Proof. induction l as [|x l IH]; [trivial|]. change (0 + rsum (fun _ : A => 0) l = 0). lra. Qed.

Section Norms.

Variables (bits weight_bits : Z) (s : R).
Hypothesis bits_nonneg : (0 <= bits)%Z.
Hypothesis weight_bits_nonneg : (0 <= weight_bits)%Z.
Hypothesis unit_pos : 0 < s.

Variables (ts : list term) (xys : list (R * R)) (a : list Z) (v delta : vector) (gap : Z).
Hypothesis known : explained bits weight_bits s ts xys a v delta.

(** Term by term: what the steps gain, against what they cost and what is said of the terms. *)
Lemma total_gain k (costs : R * R -> R) (g : term -> R) :
  0 <= k ->
  (forall t x y, In t ts -> In (x, y) xys -> fits bits weight_bits s t (x, y) -> k * (IZR (pull t) * x) <= costs (x, y) + g t) ->
  k * dot (reals a) delta <= rsum costs xys + rsum g ts.
Proof.
  intros Hk H. assert (F := each_fits _ _ _ _ _ _ _ _ known). assert (G := gain _ _ _ _ _ _ _ _ known).
  apply Rle_trans with (k * rsum (fun p => IZR (pull (fst p)) * fst (snd p)) (combine ts xys)).
  { now apply Rmult_le_compat_l. }
  clear - F H. induction F as [|t [x y] ts xys Ht _ IH]; [simpl; lra|].
  assert (A := H t x y (or_introl eq_refl) (or_introl eq_refl) Ht).
  assert (B := IH ltac:(intros; apply H; simpl; auto)).
  change (k * (IZR (pull t) * x + rsum (fun p => IZR (pull (fst p)) * fst (snd p)) (combine ts xys))
          <= costs (x, y) + rsum costs xys + (g t + rsum g ts)). lra.
Qed.

Lemma farthest_right f : farthest ts = Some f -> 2 * dot (reals a) delta <= s * IZR f.
Proof.
  unfold farthest. destruct (forallb _ ts) eqn:H1; [|discriminate]. intros H.
  replace f with (2 * zsum (fun t => pull t * match cap t with Some c => c | None => 0 end) ts)%Z by congruence.
  clear H f. rewrite mult_IZR, zsum_rsum. rewrite forallb_forall in H1.
  set (f := fun t => IZR (pull t * match cap t with Some c => c | None => 0 end)).
  assert (T := total_gain 1 (fun _ => 0) (fun t => s * f t) ltac:(lra)).
  rewrite rsum_scale, rsum_nothing in T.
  cut (1 * dot (reals a) delta <= 0 + s * rsum f ts); [intros; lra|]. apply T.
  intros t x y Hin _ (_ & _ & _ & Hc & Hp & _). specialize (H1 _ Hin). unfold f.
  destruct (cap t) as [c|]; [|discriminate]. destruct Hc as [Hc _]. apply IZR_lt in Hp.
  rewrite mult_IZR. nra.
Qed.

Lemma out_of_box_right : out_of_box gap ts = true -> 2 * dot (reals a) delta < s * IZR gap.
Proof.
  unfold out_of_box. destruct (farthest ts) as [f|] eqn:F; [|discriminate]. intros H.
  apply farthest_right in F. apply Z.ltb_lt, IZR_lt in H. assert (P := unit_pos). nra.
Qed.

Lemma within_box_right : within_box gap ts = true -> 2 * dot (reals a) delta <= s * IZR gap.
Proof.
  unfold within_box. destruct (farthest ts) as [f|] eqn:F; [|discriminate]. intros H.
  apply farthest_right in F. apply Z.leb_le, IZR_le in H. assert (P := unit_pos). nra.
Qed.

Variables (num den : Z).
Hypothesis den_pos : (0 < den)%Z.

Lemma infinity_below_right :
  norm_inf v * IZR den < s * IZR num ->
  infinity_below num (Z.shiftl den bits) gap ts = true -> 2 * dot (reals a) delta < s * IZR gap.
Proof.
  intros Hc H. unfold infinity_below in H. apply Z.ltb_lt, IZR_lt in H.
  set (q := Z.shiftl den bits) in *. assert (Q : IZR q = IZR den * two bits).
  { unfold q. rewrite Z.shiftl_mul_pow2, mult_IZR, <- two_IZR by trivial. trivial. }
  assert (D := den_pos). apply IZR_lt in D. assert (P := two_pos bits).
  rewrite !mult_IZR, zsum_rsum in H.
  assert (Q0 : 0 < IZR q) by (rewrite Q; apply Rmult_lt_0_compat; trivial).
  assert (T := total_gain (IZR q) (fun _ => 0) (fun t => s * IZR (pull t * moved num q t)) ltac:(lra)).
  rewrite rsum_scale, rsum_nothing in T.
  set (S := rsum (fun t => IZR (pull t * moved num q t)) ts) in *.
  cut (IZR q * dot (reals a) delta <= 0 + s * S).
  { intros Hq. change (2 * S < IZR gap * IZR q) in H. apply Rmult_lt_reg_l with (IZR q); [trivial|].
    assert (s * (2 * S) < s * (IZR gap * IZR q)) by now apply Rmult_lt_compat_l. lra. }
  apply T. intros t x y _ Hin (Hy & Hx & _ & Hcap & Hp & Hi & _).
  assert (Hn := in_norm_inf _ _ _ _ _ _ _ _ known _ Hin). simpl in Hn.
  apply IZR_lt in Hp, Hi. rewrite mult_IZR.
  assert (M1 : IZR q * x <= s * IZR (num * cheapness t)).
  { rewrite Q, mult_IZR. apply Rle_trans with (IZR (cheapness t) * (y * IZR den)); [nra|].
    apply Rle_trans with (IZR (cheapness t) * (norm_inf v * IZR den)); [|nra].
    apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_r; lra. }
  assert (M : IZR q * x <= s * IZR (moved num q t)).
  { unfold moved. destruct (cap t) as [c|]; [|exact M1]. destruct Hcap as [Hcap _].
    destruct (Z.min_spec (c * q) (num * cheapness t)) as [[_ ->]|[_ ->]]; [|exact M1].
    rewrite mult_IZR. nra. }
  rewrite Rplus_0_l. replace (IZR q * (IZR (pull t) * x)) with (IZR (pull t) * (IZR q * x)) by ring.
  replace (s * (IZR (pull t) * IZR (moved num q t))) with (IZR (pull t) * (s * IZR (moved num q t))) by ring.
  apply Rmult_le_compat_l; lra.
Qed.

Lemma one_below_right price :
  norm1 v * IZR den < s * IZR num ->
  one_below num den bits weight_bits gap price ts = true -> 2 * dot (reals a) delta < s * IZR gap.
Proof.
  intros Hc H. unfold one_below in H. set (rest := above_price bits weight_bits price) in H. cbv zeta in H.
  apply andb_true_iff in H as [H H3]. apply andb_true_iff in H as [H1 H2].
  apply Z.leb_le in H1. rewrite forallb_forall in H2. apply IZR_le in H1 as Hprice.
  assert (D := den_pos). apply IZR_lt in D.
  set (B := two (bits + weight_bits)). assert (PB : 0 < B) by apply two_pos.
  assert (PW := two_pos weight_bits).
  set (f := fun t => IZR (rest t * match cap t with Some c => c | None => 0 end)%Z).
  set (Z1 := rsum f ts).
  assert (T := total_gain B (fun xy => IZR price * two weight_bits * snd xy) (fun t => s * f t) ltac:(lra)).
  rewrite !rsum_scale in T. fold Z1 in T.
  assert (E : B * dot (reals a) delta <= IZR price * two weight_bits * rsum snd xys + s * Z1).
  { apply T. intros t x y Hin _ (Hy & _ & Hx & Hcap & Hp & _ & Hw).
    apply IZR_lt in Hp. apply IZR_le in Hw. specialize (H2 _ Hin).
    assert (R0 : (0 <= rest t)%Z) by (unfold rest, above_price; lia).
    assert (R1 : IZR (pull t) * B - IZR price * IZR (weight t) <= IZR (rest t)).
    { unfold B. rewrite two_IZR by lia. rewrite <- !mult_IZR, <- minus_IZR. apply IZR_le.
      unfold rest, above_price. rewrite Z.shiftl_mul_pow2 by lia. lia. }
    apply IZR_le in R0. simpl snd.
    assert (R2 : IZR (rest t) * x <= s * f t \/ x <= 0 /\ 0 <= s * f t).
    { unfold f. destruct (cap t) as [c|].
      - destruct Hcap as [Hcap Hc0]. apply IZR_le in Hc0. left. rewrite mult_IZR. nra.
      - apply Z.eqb_eq in H2. rewrite H2. left. simpl. lra. }
    assert (R3 : 0 <= s * f t).
    { unfold f. destruct (cap t) as [c|]; [|rewrite Z.mul_0_r; simpl; lra].
      destruct Hcap as [_ Hc0]. apply IZR_le in Hc0. rewrite mult_IZR.
      apply Rmult_le_pos; [lra|]. now apply Rmult_le_pos. }
    assert (R4 : 0 <= IZR price * two weight_bits * y) by (repeat apply Rmult_le_pos; lra).
    destruct (Rle_lt_dec x 0) as [X|X].
    - assert (B * (IZR (pull t) * x) <= 0) by (assert (0 <= B * IZR (pull t)) by nra; nra). lra.
    - destruct R2 as [R2|[R2 _]]; [|lra].
      assert (R5 : (IZR (pull t) * B - IZR price * IZR (weight t)) * x <= IZR (rest t) * x) by
        (apply Rmult_le_compat_r; lra).
      assert (R6 : IZR price * (x * IZR (weight t)) <= IZR price * (y * two weight_bits)) by
        (apply Rmult_le_compat_l; lra).
      lra. }
  assert (N := in_norm1 _ _ _ _ _ _ _ _ known).
  set (total := (2 * _)%Z) in H3. set (wanted := Z.shiftl _ _) in H3.
  assert (Etotal : IZR total = 2 * (IZR num * IZR price * two weight_bits + IZR den * Z1)).
  { unfold total. rewrite mult_IZR, plus_IZR, mult_IZR, zsum_rsum, Z.shiftl_mul_pow2, !mult_IZR, <- two_IZR by lia.
    reflexivity. }
  assert (Ewanted : IZR wanted = IZR gap * IZR den * B).
  { unfold wanted, B. rewrite Z.shiftl_mul_pow2, !mult_IZR, <- two_IZR by lia. reflexivity. }
  assert (K : IZR price * two weight_bits * rsum snd xys * IZR den <= IZR price * two weight_bits * (norm1 v * IZR den)).
  { assert (0 <= IZR price * two weight_bits) by nra.
    replace (IZR price * two weight_bits * rsum snd xys * IZR den)
      with (IZR price * two weight_bits * (rsum snd xys * IZR den)) by ring.
    apply Rmult_le_compat_l; [trivial|]. apply Rmult_le_compat_r; lra. }
  assert (L : 2 * dot (reals a) delta * (B * IZR den) <= 2 * (IZR price * two weight_bits * (norm1 v * IZR den)) + 2 * s * IZR den * Z1).
  { assert (B * dot (reals a) delta * IZR den <= (IZR price * two weight_bits * rsum snd xys + s * Z1) * IZR den) by
      (apply Rmult_le_compat_r; lra). lra. }
  apply Rmult_lt_reg_r with (B * IZR den); [now apply Rmult_lt_0_compat|].
  apply Rle_lt_trans with (1 := L).
  replace (s * IZR gap * (B * IZR den)) with (s * IZR wanted) by (rewrite Ewanted; ring).
  apply orb_true_iff in H3 as [H3|H3].
  - apply Z.ltb_lt, IZR_lt in H3. rewrite Etotal in H3.
    assert (IZR price * two weight_bits * (norm1 v * IZR den) <= IZR price * two weight_bits * (s * IZR num)).
    { apply Rmult_le_compat_l; [nra|lra]. } nra.
  - apply andb_true_iff in H3 as [H3 H4]. apply Z.ltb_lt, IZR_lt in H3. apply Z.eqb_eq in H4.
    rewrite <- H4, Etotal.
    assert (IZR price * two weight_bits * (norm1 v * IZR den) < IZR price * two weight_bits * (s * IZR num)).
    { apply Rmult_lt_compat_l; [nra|lra]. } nra.
Qed.

(** One feature at p = 2, X its step and Y its cost in units of s. *)
Lemma one_feature mu t X Y :
  0 < mu -> 0 <= Y -> 0 <= IZR (pull t) -> 0 <= IZR (cheapness t) -> 0 <= IZR (weight t) ->
  X * two bits <= IZR (cheapness t) * Y -> X * IZR (weight t) <= Y * two weight_bits ->
  match cap t with Some c => X <= IZR c /\ 0 <= IZR c | None => True end ->
  forall m n, (0 < n)%Z -> mu = IZR m / IZR n ->
  2 * mu * (IZR (pull t) * X)
  <= Y * Y + (mu * mu * IZR (free_square m n weight_bits t) / two (2 * bits)
              + 2 * mu * IZR (reached m n weight_bits t)
              - IZR (spent m n weight_bits t) / two (2 * weight_bits)).
Proof.
  intros Hmu HY Hp Hi Hw Hx Hc Hcap m n Hn Em.
  assert (P := two_pos bits). assert (P' := two_pos weight_bits). apply IZR_lt in Hn.
  assert (B2 : two (2 * bits) = two bits * two bits) by (rewrite <- two_add; f_equal; lia).
  assert (W2 : two (2 * weight_bits) = two weight_bits * two weight_bits) by (rewrite <- two_add; f_equal; lia).
  set (p := IZR (pull t)) in *. unfold free_square, reached, spent.
  assert (Free : 2 * mu * (p * X) <= Y * Y + (mu * mu * (p * IZR (cheapness t) * (p * IZR (cheapness t))) / two (2 * bits))).
  { rewrite B2. set (i := IZR (cheapness t)) in *. set (b := two bits) in *.
    set (h := mu * p * i / b).
    replace (mu * mu * (p * i * (p * i)) / (b * b)) with (h * h) by (unfold h; field; lra).
    assert (2 * mu * (p * X) <= 2 * h * Y).
    { assert (X <= i * Y / b).
      { apply Rmult_le_reg_r with b; [trivial|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
      unfold h. replace (2 * (mu * p * i / b) * Y) with (2 * mu * p * (i * Y / b)) by (field; lra).
      replace (2 * mu * (p * X)) with (2 * mu * p * X) by ring.
      apply Rmult_le_compat_l; [|trivial]. assert (0 <= mu * p) by (apply Rmult_le_pos; lra). lra. }
    assert (Q := Rle_0_sqr (h - Y)). unfold Rsqr in Q. lra. }
  destruct (cut m n weight_bits t) as [c|] eqn:E.
  - unfold cut in E. destruct (cap t) as [c'|]; [|discriminate].
    destruct (Z.leb_spec (n * weight t * weight t * c') (Z.shiftl (m * pull t) (2 * weight_bits))) as [L|]; [|discriminate].
    injection E as ->. apply IZR_le in L.
    rewrite Z.shiftl_mul_pow2, !mult_IZR, <- two_IZR, W2 in L by lia. fold p in L.
    destruct Hcap as [HX Hc0]. rewrite !mult_IZR. fold p.
    set (b := two weight_bits) in *. set (w := IZR (weight t) / b).
    assert (Ew : IZR (weight t) = w * b) by (unfold w; field; lra).
    assert (Hw0 : 0 <= w).
    { unfold w, Rdiv. apply Rmult_le_pos; [trivial|]. apply Rlt_le. now apply Rinv_0_lt_compat. }
    set (k := IZR c) in *. rewrite W2. fold b.
    replace (IZR (weight t) * k * (IZR (weight t) * k) / (b * b)) with (w * w * (k * k)) by (rewrite Ew; field; lra).
    assert (M : w * w * k <= mu * p).
    { rewrite Ew in L. rewrite Em. apply Rmult_le_reg_l with (IZR n * (b * b)).
      - apply Rmult_lt_0_compat; [trivial|]. now apply Rmult_lt_0_compat.
      - replace (IZR n * (b * b) * (IZR m / IZR n * p)) with (IZR m * p * (b * b)) by (field; lra). lra. }
    assert (N : X * w <= Y).
    { apply Rmult_le_reg_r with b; [trivial|]. rewrite Rmult_assoc, <- Ew. lra. }
    replace (mu * mu * 0 / two (2 * bits)) with 0 by (unfold Rdiv; ring). rewrite Rplus_0_l.
    destruct (Rle_lt_dec X 0) as [X0|X0].
    + assert (0 <= mu * p) by (apply Rmult_le_pos; lra).
      assert (2 * mu * (p * X) <= 0) by nra. assert (w * w * k * k <= mu * p * k) by (apply Rmult_le_compat_r; lra).
      assert (0 <= mu * p * k) by (apply Rmult_le_pos; lra). assert (0 <= Y * Y) by nra. lra.
    + assert (Y2 : X * w * (X * w) <= Y * Y).
      { apply Rmult_le_compat; trivial; apply Rmult_le_pos; lra. }
      assert (K : 0 <= (k - X) * (2 * (mu * p) - w * w * (k + X))).
      { apply Rmult_le_pos; [lra|]. assert (w * w * X <= w * w * k) by (apply Rmult_le_compat_l; nra). lra. }
      lra.
  - rewrite !mult_IZR. fold p. rewrite Rmult_0_r. unfold Rdiv at 2. rewrite Rmult_0_l. lra.
Qed.

Lemma two_below_right m n :
  norm2 v * IZR den < s * IZR num ->
  two_below num den bits weight_bits gap m n ts = true -> 2 * dot (reals a) delta < s * IZR gap.
Proof.
  intros Hc H. unfold two_below in H. cbv zeta in H. apply andb_true_iff in H as [H1 H].
  apply andb_true_iff in H1 as [Hm Hn]. apply Z.ltb_lt in Hm, Hn. apply Z.leb_le, IZR_le in H.
  assert (D := den_pos). apply IZR_lt in D. apply IZR_lt in Hm as Hm'. apply IZR_lt in Hn as Hn'.
  set (mu := IZR m / IZR n).
  assert (Hmu : 0 < mu) by (apply Rmult_lt_0_compat; [trivial|now apply Rinv_0_lt_compat]).
  assert (P := two_pos bits). assert (P' := two_pos weight_bits).
  assert (PB := two_pos (2 * bits)). assert (PW := two_pos (2 * weight_bits)).
  set (F := zsum (free_square m n weight_bits) ts) in *.
  set (C := zsum (reached m n weight_bits) ts) in *. set (S := zsum (spent m n weight_bits) ts) in *.
  assert (T := total_gain (2 * mu / s) (fun xy => snd xy / s * (snd xy / s))
    (fun t => mu * mu * IZR (free_square m n weight_bits t) / two (2 * bits)
              + 2 * mu * IZR (reached m n weight_bits t)
              - IZR (spent m n weight_bits t) / two (2 * weight_bits))).
  assert (Is : 0 < / s) by now apply Rinv_0_lt_compat.
  assert (E : 2 * mu / s * dot (reals a) delta
    <= rsum (fun xy => snd xy / s * (snd xy / s)) xys
       + (mu * mu * IZR F / two (2 * bits) + 2 * mu * IZR C - IZR S / two (2 * weight_bits))).
  { replace (mu * mu * IZR F / two (2 * bits) + 2 * mu * IZR C - IZR S / two (2 * weight_bits))
      with (rsum (fun t => mu * mu * IZR (free_square m n weight_bits t) / two (2 * bits)
              + 2 * mu * IZR (reached m n weight_bits t)
              - IZR (spent m n weight_bits t) / two (2 * weight_bits)) ts).
    - apply T.
      + apply Rlt_le. apply Rmult_lt_0_compat; lra.
      + intros t x y _ _ (Hy & Hx & Hw & Hcap & Hp & Hi & Hw0). simpl snd.
        replace (2 * mu / s * (IZR (pull t) * x)) with (2 * mu * (IZR (pull t) * (x / s))) by (unfold Rdiv; ring).
        apply one_feature; trivial; try (apply IZR_le; lia).
        * unfold Rdiv. apply Rmult_le_pos; lra.
        * unfold Rdiv. replace (x * / s * two bits) with (x * two bits * / s) by ring.
          replace (IZR (cheapness t) * (y * / s)) with (IZR (cheapness t) * y * / s) by ring.
          apply Rmult_le_compat_r; lra.
        * unfold Rdiv. replace (x * / s * IZR (weight t)) with (x * IZR (weight t) * / s) by ring.
          replace (y * / s * two weight_bits) with (y * two weight_bits * / s) by ring.
          apply Rmult_le_compat_r; lra.
        * destruct (cap t) as [c|]; [|trivial]. destruct Hcap as [Hcap Hc0]. split; [|now apply IZR_le].
          apply Rmult_le_reg_r with s; [trivial|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra.
    - unfold F, C, S. rewrite !zsum_rsum. clear. induction ts as [|t l IH].
      + simpl. unfold Rdiv. ring.
      + rewrite !rsum_cons, IH. unfold Rdiv. ring. }
  assert (E2 : rsum (fun xy : R * R => snd xy / s * (snd xy / s)) xys
               = / s * / s * rsum (fun xy => snd xy * snd xy) xys).
  { rewrite <- rsum_scale. clear. induction xys as [|x l IH]; [trivial|].
    rewrite !rsum_cons, IH. unfold Rdiv. ring. }
  assert (N := in_norm2 _ _ _ _ _ _ _ _ known). rewrite <- norm2_squared in N.
  assert (N0 := norm2_nonneg v).
  assert (Q : rsum (fun xy : R * R => snd xy / s * (snd xy / s)) xys < IZR num / IZR den * (IZR num / IZR den)).
  { rewrite E2. apply Rle_lt_trans with (norm2 v / s * (norm2 v / s)).
    - replace (norm2 v / s * (norm2 v / s)) with (/ s * / s * (norm2 v * norm2 v)) by (unfold Rdiv; ring).
      apply Rmult_le_compat_l; [nra|exact N].
    - assert (A : norm2 v / s < IZR num / IZR den).
      { apply Rmult_lt_reg_r with (IZR den * s); [now apply Rmult_lt_0_compat|].
        replace (norm2 v / s * (IZR den * s)) with (norm2 v * IZR den) by (field; lra).
        replace (IZR num / IZR den * (IZR den * s)) with (s * IZR num) by (field; lra). exact Hc. }
      assert (0 <= norm2 v / s) by (unfold Rdiv; apply Rmult_le_pos; lra).
      apply Rmult_le_0_lt_compat; trivial. }
  assert (B : IZR num / IZR den * (IZR num / IZR den)
    + (mu * mu * IZR F / two (2 * bits) + 2 * mu * IZR C - IZR S / two (2 * weight_bits)) <= mu * IZR gap).
  { rewrite !plus_IZR, !Z.shiftl_mul_pow2, !mult_IZR, <- !two_IZR in H by lia.
    replace (2 * (bits + weight_bits))%Z with (2 * bits + 2 * weight_bits)%Z in H by lia.
    rewrite !two_add in H. fold F C S in H.
    set (b := two (2 * bits)) in *. set (w := two (2 * weight_bits)) in *.
    apply Rmult_le_reg_r with (IZR den * IZR den * (IZR n * IZR n) * (b * w)).
    - repeat apply Rmult_lt_0_compat; trivial.
    - replace ((IZR num / IZR den * (IZR num / IZR den) + (mu * mu * IZR F / b + 2 * mu * IZR C - IZR S / w))
               * (IZR den * IZR den * (IZR n * IZR n) * (b * w)))
        with (IZR num * IZR num * IZR n * IZR n * (b * w) + IZR den * IZR den * IZR m * IZR m * IZR F * w
              + 2 * IZR m * IZR n * IZR den * IZR den * IZR C * (b * w)
              - IZR n * IZR n * IZR den * IZR den * IZR S * b) by (unfold mu; field; lra).
      replace (mu * IZR gap * (IZR den * IZR den * (IZR n * IZR n) * (b * w)))
        with (IZR m * IZR n * IZR gap * IZR den * IZR den * (b * w)) by (unfold mu; field; lra).
      lra. }
  assert (K : 2 * mu / s * dot (reals a) delta < mu * IZR gap) by lra.
  apply Rmult_lt_reg_l with (mu / s); [apply Rmult_lt_0_compat; lra|].
  replace (mu / s * (2 * dot (reals a) delta)) with (2 * mu / s * dot (reals a) delta) by (unfold Rdiv; ring).
  replace (mu / s * (s * IZR gap)) with (mu * IZR gap) by (field; lra). exact K.
Qed.

End Norms.
