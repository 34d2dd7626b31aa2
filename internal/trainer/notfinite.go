package trainer

import (
	"errors"
	"fmt"
	"strings"

	"hives/internal/fault"
	"hives/internal/shell"
)

// notFinite stops the run: with the weights of the step before, which the update left alone, it saves a
// checkpoint, finds what was not a number, and names the batch's rows and how to look at the step again.
func (l *loop) notFinite(step int, in stepInput, result StepResult) error {
	what := "the sum of squared gradients"
	if p, err := l.stepper.Probe(in.batch); err != nil {
		what = "the step"
	} else if bad := p.NotFinite(); bad != "" {
		what = bad
	}
	stop := fault.New(fault.Invalid,
		"step %d: %s is not finite (loss %g, gradient norm %g); the weights before it are saved. Rows of %s and their text ids: %s. Try a smaller learning rate. Look at the step with: %s",
		step+1, what, result.Loss, result.GradNorm, l.cfg.Data.Train, l.rowList(in.drawn.Rows),
		shell.Line("train", "replay", "--step", fmt.Sprint(step+1), "--out", l.o.Out))
	return errors.Join(stop, l.save(l.saver.now))
}

// rowList names rows as number:text_id.
func (l *loop) rowList(rows []int32) string {
	var out []string
	for _, r := range l.batchRows(rows) {
		out = append(out, fmt.Sprintf("%d:%s", r.Row, r.TextID))
	}
	return strings.Join(out, " ")
}

// BatchRow is a row of a batch: its number in the training file, from 1 after the header, and its text.
type BatchRow struct {
	Row    int    `json:"row"`
	TextID string `json:"text_id"`
}

func (l *loop) batchRows(rows []int32) []BatchRow {
	out := make([]BatchRow, len(rows))
	for i, r := range rows {
		out[i] = BatchRow{l.rowNumbers[r], l.corpus.Rows[r].TextID}
	}
	return out
}
