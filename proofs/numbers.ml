(* The integers of the extracted checker: Coq's Z and positive as Zarith's numbers, function by function.
   Where Coq's are total, so are these. *)

type t = Z.t

let zero = Z.zero
let one = Z.one
let twice p = Z.shift_left p 1
let twice_and_one p = Z.succ (twice p)
let successor_of index = Z.of_int (index + 1)

let case_positive odd even unit p =
  if Z.equal p Z.one then unit ()
  else if Z.is_even p then even (Z.shift_right p 1)
  else odd (Z.shift_right p 1)

let case null positive negative z =
  let sign = Z.sign z in
  if sign = 0 then null () else if sign > 0 then positive z else negative (Z.neg z)

let add = Z.add
let sub = Z.sub
let mul = Z.mul
let opp = Z.neg
let abs = Z.abs
let min = Z.min
let max = Z.max
let equal = Z.equal
let compare = Z.compare
let leq = Z.leq
let lt = Z.lt

(* rounded down; anything by 0 is 0 *)
let div a b = if Z.equal b Z.zero then Z.zero else Z.fdiv a b
let pow a n = if Z.sign n < 0 then Z.zero else Z.pow a (Z.to_int n)
let sqrt a = if Z.sign a < 0 then Z.zero else Z.sqrt a
let log2 a = if Z.sign a <= 0 then Z.zero else Z.of_int (Z.numbits a - 1)

let shiftl a n =
  let n = Z.to_int n in
  if n >= 0 then Z.shift_left a n else Z.shift_right a (-n)
