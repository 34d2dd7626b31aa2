// Package anchors is the form of a bank of anchor sentences on disk, and the search for the nearest one.
//
// There are two banks. The individual bank {v_k} is the plain-language inventory (package inventory); the
// theory bank {u_t} is built from training rows by hives anchors build. Rows name an anchor by its id in
// individual_anchor or theory_anchor; Stage 2 takes both banks.
//
// A file is Parquet with hives.kind = "anchors", one row an anchor, ordered by id. Read refuses other kinds,
// newer versions, torn files, ids that are negative or stand twice, empty or repeated sentences and nodes that
// no theory has. Ids need not be dense: a theory bank keeps its ids when it is rebuilt, and leaves gaps. Whoever
// needs positions asks Bank.Positions. The same bank gives the same bytes.
//
// Words: an anchor is one sentence of a bank, with its id and, in a theory bank, the centre of its cluster. What
// a sampler or a loss calls an anchor, a row of a batch, does not occur here.
//
// Letters used for axes: A anchors, d dimension.
package anchors
