package interview

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/llm"
)

// Job is hives questionnaire.
type Job struct {
	Config    Config
	SelfJudge bool
	Items     string // inventory; "" is ours
	Slots     string // personas; "" are ours
	Personas  int
	Seed      uint64
	Out       string // folder
	DryRun    bool
	Yes       bool // ask although no budget is set
	Stdout    io.Writer
}

// Files of a run's folder.
const (
	VotesFile    = "votes.db"
	PersonasFile = "personas.json"
	AnswersFile  = "answers.parquet"
	ScoresFile   = "scores.json"
	PageFile     = "report.html"
)

// Run asks, and writes the folder. Every answer is in the votes file first: the same job goes on after a stop, asks
// nothing twice and ends with the same bytes.
func Run(ctx context.Context, j Job) (*Result, error) {
	cfg, err := j.Config.Complete(j.SelfJudge)
	if err != nil {
		return nil, err
	}
	v, err := ReadInventory(j.Items)
	if err != nil {
		return nil, err
	}
	slots, err := ReadSlots(j.Slots)
	if err != nil {
		return nil, err
	}
	personas, err := slots.Draw(j.Personas, j.Seed)
	if err != nil {
		return nil, fault.Usage(err)
	}
	t, err := newInterviewer(cfg.Config, v, personas)
	if err != nil {
		return nil, err
	}
	if cfg.Config, err = cfg.Open(ctx); err != nil {
		return nil, err
	}
	defer cfg.Close()
	t.cfg = cfg.Config
	// What answers depend on is in their prompts: persona, question, options. The run is the two voters.
	run, err := judge.NewRun("questionnaire", map[string]any{"voters": cfg.Identities()})
	if err != nil {
		return nil, err
	}
	if stop, err := j.forecast(ctx, t, run); err != nil || stop {
		return nil, err
	}
	return j.ask(ctx, t, run)
}

// ask runs the interviews and writes what came of them. In a run that goes on, answers that are stored count as
// replayed, so that the time left is a matter of the others.
func (j Job) ask(ctx context.Context, t *interviewer, run judge.Run) (*Result, error) {
	if err := fsutil.MakeFolders(j.Out); err != nil {
		return nil, fsutil.Classify(err, j.Out)
	}
	store, err := judge.Open(filepath.Join(j.Out, VotesFile))
	if err != nil {
		return nil, err
	}
	defer store.Close()
	asked, err := judge.New(ctx, t.cfg, run, store)
	if err != nil {
		return nil, err
	}
	bar := cli.NewProgress("questionnaire", "answers", int64(len(t.personas)*len(t.inventory.Items)), 0)
	answers, err := t.all(ctx, asked, func(new bool) {
		bar.Suffix(asked.Spent())
		if new {
			bar.Add(1)
		} else {
			bar.Replay(1)
		}
	})
	bar.Close()
	if err != nil {
		return nil, judge.Resumable(err)
	}
	r := t.result(answers, run.ID, j.Seed)
	return r, j.write(t, answers, r)
}

// write puts the files beside the votes, each whole or not at all. Equal answers make equal bytes: there is no time in
// any of them.
func (j Job) write(t *interviewer, answers []Answer, r *Result) error {
	for name, what := range map[string]any{PersonasFile: t.personas, ScoresFile: r} {
		raw, err := json.MarshalIndent(what, "", " ")
		if err == nil {
			err = fsutil.WriteBytes(filepath.Join(j.Out, name), append(raw, '\n'))
		}
		if err != nil {
			return err
		}
	}
	err := fsutil.WriteFile(filepath.Join(j.Out, AnswersFile), func(w io.Writer) error {
		out := parquet.NewGenericWriter[Answer](w, parquet.Compression(&parquet.Snappy), parquet.CreatedBy("hives", "1", ""))
		if _, err := out.Write(answers); err != nil {
			return err
		}
		return out.Close()
	})
	if err != nil {
		return err
	}
	return fsutil.WriteFile(filepath.Join(j.Out, PageFile), func(w io.Writer) error { return writePage(w, t, r) })
}

// forecast prints what it would take. Where all is computed here nothing is paid; else a budget or --yes must say that
// somebody pays.
func (j Job) forecast(ctx context.Context, t *interviewer, run judge.Run) (stop bool, err error) {
	n := int64(len(t.personas) * len(t.inventory.Items))
	f := judge.Forecast{Items: int(n), Noun: "answers", Budget: t.cfg.Budget}
	course := judge.Course{Name: "all", Estimate: judge.Estimate{Questions: 3 * n}}
	const around = 120 // tokens of persona, template and options
	a, b := t.cfg.Voters[respondent], t.cfg.Voters[reader]
	course.Ask(a, n, n*around, n*int64(a.MaxTokens))
	course.Ask(b, 2*n, 2*n*(around+int64(a.MaxTokens)), 2*n*min(12, int64(b.MaxTokens)))
	f.Courses = []judge.Course{course}
	if f.Stored, _, err = judge.Before(ctx, filepath.Join(j.Out, VotesFile), run.ID, nil); err != nil {
		return true, err
	}
	if j.DryRun {
		if err := f.Write(j.Stdout); err != nil {
			return true, err
		}
		for _, v := range t.cfg.Voters {
			line, err := t.cfg.CacheOf(v, around+a.MaxTokens)
			if err != nil {
				return true, err
			}
			if line != "" {
				fmt.Fprintf(j.Stdout, "%s: %s\n", v.Name, line)
			}
		}
		return true, nil
	}
	paid := !a.AtHome() || !b.AtHome()
	if paid && !j.Yes && t.cfg.Budget == (llm.Limits{}) {
		return true, fault.Usage(fault.New(fault.Invalid, "%d requests and no budget: look at --dry-run, and say --yes or "+
			"give [budget]", course.Requests))
	}
	return false, nil
}
