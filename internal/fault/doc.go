// Package fault names the kinds of error that HiVES reports and maps each to an exit code.
//
// A caller wraps the cause with what was being done and what would mend it; the kind travels along
// and is found again with Of. Texts of users never enter a message.
package fault
