(** Floating-point numbers as integers: every float64 is an integer times a power of two.

    Numbers of one kind share the smallest exponent e among them; then all are integers in units of 2^e,
    and what is decided about the integers is true of the numbers. *)

Require Import Reals ZArith List Lra Lia.
Require Import RobustMetric.vectors.
Import ListNotations.
Open Scope R_scope.

(** m · 2^e *)
Definition float := (Z * Z)%type.

Definition two (e : Z) : R := powerRZ 2 e.

Definition value (x : float) : R := IZR (fst x) * two (snd x).

Definition values (v : list float) : vector := map value v.

Lemma two_pos e : 0 < two e.
Proof. apply powerRZ_lt. lra. Qed.

Lemma two_add a b : two (a + b) = two a * two b.
Proof. apply powerRZ_add. lra. Qed.

Lemma two_IZR e : (0 <= e)%Z -> two e = IZR (2 ^ e).
Proof.
  intros H. unfold two. rewrite <- (Z2Nat.id e) by trivial.
  rewrite <- pow_powerRZ, pow_IZR. trivial.
Qed.

(** In units of 2^e, where e is not larger than the exponent. *)
Definition in_units (e : Z) (x : float) : Z := Z.shiftl (fst x) (snd x - e).

Lemma in_units_value e x : (e <= snd x)%Z -> value x = two e * IZR (in_units e x).
Proof.
  intros H. unfold value, in_units. rewrite Z.shiftl_mul_pow2, mult_IZR, <- two_IZR by lia.
  replace (snd x) with (e + (snd x - e))%Z at 1 by lia. rewrite two_add. ring.
Qed.

Definition least_exponent (v : list float) : Z := fold_right (fun x e => Z.min (snd x) e) 0%Z v.

Lemma least_exponent_le v x : In x v -> (least_exponent v <= snd x)%Z.
Proof.
  induction v as [|y v IH]; [now intros []|].
  change (least_exponent (y :: v)) with (Z.min (snd y) (least_exponent v)).
  intros [->|H]; [lia|]. specialize (IH H). lia.
Qed.

(** ** Vectors of integers *)

Definition reals (v : list Z) : vector := map IZR v.

Lemma values_in_units e v :
  (forall x, In x v -> (e <= snd x)%Z) -> values v = scale (two e) (reals (map (in_units e) v)).
Proof.
  induction v as [|x v IH]; intros H; simpl; [trivial|].
  f_equal; [apply in_units_value, H; now left|]. apply IH. intros y Hy. apply H. now right.
Qed.

Fixpoint zdot (a b : list Z) : Z :=
  match a, b with
  | x :: a', y :: b' => x * y + zdot a' b'
  | _, _ => 0
  end%Z.

Fixpoint zadd (a b : list Z) : list Z :=
  match a, b with
  | x :: a', y :: b' => (x + y)%Z :: zadd a' b'
  | [], _ => b
  | _, [] => a
  end.

Fixpoint zsub (a b : list Z) : list Z :=
  match a, b with
  | x :: a', y :: b' => (x - y)%Z :: zsub a' b'
  | [], _ => map Z.opp b
  | _, [] => a
  end.

Definition zscale (t : Z) (a : list Z) : list Z := map (Z.mul t) a.

Lemma reals_dot a b : IZR (zdot a b) = dot (reals a) (reals b).
Proof.
  revert b; induction a as [|x a IH]; destruct b as [|y b]; simpl; trivial.
  rewrite plus_IZR, mult_IZR, IH. trivial.
Qed.

Lemma reals_add a b : reals (zadd a b) = add (reals a) (reals b).
Proof.
  revert b; induction a as [|x a IH]; destruct b as [|y b]; simpl; trivial.
  rewrite plus_IZR, IH. trivial.
Qed.

Lemma reals_scale t a : reals (zscale t a) = scale (IZR t) (reals a).
Proof. unfold reals, zscale, scale. rewrite !map_map. apply map_ext. intros x. apply mult_IZR. Qed.

