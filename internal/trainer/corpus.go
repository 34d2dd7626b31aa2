package trainer

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"hives/data"
	"hives/internal/fault"
)

// framer is what a tokenizer.Framed does: text → ids, the end token last, cut to the model's length.
type framer interface {
	Encode(text string) (ids []int32, truncated bool, err error)
}

// Corpus is rows ready for batching: token ids and label ids, made once.
type Corpus struct {
	Rows      []data.Row
	Labels    *data.Labels
	Truncated int // texts that were longer than the model takes

	ids [][]int32 // by Labels.Text
}

// NewCorpus tokenises each text once, in parallel.
func NewCorpus(ctx context.Context, rows []data.Row, tok framer) (*Corpus, error) {
	c := &Corpus{Rows: rows, Labels: data.NewLabels(rows)}
	if len(rows) == 0 {
		return c, nil
	}
	texts := int(slices.Max(c.Labels.Text)) + 1
	first := make([]int, texts) // a row of each text
	for i := len(rows) - 1; i >= 0; i-- {
		first[c.Labels.Text[i]] = i
	}
	c.ids = make([][]int32, texts)
	cut := make([]bool, texts)
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		group.Go(func() error {
			for t := w; t < texts; t += workers {
				ids, truncated, err := tok.Encode(rows[first[t]].Text)
				if err == nil {
					err = ctx.Err()
				}
				if err != nil {
					return fmt.Errorf("tokenise row %d: %w", first[t]+1, err)
				}
				c.ids[t], cut[t] = ids, truncated
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	for _, truncated := range cut {
		if truncated {
			c.Truncated++
		}
	}
	return c, nil
}

// IDs returns the token ids of a row.
func (c *Corpus) IDs(row int32) []int32 { return c.ids[c.Labels.Text[row]] }

// Batch lays rows out as one step's input; S is the smallest of sequences that holds the longest row.
func (c *Corpus) Batch(rows []int32, sequences []int) (*Batch, error) {
	longest := 0
	for _, r := range rows {
		longest = max(longest, len(c.IDs(r)))
	}
	at, _ := slices.BinarySearch(sequences, longest)
	if at == len(sequences) {
		return nil, fault.New(fault.Invalid, "a row has %d tokens, batches hold %d", longest, sequences[at-1])
	}
	s := sequences[at]
	b := &Batch{IDs: make([]int32, len(rows)*s), Sequence: s}
	for i, r := range rows {
		ids := c.IDs(r)
		copy(b.IDs[(i+1)*s-len(ids):], ids)
		levels := c.Labels.Levels[r]
		b.Lengths = append(b.Lengths, int32(len(ids)))
		b.Theory = append(b.Theory, c.Labels.Theory[r])
		b.Levels = append(b.Levels, levels[:]...)
		b.Direction = append(b.Direction, c.Labels.Direction[r])
	}
	return b, nil
}

// sequences lists the padded lengths that steps may have: few, since each is a graph to compile, and
// close enough that little is padding.
func sequences(maxLength int) []int {
	var out []int
	for _, s := range []int{16, 32, 48, 64, 96, 128, 192, 256, 384, 512} {
		if s < maxLength {
			out = append(out, s)
		}
	}
	return append(out, maxLength)
}
