(** The checker as a program: [check_file] in OCaml, with the integers of numbers.ml.

    What is replaced by hand here is trusted: numbers by Zarith's, indices and counts by machine integers
    (they are at most as large as the file is long). *)

Require Import ZArith FMapPositive.
Require Import RobustMetric.threat_models RobustMetric.checker.
Require Extraction.
Require Import ExtrOcamlBasic ExtrOcamlNatInt.

Extract Inductive positive => "Numbers.t"
  [ "Numbers.twice_and_one" "Numbers.twice" "Numbers.one" ] "Numbers.case_positive".
Extract Inductive Z => "Numbers.t" [ "Numbers.zero" "" "Numbers.opp" ] "Numbers.case".

Extract Constant Pos.of_succ_nat => "Numbers.successor_of".
Extract Constant Z.add => "Numbers.add".
Extract Constant Z.sub => "Numbers.sub".
Extract Constant Z.mul => "Numbers.mul".
Extract Constant Z.opp => "Numbers.opp".
Extract Constant Z.abs => "Numbers.abs".
Extract Constant Z.min => "Numbers.min".
Extract Constant Z.max => "Numbers.max".
Extract Constant Z.eqb => "Numbers.equal".
Extract Constant Z.leb => "Numbers.leq".
Extract Constant Z.ltb => "Numbers.lt".
Extract Constant Z.div => "Numbers.div".
Extract Constant Z.pow => "Numbers.pow".
Extract Constant Z.sqrt => "Numbers.sqrt".
Extract Constant Z.log2 => "Numbers.log2".
Extract Constant Z.shiftl => "Numbers.shiftl".
Extract Constant Nat.max => "(fun (a : int) b -> if a >= b then a else b)".
Extract Constant Nat.min => "(fun (a : int) b -> if a <= b then a else b)".
Extract Constant Nat.div => "(fun a b -> if b = 0 then 0 else a / b)".
Extract Constant Nat.eqb => "(fun (a : int) b -> a = b)".
Extract Constant Nat.leb => "(fun (a : int) b -> a <= b)".
Extract Constant Nat.ltb => "(fun (a : int) b -> a < b)".

Extraction "checker.ml" check_file.