Lemma dot_reals_sub a b u : dot (reals (zsub a b)) u = dot (reals a) u - dot (reals b) u.
Proof.
  revert b u; induction a as [|x a IH].
  - simpl. induction b as [|y b IH]; intros [|t u]; simpl; try lra.
    specialize (IH u). simpl in IH. rewrite IH, opp_IZR. lra.
  - destruct b as [|y b], u as [|t u]; simpl; try lra. rewrite IH, minus_IZR. lra.
Qed.

(** ** The metric *)

Definition zmetric := option (list (list Z)).

Definition zimage (m : zmetric) (v : list Z) : list Z :=
  match m with
  | None => v
  | Some rows => map (fun row => zdot row v) rows
  end.

Fixpoint zcombination (coefficients : list Z) (rows : list (list Z)) : list Z :=
  match coefficients, rows with
  | x :: u, row :: rows' => zadd (zscale x row) (zcombination u rows')
  | _, _ => []
  end.

(** Mv from Lv *)
Definition zgram (m : zmetric) (mapped : list Z) : list Z :=
  match m with
  | None => mapped
  | Some rows => zcombination mapped rows
  end.

(** L whose entries are these integers in units of t. *)
Definition metric_in (t : R) (m : zmetric) : metric :=
  match m with
  | None => None
  | Some rows => Some (map (fun row => scale t (reals row)) rows)
  end.

(** The identity has no unit. *)
Definition unit_fits (t : R) (m : zmetric) : Prop := match m with None => t = 1 | Some _ => True end.

Lemma scale_scale a b v : scale a (scale b v) = scale (a * b) v.
Proof. unfold scale. rewrite map_map. apply map_ext. intros x. ring. Qed.

Lemma dot_scale_r t a u : dot a (scale t u) = t * dot a u.
Proof. rewrite dot_comm, dot_scale_l, dot_comm. trivial. Qed.

Lemma image_in t s m v :
  unit_fits t m ->
  image (metric_in t m) (scale s (reals v)) = scale (s * t) (reals (zimage m v)).
Proof.
  intros H. destruct m as [rows|]; simpl in *; [|subst; now rewrite Rmult_1_r].
  unfold reals at 3, scale at 3. rewrite !map_map. apply map_ext. intros row.
  rewrite dot_scale_l, dot_scale_r, reals_dot. ring.
Qed.

Lemma gram_in t s m v delta :
  unit_fits t m ->
  dot (gram (metric_in t m) (scale s (reals v))) delta
  = s * (t * t) * dot (reals (zgram m (zimage m v))) delta.
Proof.
  intros H. rewrite dot_gram, image_in by trivial. rewrite dot_scale_l.
  destruct m as [rows|]; [|simpl in *; subst; ring].
  change (zgram (Some rows) (zimage (Some rows) v)) with (zcombination (zimage (Some rows) v) rows).
  generalize (zimage (Some rows) v) as c. clear. intros c.
  enough (E : dot (reals c) (image (metric_in t (Some rows)) delta)
              = t * dot (reals (zcombination c rows)) delta) by (rewrite E; ring).
  revert c; induction rows as [|row rows IH]; intros [|x c]; simpl; try lra.
  rewrite reals_add, reals_scale, dot_add_l, dot_scale_l, dot_scale_l.
  simpl in IH. rewrite IH. ring.
Qed.

(** Squared distances in units of (s t)². *)
Lemma dist_in t s m z x :
  unit_fits t m ->
  let away := zsub (zimage m x) (zimage m z) in
  dist (metric_in t m) (scale s (reals z)) (scale s (reals x))
  = (s * t) * (s * t) * IZR (zdot away away).
Proof.
  intros H away. set (moved := image (metric_in t m) (sub (scale s (reals z)) (scale s (reals x)))).
  assert (E : forall u, dot moved u = - (s * t) * dot (reals away) u).
  { intros u. unfold moved, away. rewrite dot_image_sub, !image_in by trivial.
    rewrite !dot_scale_l, dot_reals_sub. ring. }
  change (dist _ _ _) with (dot moved moved). rewrite E, dot_comm, E, reals_dot. ring.
Qed.
