// Package panel labels texts with values by the votes of several language models.
//
// For each text the panel walks down a theory's tree. At each node every voter chooses among the node's
// children; Rules decide whether that is agreement, whether to ask again with Neutral among the choices,
// whether the path ends here, or whether a human must decide. At the path's end the voters say whether the
// text supports or opposes the value. docs/LABELLING.md states the rules; Rules is a pure function of votes.
//
// Texts are data: they stand in a prompt as one JSON string, and an answer counts only if it names one of
// the choices, so that a text which gives orders can at the most win a vote for a wrong value.
//
// The caller owes a configuration with the voters and a votes file. Every answer is in the file before it
// counts, so running again asks only what is missing.
package panel
