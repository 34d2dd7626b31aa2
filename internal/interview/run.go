package interview

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
)

// Job is hives questionnaire.
type Job struct {
	Config    Config
	SelfJudge bool
	Items     string // inventory; "" is ours
	Slots     string // personas; "" are ours
	Personas  int
	Repeats   int    // answers of one persona to one item
	Ties      string // of Ties
	Gate      string // labelled answers to hold the judge to; "": none
	Seed      uint64
	Out       string // folder
	DryRun    bool
	Yes       bool // ask although no budget is set

	AllowChanged bool // write over results that were got with other settings
	Stdout       io.Writer
}

// Files of a run's folder.
const (
	VotesFile     = "votes.db"
	AboutFile     = "run.json"
	InventoryFile = "inventory.json"
	PersonasFile  = "personas.json"
	AnswersFile   = "answers.parquet"
	ScoresFile    = "scores.json"
	MatricesFile  = "matrices.json"
	PageFile      = "report.html"
)

// About is run.json: what scores are computed from beside answers, and who was asked.
type About struct {
	Format     int            `json:"format"`
	Kind       string         `json:"kind"` // questionnaire
	Run        string         `json:"run"`
	Respondent judge.Identity `json:"respondent"`
	Judge      judge.Identity `json:"judge"`
	Inventory  string         `json:"inventory_sha256"`
	Personas   int            `json:"personas"`
	Drawn      int            `json:"personas_drawn"` // persons of the program; 0 of one that was older than the key
	Repeats    int            `json:"repeats"`
	Seed       uint64         `json:"seed"`
	Gate       *Gate          `json:"gate,omitempty"`
	Nothing    []Number       `json:"nothing"` // what the judge says of an empty answer to each item
}

func (a *About) nothing() (out []float64) {
	for _, x := range a.Nothing {
		out = append(out, float64(x))
	}
	return out
}

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
	gate, err := readGate(j.Gate, v)
	if err != nil {
		return nil, err
	}
	t, err := j.interviewer(cfg.Config, v, personas)
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
	if err := j.begun(t, run); err != nil {
		return nil, err
	}
	if stop, err := j.forecast(ctx, t, run); err != nil || stop {
		return nil, err
	}
	return j.ask(ctx, t, run, gate)
}

// mostRepeats is a bound on what can only be a slip: a hundred answers of one persona to one item tell a share to five
// hundredths, and a run of a million would hold its answers in memory before it asked.
const mostRepeats = 1000

// interviewer checks how often is asked and how votes are counted.
func (j Job) interviewer(cfg judge.Config, v *Inventory, personas []Persona) (*interviewer, error) {
	if j.Repeats < 1 || j.Repeats > mostRepeats {
		return nil, fault.Usage(fault.New(fault.Invalid, "--repeats %d: want 1 to %d", j.Repeats, mostRepeats))
	}
	if err := CheckTies(j.Ties); err != nil {
		return nil, err
	}
	t, err := newInterviewer(cfg, v, personas, j.Repeats)
	if err == nil {
		t.ties = j.Ties
	}
	return t, err
}

// CheckTies refuses a rule that there is none of.
func CheckTies(rule string) error {
	if !slices.Contains(Ties, rule) {
		return fault.Usage(fault.New(fault.Invalid, "--ties %q: want one of %s", rule, strings.Join(Ties, ", ")))
	}
	return nil
}

// about says what a run's figures depend on, before anybody is asked.
func (j Job) about(t *interviewer, run judge.Run) *About {
	who := t.cfg.Identities()
	return &About{Format: 1, Kind: "questionnaire", Run: run.ID, Respondent: who[respondent], Judge: who[reader],
		Inventory: t.inventory.sum(), Personas: len(t.personas), Drawn: persons,
		Repeats: t.repeats, Seed: j.Seed}
}

// settings are those that make another run of it.
func (a *About) settings() map[string]string {
	return map[string]string{"voters": a.Run, "items": a.Inventory, "personas": fmt.Sprint(a.Personas),
		"draw of personas": fmt.Sprint(a.Drawn), "repeats": fmt.Sprint(a.Repeats), "seed": fmt.Sprint(a.Seed)}
}

