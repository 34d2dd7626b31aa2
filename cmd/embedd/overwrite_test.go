package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hives/internal/rig/chaos"
	"hives/internal/rig/loadtest"
	hivesv1 "hives/proto/hives/v1"
)

// TestChaosOverwrites writes each of the model's files over in place, in every way, while the daemon reloads: it lives,
// a reload is whole or refused, and every vector is that of the model.
func TestChaosOverwrites(t *testing.T) {
	model := tinyModel(t)
	d := start(t, model)
	_, embed, known := connect(t, d)
	lasts := time.Duration(size(t, "CHAOS_OVERWRITE_MS", 100)) * time.Millisecond
	var all chaos.Reloads
	for _, name := range []string{"model.safetensors", "tokenizer.json", "config.json", "hives.json"} {
		path := filepath.Join(model, name)
		content := mustRead(t, path)
		for _, way := range chaos.Overwrites {
			ctx, cancel := context.WithTimeout(t.Context(), lasts)
			r, err := way.Under(ctx, d, path, content, func() error { return chaos.Alive(t.Context(), known, embed, tolerance) })
			cancel()
			if err != nil {
				t.Fatalf("%s, %s: %v\n%s", name, way.Name, err, d.Log())
			}
			t.Logf("%s, %s: %d reloads whole, %d refused, as in: %.160s", name, way.Name, r.Replaced, r.Refused, r.Words)
			if r.Refused > 0 && !strings.Contains(r.Words, model) {
				t.Errorf("the refusal names no file: %s", r.Words)
			}
			all.Replaced, all.Refused = all.Replaced+r.Replaced, all.Refused+r.Refused
		}
	}
	t.Logf("%d reloads whole, %d refused", all.Replaced, all.Refused)
	if all.Refused == 0 {
		t.Error("no reload met a write: the test shows nothing")
	}
	if words, code, err := chaos.Reload(d); err != nil || code != http.StatusOK {
		t.Errorf("once nobody writes: %d, %s, %v", code, words, err)
	}
	if err := chaos.Alive(t.Context(), known, embed, tolerance); err != nil {
		t.Error(err)
	}
	bounded(t, d)
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestChaosModelWrittenOverByAnother copies one model over another in place, file after file, there and back, while the
// daemon reloads. A vector is that of the model whose hash is in its reply, never of both halves.
func TestChaosModelWrittenOverByAnother(t *testing.T) {
	model, other := tinyModel(t), tinyModelOf(t, 12)
	one := start(t, other)
	_, _, knownOther := connect(t, one)
	hashes := map[string]*loadtest.Known{askHash(t, one): knownOther}
	one.Kill()
	d := start(t, model)
	_, embed, known := connect(t, d)
	first := askHash(t, d)
	hashes[first] = known
	if len(hashes) != 2 {
		t.Fatal("both models have one hash")
	}
	var files [2]map[string][]byte
	for i, dir := range []string{other, model} {
		files[i] = map[string][]byte{}
		for _, name := range []string{"model.safetensors", "hives.json"} {
			files[i][name] = mustRead(t, filepath.Join(dir, name))
		}
	}
	served := map[string]int{}
	ask := func() error { return askEither(t.Context(), embed, hashes, served) }
	for round := range size(t, "CHAOS_OVERWRITES", 6) {
		for name, content := range files[round%2] {
			way := chaos.Overwrites[round%len(chaos.Overwrites)]
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := way.Under(ctx, d, filepath.Join(model, name), content, ask)
			cancel()
			if err != nil {
				t.Fatalf("%s, %s: %v\n%s", name, way.Name, err, d.Log())
			}
		}
		if words, code, err := chaos.Reload(d); err != nil || code != http.StatusOK {
			t.Fatalf("after copy %d: %d, %s, %v", round+1, code, words, err)
		}
	}
	t.Logf("answers by model: %v", served)
	if len(served) != 2 {
		t.Errorf("answers of %d models, want both", len(served))
	}
	bounded(t, d)
}

// askHash is the hash of the weights that a daemon answers with.
func askHash(t *testing.T, d *loadtest.Daemon) string {
	t.Helper()
	_, embed, known := connect(t, d)
	r, err := embed(t.Context(), known.Request([]int{0}))
	if err != nil {
		t.Fatal(err)
	}
	return r.Model.WeightsSha256
}

func askEither(ctx context.Context, embed loadtest.Embed, hashes map[string]*loadtest.Known,
	served map[string]int) error {
	which := []int{0, 7, 20}
	var request *hivesv1.EmbedRequest
	for _, known := range hashes {
		request = known.Request(which) // the same texts for both
	}
	r, err := embed(ctx, request)
	if err != nil {
		return err
	}
	known, ok := hashes[r.Model.WeightsSha256]
	if !ok {
		return errors.New("weights of neither model: " + r.Model.WeightsSha256)
	}
	served[r.Model.WeightsSha256]++
	if d := known.Compare(which, r); !(d <= tolerance) {
		return fmt.Errorf("a vector differs by %g from that of the model with its hash", d)
	}
	return nil
}
