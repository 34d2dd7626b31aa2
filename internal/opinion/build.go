package opinion

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hives/data/survey"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/profiles"
	"hives/vidb"
)

// Bar shows how many calls are answered.
type Bar = vidb.Bar

// Writer is the name of the voter that puts options into sentences; all other voters judge.
const Writer = "writer"

// Build is hives profile build.
type Build struct {
	Survey    string
	Share     float64 // of the questions
	Seed      uint64
	VIDB      string
	Values    []string // none: all of the database
	Known     theories.Set
	Score     vidb.ScoreOptions
	Nearest   int // score a statement for so many values, those nearest to it; 0: for all
	Weighting profiles.Weighting
	Config    vidb.Config // voters: the writer and judges
	Embed     func(context.Context) (encoder.Encoder, func(), error)
	Out       string
	Yes       bool
	DryRun    bool
	Stdout    io.Writer
	Bar       func(label string, calls int64) Bar

	writer judge.Config
	judges vidb.Config
}

// DefaultBuild is the paper's share and weights.
func DefaultBuild() Build {
	return Build{Share: survey.DefaultShare, Score: vidb.DefaultScore(), Weighting: profiles.Outside}
}

// Run makes the profiles. In this order: what is cheap to find wrong, what it would take, sentences, scores, vectors.
// It is nil after a dry run. The same job goes on after a stop and ends with the same bytes.
func (b Build) Run(ctx context.Context) (*Profiles, error) {
	b.Stdout = cmp.Or[io.Writer](b.Stdout, io.Discard)
	if !slices.Contains(profiles.Weightings, b.Weighting) {
		return nil, usage("--weighting %q: want one of %v", b.Weighting, profiles.Weightings)
	}
	if b.Nearest < 0 {
		return nil, usage("--nearest %d: want a number of values, or 0 for all", b.Nearest)
	}
	s, err := survey.Read(b.Survey)
	if err != nil {
		return nil, err
	}
	p := &Profiles{Format: 1, Kind: "profiles", Warning: Warning, Layout: s.Layout, Weighting: b.Weighting, Seed: b.Seed,
		Skipped: s.Skipped, Out: []Out{}, Notes: []string{}}
	if p.Division, err = survey.Divide(s, b.Share, b.Seed); err != nil {
		return nil, err
	}
	if p.Values, p.VIDB, err = b.values(); err != nil {
		return nil, err
	}
	if err := b.seats(); err != nil {
		return nil, err
	}
	questions, shares := made(s, p.Division)
	fmt.Fprintf(b.Stdout, "%d questions and %d rows of %d groups; %d questions make the profiles, %d wait for a test\n",
		len(s.Questions), len(s.Rows), len(s.Groups), len(p.Division.Profile), len(p.Division.Test))
	if done, err := b.statements(ctx, p, questions); done || err != nil {
		return nil, err
	}
	for _, q := range p.Questions {
		q.Shares = shares[q.ID]
	}
	return b.finish(ctx, p, s.Groups)
}

// finish weighs, scores, computes and writes.
func (b Build) finish(ctx context.Context, p *Profiles, groups []survey.Group) (*Profiles, error) {
	if len(p.Questions) == 0 {
		return nil, fault.New(fault.Invalid, "no question has usable statements (first: %s): ask another writer",
			p.Out[0].Reason)
	}
	var ids []string
	for _, v := range p.Values {
		ids = append(ids, v.ID)
	}
	// Vectors before judges: a model that does not answer is found before somebody is paid.
	enc, done, err := b.Embed(ctx)
	if err != nil {
		return nil, err
	}
	p.Model, err = weigh(ctx, enc, p.Values, p.Questions)
	done()
	if err != nil {
		return nil, err
	}
	p.Model.Engine = "" // it changes no vector beyond rounding
	warnings, err := b.score(ctx, ids, p.Questions)
	if err != nil {
		return nil, err
	}
	p.Notes = append(p.Notes, warnings...)
	if b.Nearest > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("each statement has intensities for its %d nearest values alone: what is "+
			"left out is not left out at random", b.Nearest))
	}
	if err := p.compute(groups); err != nil {
		return nil, err
	}
	return p, p.write(b.Out)
}

// made are the questions on the profile's side, and the shares of every group by question.
func made(s *survey.Survey, d survey.Division) (questions []survey.Question, shares map[string][][]float64) {
	shares = map[string][][]float64{}
	for _, q := range s.Questions {
		if d.Made(q) {
			questions = append(questions, q)
			shares[q.ID] = make([][]float64, len(s.Groups))
		}
	}
	for _, r := range s.Rows {
		if own := shares[s.Questions[r.Question].ID]; own != nil {
			own[r.Group] = r.Shares
		}
	}
	return questions, shares
}

