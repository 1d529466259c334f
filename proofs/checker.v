(** The checker as a function, and what its yes means.

    [check_file] reads a model, a threat model and certificates whose numbers are float64, and answers for
    each certificate whether its evidence proves it; it follows python/robust_metric/checker/proofs.py.
    [check_file_sound] says: a yes is true of all real perturbations. *)

Require Import Reals ZArith List Bool Arith Lra Lia Psatz FMapPositive.
Require Import RobustMetric.vectors RobustMetric.predict RobustMetric.half_space RobustMetric.losing_votes.
Require Import RobustMetric.threat_models RobustMetric.integers RobustMetric.reach.
Require Import RobustMetric.box RobustMetric.region RobustMetric.memo RobustMetric.votes.
Import ListNotations.
Open Scope nat_scope.

(** ** What is read *)

Record model := {
  training : list (list float * nat); (* points with their classes *)
  components : option (list (list float)); (* rows of L; none: the identity *)
  n_neighbors : nat;
  n_classes : nat
}.

Record threat := {
  norm_of : norm;
  costs : list (option float); (* none: frozen; features beyond the list cost 1 *)
  bounds : list (option float * option float) (* lower and upper; none, or beyond the list: no bound *)
}.

Record certificate := {
  query : list float;
  label : nat;
  radius : option float; (* none: infinite *)
  near : list nat;
  rows : list (nat * (list nat * list float)); (* other-class point, own-class points, multipliers *)
  combined : bool; (* whether rows are sums, weighted by the multipliers *)
  trees : list tree (* for the losses, in their order *)
}.

(** ** What a certificate claims *)

Definition real_metric (m : model) : metric := option_map (map values) (components m).

Definition vector_of (m : model) (i : nat) : vector := values (fst (nth i (training m) ([], 0))).

Definition class_of (m : model) (i : nat) : nat := snd (nth i (training m) ([], 0)).

(** The class that the model gives a real vector. *)
Definition answer (m : model) (z : vector) : nat :=
  predict (n_classes m) (n_neighbors m) (length (training m)) (class_of m)
    (fun i => dist (real_metric m) z (vector_of m i)).

Definition admissible (t : threat) (z delta : vector) : Prop :=
  frozen_still (cost_values (costs t)) delta /\ within (limit_values (bounds t)) (add z delta).

Definition cost_of (t : threat) (delta : vector) : R :=
  cost (norm_of t) (cost_values (costs t)) delta.

Definition cheaper (x : R) (radius : option float) : Prop :=
  match radius with None => True | Some r => (x < value r)%R end.

Definition claim (m : model) (t : threat) (c : certificate) : Prop :=
  forall delta : vector,
    admissible t (values (query c)) delta -> cheaper (cost_of t delta) (radius c) ->
    answer m (add (values (query c)) delta) = label c.

(** ** The model in integers *)

Record point := {
  index : nat;
  class : nat;
  mapped : list Z; (* Lx *)
  twice : list Z; (* Mx *)
  repeated : bool; (* (K = 1) equals a point of smaller index, so is never the nearest *)
  equals : later (list nat) (* equal points of smaller index *)
}.

Definition metric_exponent (m : model) : Z :=
  match components m with None => 0%Z | Some rows => least_exponent (concat rows) end.

Definition integer_metric (m : model) : zmetric :=
  option_map (map (map (in_units (metric_exponent m)))) (components m).

Definition integer_points (m : model) (e : Z) : list (nat * (list Z * nat)) :=
  combine (seq 0 (length (training m)))
    (map (fun p => (map (in_units e) (fst p), snd p)) (training m)).

(** Points by a number that equal points share: of equal ones the first. *)
Definition buckets := Map.t (list (nat * list Z)).

Definition hash (v : list Z) : positive := Z.to_pos (1 + zdot v v).

Fixpoint equal_vectors (a b : list Z) : bool :=
  match a, b with
  | [], [] => true
  | x :: a', y :: b' => (x =? y)%Z && equal_vectors a' b'
  | _, _ => false
  end.

Definition bucket (b : buckets) (v : list Z) : list (nat * list Z) :=
  match Map.find (hash v) b with Some l => l | None => [] end.

Definition enter (b : buckets) (p : nat * (list Z * nat)) : buckets :=
  let v := fst (snd p) in
  let l := bucket b v in
  if existsb (fun q => equal_vectors (snd q) v) l then b else Map.add (hash v) ((fst p, v) :: l) b.

