package steer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/llm"
	"hives/internal/talk"
)

// VectorJob is what hives steer vector does.
// The steps, with the sizes of the defaults:
//
//	57 questions → 20 about other values
//	20 × 5 instructions × 2 sides          200 answers, 100 pairs
//	logodds                                those pairs whose answers bear their instruction's mark
//	states                                 [L+1, H] of each answer, and their mean difference
type VectorJob struct {
	Value string
	// Theories are those that the value may be of.
	Theories theories.Set

	Model Local
	Judge Judge
	Out   string // folder; "" is Root and the value's name

	QuestionsFile string
	Questions     int // to draw
	Instructions  int // of each side
	Draws         int // answers a question, instruction and side
	MaxTokens     int
	Temperature   float64 // of several draws; a single one is greedy
	Filter        string
	Threshold     float64
	Seed          uint64

	Force, DryRun bool
	Stdout, Log   io.Writer
}

// VectorDefaults are the sizes of the paper's appendix, one greedy answer each.
// A single draw is greedy: one sample at temperature 1 would be one throw of the dice, and the same seed is to give the
// same vector on any machine that rounds alike.
func VectorDefaults() VectorJob {
	return VectorJob{Questions: 20, Instructions: Instructions, Draws: 1, MaxTokens: 128, Temperature: 1,
		Filter: FilterLogOdds, Threshold: 50, Seed: 1}
}

// validate refuses what does not go together, before a model is loaded. A filter that needs a judge is refused without
// one rather than run with the model that is steered: a model that grades its own answers finds what it was told to be.
func (o VectorJob) validate() error {
	bad := func(format string, args ...any) error { return fault.Usage(fault.New(fault.Invalid, format, args...)) }
	switch {
	case !slices.Contains(Filters, o.Filter):
		return bad("--filter %q: want one of %s", o.Filter, strings.Join(Filters, ", "))
	case (o.Filter == FilterJudge) != (o.Judge.Endpoint != ""):
		return bad("--filter judge and --judge-endpoint belong together: who judges must be another model than the one " +
			"steered")
	case (o.Judge.Endpoint == "") != (o.Judge.Model == ""):
		return bad("--judge-endpoint and --judge-model belong together")
	case !(o.Threshold > 0 && o.Threshold <= 100):
		return bad("--threshold %v: want a number above 0 and up to 100", o.Threshold)
	case o.Draws > 1 && !(o.Temperature > 0):
		return bad("--draws %d at --temperature %v gives the same answer each time: want a temperature above 0", o.Draws,
			o.Temperature)
	}
	return errors.Join(need("count", o.Questions, 1, 0), need("instructions", o.Instructions, 1, Instructions),
		need("draws", o.Draws, 1, 0), need("max-tokens", o.MaxTokens, 1, llm.MostTokens), o.sampling().Validate())
}

// sampling is how answers are chosen. Draws of one question differ by their seeds alone (answer).
func (o VectorJob) sampling() llm.Sampling {
	s := llm.Sampling{Temperature: o.Temperature, Seed: o.Seed, MaxTokens: o.MaxTokens}
	if o.Draws == 1 {
		s.Temperature = 0
	}
	return s
}

// RunVector samples answers for and against a value, keeps the pairs that show it, and writes the directions between
// them. Order matters: everything that can be refused without the model is refused before it is loaded, since loading
// takes seconds and a wrong name should not. The journal is removed last. A kill between the files and that leaves
// both, and the next start says that the vector is there.
func RunVector(ctx context.Context, o VectorJob) error {
	if err := o.validate(); err != nil {
		return err
	}
	t, err := FindTrait(o.Value, o.Theories)
	if err != nil {
		return err
	}
	all, err := ReadQuestions(o.QuestionsFile)
	if err != nil {
		return err
	}
	qs, err := chooseQuestions(all, t, o.Questions, o.Seed)
	if err != nil {
		return err
	}
	samples, dir := plan(t, qs, o.Instructions, o.Draws), folder(o.Out, t)
	if o.DryRun {
		return o.forecast(t, samples, dir)
	}
	path := filepath.Join(dir, VectorFile)
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) && !o.Force {
		return fault.New(fault.Exists, "%s is there already: --force makes it anew, --out names another folder", path)
	}
	m, err := o.Model.Open(ctx)
	if err != nil {
		return err
	}
	defer m.Close()
	fmt.Fprintln(o.Log, m.Describe())
	return o.build(ctx, m, t, o.about(t, qs, m.Identity()), samples, dir)
}

