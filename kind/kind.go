// Package kind tells the errors of all packages of this module apart.
//
// Each error says what was being done and what would mend it; its kind says whose move it is. A kind is an error
// itself, for errors.Is:
//
//	if errors.Is(err, kind.NotFound) { … }
//
// An error may wrap another of another kind. errors.Is then finds both; Of and errors.As give the outer one, which is
// what the failed call means to its caller. A cancelled context is found as context.Canceled, and by Of.
package kind

import "hives/internal/fault"

// Kind says whose move it is after an error. Its String is a word or two, "not found" for one.
type Kind = fault.Kind

// The kinds. The numbers behind them may change: compare with the names.
const (
	Unknown     Kind = fault.Unknown     // none of the others
	Invalid     Kind = fault.Invalid     // the input or the configuration is wrong: change it
	NotFound    Kind = fault.NotFound    // a named file, tensor or value is absent
	Exists      Kind = fault.Exists      // the target is taken by something else
	Mismatch    Kind = fault.Mismatch    // two inputs do not belong together
	Exhausted   Kind = fault.Exhausted   // a limit, the disk or the memory is used up
	Unavailable Kind = fault.Unavailable // an engine or a service does not answer now
	Corrupt     Kind = fault.Corrupt     // stored bytes are damaged
	Canceled    Kind = fault.Canceled    // the user or a signal stopped the work
)

// Of returns the kind of err, the outermost one in its chain: Unknown for nil and for errors of others, Canceled for a
// context that was cancelled or ran out.
func Of(err error) Kind { return fault.Of(err) }
