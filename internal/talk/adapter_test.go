package talk

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/lora"
	"hives/internal/rig/talktest"
	"hives/model/folder"
	"hives/model/lm"
	"hives/model/transformer"
)

// adapterOf saves an adapter of a model folder whose B is not 0, made for weights of a hash.
func adapterOf(t *testing.T, base, madeFor string, seed uint64) string {
	t.Helper()
	m, err := lm.Load(nil, base, dtypes.Float32)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	l := transformer.LoRA{Rank: 2, Alpha: 8, Targets: []string{transformer.AllLinear}}
	if err := m.Adapt(l, seed); err != nil {
		t.Fatal(err)
	}
	for n, a := range m.Adapters() {
		b := m.Store.GetVariable(a.B())
		values := make([]float32, b.Shape().Size())
		for k := range values {
			values[k] = float32(math.Sin(float64(n+k))) / 8
		}
		if err := b.SetValue(tensors.FromFlatDataAndDimensions(values, b.Shape().Dimensions...)); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(t.TempDir(), "adapter")
	if err := lora.Save(dir, m, l, lora.Origin{Name: "base", SHA256: madeFor}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// open opens a folder with batches of two rows.
func open(t *testing.T, dir string) *Model {
	t.Helper()
	m, err := Open(context.Background(), dir, Options{Engine: engine.Options{Kind: engine.Go}, Rows: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// An adapter beside the model answers as the merged model does, in one call with questions without it, and leaves those
// their bits.
func TestAnAdapterIsTheMergedModel(t *testing.T) {
	base := talktest.Dir(t)
	sum, err := folder.WeightsSHA256(base)
	if err != nil {
		t.Fatal(err)
	}
	adapter, merged := adapterOf(t, base, sum, 3), filepath.Join(t.TempDir(), "merged")
	if _, err := lora.Merge(lora.MergeOptions{Base: base, Adapter: adapter, Out: merged}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		copyFile(t, base, merged, name)
	}
	m, whole := open(t, base), open(t, merged)
	if !m.Can().Adapters {
		t.Error("a local model takes adapters and does not say so")
	}
	messages := ask("Is it right to share?", llm.Sampling{}).Messages
	plain := llm.ScoreRequest{Messages: messages, Options: []string{"yes", "not at all"}}
	with := plain
	with.Adapter = adapter
	ctx := context.Background()
	alone, err := m.Score(ctx, []llm.ScoreRequest{plain})
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.Score(ctx, []llm.ScoreRequest{plain, with, plain})
	if err != nil {
		t.Fatal(err)
	}
	want, err := whole.Score(ctx, []llm.ScoreRequest{plain})
	if err != nil {
		t.Fatal(err)
	}
	for option := range plain.Options {
		if !slices.Equal(got[0].Token[option], alone[0].Token[option]) ||
			!slices.Equal(got[2].Token[option], alone[0].Token[option]) {
			t.Errorf("option %d without the adapter: %v and %v, alone %v", option, got[0].Token[option], got[2].Token[option],
				alone[0].Token[option])
		}
		for n, logp := range want[0].Token[option] {
			if d := math.Abs(got[1].Token[option][n] - logp); !(d <= 1e-4) {
				t.Errorf("option %d, token %d: %v adapted, %v merged", option, n, got[1].Token[option][n], logp)
			}
		}
		if d := math.Abs(got[1].Total[option] - alone[0].Total[option]); d < .01 {
			t.Errorf("option %d: the adapter changes nothing (%v): the comparison sees nothing", option, d)
		}
	}
	sampling := llm.Sampling{MaxTokens: 8}
	request := ask("Tell me of a neighbour.", sampling)
	adapted := request
	adapted.Adapter = adapter
	replies, err := m.Generate(ctx, []llm.Request{request, adapted, request})
	if err != nil {
		t.Fatal(err)
	}
	of, err := whole.Generate(ctx, []llm.Request{request})
	if err != nil {
		t.Fatal(err)
	}
	if replies[1].Text != of[0].Text || replies[0].Text != replies[2].Text || replies[0].Text == replies[1].Text {
		t.Errorf("%q, adapted %q, %q; merged %q", replies[0].Text, replies[1].Text, replies[2].Text, of[0].Text)
	}
}

func copyFile(t *testing.T, from, to, name string) {
	t.Helper()
	talktest.Write(t, to, name, string(read(t, from, name)))
}

// What was made for other weights, or fits no layer, is refused by name; the model goes on as before, and takes the
// right one.
func TestForeignAdaptersAreRefused(t *testing.T) {
	base := talktest.Dir(t)
	m := open(t, base)
	ctx := context.Background()
	question := ask("Is it?", llm.Sampling{MaxTokens: 4})
	before, err := m.Generate(ctx, []llm.Request{question})
	if err != nil {
		t.Fatal(err)
	}
	other := strings.Repeat("ab", 32)
	foreign := question
	foreign.Adapter = adapterOf(t, base, other, 3)
	refuse := func(r llm.Request, says ...string) {
		t.Helper()
		_, err := m.Generate(ctx, []llm.Request{r})
		for _, word := range says {
			if err == nil || fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), word) {
				t.Errorf("want a refusal that says %q: %v", word, err)
			}
		}
		if _, err := m.Score(ctx, []llm.ScoreRequest{{Messages: r.Messages, Options: []string{"x"},
			Adapter: r.Adapter}}); fault.Of(err) != fault.Mismatch {
			t.Errorf("scored all the same: %v", err)
		}
	}
	refuse(foreign, foreign.Adapter, other, m.Identity().Weights)
	wide := question
	wide.Adapter = "../lora/testdata/llama/adapter" // of another hidden size, and it names no weights
	refuse(wide, "layers.0.mlp.down_proj [24 40]", "rank")
	fits := question
	fits.Adapter = adapterOf(t, base, "", 3)
	if _, err := m.Generate(ctx, []llm.Request{fits}); err != nil {
		t.Errorf("an adapter after two refused ones: %v", err)
	}
	after, err := m.Generate(ctx, []llm.Request{question})
	if err != nil || after[0].Text != before[0].Text {
		t.Errorf("after refusals %q, before %q: %v", after[0].Text, before[0].Text, err)
	}
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
