package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"hives/data"
	"hives/data/corpora"
	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/evaluate"
	"hives/pack"
	"hives/samplers"
)

// growthRows say how work grows with its size, on one thread where no goal is of more.
func (b *bench) growthRows() []row {
	decades := []int{1_000, 10_000, 100_000}
	file := filepath.Join(b.work, "vectors-100000.f32")
	rows := []row{
		{name: "grow-import", work: "import, rows of a CSV", sizes: []int{10_000, 30_000, 100_000},
			ours: b.worker("import", b.work)},
		{name: "grow-pack", work: "packing, texts", sizes: []int{10_000, 100_000, 1_000_000}, ours: b.worker("pack")},
		{name: "grow-sample", work: "sampling an epoch, rows", sizes: []int{10_000, 30_000, 100_000},
			ours: b.worker("sample")},
		{name: "grow-evaluate", work: "evaluate with its controls, rows", sizes: []int{2_000, 4_000, 10_000}, rounds: 1,
			prepare: func() error { _, err := b.demoRows(); return err },
			ours:    b.worker("evaluate", filepath.Join(b.work, "rows.parquet")), goal: goal{atMost: 10, cores: 2}},
		{name: "grow-search", work: "search, stored vectors", sizes: []int{10_000, 30_000, 100_000},
			prepare: func() error { return b.vectors(file, 100_000) }, ours: b.worker("search", file)},
		{name: "grow-rank", work: "ranking, texts with 30 pairs each", sizes: decades,
			ours: b.worker("rank", "ghost:0.5", "1.6")},
	}
	for i := range rows {
		rows[i].unit, rows[i].threads = "s", 1
		if rows[i].goal.cores > 1 { // seconds of the clock, with all cores
			rows[i].threads = 0
		}
	}
	return rows
}

func lastNumber(args []string) (int, error) {
	if len(args) == 0 {
		return 0, errors.New("no size")
	}
	return strconv.Atoi(args[len(args)-1])
}

// importWorker reads made-up rows in the form of the VALUEFLOW authors' CSV: FOLDER ROWS.
func importWorker(_ context.Context, args []string) error {
	n, err := lastNumber(args)
	if err != nil {
		return err
	}
	in := filepath.Join(args[0], fmt.Sprintf("import-%d", n))
	if err := os.MkdirAll(in, 0o755); err != nil {
		return err
	}
	if err := writeCSV(filepath.Join(in, "rows.csv"), n); err != nil {
		return err
	}
	return turns(func() (answer, error) {
		_, err := corpora.ImportFile("valueflow", corpora.Options{In: in}, filepath.Join(args[0], "import.parquet"))
		return answer{}, err
	})
}

// writeCSV repeats one text in ten, and contradicts it in one of a hundred of these.
func writeCSV(path string, rows int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	paths := []string{"mft,care/harm,kindness", "pvq,conservation,tradition", "duty,fidelity,",
		"right,first_generation,civil_rights",
		"pvq,openness to change,hedonism"}
	fmt.Fprintln(w, "text,theory,level_1,level_2,level_3,direction,selected_individual,selected_anchor")
	for i := range rows {
		text, direction := i, 1
		if i%10 == 0 {
			text = i / 20
		}
		if i%1000 == 0 {
			direction = -1
		}
		fmt.Fprintf(w, "case %d: we asked her %d times to keep what was promised on the long way home although nobody knew ",
			text, text%17)
		fmt.Fprintf(w, "%d,%s,,%d,%d,%d\n", text*7919%10007, paths[text%len(paths)], direction, text%400, text%500)
	}
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// packWorker packs texts whose lengths are spread like those of the demo's corpora: TEXTS.
func packWorker(_ context.Context, args []string) error {
	n, err := lastNumber(args)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(5, 1))
	texts := make([][]int32, n)
	for i := range texts {
		texts[i] = make([]int32, min(256, 1+int(math.Exp(3+.6*r.NormFloat64()))))
	}
	return turns(func() (answer, error) {
		_, err := pack.Many(texts, local.Shapes(256))
		return answer{}, err
	})
}

// sampleWorker makes a sampler and draws an epoch: ROWS.
func sampleWorker(_ context.Context, args []string) error {
	n, err := lastNumber(args)
	if err != nil {
		return err
	}
	labels := drawLabels(n)
	return turns(func() (answer, error) {
		s, err := samplers.NewIntraTheory(labels, samplers.DefaultIntraTheory())
		if err != nil {
			return answer{}, err
		}
		for step := range s.BatchesPerEpoch() {
			s.Batch(step)
		}
		return answer{}, nil
	})
}

// drawLabels has two theories of twenty values each, of unlike frequency, and 3.4 rows a text.
func drawLabels(n int) *data.Labels {
	r := rand.New(rand.NewPCG(10, 0))
	l := &data.Labels{TheoryNames: []string{"svt", "mft"}, CorpusNames: []string{"a", "b"}}
	for i := range n {
		theory, text := int32(i*2/n), int32(i*10/34)
		node := int32(math.Sqrt(r.Float64()*400)) + 20*theory
		l.Theory, l.Levels = append(l.Theory, theory), append(l.Levels, [3]int32{node / 5, node, data.Missing})
		l.Direction = append(l.Direction, int32(r.IntN(2)*2-1))
		l.Text, l.Corpus = append(l.Text, text), append(l.Corpus, text%2)
	}
	return l
}

// drawn gives every text a random vector of 384 numbers that is its own.
type drawn struct{}

func (drawn) Encode(_ context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(inputs))
	for i, in := range inputs {
		h := fnv.New64a()
		h.Write([]byte(in.Text))
		r, square := rand.New(rand.NewPCG(h.Sum64(), 1)), 0.0
		v := make([]float64, 384)
		for k := range v {
			v[k] = r.NormFloat64()
			square += v[k] * v[k]
		}
		for _, x := range v {
			out[i] = append(out[i], float32(x/math.Sqrt(square)))
		}
	}
	return out, encoder.Identity{Name: "drawn", Dimension: 384}, nil
}

// evaluateWorker makes all figures of hives evaluate, the seven controls too; vectors cost nothing. Controls are
// fitted to as many rows as are measured, of other texts: ROWS.parquet N.
func evaluateWorker(ctx context.Context, args []string) error {
	n, err := lastNumber(args)
	if err != nil {
		return err
	}
	all, err := data.Read(args[0])
	if err != nil {
		return err
	}
	measured, rest := textsOf(all, n)
	train := rest[:min(n, len(rest))]
	return turns(func() (answer, error) {
		b, err := evaluate.NewBench(slices.Clone(measured), evaluate.Options{Seed: 1, TrainRows: train})
		if err != nil {
			return answer{}, err
		}
		_, err = b.Evaluate(ctx, evaluate.Fixed("model", drawn{}), nil)
		return answer{}, err
	})
}

// textsOf takes texts from all over the rows until it has n rows, and leaves the rest to fit controls to.
func textsOf(all []data.Row, n int) (some, rest []data.Row) {
	byText := map[string][]data.Row{}
	var ids []string
	for _, r := range all {
		if byText[r.TextID] == nil {
			ids = append(ids, r.TextID)
		}
		byText[r.TextID] = append(byText[r.TextID], r)
	}
	slices.Sort(ids) // hashes: in no order of the corpora
	for _, id := range ids {
		if len(some) < n {
			some = append(some, byText[id]...)
		} else {
			rest = append(rest, byText[id]...)
		}
	}
	return some, rest
}
