package trainer

import (
	"errors"
	"strings"

	"hives/internal/fault"
)

// notFinite stops the run: with the weights of the step before, which the update left alone, it saves a
// checkpoint, finds what was not a number, and names the batch's texts.
func (l *loop) notFinite(step int, rows []int32, batch *Batch, result StepResult) error {
	what, err := l.stepper.Diagnose(l.o.Engine.Backend, l.options, batch)
	if err != nil {
		what = "the step"
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = l.corpus.Rows[r].TextID
	}
	stop := fault.New(fault.Invalid,
		"step %d: %s is not finite (loss %g, gradient norm %g); the weights before it are saved. Try a smaller learning rate. Text ids of the batch: %s",
		step+1, what, result.Loss, result.GradNorm, strings.Join(ids, " "))
	return errors.Join(stop, l.save(l.saver.now))
}