Definition first_points (m : model) (e : Z) : buckets :=
  if n_neighbors m =? 1 then fold_left enter (integer_points m e) (Map.empty _) else Map.empty _.

Definition is_repeated (b : buckets) (i : nat) (v : list Z) : bool :=
  existsb (fun q => (fst q <? i) && equal_vectors (snd q) v) (bucket b v).

(** All points, as search trees ask for each equal one. *)
Definition all_points (m : model) (e : Z) : buckets :=
  fold_left (fun b p => let v := fst (snd p) in Map.add (hash v) ((fst p, v) :: bucket b v) b)
    (integer_points m e) (Map.empty _).

Definition equal_before (b : buckets) (i : nat) (v : list Z) : list nat :=
  map fst (filter (fun q => (fst q <? i) && equal_vectors (snd q) v) (bucket b v)).

Definition make_point (L : zmetric) (b : buckets) (all : later buckets) (p : nat * (list Z * nat)) : point :=
  let v := fst (snd p) in
  let image := zimage L v in
  {| index := fst p; class := snd (snd p); mapped := image; twice := zgram L image;
     repeated := is_repeated b (fst p) v;
     equals := Later (equal_before (now all) (fst p) v) |}.

Record prepared := {
  exponent : Z;
  in_metric : zmetric;
  points : list point;
  by_index : Map.t point;
  by_class : sizes
}.

Definition prepare (m : model) (e : Z) : prepared :=
  let L := integer_metric m in
  let b := first_points m e in
  let ps := map (make_point L b (Later (all_points m e))) (integer_points m e) in
  {| exponent := e;
     in_metric := L;
     points := ps;
     by_index := fold_left (fun found p => Map.add (key (index p)) p found) ps (Map.empty _);
     by_class := map (fun r => (r, length (filter (fun p => class p =? r) ps))) (seq 0 (n_classes m)) |}.

(** ** One certificate *)

(** A training point as it lies to the query. *)
Record seen := {
  seen_index : nat;
  distance : Z;
  gradient : list Z; (* M(x − z) *)
  size : Z (* of the gradient, in the dual norm *)
}.

Definition look (g : region) (image twice_z : list Z) (p : point) : seen :=
  let away := zsub (mapped p) image in
  let a := zsub (twice p) twice_z in
  {| seen_index := index p; distance := zdot away away; gradient := a; size := dual_size (plain g) a |}.

(** No perturbation brings o before a; a tie goes to the smaller index. *)
Definition proves_pair (g : region) (o a : seen) : bool :=
  let gap := (distance o - distance a)%Z in
  ((0 <? gap)%Z &&
   (within_length (plain g) gap (size o + size a) || stays_out g gap (zsub (gradient o) (gradient a))))
  || ((seen_index a <? seen_index o) && (0 <=? gap)%Z && never_beyond g gap (zsub (gradient o) (gradient a))).

Definition weighted_gap (o : seen) (own : list (Z * seen)) : Z :=
  fold_right (fun e s => fst e * (distance o - distance (snd e)) + s)%Z 0%Z own.

Definition weighted_direction (o : seen) (own : list (Z * seen)) : list Z :=
  fold_right (fun e s => zadd (zscale (fst e) (zsub (gradient o) (gradient (snd e)))) s) [] own.

(** No perturbation brings o before all of these. *)
Definition proves_sum (g : region) (o : seen) (own : list (Z * seen)) : bool :=
  let gap := weighted_gap o own in
  let a := weighted_direction o own in
  forallb (fun e => 0 <=? fst e)%Z own &&
  (((0 <? gap)%Z && stays_out g gap a)
   || (existsb (fun e => (0 <? fst e)%Z && (seen_index (snd e) <? seen_index o)) own && never_beyond g gap a)).

(** Points that are proved to stay nearer than o, until there are as many as asked for. *)
Fixpoint stay_ahead (g : region) (enough : nat) (o : seen) (own : list seen) (proved : list nat) : list nat :=
  match own with
  | [] => proved
  | a :: rest =>
      if enough <=? length proved then proved
      else if negb (existsb (Nat.eqb (seen_index a)) proved) && proves_pair g o a
      then stay_ahead g enough o rest (seen_index a :: proved)
      else stay_ahead g enough o rest proved
  end.

Definition own_points (pr : prepared) (c : nat) (named : list nat) : list point :=
  flat_map
    (fun i => match Map.find (key i) (by_index pr) with
              | Some p => if class p =? c then [p] else []
              | None => []
              end) named.

