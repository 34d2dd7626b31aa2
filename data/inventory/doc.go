// Package inventory is the individual anchor bank {v_k}: 142 values, 158 duties and 107 rights in plain
// language, and the assignment of rows to them.
//
// The sentences are our own. Each says in a few everyday words what somebody does or enjoys who lives by a value,
// does a duty or has a right, in favour of the value and without naming it, and can be read aloud. Each is tied
// to at least one node: values to svt, or mft where that is nearer, or both; duties to duty; rights to right.
// Every leaf of the four trees has at least three.
//
// Ids are dense, 0 to 406, and stay: values 0–141, duties 142–299, rights 300–406. Rows store them in
// individual_anchor. A sentence that is changed keeps its id and raises Version; docs/INVENTORY.md has the rules.
// The list is embedded and checked when it is first used; a bad list is a bug of this repository and panics.
//
// Assign needs an embedder that is frozen and is not the model about to be trained: a model taught by its own
// opinion learns nothing. The caller sees to that, and records which embedder it was.
//
// Words: the sentences are the individual anchors; here they are called sentences, and their bank the inventory.
// A sentence is a candidate of a row if its node is on the row's path.
//
// Letters used for axes: A sentences, d dimension.
package inventory
