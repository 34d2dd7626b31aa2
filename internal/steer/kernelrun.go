package steer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/encoder"
	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/llm"
	"hives/internal/steer/kernel"
	"hives/internal/talk"
	"hives/metrics"
	"hives/values"
)

// KernelJob is what hives steer kernel does.
type KernelJob struct {
	Theories theories.Set
	Model    Local
	Out      string

	Values   string   // file of value vectors …
	Embedder string   // … or model folder that embeds names and definitions
	RowsFile string   // "": made of the sub-values of ten values
	HeldOut  []string // values; none: two that the seed draws

	Form      string
	Prompt    int   // rows of a soft prompt
	Layers    []int // of a latent bias; nil: the middle one
	Width     int
	Steps     int
	Batch     int
	Rate      float64
	Seed      uint64
	Resamples int

	DryRun      bool
	Stdout, Log io.Writer
}

// KernelDefaults are those of the paper's appendix where it names them.
func KernelDefaults() KernelJob {
	return KernelJob{Out: filepath.Join(Root, "kernel"), Form: string(kernel.LatentBias), Prompt: 8, Width: 256,
		Steps: 200,
		Batch: 8, Rate: 1e-3, Seed: 1, Resamples: 2000}
}

// validate refuses what does not go together, before a model is loaded.
func (o KernelJob) validate() error {
	bad := func(format string, args ...any) error { return fault.Usage(fault.New(fault.Invalid, format, args...)) }
	switch {
	case (o.Values == "") == (o.Embedder == ""):
		return bad("give either --values, a file that hives vectors build made, or --embedder, a model folder")
	case !slices.Contains(kernel.Forms, kernel.Form(o.Form)):
		return bad("--form %q: want one of %v", o.Form, kernel.Forms)
	case o.Form != string(kernel.LatentBias) && o.Layers != nil:
		return bad("--layers belongs to --form %s", kernel.LatentBias)
	case !(o.Rate > 0) || math.IsInf(o.Rate, 0):
		return bad("--rate %v: want a number above 0", o.Rate)
	}
	return errors.Join(need("prompt-rows", o.Prompt, 1, 0), need("width", o.Width, 1, 0), need("steps", o.Steps, 1, 0),
		need("batch-size", o.Batch, 1, 0), need("resamples", o.Resamples, 100, 0))
}

// variants are what a kernel is told of a value. Only the first knows which values are alike: what it does to values
// that it was not trained on, and the others do not, is what the vectors carry.
var variants = []string{"vector", "one-hot", "shuffled vectors"}

// kernelRun is a job under way.
type kernelRun struct {
	KernelJob
	all  *kernelRows
	part *parted
	m    *talk.Model
	j    *journal
}

// Transfer is kernel.json: what each kernel does to values that were trained on, by other questions, and to those that
// were not.
type Transfer struct {
	Format     string            `json:"format"`
	About      map[string]string `json:"about"`
	Form       string            `json:"form"`
	Values     []string          `json:"values"`
	HeldOut    []string          `json:"held_out"`
	Parameters int64             `json:"parameters"`
	Rows       int               `json:"rows"`
	Pairs      [2]int            `json:"pairs"` // seen values, held-out values
	Kernels    []Learned         `json:"kernels"`
}

// Learned is one kernel, or the instruction in its place.
type Learned struct {
	Name   string  `json:"name"`
	Loss   float64 `json:"loss"` // mean of the last tenth of the steps; 0 for the instruction
	Seen   Effect  `json:"seen"`
	Unseen Effect  `json:"held_out"`
}

// RunKernel trains the kernels and measures them.
func RunKernel(ctx context.Context, o KernelJob) error {
	if err := o.validate(); err != nil {
		return err
	}
	k := &kernelRun{KernelJob: o}
	var err error
	if k.all, err = readKernelRows(o.RowsFile, o.Theories); err != nil {
		return err
	}
	if k.part, err = k.all.part(o.HeldOut, o.Theories, o.Seed); err != nil {
		return err
	}
	if o.DryRun {
		return k.forecast()
	}
	vectors, err := k.vectors(ctx)
	if err != nil {
		return err
	}
	if k.m, err = o.Model.Open(ctx); err != nil {
		return err
	}
	defer k.m.Close()
	fmt.Fprintln(o.Log, k.m.Describe())
	about, err := k.about(vectors)
	if err != nil {
		return err
	}
	if k.j, err = openJournal(filepath.Join(o.Out, "kernel.journal.jsonl"), about); err != nil {
		return err
	}
	defer k.j.close()
	out, err := k.run(ctx, vectors, about)
	if err != nil {
		return fault.Saved(err)
	}
	raw, err := json.MarshalIndent(out, "", " ")
	if err != nil {
		return err
	}
	if err := fsutil.WriteBytes(filepath.Join(o.Out, "kernel.json"), append(raw, '\n')); err != nil {
		return err
	}
	if err := k.j.remove(); err != nil {
		return err
	}
	out.describe(o.Stdout, o.Out)
	return nil
}

