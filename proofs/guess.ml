(* The numbers that bounds of features leave free: a price at p = 1, a multiplier at p = 2. What is guessed
   here is looked at by the proved checker, and cannot make it accept what is false. *)

open Checker

let power bits = Q.of_bigint (Numbers.pow (Numbers.twice Numbers.one) bits)

(* The price at which a budget of the radius is spent, largest gain for its cost first. *)
let price weight_bits num den terms =
  let ratio t = Numbers.mul t.pull t.cheapness in
  let radius = Q.make num den in
  let spend t = match t.cap with
    | None -> None
    | Some c -> Some (Q.div (Q.of_bigint (Numbers.mul t.weight c)) (power weight_bits))
  in
  let rec walk spent = function
    | [] -> Numbers.zero
    | t :: rest -> (
        match spend t with
        | None -> ratio t
        | Some more ->
            let spent = Q.add spent more in
            if Q.geq spent radius then ratio t else walk spent rest)
  in
  let dearest_first a b = Numbers.compare (ratio b) (ratio a) in
  walk Q.zero (List.stable_sort dearest_first terms)

(* The x at which min(x s, c) has length 1, or a large one where it never has. *)
let length_one pairs =
  let square x =
    List.fold_left (fun sum (s, c) -> let m = Float.min (x *. s) c in sum +. m *. m) 0.0 pairs
  in
  let rec enough high = if square high < 1.0 && high < 1e30 then enough (high *. 4.0) else high in
  let rec halve n low high =
    if n = 0 then high
    else
      let middle = (low +. high) /. 2.0 in
      if square middle < 1.0 then halve (n - 1) middle high else halve (n - 1) low middle
  in
  halve 80 0.0 (enough 1.0)

let multiplier bits weight_bits num den terms =
  let scaled t = Numbers.mul t.pull t.cheapness in
  let largest = List.fold_left (fun m t -> Numbers.max m (scaled t)) Numbers.one terms in
  let radius = Q.make num den in
  let unit = Q.mul radius (power weight_bits) in
  let pair t =
    let c = match t.cap with
      | None -> Float.infinity
      | Some c -> Q.to_float (Q.div (Q.of_bigint (Numbers.mul t.weight c)) unit)
    in
    (Q.to_float (Q.make (scaled t) largest), c)
  in
  let found = Q.of_float (length_one (List.map pair terms)) in
  let mu = Q.div (Q.mul (Q.mul found radius) (power bits)) (Q.of_bigint largest) in
  (Q.num mu, Q.den mu)

let guess norm bits weight_bits num den terms =
  match norm with
  | One -> (price weight_bits num den terms, Numbers.one)
  | Two -> multiplier bits weight_bits num den terms
  | Infinity -> (Numbers.zero, Numbers.one)
