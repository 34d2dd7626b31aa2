package embedfiles

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cenkalti/backoff/v5"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// worker is a shard under way. digest is that of corpus.json as it was claimed; finish compares it once more.
type worker struct {
	job      Job
	corpus   Corpus
	digest   string
	model    Model
	in       *input
	embedded int // rows
}

// blocks embeds those of the shard's blocks that are not there. One after another: the model is busy with one block,
// and a kill costs no more than that.
func (w *worker) blocks(ctx context.Context) error {
	from, to := w.job.Shard.blocks(w.corpus.blocks())
	for block := from; block < to; block++ {
		if err := w.block(ctx, block); err != nil {
			if fault.Of(err) == fault.Canceled {
				return fault.Saved(fault.New(fault.Canceled,
					"stopped at block %d of %d to %d: %w; every part before it is kept", block, from, to-1, cause(ctx,
						err)))
			}
			return err
		}
	}
	return nil
}

// cause is what ended the context, a signal for example, or err where something else did. People are told the first:
// "interrupt" says more than "context canceled".
func cause(ctx context.Context, err error) error { return cmp.Or(context.Cause(ctx), err) }

// block does one block: nothing if its part is there, else read, embed, write. A part has its name only when it is
// whole, so no look inside is needed here; the manifest's is the one that reads.
func (w *worker) block(ctx context.Context, block int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	from, to := w.corpus.span(block)
	path := filepath.Join(w.job.Out, w.job.Shard.folder(), partName(block))
	switch _, err := os.Stat(path); {
	case err == nil: // whole, since it has its name
		w.tell(to-from, true)
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fsutil.Classify(err, path)
	}
	rows, err := w.in.read(from, to)
	if err != nil {
		return err
	}
	vectors, err := w.embed(ctx, rows, from)
	if err != nil {
		return err
	}
	if err := writePart(path, w.digest, w.corpus.Model.WeightsSHA256, once(vectors)); err != nil {
		return err
	}
	w.embedded += to - from
	w.tell(to-from, false)
	return nil
}

// embed gives every row its vector; a text that several rows of the block share is embedded once. The model is asked
// who it is with every block: a daemon may have been given another one on the way.
//
//	rows   "a" "b" "a"     inputs "a" "b"     vectors of rows 0 and 2 are the same numbers
func (w *worker) embed(ctx context.Context, rows []inputRow, first int) ([]Vector, error) {
	var inputs []encoder.Input
	place := make(map[string]int, len(rows)) // of a text in inputs
	for _, r := range rows {
		if _, seen := place[r.Text]; !seen {
			place[r.Text] = len(inputs)
			inputs = append(inputs, encoder.Input{Text: r.Text, Prompt: w.job.Prompt})
		}
	}
	vectors, id, err := w.encode(ctx, inputs)
	if err != nil {
		return nil, fault.New(fault.Of(err), "%s: rows %d to %d: %w", w.job.In, first, first+len(rows)-1, err)
	}
	if difference := w.corpus.Model.Unlike(id); difference != "" {
		return nil, fault.New(fault.Mismatch, "the model was replaced on the way: %s; run again when the first "+
			"one serves, or choose another --out", difference)
	}
	if len(vectors) != len(inputs) {
		return nil, fault.New(fault.Corrupt, "%d vectors came for %d texts", len(vectors), len(inputs))
	}
	out := make([]Vector, len(rows))
	for i, r := range rows {
		v := vectors[place[r.Text]]
		if len(v) != id.Dimension || !finite(v) {
			return nil, fault.New(fault.Corrupt, "%s: row %d: its vector has %d numbers, want %d finite ones",
				w.job.In, first+i, len(v), id.Dimension)
		}
		out[i] = Vector{Row: int64(first + i), TextID: r.TextID, Vector: v}
	}
	return out, nil
}

// tries of a block while the daemons are full or away, with pauses from Job.Pause to a minute: shards are bulk, and
// waiting costs less than a pod's start.
const tries = 8

// encode asks again where the error says that a later time may do. Full and away are what passes by itself;
// everything else ends the shard, with what is done kept. With the default pause of 5 s, growing by half each time,
// eight tries have 161 s of pauses between them in the mean.
func (w *worker) encode(ctx context.Context, inputs []encoder.Input) (vectors [][]float32, id encoder.Identity,
	err error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = w.job.Pause, time.Minute
	_, err = backoff.Retry(ctx, func() (struct{}, error) {
		var failed error
		vectors, id, failed = w.model.Encode(ctx, inputs)
		if kind := fault.Of(failed); failed != nil && kind != fault.Exhausted && kind != fault.Unavailable {
			failed = backoff.Permanent(failed)
		}
		return struct{}{}, failed
	}, backoff.WithBackOff(pause), backoff.WithMaxTries(tries))
	return vectors, id, err
}

// tell reports rows, those of an earlier start marked as such.
func (w *worker) tell(rows int, before bool) {
	if w.job.Progress != nil {
		w.job.Progress(rows, before)
	}
}

// finish writes the manifest, after a last look at whose folder it is. Parts are read while it is made, so a shard is
// not called done on a disk that lost one of them.
func (w *worker) finish() (Result, error) {
	digest, err := w.corpus.claim(w.job.Out)
	if err == nil && digest != w.digest {
		err = fault.New(fault.Mismatch, "%s was replaced by another start; run again", corpusFile)
	}
	if err != nil {
		return Result{}, err
	}
	m, err := describe(w.job.Out, w.digest, w.corpus, w.job.Shard)
	if err == nil {
		err = m.write(w.job.Out)
	}
	return Result{Manifest: m, Embedded: w.embedded}, err
}
