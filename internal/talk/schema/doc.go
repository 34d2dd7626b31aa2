// Package schema holds a language model to JSON of a schema: before each token it says which tokens may come, so that
// the answer parses and fits whatever the model would like to say.
//
// Three steps. A schema becomes an expression over bytes (compile.go): JSON of a schema that does not contain itself
// is a regular language. What an expression leaves behind after a byte is an expression again, its derivative, so the
// expressions met are the states of an automaton, made as they come (expr.go). A token is a string of bytes; a
// state's mask are the tokens that leave something behind (vocabulary.go). Where one answer stands is a Walk (walk.go);
// texts and numbers have bytes of their own kind (text.go, numbers.go).
//
//	{"enum": ["yes", "no"]}    "yes" | "no", in quotes
//	after  "                    yes" | no"          tokens: y, ye, yes, yes", n, no, no"
//	after  "ye                  s"                  tokens: s, s"
//
// The writing is fixed: no blank but one, if the model wants it, behind a colon or a comma; keys in the schema's
// order; numbers written out, of at most 15 digits on each side of the point. So no model can go round in blanks or
// digits. Text and lists without a largest length are ended in time: a token is allowed only if the shortest end
// still fits into the tokens that are left (Walk.Allowed).
//
// The subset and what is refused: docs/LLM.md.
package schema
