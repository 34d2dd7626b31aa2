// Package review lets people decide what a panel of models could not, and look over banks of anchors, on one small
// page served on this machine.
//
// The journey of a decision: a queue item of the votes file (package judge) → its text, votes and definitions on the
// page → a reviewer's key or button → a row of the table decisions → for labels the next hives label writes the rows
// that all reviewers agree on, for anchors hives review apply writes the bank. Several reviewers may work at once, on
// one server or on several with the same votes file; a reviewer sees what others decided after deciding, since a
// decision known before would pull the next one to it.
//
//	serve.go      the command: what waits, the server, its end
//	guard.go      who may ask
//	handlers.go   what the page's addresses do; view.go what they show, decide.go what they read
//	board.go      the items, and the one rule of agreement
//	kind.go       what a kind of item asks; label.go, anchor.go, intensity.go and degree.go are the four
//	votes.go      what a panel answered
//	bank.go       a bank into the queue; apply.go the decisions back into a bank
//
// The page shows texts of strangers. They pass through html/template alone, and a Content-Security-Policy allows
// nothing but the page's own style and script. The server listens on loopback only and refuses whatever does not
// carry the random token of its start, names another Host, or changes something from another Origin: other programs'
// web pages run in the same browser.
//
// For an anchor a decision's path has one element, the sentence that shall stand: the item's own text where it is
// accepted, another where it is edited. Verdict none rejects the anchor. For an intensity it is a number, for an answer
// its level, and for several answers their letters in order.
//
// Invariant: a decision is in the file before the page goes on, and none is ever deleted. So a kill costs what is
// being typed, and a server may be stopped at any time.
package review
