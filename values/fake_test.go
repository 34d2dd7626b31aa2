package values_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/encoder"
	"hives/values"
)

// fake embeds a text as a function of its bytes alone. All vectors share a part, as those of real models do.
type fake struct {
	d  int
	id encoder.Identity
}

func newFake(d int) *fake {
	return &fake{d, encoder.Identity{
		Name: "fake", WeightsSHA256: strings.Repeat("ab", 32), TokenizerSHA256: strings.Repeat("cd", 32),
		Dimension: d, MaxLength: 32, Pooling: "last", Engine: "none",
	}}
}

func (f *fake) Encode(_ context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(in))
	for i := range in {
		out[i] = f.vector(in[i].Text)
	}
	return out, f.id, nil
}

func (f *fake) vector(text string) []float32 { return f.seeded(text, 3) }

// row makes a row of the value with an id.
func row(t *testing.T, id, text string, direction int32, group string) data.Row {
	t.Helper()
	theory, p, err := theories.Builtin().ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	r := data.Row{Text: text, Theory: theory, Level1: p[0], Level2: p[1], Level3: p[2], Direction: direction,
		DirectionSource: data.SourceAnnotated, TextID: data.TextID(text), Group: group, Corpus: "made-up"}
	if direction == data.Neither {
		r.DirectionSource = data.SourceNone
	}
	return r
}

// randomRows draws rows of a few values: on both sides, on one, and without a side. Texts are shared by rows.
func randomRows(t *testing.T, n int, seed uint64) []data.Row {
	t.Helper()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 7))
	ids := []string{
		"mft/care-harm/caring", "mft/care-harm", "mft/fairness-cheating", "svt/openness-to-change/hedonism",
		"svt/openness-to-change/self-direction/self-direction-thought", "svt/conservation/humility", "duty/fidelity",
	}
	var rows []data.Row
	for range n {
		id := ids[random.IntN(len(ids))]
		direction := int32(random.IntN(3) - 1)
		if strings.HasPrefix(id, "svt/") {
			direction = data.Neither
		}
		text := random.IntN(n)
		rows = append(rows, row(t, id, fmt.Sprintf("text %d", text), direction, fmt.Sprintf("group %d", text/3)))
	}
	return rows
}

func build(t *testing.T, rows []data.Row, enc encoder.Encoder, o values.Options) *values.Set {
	t.Helper()
	s, err := values.Build(context.Background(), rows, nil, enc, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func find(t *testing.T, s *values.Set, id string) *values.Value {
	t.Helper()
	v, ok := s.Find(id)
	if !ok {
		t.Fatalf("no value %s", id)
	}
	return v
}
