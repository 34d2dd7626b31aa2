// Package prompts steers a language model by words: it makes every prompt of an audit.
//
// A cell is a condition of the record: a regime with its values and targets. It turns each query into a prompt:
//
//	default   the query, and how long the answer may be
//	anchor    "You are a person who strongly rejects {phrase}.", then the same
//	texts     three texts whose scores lie in the target's part of the scale
//	two       a profile of two values, on sixteen pairs and at four pairs of targets
//	five      a profile of five values, in the five cyclic shifts of 2, 1, 1, −1, −2
//	profile   a profile read from a file
//
// The words lie in files with a version in their names: prompts/*.tmpl, and phrases.v1.json with a noun phrase for each
// of the 32 values. A phrase has no verb: of "social norms and avoids behaviour that harms others" a person who rejects
// it still avoids harm. All 32 × 4 sentences were read one by one and stand in testdata/sentences.txt.
//
// A prompt depends on the cell, the query and the seed alone: not on which other cells or queries there are.
//
// What the package refuses: a target that is not ±1 or ±2, a value without a phrase, a profile with a value twice. A
// cell without enough texts is no error: it is left out and says why.
package prompts
