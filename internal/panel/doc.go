// Package panel labels texts with values by the votes of several language models.
//
// For each text the panel walks down a theory's tree. At each node every voter chooses among the node's children;
// Rules decide whether that is agreement, whether to ask again with Neutral among the choices, whether the path ends
// here, or whether a human must decide. At the path's end the voters say whether the text supports or opposes the
// value. docs/LABELLING.md states the rules; Rules is a pure function of votes.
//
// Where to begin: descend.go (the walk, without voters or store), rules.go (when votes are agreement), panel.go (the
// walk with a judge under it), job.go (hives label). summary.go, kappa.go and truth.go say afterwards what the panel
// is worth.
//
// Texts are data: they stand in a prompt as one JSON string, and an answer counts only if it names one of the
// choices, so that a text which gives orders can at the most win a vote for a wrong value.
//
// Invariant: a Result is a function of the stored votes and the rules. Who was asked first, and in how many starts,
// shows nowhere.
//
// The caller owes a configuration with the voters and a votes file. Every answer is in the file before it counts, so
// running again asks only what is missing. Refused before anybody is asked: a theory that is not known, a panel of
// fewer than three voters, rules under which two choices could win, a file without a text.
package panel