Definition row := (list nat * list float)%type.

(** How many points of class c are proved to stay nearer than o; more than [enough] are not asked for. *)
Definition ahead (pr : prepared) (view : point -> seen) (g : region) (c enough : nat) (sums : bool)
    (near_seen : list seen) (rows_of : list row) (o : seen) : nat :=
  let proved := stay_ahead g enough o near_seen [] in
  let views named := map view (own_points pr c named) in
  if sums then
    match proved with
    | [] =>
        let weigh (w : row) :=
          combine (map (in_units (least_exponent (snd w))) (snd w)) (views (fst w)) in
        if existsb (fun w => proves_sum g o (weigh w)) rows_of then 1 else 0
    | _ => length proved
    end
  else if enough <=? length proved then length proved
  else length (stay_ahead g enough o (views (flat_map fst rows_of)) proved).

Definition precision (W : list (option float)) : Z :=
  if forallb (fun w => match w with Some w => (fst w =? 1)%Z && (snd w =? 0)%Z | None => false end) W
  then 0%Z
  else (160 + fold_right
         (fun w b => Z.max match w with Some w => Z.log2 (fst w) + 1 + Z.max 0 (snd w) | None => 0 end b)
         0 W)%Z.

(** The radius in units of 2^e as a fraction. *)
Definition radius_in (e : Z) (x : float) : Z * Z :=
  if (e <=? snd x)%Z then (in_units e x, 1%Z) else (fst x, 2 ^ (e - snd x))%Z.

Definition reach_of (t : threat) (e : Z) (radius : option float) : reach :=
  let b := precision (costs t) in
  {| norm_is := norm_of t; bits := b; inverse := inverses b (costs t);
     radius_is := option_map (radius_in e) radius |}.

(** No bounds at all are no box, as in the Python checker. *)
Definition region_of (guess : guesses) (t : threat) (e : Z) (z : list Z) (radius : option float) : region :=
  {| plain := reach_of t e radius;
     space := match bounds t with
              | [] => None
              | _ => Some (room_at e (bounds t) z, weights_of (costs t), - weight_exponent (costs t))%Z
              end;
     guess := guess |}.

Definition add_row (found : Map.t (list row)) (e : nat * row) : Map.t (list row) :=
  let rest := match Map.find (key (fst e)) found with Some l => l | None => [] end in
  Map.add (key (fst e)) (snd e :: rest) found.

Definition all_own (pr : prepared) (c : nat) (named : list nat) : bool :=
  forallb (fun i => match Map.find (key i) (by_index pr) with
                    | Some p => class p =? c
                    | None => false
                    end) named.

(** *** Search trees *)

Definition spot_at (g : region) (image twice_z : list Z) (pr : prepared) (q : positive) : spot :=
  match Map.find q (by_index pr) with
  | Some p =>
      let away := zsub (mapped p) image in
      let a := zsub (twice p) twice_z in
      {| number := index p; kind := class p; far := zdot away away; slope := a;
         scaled_slope := Later (scale_up g a) |}
  | None => {| number := 0; kind := 0; far := 0; slope := []; scaled_slope := Later [] |}
  end.

Definition places_of (g : region) (image twice_z : list Z) (pr : prepared) : positive -> place :=
  let spots := tabulate (fun q => Later (spot_at g image twice_z pr q)) in
  let spot q := now (look_up q spots) in
  let places := tabulate (fun q => Later (make_place g spot (spot q))) in
  fun q => now (look_up q places).

Definition place_at (pr : prepared) (places : positive -> place) (i : nat) : option place :=
  match Map.find (key i) (by_index pr) with Some _ => Some (places (key i)) | None => None end.

Definition those_at (at_ : nat -> option place) (l : list nat) : list place :=
  flat_map (fun i => match at_ i with Some p => [p] | None => [] end) l.

Definition earlier_places (pr : prepared) (places : positive -> place) (p : place) : list place :=
  match Map.find (key (who p)) (by_index pr) with
  | Some q => those_at (place_at pr places) (now (equals q))
  | None => []
  end.

(** What is known of points that cannot enter together: by which own-class points, for how many kept votes. *)
Record company := { named : list nat; few : nat; known : later (list place * table (table (later bool))) }.

