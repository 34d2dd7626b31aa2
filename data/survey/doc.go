// Package survey reads OpinionQA, a published survey of groups, in both layouts: which questions were asked, with which
// options, and how groups of people shared their answers among these.
//
//	Read         a folder of Pew's waves, or the list (JSON) of Modular Pluralism → a Survey
//	Groups       the 22 groups of which profiles are made, how they are written, and how they are read aloud
//	Divide       which questions a profile is made of and which it is held to: a question is never both
//
// What a row lacks is said with its reason and counted, and the other rows are read. A file that cannot be trusted as a
// whole (a missing column, torn JSON) is an error with its line.
//
// Where to begin: survey.go (what is read), pew.go and list.go (the layouts), divide.go.
package survey
