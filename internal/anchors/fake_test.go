package anchors

import (
	"context"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
)

const fakeDimension = 24

// fake embeds a text "topic N …" near the direction of its topic; texts of one topic differ by wobble.
type fake struct {
	id     encoder.Identity
	wobble float64
	calls  int
	spoil  func([][]float32)
}

func newFake() *fake {
	return &fake{wobble: .25, id: encoder.Identity{
		Name: "fake", WeightsSHA256: strings.Repeat("ab", 32), TokenizerSHA256: strings.Repeat("cd", 32),
		Dimension: fakeDimension, MaxLength: 64, Pooling: "last", Engine: "none",
	}}
}

func draws(key string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(key))
	return rand.New(rand.NewPCG(h.Sum64(), 1))
}

func (f *fake) Identity() encoder.Identity { return f.id }

func (f *fake) Encode(_ context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	f.calls++
	out := make([][]float32, len(inputs))
	for i, in := range inputs {
		words := strings.Fields(in.Text)
		topic, own := draws(words[0]+words[1]), draws(in.Text)
		out[i] = make([]float32, fakeDimension)
		square := 0.0
		for j := range out[i] {
			x := topic.NormFloat64() + f.wobble*own.NormFloat64()
			out[i][j] = float32(x)
			square += x * x
		}
		for j := range out[i] {
			out[i][j] /= float32(math.Sqrt(square))
		}
	}
	if f.spoil != nil {
		f.spoil(out)
	}
	return out, f.id, nil
}

// topicRows makes texts "topic T story S", two rows each: one of svt, one of the theory that the topic decides.
func topicRows(sizes ...int) []data.Row {
	var rows []data.Row
	for topic, n := range sizes {
		for s := range n {
			text := fmt.Sprintf("topic %d story %d", topic, s)
			base := data.Row{
				Text: text, TextID: data.TextID(text), Group: text, Corpus: fmt.Sprintf("corpus%d", topic%2), Licence: "none",
				DirectionSource: data.SourceNone, IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
			}
			for _, theory := range []string{"svt", []string{"mft", "duty", "right"}[topic%3]} {
				r := base
				tree, _ := theories.Builtin().Get(theory)
				leaf := tree.Leaves[topic%len(tree.Leaves)]
				r.Theory, r.Level1, r.Level2, r.Level3 = theory, leaf[0], leaf[1], leaf[2]
				rows = append(rows, r)
			}
		}
	}
	return rows
}

// rowsFile writes rows to train.parquet in a folder of its own.
func rowsFile(t *testing.T, rows []data.Row) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "train.parquet")
	if err := data.Write(path, rows); err != nil {
		t.Fatal(err)
	}
	return path
}

// smallOptions fit the topics of a test.
func smallOptions(rows string, k int) Options {
	o := Defaults()
	o.Rows, o.KMeans.K, o.KMeans.Restarts = rows, k, 5
	return o
}

// topicOf is the topic of a text or sentence.
func topicOf(text string) string { return strings.Fields(text)[1] }