// build is the work behind the checks: answers, filter, states, files.
func (o VectorJob) build(ctx context.Context, m *talk.Model, t Trait, about map[string]string, samples []Sample,
	dir string) error {
	j, err := openJournal(filepath.Join(dir, "vector.journal.jsonl"), about)
	if err != nil {
		return err
	}
	defer j.close()
	// An error that comes after the first answers is one that keeps them: its exit code says that going on is worth it.
	if err := o.sample(ctx, m, t, samples, j); err != nil {
		return fault.Saved(err)
	}
	kept, err := o.choose(samples)
	if err != nil {
		return err
	}
	pairs, err := look(ctx, m, t, samples, kept)
	if err != nil {
		return fault.Saved(err)
	}
	// What the file says of itself is what the journal said, and what the filter did.
	v := newVectors(pairs, o.Seed)
	v.About = maps.Clone(about)
	maps.Copy(v.About, map[string]string{
		formatKey: format, keptKey: strconv.Itoa(len(kept)), "pairs": strconv.Itoa(len(samples) / 2), "filter": o.Filter,
		"threshold": fmt.Sprint(o.Threshold),
	})
	if err := o.write(dir, v, samples); err != nil {
		return err
	}
	if err := j.remove(); err != nil {
		return err
	}
	v.describe(o.Stdout, dir, len(samples)/2)
	return nil
}

// about is what answers and their grades depend on. The filter is not in it: one that left too few pairs can be
// replaced by another, and no answer is asked for again.
func (o VectorJob) about(t Trait, qs []Question, id llm.Identity) map[string]string {
	out := identity(id)
	s := o.sampling()
	maps.Copy(out, map[string]string{
		valueKey: t.ValueID, "definition": t.Definition, "questions": names(qs),
		"instructions": strconv.Itoa(o.Instructions), "draws": strconv.Itoa(o.Draws),
		"max_tokens": strconv.Itoa(o.MaxTokens), "temperature": fmt.Sprint(s.Temperature),
		"seed":  strconv.FormatUint(o.Seed, 10),
		"judge": o.Judge.Endpoint + " " + o.Judge.Model,
	})
	return out
}

// forecast says what a run takes, and opens nothing. Tokens are bounds, not guesses: answers end where the model ends
// them, mostly before the last token they may have. The first instruction of each side is shown, for who reads it may
// find that the value's name is no word for a person.
func (o VectorJob) forecast(t Trait, samples []Sample, dir string) error {
	fmt.Fprintf(o.Stdout, "value          %s: %s\n", t.ValueID, t.Definition)
	fmt.Fprintf(o.Stdout, "for            %s\n", t.Instruction(For, 0))
	fmt.Fprintf(o.Stdout, "against        %s\n", t.Instruction(Against, 0))
	fmt.Fprintf(o.Stdout, "answers        %d in %d pairs, up to %d tokens each: %d tokens to write at the most\n",
		len(samples), len(samples)/2, o.MaxTokens, len(samples)*o.MaxTokens)
	switch o.Filter {
	case FilterLogOdds:
		fmt.Fprintf(o.Stdout, "filter         logodds: %d answers are scored under two instructions, %d tokens at the "+
			"most and as many prompts\n",
			len(samples), 2*len(samples)*o.MaxTokens)
	case FilterJudge:
		fmt.Fprintf(o.Stdout, "filter         judge: %d requests to %s\n", 2*len(samples), o.Judge.Endpoint)
	}
	fmt.Fprintf(o.Stdout, "writes         %s\n", filepath.Join(dir, VectorFile))
	return nil
}

