package loop

import (
	"errors"
	"fmt"
	"strings"

	"hives/internal/fault"
	"hives/internal/shell"
	"hives/internal/trainer/step"
)

// notFinite stops the run: with the weights of the step before, which the update left alone, it saves a
// checkpoint, finds what was not a number, and names the batch's rows and how to look at the step again.
func (l *Loop) notFinite(in *input, result step.Result) error {
	what := "the sum of squared gradients"
	// The probe computes the step once more, without scale and update. Where the overflow was that of the sum of squares,
	// every tensor is finite in it, and the sum is named.
	if p, err := l.stepper.Probe(&in.batch.Batch); err != nil {
		what = "the step"
	} else if bad := p.NotFinite(); bad != "" {
		what = bad
	}
	at := in.step + 1
	stop := fault.New(fault.Invalid,
		"step %d: %s is not finite (loss %g, gradient norm %g); the weights before it are saved. Rows of %s "+
			"and their text ids: %s. Try a smaller learning rate. Look at the step with: %s",
		at, what, result.Loss, result.GradNorm, in.batch.Source, in.batch.rowList(),
		shell.Line("train", "replay", "--step", fmt.Sprint(at), "--out", l.o.Out))
	return errors.Join(stop, l.save(l.saver.now))
}

// rowList names rows as number:text_id.
func (b *Batch) rowList() string {
	var out []string
	for _, r := range b.Rows {
		out = append(out, fmt.Sprintf("%d:%s", r.Row, r.TextID))
	}
	return strings.Join(out, " ")
}
