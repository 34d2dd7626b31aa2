package panel

import (
	"context"
	"fmt"
	"io"

	"hives/data"
	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
)

// Job is hives label. Nothing of it decides what is asked but Config, Theory and the texts: the same job on another
// machine with a copy of the votes file goes on there.
type Job struct {
	Config Config
	Theory string
	// Theories are those that the theory is one of; a file of rows may hold rows of each.
	Theories theories.Set
	In       string // .jsonl, .parquet or .csv
	Out      string // rows
	DB       string // votes
	Report   string // page; "" draws none
	DryRun   bool
	Stdout   io.Writer
}

// Run labels the texts of a file and writes their rows. It reads and checks all that it can before the votes file is
// opened, and writes rows and page when every text is done. After an error the votes file has every answer that came,
// and the same call goes on from there.
func Run(ctx context.Context, j Job) error {
	tree, ok := j.Theories.Get(j.Theory)
	if !ok {
		return fault.Usage(fault.New(fault.NotFound, "theory %q: there are %v", j.Theory, j.Theories.Names()))
	}
	cfg, err := j.Config.Complete()
	if err != nil {
		return err
	}
	in, err := readInput(j.In, j.Theory, j.Theories)
	if err != nil {
		return err
	}
	// A node without a definition of its own is asked about by its name alone.
	define := func(p theories.Path) string {
		d, _ := tree.Definition(p)
		return d.Text
	}
	if cfg.Config, err = cfg.Open(ctx); err != nil {
		return err
	}
	defer cfg.Close()
	// From here on something is opened: until here nothing was touched that was not there.
	if j.DryRun {
		return j.estimate(ctx, cfg, tree, define, in)
	}
	store, err := judge.Open(j.DB)
	if err != nil {
		return err
	}
	defer store.Close()
	return j.label(ctx, cfg, tree, define, in, store)
}

// label asks, then writes: rows first, since the page tells of them. In a run that goes on, texts whose answers are
// all stored count as replayed and not as work, so that the time left is a matter of the others. After a signal or
// the end of the budget the error says that the same command goes on.
func (j Job) label(
	ctx context.Context, cfg Config, tree *theories.Tree, define Define, in *input, store *judge.Store,
) error {
	p, err := New(ctx, cfg, tree, define, store)
	if err != nil {
		return err
	}
	bar := cli.NewProgress("label", "texts", int64(len(in.items)), 0)
	results, err := p.Label(ctx, in.items, func(asked bool) {
		bar.Suffix(p.judge.Spent())
		if asked {
			bar.Add(1)
		} else {
			bar.Replay(1)
		}
	})
	bar.Close()
	if err != nil {
		return judge.Resumable(err)
	}
	rows, err := p.rows(ctx, in, results)
	if err != nil {
		return err
	}
	if err := data.Write(j.Out, rows); err != nil {
		return err
	}
	s, err := p.summarise(ctx, in, results, len(rows))
	if err != nil {
		return err
	}
	if j.Report != "" {
		if err := fsutil.WriteFile(j.Report, func(w io.Writer) error { return WritePage(w, s) }); err != nil {
			return err
		}
	}
	return s.print(j.Stdout, j)
}

// rows are the labelled texts and those that reviewers agree on, in the order of the input. A reviewer counts only
// where the panel left the text open: an answer that came later and closed it goes before.
//
//	panel labelled                      the panel's row, labelled_by panel:RUN
//	panel open, reviewers agree         the reviewers' row, labelled_by review
//	panel open, nobody or a quarrel     no row
//	panel found no value                no row
func (p *Panel) rows(ctx context.Context, in *input, results []Result) ([]data.Row, error) {
	human, err := p.reviewed(ctx)
	if err != nil {
		return nil, err
	}
	var rows []data.Row
	for i, item := range in.items {
		r, by := results[i], "panel:"+p.Run()
		// labelled_by tells afterwards which rows are people's.
		if d, ok := human[item.ID]; ok && r.Status == Open {
			r, by = Result{Status: Labelled, Path: d.Path, Direction: d.Direction}, "review"
		}
		if r.Status != Labelled {
			continue
		}
		var path theories.Path
		copy(path[:], r.Path)
		path = p.tree.Canonical(path)
		rows = append(rows, data.Row{
			Text: item.Text, Theory: p.tree.Theory, Level1: path[0], Level2: path[1], Level3: path[2],
			Direction: r.Direction, DirectionSource: data.SourceAnnotated,
			IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
			TextID: item.ID, Group: item.Group, Corpus: item.Corpus, Licence: item.Licence,
			Extra: map[string]string{"labelled_by": by},
		})
	}
	return rows, nil
}

// reviewed returns, by item, the values that all reviewers of this run's queue agree on; who skipped an item has no
// say. "No value" and disagreement leave the text out. It looks at every queue item of the run, also of texts that
// are not in this input: their decisions are not used. A path that is no path of the theory means that the theory's
// file has changed since, or the votes file was edited by hand: both are for a person to see.
func (p *Panel) reviewed(ctx context.Context) (map[string]judge.Decision, error) {
	queue, err := p.store.Queue(ctx)
	if err != nil {
		return nil, err
	}
	held, err := p.store.Decisions(ctx)
	if err != nil {
		return nil, err
	}
	out := map[string]judge.Decision{}
	for _, q := range queue {
		if q.Kind != judge.KindLabel || q.Run != p.Run() || q.Theory != p.tree.Theory {
			continue
		}
		if d, ok := agreed(q.ID, held); ok {
			var path theories.Path
			copy(path[:], d.Path)
			if _, err := p.tree.Match(path); err != nil {
				return nil, fault.New(fault.Corrupt, "decision %d in the votes file: %w", d.ID, err)
			}
			out[q.ItemID] = d
		}
	}
	return out, nil
}

// agreed is the decision on a queue item if it names a value and no reviewer contradicts it: verdict, path and
// direction are the same of all. A path that is a prefix of another is another path.
//
//	ann value tradition +1, bob value tradition +1, eve skips     agreed
//	ann value tradition +1, bob value tradition −1                not: the directions differ
//	ann value tradition +1, bob value conservation +1             not: one stopped higher
//	ann none, bob none                                            not: they agree on no value
func agreed(queue int64, held []judge.Decision) (judge.Decision, bool) {
	var found judge.Decision
	for _, d := range held {
		switch {
		case d.Queue != queue || d.Verdict == judge.VerdictSkip:
		case found.ID == 0:
			found = d
		case fmt.Sprint(d.Verdict, d.Path, d.Direction) != fmt.Sprint(found.Verdict, found.Path, found.Direction):
			return d, false
		}
	}
	return found, found.Verdict == judge.VerdictValue
}