Definition company_of (pr : prepared) (g : region) (places : positive -> place) (c : nat) (l : list nat) (v : nat) :
    list place * table (table (later bool)) :=
  let own := once (those_at (own_place c (place_at pr places)) l) in
  (own, apart_table g places own v).

Fixpoint equal_lists (a b : list nat) : bool :=
  match a, b with
  | [], [] => true
  | x :: a', y :: b' => (x =? y) && equal_lists a' b'
  | _, _ => false
  end.

(** The same as before where the loss before named the same points. *)
Definition company_for (pr : prepared) (g : region) (places : positive -> place) (c : nat) (before : company)
    (l : list nat) (v : nat) : company :=
  if equal_lists (named before) l && (few before =? v) then before
  else {| named := l; few := v; known := Later (company_of pr g places c l v) |}.

(** Points that may enter, as index and class, and as places. *)
Definition candidates := (list (nat * nat) * later (list place))%type.

(** Fewer points may enter than must, or too few of the rival. *)
Definition loss_barred (l : loss) (free : list (nat * nat)) : bool :=
  (length free <? arriving l) || (length (filter (fun o => snd o =? rival l) free) <? least l).

Fixpoint losses_proved (pr : prepared) (g : region) (places : positive -> place) (c : nat)
    (ls : list (loss * candidates)) (ts : list tree) (before : company) : bool :=
  match ls with
  | [] => true
  | (l, (free, free_places)) :: ls' =>
      if loss_barred l free then losses_proved pr g places c ls' (tl ts) before
      else
        match ts with
        | [] => false
        | t :: ts' =>
            let with_whom := company_for pr g places c before (own_of t) (kept l) in
            let (own, apart) := now (known with_whom) in
            proves_loss g c (place_at pr places) (earlier_places pr places) l own apart (now free_places) t
            && losses_proved pr g places c ls' ts' with_whom
        end
  end.

(** *** What proves it *)

Definition check_certificate (guess : guesses) (m : model) (t : threat) (pr : prepared) (c : certificate) : bool :=
  (match radius c with Some r => 0 <? fst r | None => true end)%Z &&
  (label c <? n_classes m) &&
  let z := map (in_units (exponent pr)) (query c) in
  room_valid (room_at (exponent pr) (bounds t) z) &&
  match ways (by_class pr) (label c) (n_neighbors m) with
  | [] => true
  | ((most_kept, _) :: _) as all =>
      all_own pr (label c) (near c) &&
      forallb (fun e => all_own pr (label c) (fst (snd e))) (rows c) &&
      let g := region_of guess t (exponent pr) z (radius c) in
      let image := zimage (in_metric pr) z in
      let twice_z := zgram (in_metric pr) image in
      let view := look g image twice_z in
      let near_seen := map view (own_points pr (label c) (near c)) in
      let found := fold_left add_row (rows c) (Map.empty _) in
      let rows_of i := match Map.find (key i) found with Some l => rev l | None => [] end in
      let count p :=
        ahead pr view g (label c) (S most_kept) (combined c) near_seen (rows_of (index p)) (view p) in
      let others :=
        map (fun p => ((index p, class p), count p))
          (filter (fun p => negb (class p =? label c) && negb (repeated p)) (points pr)) in
      let places := places_of g image twice_z pr in
      let may_enter v : candidates :=
        let free := map fst (filter (fun o => snd o <=? v) others) in
        (free, Later (those_at (place_at pr places) (map fst free))) in
      let losses_with way :=
        let free := may_enter (fst way) in map (fun l => (l, free)) (losses_of (n_neighbors m) all way) in
      losses_proved pr g places (label c) (flat_map losses_with all) (trees c)
        {| named := []; few := 0; known := Later (company_of pr g places (label c) [] 0) |}
  end.

(** ** All certificates of a file *)

Definition valid_model (m : model) (t : threat) : bool :=
  (1 <=? n_neighbors m) && (n_neighbors m <=? length (training m))
  && forallb (fun p => snd p <? n_classes m) (training m) && costs_valid (costs t).

Definition file_exponent (m : model) (t : threat) (certificates : list certificate) : Z :=
  fold_right (fun v e => Z.min (least_exponent v) e) 0%Z
    (ends (bounds t) :: map fst (training m) ++ map query certificates).

Definition check_file (guess : guesses) (m : model) (t : threat) (certificates : list certificate) : list bool :=
  if valid_model m t
  then map (check_certificate guess m t (prepare m (file_exponent m t certificates))) certificates
  else map (fun _ => false) certificates.
