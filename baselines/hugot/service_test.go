package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	hivesv1 "hives/baselines/hugot/hives/v1"
)

// fake gives each text the vector (bytes, first byte, 1) and a token a byte.
type fake struct {
	batches [][]string
	err     error
}

func (f *fake) Tokens(texts []string) (out []int) {
	for _, t := range texts {
		out = append(out, len(t))
	}
	return out
}

func (f *fake) Embed(_ context.Context, texts []string) (out [][]float32, err error) {
	f.batches = append(f.batches, texts)
	for _, t := range texts {
		out = append(out, []float32{float32(len(t)), float32(t[0]), 1})
	}
	return out, f.err
}

func served(f *fake) *service {
	return newService(f, &hivesv1.ModelVersion{Name: "fake", Dimension: 3, MaxLength: 20})
}

// TestEmbedAnswersInOrder: short texts go together, and each vector comes back in its text's place.
func TestEmbedAnswersInOrder(t *testing.T) {
	f, raw := &fake{}, false
	var texts []string
	for i := range 3 * batchTexts {
		texts = append(texts, string(rune('a'+i))+"xxxxxxxxxxxxxxxxxxxxxxxxx"[:(i*7)%25])
	}
	got, err := served(f).Embed(context.Background(), &hivesv1.EmbedRequest{Texts: texts, Prompt: "p: ", Normalize: &raw})
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range got.Embeddings {
		text := "p: " + texts[i]
		long := len(text) > 20
		text = text[:min(len(text), 20)]
		if want := []float32{float32(len(text)), 'p', 1}; !slices.Equal(e.Values, want) || int(e.Tokens) != len(text) ||
			e.Truncated != long {
			t.Errorf("text %d: %v, want %v", i, e, want)
		}
	}
	longest := 0
	for _, b := range f.batches {
		if len(b) > batchTexts || len(b[0]) < longest {
			t.Errorf("a batch of %d texts that begins with %d bytes after one of %d", len(b), len(b[0]), longest)
		}
		longest = len(b[len(b)-1])
	}
}

func TestVectorsAreCutThenDividedByTheirNorm(t *testing.T) {
	two := uint32(2)
	got, err := served(&fake{}).Embed(context.Background(), &hivesv1.EmbedRequest{Texts: []string{"abc"},
		Dimensions: &two})
	if err != nil {
		t.Fatal(err)
	}
	norm := math.Hypot(3, 'a')
	for i, want := range []float64{3 / norm, 'a' / norm} {
		if v := got.Embeddings[0].Values; len(v) != 2 || math.Abs(float64(v[i])-want) > 1e-7 {
			t.Errorf("%v, want number %d to be %g", v, i, want)
		}
	}
}

func TestEmbedRefuses(t *testing.T) {
	four := uint32(4)
	for name, r := range map[string]*hivesv1.EmbedRequest{
		"nothing":             {},
		"ids":                 {TokenIds: []*hivesv1.TokenIds{{Ids: []uint32{1}}}},
		"an empty text":       {Texts: []string{"a", ""}},
		"too many texts":      {Texts: slices.Repeat([]string{"a"}, maxTexts+1)},
		"too many dimensions": {Texts: []string{"a"}, Dimensions: &four},
		"another encoding":    {Texts: []string{"a"}, Encoding: hivesv1.Encoding_ENCODING_INT8},
		"no cutting": {Texts: []string{"a", "a text of more than 20 bytes"},
			Overlong: hivesv1.Overlong_OVERLONG_REFUSE},
	} {
		f := &fake{}
		_, err := served(f).Embed(context.Background(), r)
		if status.Code(err) != codes.InvalidArgument || len(f.batches) > 0 {
			t.Errorf("%s: %v, after %d batches", name, err, len(f.batches))
		}
	}
	if _, err := served(&fake{err: errors.New("broken")}).Embed(context.Background(),
		&hivesv1.EmbedRequest{Texts: []string{"a"}}); status.Code(err) != codes.Internal {
		t.Errorf("an engine that fails: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := served(&fake{}).Embed(ctx,
		&hivesv1.EmbedRequest{Texts: []string{"a"}}); status.Code(err) != codes.Canceled {
		t.Errorf("a cancelled call: %v", err)
	}
}

func TestInfoTellsModelAndLimits(t *testing.T) {
	got, err := served(&fake{}).GetInfo(context.Background(), nil)
	if err != nil || got.Model.Dimension != 3 || got.Limits.MaxTexts != maxTexts || got.Limits.MaxLength != 20 {
		t.Errorf("%v, %v", got, err)
	}
}
