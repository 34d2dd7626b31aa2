package main

import (
	"fmt"
	"path/filepath"
	"testing"

	"hives/data"
	"hives/data/theories"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/values"
)

// tinyVectors writes value vectors of a model: a directional one, a prototype, and the rest of the theories absent.
func tinyVectors(t *testing.T, model string) string {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	l, err := local.Open(model, e.Backend, string(e.Name), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	set, err := values.Build(t.Context(), tinyRows(t), nil, l, values.Options{Seed: 1, Resamples: 10, MinSide: 1,
		Sides: values.Pooled})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "values.db")
	if err := set.Write(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func tinyRows(t *testing.T) (rows []data.Row) {
	t.Helper()
	for i := range 20 {
		id, direction := "mft/care-harm", int32(1-2*(i%2))
		if i >= 10 {
			id, direction = "svt/openness-to-change/hedonism", 0
		}
		theory, p, err := theories.Builtin().ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprintf("promise %d is kept", i)
		rows = append(rows, data.Row{Text: text, TextID: data.TextID(text), Theory: theory, Level1: p[0], Level2: p[1],
			Level3: p[2], Direction: direction, Group: fmt.Sprint(i / 2), Corpus: "c"})
	}
	return rows
}
