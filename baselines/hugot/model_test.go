package main

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	hivesv1 "hives/baselines/hugot/hives/v1"
)

// files are where make test-hugot brings them.
func files(t *testing.T) config {
	t.Helper()
	cache := os.Getenv("HIVES_CACHE")
	if cache == "" {
		cache = filepath.Join("..", "..", ".cache")
	}
	c := config{model: filepath.Join(cache, "models", "all-MiniLM-L6-v2"), onnx: filepath.Join(cache, "models",
		"minilm-int8", "model.onnx"), maxLength: 256}
	if _, err := os.Stat(c.onnx); err != nil {
		t.Fatalf("%v: run make test-hugot, which brings it", err)
	}
	return c
}

func cosine(a, b []float32) float64 {
	ab, aa, bb := 0.0, 0.0, 0.0
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// TestMiniLM embeds by the real model: alone and among others alike, near what means the same, at most 256 tokens.
func TestMiniLM(t *testing.T) {
	m, err := open(context.Background(), files(t))
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	texts := []string{"A man is eating.", "Somebody eats a meal.", "The stock market fell.", "word " +
		strings.Repeat("more words ", 400)}
	tokens, truncated, err := newService(m, m.version).fit(texts, hivesv1.Overlong_OVERLONG_TRUNCATE)
	if err != nil || tokens[0] != 7 || tokens[3] != 256 || truncated[0] || !truncated[3] {
		t.Errorf("tokens %v, cut %v, error %v; want 7 of the first text and 256 of the last", tokens, truncated, err)
	}
	all, err := m.Embed(context.Background(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if len(all[0]) != int(m.version.Dimension) {
		t.Fatalf("%d numbers, want %d", len(all[0]), m.version.Dimension)
	}
	for i, text := range texts {
		alone, err := m.Embed(context.Background(), []string{text})
		// The int8 form scales activations by the largest of a batch, so company shows a little.
		if err != nil || cosine(alone[0], all[i]) < .97 {
			t.Errorf("text %d alone and in company: cosine %g, error %v", i, cosine(alone[0], all[i]), err)
		}
	}
	if near, far := cosine(all[0], all[1]), cosine(all[0], all[2]); !(near > far+.3) {
		t.Errorf("a paraphrase lies at %g, a stranger at %g", near, far)
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, change := range map[string]func(*config){
		"no ONNX file":       func(c *config) { c.onnx += ".gone" },
		"no folder":          func(c *config) { c.model += ".gone" },
		"too many positions": func(c *config) { c.maxLength = 513 },
		"no room":            func(c *config) { c.maxLength = 2 },
	} {
		c := files(t)
		change(&c)
		if _, err := open(context.Background(), c); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}
