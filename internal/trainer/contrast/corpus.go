package contrast

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"hives/data"
	"hives/data/theories"
)

// framer is what a tokenizer.Framed does: text → ids, the end token last, cut to the model's length. The daemon
// frames by the same, so what was trained is what is served.
type framer interface {
	Encode(text string) (ids []int32, truncated bool, err error)
}

// Corpus is rows ready for batching: token ids and label ids, made once.
//
// ids[t] is the framed text of every row whose Labels.Text is t, never empty and never changed.
type Corpus struct {
	Rows      []data.Row
	Labels    *data.Labels
	Truncated int   // texts that were longer than the model takes
	Pairs     Pairs // what the loss is told of pairs of rows, if anything

	ids [][]int32 // by Labels.Text
}

// NewCorpus tokenises each text once, in parallel. A run of 450,000 steps of 64 texts would frame each of 13,000 texts
// two thousand times. An error names the row. known are the theories that the rows were read with.
func NewCorpus(ctx context.Context, rows []data.Row, known theories.Set, tok framer) (*Corpus, error) {
	c := &Corpus{Rows: rows, Labels: data.NewLabels(rows, known)}
	if len(rows) == 0 {
		return c, nil
	}
	texts := int(slices.Max(c.Labels.Text)) + 1
	// One row a text, the first in the file: a text of several values stands in several rows and is tokenised once.
	first := make([]int, texts) // a row of each text
	for i := len(rows) - 1; i >= 0; i-- {
		first[c.Labels.Text[i]] = i
	}
	c.ids = make([][]int32, texts)
	cut := make([]bool, texts)
	group, ctx := errgroup.WithContext(ctx)
	workers := runtime.GOMAXPROCS(0)
	// Each worker takes every n-th text and writes its own places, so the result does not depend on who is faster.
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

// IDs returns the token ids of a row. They are shared by all rows of the text: read, never changed.
func (c *Corpus) IDs(row int32) []int32 { return c.ids[c.Labels.Text[row]] }

// texts are the tokens of drawn rows and, in Stage 2 (banks not nil), of the sentences that are encoded with
// them in a number of slots, which anchors names.
func (c *Corpus) texts(d Drawn, banks *Banks, slots int) (texts [][]int32, anchors *AnchorBatch) {
	// Rows before anchors: the loss finds the first B slots labelled and the E after them fresh.
	for _, r := range d.Rows {
		texts = append(texts, c.IDs(r))
	}
	if banks != nil {
		anchors = &AnchorBatch{Individual: d.Individual, Theory: d.Theory}
		texts = append(texts, banks.fresh(anchors, slots)...)
	}
	return texts, anchors
}

// Batch lays drawn rows and the fresh anchors of banks (nil in Stage 1) out as one step's input. Slot i of the packs
// is row d.Rows[i].
func (c *Corpus) Batch(d Drawn, banks *Banks, layout *Layout) (b *Batch, err error) {
	b = labelBatch(c.Labels, d.Rows)
	c.Pairs.fill(b, d.Rows)
	var texts [][]int32
	texts, b.Anchors = c.texts(d, banks, layout.Anchors)
	b.Packs, err = layout.Lay(texts)
	return b, err
}
