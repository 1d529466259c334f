(** The sum of any two double-doubles, base/double_double.hpp: a relative error of at most 8 u², whatever cancels.

    Where high parts cancel by more than half their sum is exact (Sterbenz), and a multiple of the spacing of
    the smaller one, so that the low parts are not much larger. *)

Require Import Reals ZArith Lia Lra.
From Flocq Require Import Core Relative Plus_error Sterbenz.
Require Import RobustMetric.rounding RobustMetric.double_double.
Open Scope R_scope.

Local Instance digits : Prec_gt_0 53 := eq_refl.
Local Instance exponents : Valid_exp (FLT_exp (-1074) 53) := FLT_exp_valid _ _.

(** ** Multiples of a power of two *)

Definition multiple (e : Z) (x : R) : Prop := exists m : Z, x = IZR m * bpow radix2 e.

Lemma multiple_add e x y : multiple e x -> multiple e y -> multiple e (x + y).
Proof. intros (m & ->) (n & ->). exists (m + n)%Z. rewrite plus_IZR. ring. Qed.

Lemma multiple_sub e x y : multiple e x -> multiple e y -> multiple e (x - y).
Proof. intros (m & ->) (n & ->). exists (m - n)%Z. rewrite minus_IZR. ring. Qed.

Lemma multiple_of_less e f x : (e <= f)%Z -> multiple f x -> multiple e x.
Proof.
  intros H (m & ->). exists (m * 2 ^ (f - e))%Z. rewrite mult_IZR.
  change 2%Z with (radix_val radix2). rewrite IZR_Zpower by lia.
  rewrite Rmult_assoc, <- bpow_plus. do 2 f_equal. lia.
Qed.

Lemma multiple_is_large e x : multiple e x -> x <> 0 -> bpow radix2 e <= Rabs x.
Proof.
  intros (m & ->) H. assert (P := bpow_gt_0 radix2 e). rewrite Rabs_mult, (Rabs_pos_eq (bpow _ _)) by lra.
  assert (M : m <> 0%Z) by (intros ->; apply H; ring).
  assert (1 <= Rabs (IZR m)) by (rewrite <- abs_IZR; apply IZR_le; lia). nra.
Qed.

(** A number of binary64 is a multiple of its spacing, and less than 2^53 of it in size. *)
Lemma spacing x :
  binary64 x -> x <> 0 ->
  exists e, (-1074 <= e)%Z /\ multiple e x /\ Rabs x < bpow radix2 (e + 53)
    /\ (e = (-1074)%Z \/ bpow radix2 (e + 52) <= Rabs x).
Proof.
  intros F N. exists (cexp radix2 (FLT_exp (-1074) 53) x).
  assert (X : exists e, bpow radix2 (e - 1) <= Rabs x < bpow radix2 e
    /\ cexp radix2 (FLT_exp (-1074) 53) x = Z.max (e - 53) (-1074)).
  { unfold cexp. destruct (mag radix2 x) as (e & He). exists e. split; [now apply He|reflexivity]. }
  destruct X as (e & He & E).
  rewrite E. split; [lia|]. split; [|split].
  - exists (Ztrunc (scaled_mantissa radix2 (FLT_exp (-1074) 53) x)). rewrite <- E. exact F.
  - apply Rlt_le_trans with (1 := proj2 He), bpow_le. lia.
  - destruct (Z.max_spec (e - 53) (-1074)) as [[L ->]|[L ->]]; [now left|right].
    apply Rle_trans with (2 := proj1 He), bpow_le. lia.
Qed.

Lemma binary64_of_multiple e x :
  (-1074 <= e)%Z -> multiple e x -> Rabs x <= bpow radix2 (e + 53) -> binary64 x.
