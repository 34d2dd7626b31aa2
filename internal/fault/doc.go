// Package fault names the kinds of error that HiVES reports and maps each to an exit code.
//
// A caller wraps the cause with what was being done and what would mend it; the kind travels along
// and is found again with Of. Texts of users never enter a message.
//
// Which kind? Ask whose move it is.
//
//	the caller must change what they asked          Invalid
//	they must name something that is there          NotFound
//	they must choose another place                  Exists
//	two things that they gave do not fit together   Mismatch
//	they must wait, or make room                    Exhausted
//	somebody else must come back up                 Unavailable
//	bytes are damaged: fetch or make them again     Corrupt
//	somebody stopped it: nothing is wrong           Canceled
//
// Unknown is what an error has that nobody thought of; servers answer it without its words.
package fault