// values are those of the database, or of it those that are named, with their words.
func (b Build) values() (out []Value, hash string, err error) {
	file, err := vidb.Open(b.VIDB, b.Known)
	if err != nil {
		return nil, "", err
	}
	ids := b.Values
	if len(ids) == 0 {
		for _, a := range file.Values {
			ids = append(ids, a.ValueID)
		}
	}
	var hashes []string
	for _, id := range ids {
		v, err := file.Value(id)
		if err != nil {
			return nil, "", err
		}
		theory, path, err := b.Known.ParseID(v.ValueID)
		if err != nil {
			return nil, "", fault.New(fault.Invalid, "%s: %w", b.VIDB, err)
		}
		d, err := b.Known.Define(v.ValueID)
		if err != nil {
			return nil, "", fault.New(fault.Invalid, "%s: %w", b.VIDB, err)
		}
		out = append(out, Value{v.ValueID, theory, path.Name(), d.Text})
		hashes = append(hashes, v.Hash())
	}
	// In the order of ids: ties between values go by it.
	slices.SortFunc(out, func(x, y Value) int { return strings.Compare(x.ID, y.ID) })
	out = slices.Compact(out)
	slices.Sort(hashes)
	if len(out) == 0 {
		return nil, "", usage("%s: holds no value", b.VIDB)
	}
	return out, judge.Hash(strings.Join(hashes, " "))[:16], nil
}

// seats parts the voters: one writes, the others judge. Both share the endpoints, and the budget is for both.
func (b *Build) seats() error {
	b.writer, b.judges = b.Config.Config, b.Config
	b.writer.Voters, b.judges.Voters = nil, nil
	for _, v := range b.Config.Voters {
		if v.Name != Writer {
			b.judges.Voters = append(b.judges.Voters, v)
			continue
		}
		v.Prompt, v.MaxTokens = cmp.Or(v.Prompt, "statements.v1"), cmp.Or(v.MaxTokens, 400)
		v.Ask = cmp.Or(v.Ask, judge.AskJSON) // sentences are no list to choose from
		b.writer.Voters = append(b.writer.Voters, v)
	}
	if len(b.writer.Voters) != 1 || len(b.judges.Voters) == 0 {
		return usage("the configuration wants [[voters]] named %s, which writes statements, and judges of other names",
			Writer)
	}
	var err error
	if b.judges, err = b.judges.Complete(); err != nil {
		return err
	}
	b.writer, err = b.writer.Complete(func(name string) error {
		_, err := prompts.Load(name)
		return err
	})
	return err
}

// statements prints what all of it would take, and has the options written. done says that it ends here.
func (b *Build) statements(ctx context.Context, p *Profiles, questions []survey.Question) (done bool, err error) {
	if b.writer, err = b.writer.Open(ctx); err != nil {
		return true, err
	}
	defer b.writer.Close()
	run, err := judge.NewRun(KindStatements, map[string]any{"voters": b.writer.Identities()})
	if err != nil {
		return true, err
	}
	if stop, err := b.agree(ctx, run, len(p.Values), questions); stop || err != nil {
		return true, err
	}
	if err := fsutil.MakeFolders(b.Out); err != nil {
		return true, fsutil.Classify(err, b.Out)
	}
	store, err := judge.Open(filepath.Join(b.Out, VotesFile))
	if err != nil {
		return true, err
	}
	defer store.Close()
	asked, err := judge.New(ctx, b.writer, run, store)
	if err != nil {
		return true, err
	}
	w, err := newWriter(b.writer.Voters[0])
	if err != nil {
		return true, err
	}
	bar := b.bar("statements", int64(len(questions)))
	p.Questions, p.Out, err = w.all(ctx, asked, questions, bar)
	bar.Close()
	if err != nil {
		return true, judge.Resumable(err)
	}
	p.Runs = map[string]string{Writer: run.ID}
	p.Out = append([]Out{}, p.Out...)
	return false, b.leave(ctx, store, run)
}