Proof.
  intros He (m & ->) H. assert (P := bpow_gt_0 radix2 e).
  rewrite Rabs_mult, (Rabs_pos_eq (bpow _ _)) in H by lra. rewrite Z.add_comm, bpow_plus in H.
  apply Rmult_le_reg_r in H; [|trivial]. change (bpow radix2 53) with (IZR (2 ^ 53)) in H.
  rewrite <- abs_IZR in H. apply le_IZR in H.
  destruct (Z.eq_dec (Z.abs m) (2 ^ 53)) as [A|A].
  - assert (S : multiple (e + 53) (IZR m * bpow radix2 e)).
    { exists (Z.sgn m). rewrite Z.add_comm, bpow_plus. change (bpow radix2 53) with (IZR (2 ^ 53)).
      rewrite <- A, <- Rmult_assoc, <- mult_IZR. f_equal. f_equal. now rewrite Z.mul_comm, Z.abs_sgn. }
    destruct S as (n & E). rewrite E. apply generic_format_FLT.
    assert (N : Z.abs n = 1%Z).
    { rewrite Z.add_comm, bpow_plus, <- Rmult_assoc in E. apply Rmult_eq_reg_r in E; [|lra].
      change (bpow radix2 53) with (IZR (2 ^ 53)) in E. rewrite <- mult_IZR in E. apply eq_IZR in E. lia. }
    apply FLT_spec with (Float radix2 n (e + 53)); [reflexivity|change (Z.abs n < 2 ^ 53)%Z; lia|simpl Fexp; lia].
  - apply generic_format_FLT. apply FLT_spec with (Float radix2 m e); [reflexivity|change (Z.abs m < 2 ^ 53)%Z; lia|simpl Fexp; lia].
Qed.

(** ** Fast2Sum where the first number is the smaller one, but a multiple of the spacing of the other *)

Lemma fast_two_sum_of_multiple a b e :
  binary64 a -> binary64 b -> (-1074 <= e)%Z -> multiple e a -> multiple e b ->
  Rabs a <= Rabs b < bpow radix2 (e + 53) ->
  sum_high a b + fl (b - fl (sum_high a b - a)) = a + b.
Proof.
  intros Fa Fb He Ma Mb [L B].
  enough (Z : fl (sum_high a b - a) = sum_high a b - a).
  { rewrite Z. assert (E : binary64 (fl (a + b) - (a + b))) by (apply plus_error; try exact _; trivial; now apply FLT_exp_valid).
    apply generic_format_opp in E. fold (sum_high a b) in E.
    rewrite (fl_exact (b - (sum_high a b - a))); [ring|].
    replace (b - (sum_high a b - a)) with (- (sum_high a b - (a + b))) by ring. exact E. }
  assert (S : multiple e (sum_high a b)).
  { unfold sum_high, fl.
    destruct (Req_dec (fl (a + b)) 0) as [O|O]; [exists 0%Z; unfold fl in O; rewrite O; ring|].
    destruct (Rle_lt_dec (Rabs (a + b)) (bpow radix2 (e + 53))) as [K|K].
    - assert (F : binary64 (a + b)) by (apply binary64_of_multiple with e; trivial; now apply multiple_add).
      rewrite fl_exact in O by trivial. change (multiple e (fl (a + b))). rewrite fl_exact by trivial. now apply multiple_add.
    - destruct (spacing (fl (a + b)) (fl_binary64 _) O) as (f & _ & M & U & _).
      apply multiple_of_less with f; [|exact M].
      assert (G : bpow radix2 (e + 53) <= Rabs (fl (a + b))).
      { unfold fl. apply abs_round_ge_generic; [apply FLT_exp_valid; reflexivity|apply valid_rnd_N| |lra].
        apply generic_format_bpow. unfold FLT_exp. lia. }
      assert (T := Rle_lt_trans _ _ _ G U). apply lt_bpow in T. lia. }
  apply fl_exact, binary64_of_multiple with e; trivial; [now apply multiple_sub|].
  assert (P := bpow_gt_0 radix2 e).
  destruct (Rle_lt_dec (Rabs (a + b)) (bpow radix2 (e + 53))) as [K|K].
  - unfold sum_high. rewrite fl_exact by (apply binary64_of_multiple with e; trivial; now apply multiple_add).
    replace (a + b - a) with b by ring. lra.
  - (* both are of one sign, and the sum is off by at most one spacing of b *)
    assert (Off : Rabs (fl (a + b) - (a + b)) <= bpow radix2 e).
    { assert (Z := bpow_gt_0 radix2 (e + 53)).
      assert (N : a + b <> 0) by (intros Q; rewrite Q, Rabs_R0 in K; lra).
      apply Rle_trans with (/ 2 * ulp radix2 (FLT_exp (-1074) 53) (a + b)); [apply error_le_half_ulp; exact _|].
      rewrite ulp_neq_0 by trivial. unfold cexp, FLT_exp.
      destruct (mag radix2 (a + b)) as (f & Hf). simpl. destruct (Hf N) as [Hf1 _].
      assert (T : bpow radix2 (f - 1) < bpow radix2 (e + 54)).
      { apply Rle_lt_trans with (1 := Hf1). replace (e + 54)%Z with (1 + (e + 53))%Z by lia.
        rewrite bpow_plus. simpl (bpow radix2 1). apply Rle_lt_trans with (1 := Rabs_triang _ _). lra. }
      apply lt_bpow in T.
      apply Rle_trans with (/ 2 * bpow radix2 (1 + e)); [apply Rmult_le_compat_l; [lra|apply bpow_le; lia]|].
      rewrite bpow_plus. simpl (bpow radix2 1). lra. }
    destruct Mb as (m & Em). assert (Bm : Rabs b <= bpow radix2 (e + 53) - bpow radix2 e).
    { rewrite Em in B |- *. rewrite Rabs_mult, (Rabs_pos_eq (bpow _ e)) in B |- * by lra.
      rewrite Z.add_comm, bpow_plus in B |- *. apply Rmult_lt_reg_r in B; [|trivial].
      change (bpow radix2 53) with (IZR (2 ^ 53)) in B |- *. rewrite <- abs_IZR in B |- *. apply lt_IZR in B.
      assert (C : (Z.abs m <= 2 ^ 53 - 1)%Z) by lia. apply IZR_le in C. rewrite minus_IZR in C. nra. }
    unfold sum_high. replace (fl (a + b) - a) with (b + (fl (a + b) - (a + b))) by ring.
    apply Rle_trans with (1 := Rabs_triang _ _). lra.
