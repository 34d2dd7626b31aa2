// Package values holds the vectors of human values in the space of one model: how they are made from annotated
// rows, the file they are kept in, and what is near a text or another value.
//
// A value is a node of a theory's tree (package theories), one for each of its paths. Its vector is
//
//   - directional where corpora have rows on both sides: the mean of the corpora's own differences
//     unit(unit(mean of supporting) − unit(mean of opposing)), cleared of what tells corpora apart;
//   - a prototype where it has rows but not on both sides: their mean, each row less its corpus's mean. It says
//     what the value is about and never which way a text points: it has no sign;
//   - unsupported where held-out rows do not bear either out, absent without rows. Nothing is guessed.
//
// What is said of a text are calibrated probabilities (Head), and Unsure where they, the value's figures on held-out
// rows or the guard against nonsense leave too much doubt.
//
// docs/VALUES.md defines the counts, the figures and the file. A Set is read-only once it is built or opened, so
// any number of goroutines may share it. Open refuses files that are torn, of a newer program or another
// program's; Set.CheckModel refuses another model's vectors. The same rows, model and seed give the same bytes.
//
// Where to begin:
//
//	set.go       what a file holds; open.go, write.go, bytes.go: how
//	build.go     how it is made, step by step
//	nodes.go     rows to nodes, nodes to vectors; within.go: signed vectors that do not tell corpora apart
//	evidence.go  what held-out rows say of a vector; spread.go: how far it moves
//	heads.go     probabilities; guard.go, nonsense.go: texts of which nothing may be said
//	answer.go    what is said of a text; search.go: what is near it
//	evaluate.go  how much of what is said is right
//
// Words: an anchor is a sentence of a bank, which can be near a text or a value; it takes no part in making a value's
// vector. A value's vector has a kind, a text's answer one of four words; a head is a regression that answers.
//
// Axis letters: N rows, D width of a vector, G groups.
package values