// leave takes what the writer has used off the judges' budget.
func (b *Build) leave(ctx context.Context, store *judge.Store, run judge.Run) error {
	tokens, micro, _, err := store.Used(ctx, run.ID)
	if err != nil {
		return err
	}
	limits := &b.judges.Budget
	spent := limits.Tokens > 0 && tokens >= limits.Tokens || limits.Money > 0 && float64(micro)/1e6 >= limits.Money
	if spent {
		return judge.Resumable(fault.New(fault.Exhausted, "the statements have used the budget: raise it for the judges"))
	}
	if limits.Tokens > 0 {
		limits.Tokens -= tokens
	}
	if limits.Money > 0 {
		limits.Money -= float64(micro) / 1e6
	}
	return nil
}

func (b *Build) bar(label string, calls int64) Bar {
	if b.Bar == nil {
		return quiet{}
	}
	return b.Bar(label, calls)
}

// quiet shows nothing.
type quiet struct{}

func (quiet) Add(int64)     {}
func (quiet) Replay(int64)  {}
func (quiet) Suffix(string) {}
func (quiet) Close()        {}

// agree prints the estimate, statements and judges together, and asks for a budget or --yes where somebody is paid.
func (b *Build) agree(ctx context.Context, run judge.Run, values int, questions []survey.Question) (stop bool,
	err error) {
	const template, window, statement = 120, 340, 25 // tokens of a prompt's own words, of six texts, of a sentence
	course := judge.Course{Name: "all"}
	var options int64
	writer, calls := b.writer.Voters[0], int64(len(questions))
	for _, q := range questions {
		n := int64(len(q.Options))
		options += n
		course.Ask(writer, 1, template+llm.EstimateTokens(q.Asked(nil)), min(n*statement, int64(writer.MaxTokens)))
	}
	if b.Nearest > 0 {
		values = min(values, b.Nearest)
	}
	windows := options * int64(values) * int64(b.Score.M)
	for _, v := range b.judges.Voters {
		course.Ask(v, windows, windows*window, windows*min(int64(v.MaxTokens), 20))
	}
	course.Questions = calls + windows
	f := judge.Forecast{Items: len(questions), Noun: "questions", Budget: b.Config.Budget, Courses: []judge.Course{course}}
	if f.Stored, _, err = judge.Before(ctx, filepath.Join(b.Out, VotesFile), run.ID, nil); err != nil {
		return true, err
	}
	fmt.Fprintf(b.Stdout, "%d questions become %d statements; %d values × %d statements × %d windows are %d for each "+
		"judge\n", calls, options, values, options, b.Score.M, windows)
	if err := f.Write(b.Stdout); err != nil || b.DryRun {
		return true, err
	}
	err = f.Agreed(append([]judge.Voter{writer}, b.judges.Voters...), b.Yes, "lower --share")
	return err != nil, err
}

// usage is a mistake of the command line or the configuration.
func usage(format string, args ...any) error {
	return fault.Usage(fault.New(fault.Invalid, format, args...))
}

// write writes the folder's files, all of them or none. There is no time in them: equal answers make equal bytes.
func (p *Profiles) write(dir string) error {
	raw, err := indented(p)
	if err != nil {
		return err
	}
	return fsutil.WriteFiles(
		fsutil.File{Path: filepath.Join(dir, ProfilesFile), Write: func(w io.Writer) error {
			_, err := w.Write(raw)
			return err
		}},
		fsutil.File{Path: filepath.Join(dir, TableFile), Write: p.writeTable},
		fsutil.File{Path: filepath.Join(dir, PageFile), Write: p.writePage},
	)
}

// writeTable is a row a group and value. What is not there is an empty cell.
func (p *Profiles) writeTable(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"group", "attribute", "value_id", "questions", "strength", "lo", "hi", "apart", "apart_lo",
		"apart_hi", "effect", "level"}
	for _, by := range profiles.Scales {
		head = append(head, string(by))
	}
	out.Write(head) //nolint:errcheck // Flush tells
	cell := func(n Number) string {
		if !n.Known() {
			return ""
		}
		return strconv.FormatFloat(float64(n), 'g', -1, 64)
	}
	for _, g := range p.Groups {
		for v, f := range g.Values {
			row := []string{g.Slug, g.Attribute(), p.Values[v].ID, strconv.Itoa(f.Questions), cell(f.Strength), cell(f.Lo),
				cell(f.Hi), cell(f.Apart), cell(f.ApartLo), cell(f.ApartHi), strconv.FormatBool(f.Effect), string(f.Level)}
			for _, by := range profiles.Scales {
				row = append(row, cell(f.Scales[by]))
			}
			out.Write(row) //nolint:errcheck // Flush tells
		}
	}
	out.Flush()
	return out.Error()
}
