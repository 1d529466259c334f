(** What is computed when it is first asked for, and then known: in OCaml a coinductive type is lazy, so these
    tables remember, and nothing has to be proved of them but that they hold what they were made of. *)

Require Import PArith ZArith FMapPositive.

Module Map := PositiveMap.

CoInductive later (A : Type) := Later : A -> later A.
Arguments Later {A}.

Definition now {A} (x : later A) : A := match x with Later a => a end.

(** A number for each index. *)
Definition key (i : nat) : positive := Pos.of_succ_nat i.

CoInductive table (A : Type) := Entry : later A -> table A -> table A -> table A.
Arguments Entry {A}.

CoFixpoint tabulate {A} (f : positive -> A) : table A :=
  Entry (Later (f xH)) (tabulate (fun p => f (xO p))) (tabulate (fun p => f (xI p))).

Fixpoint look_up {A} (p : positive) (t : table A) : A :=
  match t, p with
  | Entry x _ _, xH => now x
  | Entry _ even _, xO p' => look_up p' even
  | Entry _ _ odd, xI p' => look_up p' odd
  end.

Lemma look_up_tabulate {A} (f : positive -> A) p : look_up p (tabulate f) = f p.
Proof.
  revert f; induction p as [p IH|p IH|]; intros f; simpl; [apply (IH (fun q => f (xI q)))|apply (IH (fun q => f (xO q)))|trivial].
Qed.