// sample answers, and gives the answers what the filter looks at.
// Two bars, since the two take unlike times: an answer is written token by token, and graded in one pass.
func (o VectorJob) sample(ctx context.Context, m *talk.Model, t Trait, samples []Sample, j *journal) error {
	bar := cli.NewProgress("answers", "answers", int64(len(samples)), 0)
	bar.Phase("compiling")
	err := answer(ctx, m, t, samples, o.sampling(), j, bar)
	bar.Close()
	if err != nil || o.Filter == FilterNone {
		return err
	}
	// The second bar counts what the filter looks at; nothing is looked at twice after a stop.
	bar = cli.NewProgress("filter", "answers", int64(len(samples)), 0)
	defer bar.Close()
	if o.Filter == FilterLogOdds {
		return scoreOdds(ctx, m, t, samples, j, bar)
	}
	judge, err := o.Judge.Open()
	if err != nil {
		return err
	}
	defer judge.Close()
	return grade(ctx, judge, t, samples, j, bar)
}

// choose marks the pairs that the filter keeps.
// What a filter looks at stands in the samples by now, so choosing again by another costs nothing.
func (o VectorJob) choose(samples []Sample) ([]int, error) {
	passes := map[string]func(Sample) bool{
		FilterNone: func(Sample) bool { return true }, FilterLogOdds: marked, FilterJudge: judged(o.Threshold),
	}
	return keep(samples, o.Filter, passes[o.Filter])
}

// look reads the states of both answers of the kept pairs. Each answer is read behind the instruction that it was given
// under: the vector is the difference between being told the one and being told the other, seen where the answer is.
// States are not kept in the journal: they take one pass, where writing the answer took one a token, and would be
// megabytes.
func look(ctx context.Context, m *talk.Model, t Trait, samples []Sample, kept []int) ([]pair, error) {
	bar := cli.NewProgress("states", "pairs", int64(len(kept)), 0)
	defer bar.Close()
	bar.Phase("compiling")
	var out []pair
	for part := range slices.Chunk(kept, talk.DefaultRows) {
		var as []talk.Answered
		for _, n := range part {
			as = append(as, samples[2*n].answered(t, For), samples[2*n+1].answered(t, Against))
		}
		states, err := m.States(ctx, as)
		if err != nil {
			return nil, err
		}
		for n := range part {
			out = append(out, pair{states[2*n], states[2*n+1]})
		}
		bar.Add(int64(len(part)))
	}
	return out, nil
}

// write puts both files into the folder, together.
// The vectors' name is renamed last, so a folder with a vector has its samples too.
func (o VectorJob) write(dir string, v *Vectors, samples []Sample) error {
	return fsutil.WriteFiles(
		fsutil.File{Path: filepath.Join(dir, "samples.parquet"), Write: func(w io.Writer) error {
			return writeSamples(w, samples)
		}},
		fsutil.File{Path: filepath.Join(dir, VectorFile), Write: v.encode},
	)
}

// writeSamples writes rows whose bytes depend on them alone.
// The library would write its own version and the time otherwise.
func writeSamples(w io.Writer, samples []Sample) error {
	out := parquet.NewGenericWriter[Sample](w, parquet.Compression(&parquet.Snappy), parquet.CreatedBy("hives", "1", ""),
		parquet.KeyValueMetadata("hives.kind", "steer samples"), parquet.KeyValueMetadata("hives.version", "1"))
	if _, err := out.Write(samples); err != nil {
		return err
	}
	return out.Close()
}

// describe prints how long each layer's vector is beside the states that it is added to. Two ratios tell at once what a
// vector is worth. |v|/|state| says which coefficients make sense: of .05 a coefficient of 10 moves by half of a
// state's length. |shuffled|/|v| says how much of the length is what any two sets of answers differ by: near 1 the
// sides have nothing in common, and the vector is noise.
func (v *Vectors) describe(w io.Writer, dir string, pairs int) {
	fmt.Fprintf(w, "%s: %s of %d pairs kept\n", filepath.Join(dir, VectorFile), v.About[keptKey], pairs)
	fmt.Fprintln(w, "layer  |v|      |state|  |v|/|state|  |shuffled|/|v|")
	for l, row := range v.Response {
		fmt.Fprintf(w, "%5d  %-7.4g  %-7.4g  %-11.3f  %.3f\n", l, norm(row), v.Residual[l],
			norm(row)/float64(v.Residual[l]), norm(v.Shuffled[l])/norm(row))
	}
}
