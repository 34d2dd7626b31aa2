// Package sft is the second task of the trainer: supervised fine-tuning of a language model on answers.
//
// A row is a conversation whose last message is an answer. The loss is −log p of the answer's tokens, given all that
// stands before each, and of the token that ends the turn. Nothing of the question counts.
//
//	rows      rows.go        JSON Lines → Row, split into rows to train on and held-out ones
//	tokens    corpus.go      Row → ids and the place where its answer begins, by the model's own template
//	a batch   batch.go       a function of (seed, step): packed texts, and which positions foretell which tokens
//	the loss  objective.go   states of those positions → head → −log p; their weighted sum
//	figures   validate.go    loss a token, and log-odds of wanted against opposite answers of the same question
//	the run   task.go        all of it as a loop.Task; saving, resuming, replays, memory are the loop's
//
// Worked example, a row of six tokens whose answer begins at 3 ("q" question, "a" answer, "e" end of turn):
//
//	place      0 1 2 3 4 5
//	token      q q q a a e
//	foretold by    2 3 4        the state at a place foretells the token behind it
//	label          a a e
//
// Invariant: rows packed together have the loss and the gradients of rows one by one, but for rounding
// (TestPackedIsRowByRow). A row without an answer token is refused when it is read: its loss would be 0/0.
//
// Axis letters: R packed rows, S positions of a row, H hidden, V vocabulary, N foretold tokens of a micro-batch.
package sft
