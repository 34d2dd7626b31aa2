// Package card sums up a file of rows for those who will use or share it: what it was made of, by whom, under
// which terms, what was left out, and hashes to tell it by.
//
// Where to begin: card.go (what a card says), licences.go (what the terms ask for, and what cannot be met at once),
// tally.go (how it is counted), markdown.go (how it reads).
//
// Describe streams the file; memory does not grow with its rows. The same file and the same accounts of imports
// give the same card, to the byte: it bears no time and no path. Corpora and licences that the project does not
// know are listed with what the rows say and a warning. The card repeats no text. It is no legal advice.
package card
