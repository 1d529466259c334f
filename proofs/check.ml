(* The extracted checker as a program: reads what `robust-metric export-evidence` wrote, one keyword a line,
   and prints a verdict for each certificate. What is read wrongly here is about another claim: the parser
   is not proved. *)

module Integer = Z (* the extracted module has a Z of its own *)

open Checker

exception Malformed of string

let malformed format = Printf.ksprintf (fun text -> raise (Malformed text)) format

(* 3p-4 is 3 / 16 *)
let number token =
  match String.index_opt token 'p' with
  | None -> malformed "a number must be written as INTEGERpEXPONENT, got %s" token
  | Some i -> (
      let rest = String.sub token (i + 1) (String.length token - i - 1) in
      try (Integer.of_string (String.sub token 0 i), Integer.of_int (int_of_string rest))
      with Invalid_argument _ | Failure _ -> malformed "not a number: %s" token)

let infinite_or_number token = if token = "inf" then None else Some (number token)

(* LOWER:UPPER, where * is no bound *)
let bounds_of token =
  let bound text = if text = "*" then None else Some (number text) in
  match String.split_on_char ':' token with
  | [ lower; upper ] -> (bound lower, bound upper)
  | _ -> malformed "bounds must be LOWER:UPPER, got %s" token

let whole token =
  match int_of_string_opt token with
  | Some n when n >= 0 -> n
  | _ -> malformed "a count or an index must be 0, 1, 2, ..., got %s" token

(* no point has it *)
let index token = match int_of_string_opt token with Some n when n >= 0 -> n | _ -> max_int - 1

let norm_named = function
  | "1" -> One
  | "2" -> Two
  | "inf" -> Infinity
  | other -> malformed "norm must be 1, 2 or inf, got %s" other

(* A node of search trees, as it is read: they are in preorder, each with its number of children. *)
type node = {
  point : int;
  children : int;
  pairs : ((int * int) * (Integer.t * Integer.t)) list;
  by_own : int list;
}

(* A certificate, whether it claims anything (with radius 0 it does not), and its nodes in reverse. *)
type claim = { certificate : certificate; claimed : bool; nodes : node list }

(* Certificates in reverse. *)
type file = { model : model; threat : threat; claims : claim list; sums : bool }

let empty =
  { model = { training = []; components = None; n_neighbors = 0; n_classes = 0 };
    threat = { norm_of = Two; costs = []; bounds = [] };
    claims = [];
    sums = false }

(* Rows, near points and nodes belong to the certificate before them. *)
let in_claim file change =
  match file.claims with
  | claim :: rest -> { file with claims = change claim :: rest }
  | [] -> malformed "evidence before the first certificate"

let in_last file change =
  in_claim file (fun claim -> { claim with certificate = change claim.certificate })

(* Sums and own-class points belong to the node before them. *)
let in_node file change =
  in_claim file (fun claim ->
      match claim.nodes with
      | node :: rest -> { claim with nodes = change node :: rest }
      | [] -> malformed "a part of a search tree before its first node")

(* ENTERING:BEATEN:MULTIPLIER *)
let pair_of token =
  match String.split_on_char ':' token with
  | [ e; x; weight ] -> ((index e, index x), number weight)
  | _ -> malformed "a pair must be ENTERING:BEATEN:MULTIPLIER, got %s" token

(* No trees where the numbers of children are not those of trees. *)
let trees_of nodes =
  let finished = ref [] in
  (* what is finished are the subtrees to the right, the leftmost first *)
  let rec take count found rest =
    if count = 0 then (List.rev found, rest)
    else match rest with [] -> raise Exit | tree :: rest -> take (count - 1) (tree :: found) rest
  in
  try
    List.iter
      (fun { point; children; pairs; by_own } ->
        let below, rest = take children [] !finished in
        finished := Tree (point, pairs, by_own, below) :: rest)
      nodes;
    !finished
  with Exit -> []

