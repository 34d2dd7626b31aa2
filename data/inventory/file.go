package inventory

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
)

// rowsAtOnce bounds what AssignFile holds in memory. It is a multiple of what embedders batch.
const rowsAtOnce = 4096

// AssignFile copies the rows of in, of the theories known, to out with individual_anchor set. Memory stays flat however
// long the file is. in and out may be the same file: out takes its place only when it is whole.
func AssignFile(ctx context.Context, in, out string, known theories.Set, embed Embed, limits Limits) (Report, error) {
	o := data.ReadOptions{Theories: known}
	extra, err := extraNames(in, o)
	if err != nil {
		return Report{}, err
	}
	a, err := NewAssigner(ctx, embed, limits)
	if err != nil {
		return Report{}, err
	}
	err = data.WriteStream(out, extra, func(put func(*data.Row) error) error { return a.stream(ctx, in, o, put) })
	return a.Report(), err
}

// stream assigns the rows of in, a block at a time, and puts them in their order.
func (a *Assigner) stream(ctx context.Context, in string, o data.ReadOptions, put func(*data.Row) error) error {
	// Rows wait in one slice that is used again and again; flush empties it.
	block := make([]data.Row, 0, rowsAtOnce)
	flush := func() error {
		if err := a.Assign(ctx, block); err != nil {
			return err
		}
		for i := range block {
			if err := put(&block[i]); err != nil {
				return err
			}
		}
		block = block[:0]
		return nil
	}
	_, err := data.Scan(in, o, func(r *data.Row) error {
		if block = append(block, *r); len(block) < rowsAtOnce {
			return nil
		}
		return flush()
	})
	if err == nil && len(block) > 0 {
		err = flush()
	}
	return err
}

// extraNames reads the names of a file's further columns, and the file once through: a bad row is found before
// anything is embedded. The writer needs the names before the first row in any case.
func extraNames(path string, o data.ReadOptions) ([]string, error) {
	names := map[string]bool{}
	rows := 0
	_, err := data.Scan(path, o, func(r *data.Row) error {
		rows++
		for name := range r.Extra {
			names[name] = true
		}
		return nil
	})
	if err == nil && rows == 0 {
		err = fault.New(fault.Invalid, "%s: holds no rows", path)
	}
	return slices.Sorted(maps.Keys(names)), err
}

// WriteTable prints the report for people: how many rows have a sentence, how near it is, and why the others have
// none. A mean distance near 1 spread says that the embedder finds nothing of the sentences in the texts.
func (s *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %d rows have a sentence (%d of %d sentences in use); the nearest is %.2f spreads of %.4f "+
		"away on average\n",
		s.Assigned, s.Rows, s.AnchorsUsed, Size, s.MeanDistance, s.Spread)
	for _, t := range s.ByTheory {
		fmt.Fprintf(&b, "  %-6s %8d rows %8d assigned\n", t.Theory, t.Rows, t.Assigned)
	}
	fmt.Fprintf(&b, "  without: %d too near to two sentences or too far from any, %d of a theory that has none\n",
		s.Refused, s.NoCandidate)
	_, err := io.WriteString(w, b.String())
	return err
}
