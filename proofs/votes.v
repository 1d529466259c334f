(** Search trees as the checker reads them; follows python/robust_metric/checker/votes.py step by step.

    A node is a set of perturbations, by what holds of the other-class points E that are nearest then and of the
    own-class points B that come before the last of them (search_tree.v): some points are in E, some may be, some
    own-class points are in B, some are not. *)

Require Import ZArith List Bool Arith.
Require Import RobustMetric.memo RobustMetric.integers RobustMetric.threat_models RobustMetric.reach
  RobustMetric.region.
Import ListNotations.
Open Scope nat_scope.

(** ** What is read *)

(** A node: the point that its parent's rule decides on in it, pairs whose weighted sum bounds it, own-class points
    that keep others from entering, and its children. *)
Inductive tree := Tree (decided : nat) (pairs : list (nat * nat * float)) (by_own : list nat) (children : list tree).

Definition decided_in (t : tree) : nat := match t with Tree x _ _ _ => x end.
Definition own_of (t : tree) : list nat := match t with Tree _ _ own _ => own end.

(** ** Losses that differ *)

Record loss := { rival : nat; kept : nat; arriving : nat; least : nat; most : nat }.

(** What the way with one more vote kept asks for, by classes. *)
Definition asked_for (v : nat) (all : list (nat * list (nat * nat))) : Map.t (nat * nat) :=
  match find (fun way => fst way =? v) all with
  | Some way => fold_left (fun found need => Map.add (key (fst need)) need found) (snd way) (Map.empty _)
  | None => Map.empty _
  end.

