// Package runs lists, shows and compares training runs: what hives runs prints, as text, JSON or a page.
//
// Figures come from the index of package runindex, checkpoints and the lock from the folders themselves. Nothing
// of a run is changed. A setting counts as changed against the defaults of the run's own stage. A figure stands
// with the step it is of: one that was undefined at the last validation is an older one.
package runs
