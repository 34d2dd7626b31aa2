package llmbench

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"

	"hives/internal/fsutil"
	"hives/internal/judge"
)

// forecast prints what it would take. Where all is computed here nothing is paid; else a budget or --yes must say that
// somebody pays. A token is some four letters.
func (b *bench) forecast(ctx context.Context, run judge.Run) (stop bool, err error) {
	var asked, in, out, readings int64
	for i := range b.items {
		it := &b.items[i]
		for _, f := range it.forms {
			times := int64(2) // with the question and without it
			if f.blind == "" {
				times = 1
			}
			asked += times
			for _, o := range f.options {
				out += times * int64(len(o)/4+1)
			}
			in += int64(len(f.user)+len(f.blind)) / 4
		}
		for _, turn := range it.turns {
			n := int64(len(b.ways))
			asked, readings = asked+n, readings+n
			in, out = in+n*int64(len(turn)/4), out+n*int64(b.ways[0].Sampling.MaxTokens)
		}
	}
	f := judge.Forecast{Items: len(b.items), Noun: "items", Budget: b.Config.Budget}
	course := judge.Course{Name: "all", Estimate: judge.Estimate{Questions: asked}}
	course.Ask(b.Config.Voters[0], asked, in, out)
	if b.read {
		const options = 12
		course.Questions += readings
		course.Ask(b.Config.Voters[1], readings, in+out+readings*100, readings*options)
	}
	f.Courses = []judge.Course{course}
	if f.Stored, _, err = judge.Before(ctx, filepath.Join(b.Out, VotesFile), run.ID, nil); err != nil {
		return true, err
	}
	if b.DryRun {
		return true, f.Write(b.Stdout)
	}
	err = f.Agreed(b.Config.Voters, b.Yes, "lower --number")
	return err != nil, err
}

// write puts the files beside the votes, each whole or not at all. Equal answers make equal bytes.
func (b *bench) write(r *Result, all []outcome) error {
	raw, err := json.MarshalIndent(r, "", " ")
	if err == nil {
		err = fsutil.WriteBytes(filepath.Join(b.Out, ResultFile), append(raw, '\n'))
	}
	if err != nil {
		return err
	}
	if err := fsutil.WriteFile(filepath.Join(b.Out, FiguresFile), r.csv); err != nil {
		return err
	}
	return fsutil.WriteFile(filepath.Join(b.Out, ItemsFile), func(w io.Writer) error {
		out := json.NewEncoder(w)
		for i := range all {
			if err := out.Encode(&all[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// csv is a figure a line; an undefined number is an empty cell.
func (r *Result) csv(w io.Writer) error {
	out := csv.NewWriter(w)
	cell := func(n Number) string {
		if !n.Known() {
			return ""
		}
		return strconv.FormatFloat(float64(n), 'g', -1, 64)
	}
	rows := [][]string{{"task", "group", "figure", "value", "low", "high", "n"}}
	for _, f := range r.Figures {
		rows = append(rows, []string{r.Task, f.Group, f.Name, cell(f.Value), cell(f.Low), cell(f.High), fmt.Sprint(f.N)})
	}
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	return out.Error()
}
