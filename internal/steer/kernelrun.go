package steer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/llm"
	"hives/internal/steer/kernel"
	"hives/internal/talk"
	"hives/metrics"
)

// KernelJob is what hives steer kernel does. Values and Embedder are two sources of one thing, a unit vector a value:
// one that rows of corpora made, or one that an encoder makes of words.
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

// KernelDefaults are those of the paper's appendix where it names them. A latent bias is the default: a soft prompt has
// five times the numbers, and takes positions that every answer pays for.
func KernelDefaults() KernelJob {
	return KernelJob{Out: filepath.Join(Root, "kernel"), Form: string(kernel.LatentBias), Prompt: 8, Width: 256,
		Steps: 200, Batch: 8, Rate: 1e-3, Seed: 1, Resamples: 2000}
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

// kernelRun is a job under way.
// all are the rows as read, part who is trained on and who is held out.
type kernelRun struct {
	KernelJob
	all  *kernelRows
	part *parted
	m    *talk.Model
	j    *journal
}

// Transfer is kernel.json: what each kernel does to values that were trained on, by other questions, and to those that
// were not. Kernels stand in the order of variants, the instruction last: what the vectors give is the first beside the
// second and third, what could be had the last.
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
// Cost and even part are in the effects: a kernel that breaks the model has a large one and says nothing.
type Learned struct {
	Name   string  `json:"name"`
	Loss   float64 `json:"loss"` // mean of the last tenth of the steps; 0 for the instruction
	Seen   Effect  `json:"seen"`
	Unseen Effect  `json:"held_out"`
}

// RunKernel trains the kernels and measures them.
// Vectors are made before the language model is loaded, so that the encoder and it are not in memory together.
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

// about is what the figures depend on.
// Vectors and rows go in by digest and not by path: a file that was replaced would mix two kernels.
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

// shape is that of the kernel for vectors of a width.
// In the middle of the layers a model has read the words and has not chosen them yet; nothing was measured for it here.
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
// All kernels have the same seed, batches and steps: they differ in what they are told alone.
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
//
//	pairs     seen …  seen | held out … held out
//	scores    cut at the line, and each part bootstrapped by itself
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
// A row's own system message gives way to the instruction: two would be more than a template has room for.
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

// forecast says what a run takes, and opens nothing.
// A step is a pass forward and one back through all layers: some three times what scoring its rows takes.
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
// Cost is that on held-out values, where a kernel may say anything.
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
