(** Lists of places in the nodes of search trees: who is in them, and once. *)

Require Import List Bool Arith Lia.
Require Import RobustMetric.integers RobustMetric.memo RobustMetric.votes.
Import ListNotations.
Open Scope nat_scope.

Lemma mem_in i l : mem i l = true <-> exists p, In p l /\ who p = i.
Proof.
  unfold mem. rewrite existsb_exists. split; intros (p & H & E); exists p; split; trivial; now apply Nat.eqb_eq.
Qed.

Lemma mem_numbers i l : mem i l = true <-> In i (map who l).
Proof.
  rewrite mem_in, in_map_iff. split; intros (p & A & B); exists p; auto.
Qed.

Lemma not_mem i l : mem i l = false <-> ~ In i (map who l).
Proof. rewrite <- mem_numbers. destruct (mem i l); split; congruence. Qed.

Lemma without_in i l p : In p (without i l) <-> In p l /\ who p <> i.
Proof. unfold without. rewrite filter_In, negb_true_iff, Nat.eqb_neq. tauto. Qed.

Lemma repeats_right l : repeats l = false -> NoDup (map who l).
Proof.
  induction l as [|p l IH]; simpl; intros H; [constructor|].
  apply orb_false_iff in H as [H1 H2]. constructor; [now apply not_mem|auto].
Qed.

Lemma once_incl l : incl (once l) l.
Proof.
  induction l as [|p l IH]; simpl; [easy|]. destruct (mem (who p) l); intros x Hx.
  - right. now apply IH.
  - destruct Hx as [->|Hx]; [now left|right; now apply IH].
Qed.

Lemma once_right l : NoDup (map who (once l)).
Proof.
  induction l as [|p l IH]; simpl; [constructor|]. destruct (mem (who p) l) eqn:M; [trivial|].
  simpl. constructor; [|trivial]. intros H. apply not_mem in M. apply M.
  apply in_map_iff in H as (q & <- & H). apply in_map. now apply once_incl.
Qed.

Lemma collect_right {A B} (f : A -> option B) l found :
  collect f l = Some found -> Forall2 (fun a b => f a = Some b) l found.
Proof.
  revert found; induction l as [|a l IH]; simpl; intros found H.
  - injection H as <-. constructor.
  - destruct (f a) as [b|] eqn:E; [|discriminate]. fold (collect f l) in H.
    destruct (collect f l) as [rest|]; [|discriminate]. injection H as <-. constructor; auto.
Qed.

Lemma NoDup_numbers_filter (f : place -> bool) l : NoDup (map who l) -> NoDup (map who (filter f l)).
Proof.
  induction l as [|p l IH]; simpl; intros H; [constructor|]. inversion H as [|? ? H1 H2]; subst.
  destruct (f p); simpl; [constructor|]; auto. intros G. apply H1.
  apply in_map_iff in G as (q & <- & G). apply filter_In in G as [G _]. now apply in_map.
Qed.