// vectors are the values' unit vectors [value][E]: those of the file, or the mean of what an encoder makes of name and
// definition.
func (k *kernelRun) vectors(ctx context.Context) (out [][]float32, err error) {
	if k.Values != "" {
		set, err := values.Open(k.Values)
		if err != nil {
			return nil, err
		}
		for _, t := range k.all.traits {
			at := slices.IndexFunc(set.Values, func(v values.Value) bool { return v.ID == t.ValueID })
			if at < 0 || set.Values[at].Vector == nil {
				return nil, fault.New(fault.Invalid, "%s has no vector of %s: take another file, or --embedder", k.Values,
					t.ValueID)
			}
			out = append(out, scaled(set.Values[at].Vector, 1))
		}
		return out, nil
	}
	enc, done, err := embedder.Open(ctx, embedder.Options{Model: k.Embedder}, k.Log)
	if err != nil {
		return nil, err
	}
	defer done()
	var texts []encoder.Input
	for _, t := range k.all.traits {
		texts = append(texts, encoder.Input{Text: t.Name}, encoder.Input{Text: t.Definition})
	}
	got, _, err := enc.Encode(ctx, texts)
	if err != nil {
		return nil, err
	}
	for n := range k.all.traits {
		mean := make([]float32, len(got[2*n]))
		for d := range mean {
			mean[d] = got[2*n][d] + got[2*n+1][d]
		}
		out = append(out, scaled(mean, 1))
	}
	return out, nil
}

// about is what the figures depend on.
func (k *kernelRun) about(vectors [][]float32) (map[string]string, error) {
	out := identity(k.m.Identity())
	set := k.KernelJob
	set.Theories, set.Model, set.Out, set.Values, set.Embedder, set.DryRun, set.Stdout, set.Log = theories.Set{},
		Local{}, "", "", "", false, nil, nil
	raw, err := json.Marshal(set)
	if err != nil {
		return nil, err
	}
	var rows []string
	for _, r := range k.all.rows {
		rows = append(rows, fmt.Sprint(r.key, r.messages, r.answer, r.level, r.held))
	}
	maps.Copy(out, map[string]string{"settings": string(raw), "vectors": digest(vectors), "rows_sha256": digest(rows)})
	return out, nil
}

// told is what a variant's kernel is given of each value. The shuffled vectors are those of other values, none its own.
func told(variant string, vectors [][]float32, seed uint64) [][]float32 {
	out := make([][]float32, len(vectors))
	switch variant {
	case "vector":
		return vectors
	case "one-hot":
		for n := range out {
			out[n] = make([]float32, len(vectors))
			out[n][n] = 1
		}
	default:
		order := rand.New(rand.NewPCG(seed, 6)).Perm(len(vectors))
		for n, at := range order { // a cycle: the value at a place gets the vector of the next place
			out[at] = vectors[order[(n+1)%len(order)]]
		}
	}
	return out
}

// shape is that of the kernel for vectors of a width.
func (k *kernelRun) shape(in int) kernel.Shape {
	s := kernel.Shape{Form: kernel.Form(k.Form), Rows: k.Prompt, Width: k.Width, In: in}
	if s.Form == kernel.LatentBias {
		s.Rows, s.Layers = 0, k.Layers
		if s.Layers == nil {
			s.Layers = []int{max(1, k.m.Layers()/2)}
		}
	}
	return s
}