Qed.

(** ** The sum *)

Section Sum.

Variables ah al bh bl : R.
Hypothesis high_a : binary64 ah.
Hypothesis low_a : binary64 al.
Hypothesis high_b : binary64 bh.
Hypothesis low_b : binary64 bl.
Hypothesis small_a : Rabs al <= u * Rabs ah.
Hypothesis small_b : Rabs bl <= u * Rabs bh.

Let sh := sum_high ah bh.
Let sl := sum_low ah bh.
Let th := sum_high al bl.
Let tl := sum_low al bl.
Let carried := fl (sl + th).
Let vh := sum_high sh carried.
Let vl := fl (carried - fl (vh - sh)).
Let low := fl (tl + vl).
Let zh := sum_high vh low.
Let zl := fl (low - fl (zh - vh)).

(** What cancels is exact, and no more than a few spacings smaller than the low parts. *)
Lemma high_parts_cancel :
  ~ (Rabs ah <= 2 * Rabs (ah + bh) /\ Rabs bh <= 2 * Rabs (ah + bh)) ->
  exists e, (-1074 <= e)%Z /\ multiple e (ah + bh) /\ binary64 (ah + bh) /\ Rabs (al + bl) <= 3 * bpow radix2 e.
Proof.
  intros C. assert (U := u_value).
  assert (S : Rabs ah <= 2 * Rabs bh /\ Rabs bh <= 2 * Rabs ah /\ Rabs (ah + bh) <= Rabs ah
    /\ Rabs (ah + bh) <= Rabs bh /\ ah <> 0 /\ bh <> 0).
  { assert (D : Rabs (ah + bh) < Rabs ah / 2 \/ Rabs (ah + bh) < Rabs bh / 2).
    { destruct (Rle_lt_dec (Rabs ah) (2 * Rabs (ah + bh))); destruct (Rle_lt_dec (Rabs bh) (2 * Rabs (ah + bh))); lra. }
    clear C. unfold Rabs in *.
    destruct (Rcase_abs ah), (Rcase_abs bh), (Rcase_abs (ah + bh)); repeat split; lra. }
  destruct S as (S1 & S2 & S3 & S4 & Na & Nb).
  destruct (spacing ah high_a Na) as (ea & Ea & Ma & La & _). destruct (spacing bh high_b Nb) as (eb & Eb & Mb & Lb & _).
  assert (T : Rabs (al + bl) <= u * Rabs ah + u * Rabs bh) by (apply Rle_trans with (1 := Rabs_triang _ _); lra).
  assert (W : forall e, u * bpow radix2 (e + 53) = bpow radix2 e).
  { intros e. unfold u. rewrite <- bpow_plus. f_equal. lia. }
  assert (U0 : 0 < u) by (rewrite U; lra).
  destruct (Z.le_ge_cases ea eb) as [L|L]; [exists ea|exists eb]; (split; [trivial|]).
  - assert (M : multiple ea (ah + bh)) by (apply multiple_add; trivial; now apply multiple_of_less with eb).
    split; [trivial|]. split; [apply binary64_of_multiple with ea; trivial; lra|]. rewrite <- W. nra.
  - assert (M : multiple eb (ah + bh)) by (apply multiple_add; trivial; now apply multiple_of_less with ea).
    split; [trivial|]. split; [apply binary64_of_multiple with eb; trivial; lra|]. rewrite <- W. nra.
