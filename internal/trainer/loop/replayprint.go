package loop

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Print writes the report for a person.
func (r *Replay) Print(w io.Writer) {
	fmt.Fprintf(w, "step %d, from the state after step %d\n", r.Step, r.Checkpoint)
	fmt.Fprintf(w, "loss %g%s, gradient norm %g, clip %g, learning rate %g, %d tokens\n",
		r.Loss, r.parts(), r.GradNorm, r.Clip, r.LearningRate, r.Tokens)
	switch {
	case r.NotFinite != "":
		fmt.Fprintf(w, "not finite: %s\n", r.NotFinite)
	case r.Logged == nil:
		fmt.Fprintln(w, "metrics.jsonl has no line of this step")
	case r.Agrees():
		fmt.Fprintln(w, "metrics.jsonl says the same")
	default:
		fmt.Fprintf(w, "metrics.jsonl differs: loss %g, gradient norm %g; engine, threads or settings are not the run's\n",
			r.Logged.Loss, r.Logged.GradNorm)
	}
	fmt.Fprintln(w, "\ngradient norm  tensor")
	for _, g := range r.Gradients {
		fmt.Fprintf(w, "%13.6g  %s\n", g.Norm, g.Name)
	}
	fmt.Fprintln(w, "\n      row  text id")
	for _, row := range r.Rows {
		fmt.Fprintf(w, "%9d  %s\n", row.Row, row.TextID)
	}
}

// parts are the loss's terms, where it has several, and what the task adds.
func (r *Replay) parts() (parts string) {
	// A single term is the loss itself.
	if len(r.Terms) > 1 {
		for _, name := range slices.Sorted(maps.Keys(r.Terms)) {
			parts += fmt.Sprintf(", %s %g", name, r.Terms[name])
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.More)) {
		parts += fmt.Sprintf(", %s %v", strings.ReplaceAll(name, "_", " "), r.More[name])
	}
	return parts
}