// run trains a kernel of each variant, and measures each and the instruction.
func (k *kernelRun) run(ctx context.Context, vectors [][]float32, about map[string]string) (*Transfer, error) {
	out := &Transfer{
		Format: "hives.steer.kernel/1", About: about, Form: k.Form, Rows: len(k.part.train), Pairs: [2]int{len(k.part.seen),
			len(k.part.new)},
		Parameters: k.shape(len(vectors[0])).Parameters(k.m.Hidden()),
	}
	for n, t := range k.all.traits {
		out.Values = append(out.Values, t.ValueID)
		if slices.Contains(k.part.held, n) {
			out.HeldOut = append(out.HeldOut, t.ValueID)
		}
	}
	fmt.Fprintf(k.Log, "%d parameters, %d rows to train on; held out: %s\n", out.Parameters, out.Rows,
		strings.Join(out.HeldOut, ", "))
	none, err := k.plain(ctx, "none", func(levelled) string { return "" })
	if err != nil {
		return nil, err
	}
	var by [2]scores
	for n, side := range []Side{For, Against} {
		if by[n], err = k.plain(ctx, "instruction "+string(side), func(r levelled) string {
			return k.all.traits[r.trait].Instruction(side, 0)
		}); err != nil {
			return nil, err
		}
	}
	for _, variant := range variants {
		l, plus, minus, err := k.learn(ctx, variant, told(variant, vectors, k.Seed))
		if err != nil {
			return nil, err
		}
		k.measure(&l, none, plus, minus)
		out.Kernels = append(out.Kernels, l)
	}
	l := Learned{Name: promptName}
	k.measure(&l, none, by[0], by[1])
	out.Kernels = append(out.Kernels, l)
	return out, nil
}

// pairs are all that are measured: of seen values, then of held-out ones.
func (k *kernelRun) pairs() [][2]levelled { return slices.Concat(k.part.seen, k.part.new) }

// measure parts scores of all pairs into both kinds.
func (k *kernelRun) measure(l *Learned, none, plus, minus scores) {
	n := len(k.part.seen)
	cut := func(s scores, from, to int) scores {
		return scores{s.For[from:to], s.Against[from:to], s.Tokens[from:to]}
	}
	of := func(from, to int) Effect {
		if from == to {
			return Effect{Name: l.Name}
		}
		return effect(l.Name, metrics.NewResamples(to-from, k.Resamples, k.Seed), cut(none, from, to), cut(plus, from, to),
			cut(minus, from, to))
	}
	l.Seen, l.Unseen = of(0, n), of(n, n+len(k.part.new))
}

// plain scores all pairs without a kernel, each under a system message of its own.
func (k *kernelRun) plain(ctx context.Context, key string, system func(levelled) string) (s scores, err error) {
	if k.j.get(key, &s) {
		return s, nil
	}
	var qs []llm.ScoreRequest
	for _, p := range k.pairs() {
		messages := p[0].messages
		if text := system(p[0]); text != "" {
			if messages[0].Role == llm.System {
				messages = messages[1:]
			}
			messages = append([]llm.Message{{Role: llm.System, Content: text}}, messages...)
		}
		qs = append(qs, llm.ScoreRequest{Messages: messages, Options: []string{p[0].answer, p[1].answer}})
	}
	if ctx.Err() != nil {
		return s, fault.New(fault.Canceled, "stopped: %w", context.Cause(ctx))
	}
	all, err := k.m.Score(ctx, qs)
	if err != nil {
		return s, err
	}
	for _, one := range all {
		s.For, s.Against = append(s.For, one.Total[0]), append(s.Against, one.Total[1])
		s.Tokens = append(s.Tokens, len(one.Token[0])+len(one.Token[1]))
	}
	return s, k.j.put(key, s)
}

// learned is what the journal keeps of a kernel.
type learned struct {
	Loss        float64
	Plus, Minus scores
}

// learn trains one kernel and scores all pairs at both ends of the scale.
func (k *kernelRun) learn(ctx context.Context, variant string, e [][]float32) (l Learned, plus, minus scores,
	err error) {
	l.Name = variant
	var kept learned
	if k.j.get(variant, &kept) {
		l.Loss = kept.Loss
		return l, kept.Plus, kept.Minus, nil
	}
	weights, options := k.m.Decoder()
	made, err := kernel.New(weights, k.shape(len(e[0])), k.Seed)
	if err != nil {
		return l, plus, minus, err
	}
	train, err := k.tokens(k.part.train, e, nil)
	if err != nil {
		return l, plus, minus, err
	}
	var measured []levelled
	for _, p := range k.pairs() {
		measured = append(measured, p[:]...)
	}
	var ends [2][]kernel.Row
	for n, c := range []float64{2, -2} {
		if ends[n], err = k.tokens(measured, e, &c); err != nil {
			return l, plus, minus, err
		}
	}
	t, err := kernel.NewTrainer(made, options.Backend, options.Arith, k.Batch, slices.Concat(train, ends[0]))
	if err != nil {
		return l, plus, minus, err
	}
	defer t.Close()
	if kept.Loss, err = k.train(ctx, t, train, variant); err != nil {
		return l, plus, minus, err
	}
	if kept.Plus, err = k.scores(t, ends[0]); err == nil {
		kept.Minus, err = k.scores(t, ends[1])
	}
	if err != nil {
		return l, plus, minus, err
	}
	l.Loss = kept.Loss
	return l, kept.Plus, kept.Minus, k.j.put(variant, kept)
}