Definition most_of (more : Map.t (nat * nat)) (r arriving : nat) : nat :=
  match Map.find (key r) more with
  | Some (r', w) => if r' =? r then Nat.min arriving w else arriving
  | None => arriving
  end.

Definition losses_of (k : nat) (all : list (nat * list (nat * nat))) (way : nat * list (nat * nat)) : list loss :=
  let arriving := k - fst way in
  let more := asked_for (S (fst way)) all in
  flat_map
    (fun need =>
       let most := most_of more (fst need) arriving in
       if snd need <=? most
       then [{| rival := fst need; kept := fst way; arriving := arriving; least := snd need; most := most |}]
       else [])
    (snd way).

(** ** Places *)

(** x against an own-class point w, for the inequality that x is as near as w. *)
Record pair := {
  pair_gap : Z;
  alone : bool; (* no perturbation has it *)
  square : later Z (* of the scaled direction *)
}.

(** A training point as it lies to the query. *)
Record spot := {
  number : nat;
  kind : nat; (* its class *)
  far : Z; (* squared distance *)
  slope : list Z; (* M(x − z) *)
  scaled_slope : later (list Z)
}.

Record place := { at_spot : spot; toward : table (later pair) (* by own-class points *) }.

Definition who (p : place) : nat := number (at_spot p).
Definition its_class (p : place) : nat := kind (at_spot p).

Definition mem (i : nat) (l : list place) : bool := existsb (fun p => who p =? i) l.
Definition without (i : nat) (l : list place) : list place := filter (fun p => negb (who p =? i)) l.

Record node := {
  entering : list place; (* in E *)
  open : list place; (* other points that may be in E *)
  stay : list place; (* in B *)
  beaten : list place (* own class, not in B *)
}.

Record sum := {
  sum_gap : Z;
  direction : list Z;
  scaled_sum : later (list Z);
  sum_square : later Z;
  strict : bool (* a pair of it would be lost by a tie *)
}.

Definition collect {A B} (f : A -> option B) : list A -> option (list B) :=
  fold_right (fun a found => match f a, found with Some b, Some l => Some (b :: l) | _, _ => None end) (Some []).

Fixpoint once (l : list place) : list place :=
  match l with
  | [] => []
  | p :: l' => if mem (who p) l' then once l' else p :: once l'
  end.

Fixpoint repeats (l : list place) : bool :=
  match l with
  | [] => false
  | p :: l' => mem (who p) l' || repeats l'
  end.

Section Certificate.

Variables (g : region) (c : nat).

Definition scale_up (a : list Z) : list Z := scaled (bits (plain g)) (inverse (plain g)) a.

Definition contradiction (gap : Z) (a : list Z) : bool := (0 <? gap)%Z && stays_out g gap a.

(** A strict sum is nowhere negative. *)
Definition never (t : sum) : bool := strict t && never_beyond g (sum_gap t) (direction t).

Definition is_two : bool := match norm_is (plain g) with Two => true | _ => false end.

Definition make_pair (x w : spot) : pair :=
  let gap := (far x - far w)%Z in
  let a := zsub (slope x) (slope w) in
  {| pair_gap := gap; alone := contradiction gap a; square := Later (let u := scale_up a in zdot u u) |}.

Definition make_place (spots : positive -> spot) (x : spot) : place :=
  {| at_spot := x; toward := tabulate (fun p => Later (make_pair x (spots p))) |}.

Definition pair_to (x w : place) : pair := now (look_up (key (who w)) (toward x)).

(** (p = 2) Two inequalities that no perturbation has together: their sum, weighted so that its bound is largest. *)
Definition together (gap square gap' square' inner : Z) : bool :=
  let share := (gap' * square - gap * inner)%Z in
  let scale := (gap * square' - gap' * inner)%Z in
  (0 <? share)%Z && (0 <? scale)%Z &&
  let whole := (scale * gap + share * gap')%Z in
  (0 <? whole)%Z &&
  within_square (plain g) whole
    (scale * scale * square + 2 * scale * share * inner + share * share * square')%Z.

(** No perturbation of the node has x as near as the own-class point; [inner]: products with the node's sum. *)
Definition contradicts (p : pair) (total : option sum) (inner : Z) : bool :=
  alone p ||
  match total with
  | None => false
  | Some t => is_two && together (sum_gap t) (now (sum_square t)) (pair_gap p) (now (square p)) inner
  end.

(** ** Points that cannot enter together *)

Section Apart.

Variables (places : positive -> place) (own : list place) (few : nat).

(** A point against each own-class point, with the product of both. *)
Definition against (x : place) : list (pair * Z) :=
  let u := now (scaled_slope (at_spot x)) in
  map (fun w => (pair_to x w, zdot u (now (scaled_slope (at_spot w))))) own.

Definition own_squares : list Z :=
  map (fun w => let u := now (scaled_slope (at_spot w)) in zdot u u) own.

(** More than [few] own-class points that x or y would have to come before. *)
Fixpoint many_ahead (between : Z) (xs ys : list (pair * Z)) (squares : list Z) (ahead : nat) : bool :=
  match xs, ys, squares with
  | (p, along) :: xs', (q, along') :: ys', own_square :: squares' =>
      let inner := (between - along - along' + own_square)%Z in
      if alone q || alone p || together (pair_gap q) (now (square q)) (pair_gap p) (now (square p)) inner
      then if few <=? ahead then true else many_ahead between xs' ys' squares' (S ahead)
      else many_ahead between xs' ys' squares' ahead
  | _, _, _ => false
  end.

Definition apart_table : table (table (later bool)) :=
  let rows := tabulate (fun p => Later (against (places p))) in
  let squares := Later own_squares in
  let slope_of p := now (scaled_slope (at_spot (places p))) in
  tabulate (fun p => tabulate (fun q =>
    Later (many_ahead (zdot (slope_of p) (slope_of q)) (now (look_up p rows)) (now (look_up q rows)) (now squares) 0))).

End Apart.

Definition are_apart (t : table (table (later bool))) (x y : place) : bool :=
  now (look_up (key (Nat.max (who x) (who y))) (look_up (key (Nat.min (who x) (who y))) t)).

(** ** One tree *)

Section Loss.

Variables (place_at : nat -> option place) (earlier : place -> list place) (l : loss).

(** Own-class points of the root, and which points they keep apart. *)
Variables (own : list place) (apart : table (table (later bool))).

(** A point comes after each equal one of smaller index; none: the node is empty. *)
Definition is_out (nd : node) (x : nat) : bool :=
  negb (mem x (entering nd)) && (negb (mem x (open nd)) || (length (entering nd) =? arriving l)).

Definition put_before (nd : node) (before : place) (found : option (list place)) : option (list place) :=
  match found with
  | None => None
  | Some already =>
      if its_class before =? c then
        if mem (who before) (beaten nd) then None
        else if mem (who before) already then found else Some (before :: already)
      else if is_out nd (who before) then None else found
  end.

Definition with_equal_points (nd : node) : option node :=
  match fold_right (put_before nd) (Some (stay nd)) (flat_map earlier (entering nd)) with
  | None => None
  | Some already =>
      if (kept l <? length already) || existsb (fun p => mem (who p) (beaten nd)) already then None
      else Some {| entering := entering nd; open := open nd; stay := already; beaten := beaten nd |}
  end.

(** e comes before x in all of a node. *)
Definition holds (nd : node) (e : nat) (x : place) : bool :=
  mem e (entering nd) &&
  if its_class x =? c
  then mem (who x) (beaten nd) || ((length (stay nd) =? kept l) && negb (mem (who x) (stay nd)))
  else is_out nd (who x).

Definition pair_of (nd : node) (p : nat * nat * float) : option (place * place * float) :=
  let '(e, x, w) := p in
  match place_at e, place_at x with
  | Some e', Some x' => if (0 <=? fst w)%Z && holds nd e x' then Some (e', x', w) else None
  | _, _ => None
  end.

Definition add_up (e : Z) (pairs : list (place * place * float)) : Z * list Z :=
  fold_right
    (fun p found =>
       let '(a, b, w) := p in
       let weight := in_units e w in
       ((weight * (far (at_spot a) - far (at_spot b)) + fst found)%Z,
        zadd (zscale weight (zsub (slope (at_spot a)) (slope (at_spot b)))) (snd found)))
    (0%Z, []) pairs.

(** A tie goes to the smaller index. *)
Definition ties_lose (e : Z) (pairs : list (place * place * float)) : bool :=
  existsb (fun p => let '(a, b, w) := p in (0 <? in_units e w)%Z && (who b <? who a)) pairs.

Definition sum_of (nd : node) (pairs : list (nat * nat * float)) : option sum :=
  match pairs with
  | [] => None
  | _ =>
      match collect (pair_of nd) pairs with
      | None => None
      | Some found =>
          let e := least_exponent (map snd found) in
          let (gap, a) := add_up e found in
          let u := Later (scale_up a) in
          Some {| sum_gap := gap; direction := a; scaled_sum := u; sum_square := Later (zdot (now u) (now u));
                  strict := ties_lose e found |}
      end
  end.

Definition count_rivals (ps : list place) : nat := length (filter (fun p => its_class p =? rival l) ps).

(** Of [inside], which are in E, and [pool], which may be, there are not enough. *)
Definition too_few (inside pool : list place) : bool :=
  let have := count_rivals inside in
  let left := count_rivals pool in
  (length inside + length pool <? arriving l)
  || (have + left <? least l)
  || ((length inside - have) + (length pool - left) <? arriving l - most l).

(** For whose class there is room. *)
Definition with_room (nd : node) : list place :=
  let rivals := count_rivals (entering nd) in
  let no_more_rivals := rivals =? most l in
  let no_more_others := length (entering nd) - rivals =? arriving l - least l in
  filter (fun x => negb (if its_class x =? rival l then no_more_rivals else no_more_others)) (open nd).

(** Would have to beat one own-class point too many: [own] are these, with whether they are beaten anyway. *)
Fixpoint beats_too_many (spare : nat) (total : option sum) (x : place) (along : later Z)
    (others : list (place * (bool * later Z))) (ahead : nat) : bool :=
  match others with
  | [] => false
  | (w, (is_beaten, along_w)) :: rest =>
      let p := pair_to x w in
      if alone p || contradicts p total (now along - now along_w)
      then if is_beaten || (spare <=? ahead) then true
           else beats_too_many spare total x along rest (S ahead)
      else beats_too_many spare total x along rest ahead
  end.

Definition along (total : option sum) (x : place) : later Z :=
  Later match total with
        | Some t => if is_two then zdot (now (scaled_slope (at_spot x))) (now (scaled_sum t)) else 0%Z
        | None => 0%Z
        end.

Definition own_place (i : nat) : option place :=
  match place_at i with
  | Some p => if its_class p =? c then Some p else None
  | None => None
  end.

Definition kept_out (nd : node) (total : option sum) (named : list nat) : place -> bool :=
  match collect own_place named with
  | None => fun _ => false
  | Some listed =>
      let free := filter (fun w => negb (mem (who w) (beaten nd)) && negb (mem (who w) (stay nd))) (once listed) in
      let others := map (fun w => (w, (true, along total w))) (beaten nd)
                    ++ map (fun w => (w, (false, along total w))) free in
      let spare := kept l - length (stay nd) in
      fun x => beats_too_many spare total x (along total x) others 0
  end.

(** Points that can enter together with all of E and enough others. *)
Definition company_pass (nd : node) (pool : list place) : list place :=
  fold_left
    (fun left x =>
       if too_few (x :: entering nd) (filter (fun y => negb (who y =? who x) && negb (are_apart apart x y)) left)
       then without (who x) left else left)
    pool pool.

Fixpoint narrow (times : nat) (nd : node) (pool : list place) : list place :=
  match times with
  | 0 => pool
  | S times' =>
      let left := company_pass nd pool in
      if length left =? length pool then pool else narrow times' nd left
  end.

Definition with_company (nd : node) (pool : list place) : list place :=
  if negb is_two || (length own =? 0) || (16 * 32 <? length pool) then pool
  else
    let left := filter (fun x => negb (existsb (are_apart apart x) (entering nd))) pool in
    if S (length (entering nd)) <? arriving l then narrow (length left) nd left else left.

Definition pool_of (nd : node) (total : option sum) (named : list nat) : list place :=
  let out := kept_out nd total named in
  let pool := filter (fun x => negb (out x)) (with_room nd) in
  if too_few (entering nd) pool then pool else with_company nd pool.

Definition beat (nd : node) (staying : list place) (x : place) : node :=
  {| entering := entering nd; open := open nd; stay := staying; beaten := x :: beaten nd |}.

Definition enter (nd : node) (pool : list place) (x : place) : node :=
  {| entering := x :: entering nd; open := pool; stay := stay nd; beaten := beaten nd |}.

Fixpoint proves (levels : nat) (nd : node) (t : tree) {struct t} : bool :=
  match t with
  | Tree _ pairs named children =>
      match with_equal_points nd with
      | None => true
      | Some nd =>
          let total := sum_of nd pairs in
          if match total with
             | Some s => contradiction (sum_gap s) (direction s) || never s
             | None => false
             end
          then true
          else
            match levels, collect (fun t => place_at (decided_in t)) children with
            | S levels', Some points =>
                if repeats points then false
                else if negb (length points =? 0) && forallb (fun x => its_class x =? c) points then
                  (* of more points than may stay one is beaten: a child for each that is the first of them *)
                  (kept l - length (stay nd) <? length points)
                  && negb (existsb (fun x => mem (who x) (stay nd)) points)
                  && (fix each (ts : list tree) (xs : list place) (staying : list place) : bool :=
                        match ts, xs with
                        | t :: ts', x :: xs' =>
                            proves levels' (beat nd staying x) t && each ts' xs' (x :: staying)
                        | _, _ => true
                        end) children points (stay nd)
                else if (length (entering nd) =? arriving l) || existsb (fun x => its_class x =? c) points
                then false
                else
                  (* some point that may enter does: a child for each that is the first, until too few are left *)
                  (fix each (ts : list tree) (xs : list place) (pool : list place) : bool :=
                     too_few (entering nd) pool ||
                     match ts, xs with
                     | t :: ts', x :: xs' =>
                         if mem (who x) pool then
                           let rest := without (who x) pool in
                           proves levels' (enter nd rest x) t && each ts' xs' rest
                         else each ts' xs' pool
                     | _, _ => false
                     end) children points (pool_of nd total named)
            | _, _ => false
            end
      end
  end.

Definition deepest : nat := 10 * 30.

Definition proves_loss (free : list place) (t : tree) : bool :=
  proves deepest {| entering := []; open := free; stay := []; beaten := [] |} t.

End Loss.

End Certificate.