// begun refuses a folder that holds the results of a run with other settings: they would be replaced without a word.
func (j Job) begun(t *interviewer, run judge.Run) error {
	var was About
	err := readJSON(filepath.Join(j.Out, AboutFile), &was)
	if errors.Is(err, fs.ErrNotExist) || fault.Of(err) == fault.NotFound || j.AllowChanged {
		return nil
	}
	if err == nil {
		err = judge.OtherSettings(judge.Changed(was.settings(), j.about(t, run).settings()))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", j.Out, err)
	}
	return nil
}

// ask runs the interviews and writes what came of them. In a run that goes on, answers that are stored count as
// replayed, so that the time left is a matter of the others.
func (j Job) ask(ctx context.Context, t *interviewer, run judge.Run, gate []labelled) (*Result, error) {
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
	// The judge is held to people first: who sees it fail can stop before the answers are paid for.
	checked, err := t.check(ctx, asked, gate)
	if err != nil {
		return nil, judge.Resumable(err)
	}
	if checked != nil {
		fmt.Fprintln(os.Stderr, checked.warning())
	}
	n := len(t.inventory.Items)
	bar := cli.NewProgress("questionnaire", "answers", int64(n*(len(t.personas)*t.repeats+1)), 0)
	answers, empty, err := t.all(ctx, asked, func(new bool) {
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
	about := j.about(t, run)
	about.Gate = checked
	for _, x := range empty {
		about.Nothing = append(about.Nothing, Number(x))
	}
	if err := writeAnswers(j.Out, t, answers, about); err != nil {
		return nil, err
	}
	r := t.result(answers, about)
	return r, writeScores(j.Out, t, answers, r)
}

// writeAnswers puts the files that scores are computed from beside the votes, each whole or not at all. Equal answers
// make equal bytes: there is no time in any of them.
func writeAnswers(dir string, t *interviewer, answers []Answer, about *About) error {
	for name, what := range map[string]any{PersonasFile: t.personas, AboutFile: about, InventoryFile: t.inventory} {
		if err := writeJSON(filepath.Join(dir, name), what); err != nil {
			return err
		}
	}
	return fsutil.WriteFile(filepath.Join(dir, AnswersFile), func(w io.Writer) error {
		out := parquet.NewGenericWriter[Answer](w, parquet.Compression(&parquet.Snappy), parquet.CreatedBy("hives", "1", ""))
		if _, err := out.Write(answers); err != nil {
			return err
		}
		return out.Close()
	})
}

// Matrices is matrices.json: scores [persona that counts][value] and what they were correlated into.
type Matrices struct {
	Format   int        `json:"format"`
	Names    []string   `json:"names"`
	Personas []int      `json:"personas"`
	Raw      [][]Number `json:"raw"`
	Centred  [][]Number `json:"centred"`

	Structure *Structure `json:"structure,omitempty"`
}

// writeScores puts what is computed.
func writeScores(dir string, t *interviewer, answers []Answer, r *Result) error {
	s := t.sheet(answers)
	m := &Matrices{Format: 1, Structure: r.Structure}
	var raw, centred [][]float64
	m.Names, _, raw, centred = t.inventory.matrices(s)
	m.Raw, m.Centred = numbers(raw), numbers(centred)
	for _, p := range s.kept {
		m.Personas = append(m.Personas, t.personas[p].ID)
	}
	err := writeJSON(filepath.Join(dir, ScoresFile), r)
	if err == nil {
		err = writeJSON(filepath.Join(dir, MatricesFile), m)
	}
	if err != nil {
		return err
	}
	return fsutil.WriteFile(filepath.Join(dir, PageFile), func(w io.Writer) error { return writePage(w, t, r) })
}

func writeJSON(path string, what any) error {
	raw, err := json.MarshalIndent(what, "", " ")
	if err != nil {
		return err
	}
	return fsutil.WriteBytes(path, append(raw, '\n'))
}

// forecast prints what it would take. Where all is computed here nothing is paid; else a budget or --yes must say that
// somebody pays.
func (j Job) forecast(ctx context.Context, t *interviewer, run judge.Run) (stop bool, err error) {
	n := int64((len(t.personas)*t.repeats + 1) * len(t.inventory.Items)) // 1: the empty answer
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
	err = f.Agreed(t.cfg.Voters, j.Yes, "lower --personas")
	return err != nil, err
}