let weighted tokens =
  let part token =
    match String.index_opt token ':' with
    | None -> (index token, None)
    | Some i -> (
        let weight = String.sub token (i + 1) (String.length token - i - 1) in
        (index (String.sub token 0 i), Some (number weight)))
  in
  let parts = List.map part tokens in
  (List.map fst parts, List.filter_map snd parts)

let read_line file line =
  match String.split_on_char ' ' line with
  | [ "classes"; n ] -> { file with model = { file.model with n_classes = whole n } }
  | [ "neighbors"; n ] -> { file with model = { file.model with n_neighbors = whole n } }
  | [ "norm"; p ] -> { file with threat = { file.threat with norm_of = norm_named p } }
  | "cost" :: values ->
      { file with threat = { file.threat with costs = List.map infinite_or_number values } }
  | "bounds" :: values ->
      { file with threat = { file.threat with bounds = List.map bounds_of values } }
  | "component" :: values ->
      let rows = Option.value file.model.components ~default:[] in
      { file with model = { file.model with components = Some (List.map number values :: rows) } }
  | "point" :: label :: values ->
      let training = (List.map number values, whole label) :: file.model.training in
      { file with model = { file.model with training } }
  | [ "sums"; flag ] -> { file with sums = flag = "yes" }
  | "certificate" :: label :: radius :: query ->
      let certificate =
        { query = List.map number query; label = index label; radius = infinite_or_number radius;
          near = []; rows = []; combined = file.sums; trees = [] }
      in
      let claimed = match certificate.radius with Some (m, _) -> Integer.sign m <> 0 | None -> true in
      { file with claims = { certificate; claimed; nodes = [] } :: file.claims }
  | "near" :: points -> in_last file (fun c -> { c with near = List.map index points })
  | "row" :: other :: own ->
      in_last file (fun c -> { c with rows = (index other, weighted own) :: c.rows })
  | [ "node"; point; children ] ->
      let node = { point = index point; children = whole children; pairs = []; by_own = [] } in
      in_claim file (fun claim -> { claim with nodes = node :: claim.nodes })
  | "sum" :: pairs -> in_node file (fun node -> { node with pairs = List.map pair_of pairs })
  | "by" :: points -> in_node file (fun node -> { node with by_own = List.map index points })
  | keyword :: _ -> malformed "unknown keyword or wrong number of values: %s" keyword
  | [] -> file

let in_order file =
  let { model; claims; _ } = file in
  { file with
    model =
      { model with
        training = List.rev model.training;
        components = Option.map List.rev model.components };
    claims =
      List.rev_map
        (fun claim ->
          let c = claim.certificate in
          { claim with certificate = { c with rows = List.rev c.rows; trees = trees_of claim.nodes } })
        claims }

let read channel =
  if input_line channel <> "robust_metric evidence 1" then
    malformed "the first line must be: robust_metric evidence 1";
  let rec lines file =
    match input_line channel with
    | line -> lines (read_line file line)
    | exception End_of_file -> file
  in
  in_order (lines empty)

let read_file path =
  let channel = open_in path in
  Fun.protect ~finally:(fun () -> close_in channel) (fun () -> read channel)

let () =
  match Sys.argv with
  | [| _; path |] -> (
      match read_file path with
      | { model; threat; claims; _ } ->
          let claimed =
            List.filter_map (fun c -> if c.claimed then Some c.certificate else None) claims
          in
          let answers = ref (check_file Guess.guess model threat claimed) in
          let say i { claimed; _ } =
            let verdict =
              if not claimed then "radius 0"
              else
                match !answers with
                | answer :: rest ->
                    answers := rest;
                    if answer then "proved" else "not proved"
                | [] -> "not proved"
            in
            Printf.printf "%d %s\n" i verdict;
            verdict <> "not proved"
          in
          let all = List.mapi say claims in
          exit (if List.for_all Fun.id all then 0 else 1)
      | exception (Malformed text | Sys_error text) ->
          prerr_endline ("check: error: " ^ text);
          exit 2
      | exception End_of_file ->
          prerr_endline "check: error: the file is empty";
          exit 2)
  | _ ->
      prerr_endline "usage: check FILE";
      exit 2