Qed.

Lemma cancelled_sum e :
  (-1074 <= e)%Z -> multiple e (ah + bh) -> binary64 (ah + bh) -> Rabs (al + bl) <= 3 * bpow radix2 e ->
  Rabs zl <= u * Rabs zh
  /\ Rabs (zh + zl - (ah + al + (bh + bl))) <= 8 * (u * u) * Rabs (ah + al + (bh + bl)).
Proof.
  intros He Mh Fh Small. assert (U := u_value). set (h := ah + bh) in *.
  assert (Sh : sh = h) by now apply fl_exact.
  assert (X1 := two_sum_exact ah bh high_a high_b). fold sh sl h in X1.
  assert (Sl : sl = 0) by lra.
  assert (X2 := two_sum_exact al bl low_a low_b). fold th tl in X2.
  assert (Ft : binary64 th) by apply fl_binary64. assert (Fl : binary64 tl) by apply fl_binary64.
  assert (Ca : carried = th) by (unfold carried; rewrite Sl, Rplus_0_l; now apply fl_exact).
  assert (R2 := one_sum al bl low_a low_b). change (fl (al + bl)) with th in R2.
  replace (th - (al + bl)) with (- tl) in R2 by lra. rewrite Rabs_Ropp in R2.
  assert (P := bpow_gt_0 radix2 e).
  assert (Tb : Rabs th <= 4 * bpow radix2 e).
  { replace th with ((al + bl) + (- tl)) by lra. apply Rle_trans with (1 := Rabs_triang _ _).
    rewrite Rabs_Ropp. rewrite U in *. lra. }
  assert (Lt : Rabs tl <= u * Rabs th * (1 + / 1000)).
  { assert (Q := Rabs_triang th tl). rewrite X2 in Q. assert (Q0 := Rabs_pos th). rewrite U in *. lra. }
  (* the spacing of th, of which h is a multiple *)
  assert (G : th <> 0 -> exists f, (-1074 <= f)%Z /\ multiple f h /\ multiple f th
    /\ Rabs th < bpow radix2 (f + 53) /\ Rabs tl <= bpow radix2 f / 2).
  { intros N. destruct (spacing th Ft N) as (f & Hf & Mf & Lf & Cf). exists f.
    assert (Hle : (f <= e)%Z).
    { destruct Cf as [->|Cf]; [trivial|]. apply Rle_trans with (2 := Tb) in Cf.
      assert (W : 4 * bpow radix2 e = bpow radix2 (e + 2)) by (rewrite bpow_plus; simpl (bpow radix2 2); lra).
      rewrite W in Cf. apply le_bpow in Cf. lia. }
    split; [trivial|]. split; [now apply multiple_of_less with e|]. split; [trivial|]. split; [trivial|].
    assert (B := error_le_half_ulp_round radix2 (FLT_exp (-1074) 53) (fun x => negb (Z.even x)) (al + bl)).
    change (round _ _ _ (al + bl)) with th in B. replace (th - (al + bl)) with (- tl) in B by lra.
    rewrite Rabs_Ropp in B. apply Rle_trans with (1 := B).
    enough (ulp radix2 (FLT_exp (-1074) 53) th <= bpow radix2 f) by lra.
    rewrite ulp_neq_0 by trivial. apply bpow_le. unfold cexp, FLT_exp.
    destruct (mag radix2 th) as (m & Hm). simpl. destruct (Hm N) as [Hm1 _].
    assert (T := Rle_lt_trans _ _ _ Hm1 Lf). apply lt_bpow in T. lia. }
  assert (Fvl : binary64 vl) by apply fl_binary64. assert (Fvh : binary64 vh) by apply fl_binary64.
  assert (V : vh + vl = h + th).
  { unfold vl, vh. rewrite Ca, Sh. destruct (Rle_lt_dec (Rabs th) (Rabs h)) as [L|L].
    - apply fast_two_sum_exact; trivial. now left.
    - destruct G as (f & G1 & G2 & G3 & G4 & _); [intros Z; rewrite Z, Rabs_R0 in L; assert (Q := Rabs_pos h); lra|].
      apply fast_two_sum_of_multiple with f; trivial. lra. }
  assert (Vh : vh = fl (h + th)) by (unfold vh; now rewrite Ca, Sh).
  replace (ah + al + (bh + bl)) with (h + th + tl) by (unfold h; lra).
  destruct (Rlt_le_dec (Rabs (h + th)) (Rabs th)) as [A|B].
  - (* the second sum is exact, too *)
    destruct G as (f & G1 & G2 & G3 & G4 & G5).
    { intros Z. rewrite Z, Rabs_R0 in A. assert (Q := Rabs_pos (h + 0)). lra. }
    assert (M : multiple f (h + th)) by now apply multiple_add.
    assert (E : vh = h + th) by (rewrite Vh; apply fl_exact, binary64_of_multiple with f; trivial; lra).
    assert (L : low = tl) by (unfold low; replace vl with 0 by lra; rewrite Rplus_0_r; now apply fl_exact).
    assert (Z : zh + zl = vh + low).
    { apply fast_two_sum_exact; trivial; [apply fl_binary64|].
      destruct (Req_dec vh 0) as [|N]; [now right|left]. rewrite L.
      assert (Q : bpow radix2 f <= Rabs vh) by (apply multiple_is_large; [now rewrite E|trivial]).
      assert (0 < bpow radix2 f) by apply bpow_gt_0. lra. }
    split; [apply rest_of_sum; trivial; apply fl_binary64|]. rewrite Z, L, E. replace (h + th + tl - (h + th + tl)) with 0 by ring. rewrite Rabs_R0.
    apply Rmult_le_pos; [rewrite U; lra|apply Rabs_pos].
  - set (S := Rabs (h + th)) in *. assert (S0 : 0 <= S) by apply Rabs_pos.
    assert (R4 := one_sum h th Fh Ft). rewrite <- Vh in R4. fold S in R4.
    replace (vh - (h + th)) with (- vl) in R4 by lra. rewrite Rabs_Ropp in R4.
    assert (C : Rabs (tl + vl) <= 2 * u * S * (1 + / 1000)).
    { apply Rle_trans with (1 := Rabs_triang _ _). rewrite U in *. lra. }
    assert (R5 := one_sum tl vl Fl Fvl). fold low in R5.
    assert (L1 : Rabs low <= 3 * u * S).
    { apply Rabs_le. apply Rabs_le_inv in C, R5. assert (D := Rabs_pos (tl + vl)). rewrite U in *.
      unfold Rabs in R5. destruct (Rcase_abs (tl + vl)); lra. }
    assert (L2 : S * (1 - / 100) <= Rabs vh).
    { assert (Q := Rabs_triang_inv (h + th) vl). replace (h + th - vl) with vh in Q by lra. fold S in Q.
      rewrite U in *. lra. }
    assert (Z : zh + zl = vh + low).
    { apply fast_two_sum_exact; trivial; [apply fl_binary64|]. left. rewrite U in *. lra. }
    split; [apply rest_of_sum; trivial; apply fl_binary64|].
    assert (F : S * (1 - / 100) <= Rabs (h + th + tl)).
    { assert (Q := Rabs_triang_inv (h + th) (- tl)). rewrite Rabs_Ropp in Q. fold S in Q.
      replace (h + th - - tl) with (h + th + tl) in Q by ring. rewrite U in *. lra. }
    apply Rle_trans with (8 * (u * u) * (S * (1 - / 100))).
    2: { apply Rmult_le_compat_l; [rewrite U; lra|exact F]. }
    rewrite Z. replace (vh + low - (h + th + tl)) with (low - (tl + vl)) by lra.
    apply Rle_trans with (1 := R5). rewrite U in *. lra.
Qed.

Theorem any_sum_error :
  Rabs zl <= u * Rabs zh
  /\ Rabs (zh + zl - (ah + al + (bh + bl))) <= 8 * (u * u) * Rabs (ah + al + (bh + bl)).
Proof.
  destruct (Rle_dec (Rabs ah) (2 * Rabs (ah + bh))) as [N1|N1], (Rle_dec (Rabs bh) (2 * Rabs (ah + bh))) as [N2|N2];
    [now apply sum_error|..]; destruct high_parts_cancel as (e & H1 & H2 & H3 & H4); try tauto;
    now apply cancelled_sum with e.
Qed.

End Sum.
