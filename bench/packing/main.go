// Command packing measures how much of what training computes is text: it draws the batches of Stage 1, chooses
// shapes from one part of them and packs another, and sets packing beside padding. It is a measurement, not a part
// of HiVES.
//
//	go run ./bench/packing --rows all.parquet
//
// Three questions, in the order of its output. How full are the batches of training, in shapes that were chosen
// from other batches? (measure) How full are those of an encoder, by how many texts it gets at a time? (embedded)
// What does a daemon lose that packs what has come, beside one who knew all texts? (inLine) docs/PACKING.md has the
// answers.
//
// Nothing is computed with the texts: a shape's cost is counted in positions, with attention's share (--attention).
// So it needs no engine and no model, only a tokenizer, and its counts are the same on every machine.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"time"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/encoder/local"
	"hives/pack"
	"hives/samplers"
	"hives/tokenizer"
)

// main measures, in the order of the three questions; the first error ends it.
func main() {
	rows := flag.String("rows", "", "Parquet of hives data merge or split")
	tok := flag.String("tokenizer", "demo/model/tokenizer.json", "tokenizer.json")
	maxLength := flag.Int("max-length", 256, "tokens a text, the end token included")
	batchSize := flag.Int("batch-size", 64, "texts a step")
	sampled := flag.Int("sampled", 1000, "batches from which shapes are chosen")
	measured := flag.Int("measured", 4000, "later batches that are packed")
	shapes := flag.Int("shapes", pack.MaxShapes, "shapes at most")
	attention := flag.Float64("attention", pack.Attention, "row length at which attention costs as much as the rest")
	// Negatives decide which texts meet: those of a corpus alone are more alike in length.
	negatives := flag.String("negatives", "theory", "theory or corpus")
	// More than one wants rows in multiples of it, which costs fill.
	devices := flag.Int("devices", 1, "that share the rows of a batch")
	flag.Parse()
	lengths, batch, err := prepare(*rows, *tok, *maxLength, *batchSize, *negatives)
	if err == nil {
		c := pack.Choice{Texts: *batchSize, Longest: *maxLength, Max: *shapes, Attention: *attention, Devices: *devices}
		if err = measure(lengths, batch, c, *sampled, *measured); err == nil {
			err = embedded(lengths, *maxLength)
		}
		if err == nil {
			err = inLine(lengths, *maxLength)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// prepare returns the tokens of every row and the sampler's rows of a step. The sampler is training's own with seed
// 1: which texts meet in a batch decides how well they fit together.
func prepare(rows, tok string, maxLength, batchSize int, negatives string) ([]int, func(step int) []int32, error) {
	all, err := data.Read(rows)
	if err != nil {
		return nil, nil, err
	}
	t, err := tokenizer.Open(tok)
	if err != nil {
		return nil, nil, err
	}
	// Framed as training frames them: the end token is part of a text's length.
	framed, err := tokenizer.NewFramed(t, maxLength, "")
	if err != nil {
		return nil, nil, err
	}
	lengths := make([]int, len(all))
	for i, r := range all {
		ids, _, err := framed.Encode(r.Text)
		if err != nil {
			return nil, nil, fmt.Errorf("row %d: %w", i+1, err)
		}
		lengths[i] = len(ids)
	}
	o := samplers.DefaultIntraTheory()
	o.BatchSize, o.Seed, o.Negatives = batchSize, 1, negatives
	s, err := samplers.NewIntraTheory(data.NewLabels(all, theories.Builtin()), o)
	if err != nil {
		return nil, nil, err
	}
	return lengths, func(step int) []int32 { return s.Batch(step).Rows }, nil
}

// tally adds up computed tokens and those of texts.
type tally struct{ batches, computed, text int }

// add takes positions of one batch: all, and those of texts.
func (t *tally) add(computed, text int) { t.batches++; t.computed += computed; t.text += text }

// String is a row of the table: batches, and of each on average tokens of text and positions computed; then the
// fill.
func (t *tally) String() string {
	return fmt.Sprintf("%6d %9.0f %9.0f %7.1f %%", t.batches, float64(t.text)/float64(t.batches),
		float64(t.computed)/float64(t.batches), 100*float64(t.text)/float64(t.computed))
}

// measure prints how full batches are in each chosen shape and in all, beside two ways of padding. Shapes are
// chosen from the first batches and tried on later ones: on its own batches any choice looks good.
func measure(lengths []int, batch func(int) []int32, c pack.Choice, sampled, measured int) error {
	// A batch is a function of its step, so it need not be kept: it is drawn again.
	lengthsOf := func(step int) (out []int) {
		for _, r := range batch(step) {
			out = append(out, lengths[r])
		}
		return out
	}
	var samples [][]int
	for step := range sampled {
		samples = append(samples, lengthsOf(step))
	}
	begin := time.Now()
	shapes, err := pack.Choose(samples, c)
	if err != nil {
		return err
	}
	fmt.Printf("%d shapes chosen from %d batches in %.2f s\n", len(shapes), sampled, time.Since(begin).Seconds())
	// bucketed and full are what a program would compute that gives each text a row of its own.
	var packed, bucketed, full tally
	each := make([]tally, len(shapes))
	for step := sampled; step < sampled+measured; step++ {
		var texts [][]int32
		for _, n := range lengthsOf(step) {
			texts = append(texts, make([]int32, n))
		}
		// Its ids are all 0: only lengths count.
		b, err := pack.One(texts, shapes)
		if err != nil {
			return err
		}
		packed.add(b.Shape.Tokens(), b.Tokens())
		each[slices.Index(shapes, b.Shape)].add(b.Shape.Tokens(), b.Tokens())
		bucketed.add(len(texts)*bucket(slices.Max(lengthsOf(step)), c.Longest), b.Tokens())
		full.add(len(texts)*c.Longest, b.Tokens())
	}
	fmt.Printf("%-28s %6s %9s %9s %9s\n", "", "steps", "text", "computed", "fill")
	for i, s := range shapes {
		fmt.Printf("%-28s %s\n", fmt.Sprintf("%d × %d for %d texts", s.Rows, s.Length, s.Texts), each[i].String())
	}
	fmt.Printf("%-28s %s\n%-28s %s\n%-28s %s\n", "packed", packed.String(), "padded to one of ten lengths",
		bucketed.String(), "padded to the longest", full.String())
	return nil
}

// embedded packs the rows in file order as an encoder does that is given 1, 32 or 1,024 texts at a time.
func embedded(lengths []int, maxLength int) error {
	// 1 is a lone request, 32 a usual one, encoder.Chunk what an encoder takes at once of a file.
	for _, chunk := range []int{1, 32, encoder.Chunk} {
		var all tally
		for part := range slices.Chunk(lengths, chunk) {
			texts := make([][]int32, len(part))
			for i, n := range part {
				texts[i] = make([]int32, n)
			}
			batches, err := pack.Many(texts, local.Shapes(maxLength))
			if err != nil {
				return err
			}
			for _, b := range batches {
				all.add(b.Shape.Tokens(), b.Tokens())
			}
		}
		fmt.Printf("%-28s %s\n", fmt.Sprintf("embedded by %d", chunk), all.String())
	}
	return nil
}

// bucket is the padding of one text a row: the least of ten lengths that holds the longest text. Ten shapes are
// about as many as packing has, so the two pay alike for compiling.
func bucket(longest, maxLength int) int {
	for _, s := range []int{16, 32, 48, 64, 96, 128, 192, 256, 384, 512} {
		if s >= longest && s < maxLength {
			return s
		}
	}
	return maxLength
}