// train runs the steps and returns the mean loss of their last tenth.
func (k *kernelRun) train(ctx context.Context, t *kernel.Trainer, rows []kernel.Row, variant string) (float64, error) {
	bar := cli.NewProgress(variant, "steps", int64(k.Steps), 0)
	bar.Phase("compiling")
	defer bar.Close()
	var losses []float64
	err := t.Train(ctx, rows, k.Steps, k.Rate, k.Seed, func(loss float64) {
		losses = append(losses, loss)
		bar.Suffix(fmt.Sprintf("loss %.3f", loss))
		bar.Add(1)
	})
	if err != nil {
		return 0, err
	}
	last := losses[len(losses)-max(1, len(losses)/10):]
	return sum(last) / float64(len(last)), nil
}

// tokens are rows as a kernel reads them, at their own level or at c.
func (k *kernelRun) tokens(rows []levelled, e [][]float32, c *float64) (out []kernel.Row, err error) {
	for _, r := range rows {
		one := kernel.Row{Vector: e[r.trait], Level: r.level}
		if c != nil {
			one.Level = *c
		}
		if one.Prompt, one.Answer, err = k.m.Tokens(r.messages, r.answer); err != nil {
			return nil, fmt.Errorf("row %s: %w", r.key, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// scores of pairs that stand side by side, the answer for before the one against.
func (k *kernelRun) scores(t *kernel.Trainer, rows []kernel.Row) (s scores, err error) {
	all, err := t.Score(rows)
	for n := 0; err == nil && n < len(all); n += 2 {
		s.For, s.Against = append(s.For, all[n]), append(s.Against, all[n+1])
		s.Tokens = append(s.Tokens, len(rows[n].Answer)+len(rows[n+1].Answer))
	}
	return s, err
}

// forecast says what a run takes, and opens nothing.
func (k *kernelRun) forecast() error {
	var held []string
	for _, at := range k.part.held {
		held = append(held, k.all.traits[at].ValueID)
	}
	fmt.Fprintf(k.Stdout, "values         %d, held out: %s\n", len(k.all.traits), strings.Join(held, ", "))
	fmt.Fprintf(k.Stdout, "train          %d kernels of %d steps × %d rows, of %d\n", len(variants), k.Steps, k.Batch,
		len(k.part.train))
	fmt.Fprintf(k.Stdout, "measure        %d pairs of other questions, %d pairs of held-out values: %d answers scored\n",
		len(k.part.seen), len(k.part.new), len(k.pairs())*2*(3+2*len(variants)))
	return nil
}

// describe prints the table.
func (r *Transfer) describe(w io.Writer, dir string) {
	fmt.Fprintf(w, "%s, %d parameters, %d rows of %d values; held out: %s\n", r.Form, r.Parameters, r.Rows,
		len(r.Values)-len(r.HeldOut),
		strings.Join(r.HeldOut, ", "))
	fmt.Fprintf(w, "odd part of the log-odds between c 2 and −2 [95 %%], %d pairs of seen values and %d of held-out "+
		"ones\n\n", r.Pairs[0], r.Pairs[1])
	fmt.Fprintf(w, "%-18s %-6s %-28s %-28s %s\n", "told", "loss", "seen, other questions", "held-out values", "cost")
	for _, l := range r.Kernels {
		fmt.Fprintf(w, "%-18s %-6.3f %+-7.3f [%+.3f, %+.3f]    %+-7.3f [%+.3f, %+.3f]    %.3f\n", l.Name, l.Loss,
			l.Seen.Odd.Mean, l.Seen.Odd.Low,
			l.Seen.Odd.High, l.Unseen.Odd.Mean, l.Unseen.Odd.Low, l.Unseen.Odd.High, l.Unseen.Cost)
	}
	fmt.Fprintf(w, "\n%s\n", filepath.Join(dir, "kernel.json"))
}
