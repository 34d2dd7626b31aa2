package local_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/qwen3embed"
)

// tinyFolder saves a small random model with the demo's tokenizer.
func tinyFolder(t *testing.T) string {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 24,
		"intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
		"head_dim": 8, "rope_theta": 10000, "max_position_embeddings": 64}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 11)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	info := folder.Defaults()
	info.MaxLength = 32
	dir := t.TempDir()
	if err := folder.Save(dir, m, filepath.Join(goldentest.ModuleRoot(t), "demo", "model"), info); err != nil {
		t.Fatal(err)
	}
	return dir
}

func open(t *testing.T, dir string, o local.Options) *local.Local {
	t.Helper()
	e := engine.OpenForTest(t)
	l, err := local.Open(dir, e.Backend, string(e.Name), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func encode(t *testing.T, l *local.Local, texts ...string) [][]float32 {
	t.Helper()
	var in []encoder.Input
	for _, text := range texts {
		in = append(in, encoder.Input{Text: text})
	}
	out, _, err := l.Encode(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func distance(a, b []float32) float64 {
	worst := 0.0
	for i := range a {
		worst = math.Max(worst, math.Abs(float64(a[i])-float64(b[i])))
	}
	return worst
}

// TestVectorsDoNotDependOnCompany embeds texts of many lengths alone, together and in another order; the
// batch holds full shapes, a remainder, and texts longer than the model takes.
func TestVectorsDoNotDependOnCompany(t *testing.T) {
	const tolerance = 1e-5
	l := open(t, tinyFolder(t), local.Options{})
	var texts []string
	for i := range 150 {
		texts = append(texts, strings.Repeat(fmt.Sprintf("promise %d kept; ", i), i%9)+"end")
	}
	together := encode(t, l, texts...)
	reversed := slices.Clone(texts)
	slices.Reverse(reversed)
	backwards := encode(t, l, reversed...)
	for i := range texts {
		if d := distance(together[i], backwards[len(texts)-1-i]); d > tolerance {
			t.Errorf("text %d moves by %g with the order", i, d)
		}
	}
	for _, i := range []int{0, 7, 149} {
		if d := distance(together[i], encode(t, l, texts[i])[0]); d > tolerance {
			t.Errorf("text %d moves by %g in company", i, d)
		}
	}
	if d := distance(together[7], together[8]); d < 100*tolerance {
		t.Errorf("two unlike texts differ by %g only: the comparison sees nothing", d)
	}
}

func TestDimensionsKeepTheFirstNumbers(t *testing.T) {
	dir := tinyFolder(t)
	whole := encode(t, open(t, dir, local.Options{}), "one text")[0]
	short := encode(t, open(t, dir, local.Options{Dimensions: 8}), "one text")[0]
	norm := 0.0
	for _, v := range whole[:8] {
		norm += float64(v) * float64(v)
	}
	want := make([]float32, 8)
	for i := range want {
		want[i] = whole[i] / float32(math.Sqrt(norm))
	}
	if len(short) != 8 || distance(short, want) > 1e-6 {
		t.Errorf("8 dimensions: %v, want %v", short, want)
	}
}

func TestEncodeRefuses(t *testing.T) {
	l := open(t, tinyFolder(t), local.Options{})
	for _, c := range []struct {
		name, says string
		in         encoder.Input
	}{
		{"nothing", "not empty", encoder.Input{}},
		{"text and ids", "either", encoder.Input{Text: "a", IDs: []int32{1}}},
		{"an id beyond the vocabulary", "outside the vocabulary of 8192", encoder.Input{IDs: []int32{8192}}},
		{"a negative id", "outside", encoder.Input{IDs: []int32{-1}}},
		{"too many ids", "33 ids, the model takes at most 32", encoder.Input{IDs: make([]int32, 33)}},
		{"a prompt before ids", "prompt", encoder.Input{IDs: []int32{1}, Prompt: "p"}},
		{"text that is not UTF-8", "UTF-8", encoder.Input{Text: "a\xff"}},
	} {
		_, _, err := l.Encode(context.Background(), []encoder.Input{{Text: "good"}, c.in})
		if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "input 1") {
			t.Errorf("%s: error %v, want one that names input 1 and says %q", c.name, err, c.says)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := l.Encode(ctx, []encoder.Input{{Text: "late"}}); fault.Of(err) != fault.Canceled {
		t.Errorf("a cancelled context: %v", err)
	}
	long := strings.Repeat("a very long text ", 6000) // 100,000 characters
	if out := encode(t, l, long); len(out) != 1 {
		t.Error("a text of 100,000 characters was not cut and embedded")
	}
}

// TestGivenIdsStandInTheFrame: a model whose tokenizer puts a token before each text takes no ids without it.
func TestGivenIdsStandInTheFrame(t *testing.T) {
	dir := tinyFolder(t)
	raw, err := os.ReadFile(filepath.Join(goldentest.ModuleRoot(t), "tokenizer", "testdata", "wordpiece.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := folder.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	info.EndToken = "[SEP]"
	if err := folder.Seal(dir, info); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, local.Options{})
	ids, _, err := l.Tokenizer().Encode("The school of the people")
	if err != nil {
		t.Fatal(err)
	}
	want := encode(t, l, "The school of the people")[0]
	got, _, err := l.Encode(context.Background(), []encoder.Input{{IDs: ids}})
	if err != nil || distance(got[0], want) > 1e-6 {
		t.Errorf("its own ids: %v, want %v, error %v", got, want, err)
	}
	for _, bad := range [][]int32{ids[1:], ids[:len(ids)-1], ids[:1]} {
		if _, _, err := l.Encode(context.Background(), []encoder.Input{{IDs: bad}}); fault.Of(err) != fault.Invalid {
			t.Errorf("ids %v: %v", bad, err)
		}
	}
}

func TestOpenRefusesOtherWeightsThanNamed(t *testing.T) {
	dir, other := tinyFolder(t), tinyFolder(t)
	cfg, err := qwen3embed.LoadConfig(filepath.Join(dir, "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 12)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if err := m.Save(other); err != nil { // hives.json still names the weights of seed 11
		t.Fatal(err)
	}
	e := engine.OpenForTest(t)
	if _, err := local.Open(other, e.Backend, "", local.Options{}); fault.Of(err) != fault.Mismatch ||
		!strings.Contains(err.Error(), "hives.json") {
		t.Errorf("weights that hives.json does not name: %v", err)
	}
	if _, err := local.Open(dir, e.Backend, "", local.Options{Dimensions: 25}); err == nil ||
		!strings.Contains(err.Error(), "the model has 24") {
		t.Errorf("25 dimensions of 24: %v", err)
	}
	if err := os.Remove(filepath.Join(dir, "tokenizer.json")); err != nil {
		t.Fatal(err)
	}
	l := open(t, dir, local.Options{})
	if _, _, err := l.Encode(context.Background(), []encoder.Input{{Text: "a"}}); fault.Of(err) != fault.NotFound {
		t.Errorf("a text without a tokenizer: %v", err)
	}
}

// TestAskedInPlaceOfTheFolder overrides pooling and length, which must tell in the identity and in the vectors.
func TestAskedInPlaceOfTheFolder(t *testing.T) {
	dir, text := tinyFolder(t), "one two three four five six seven eight nine ten"
	plain, mean, short := open(t, dir, local.Options{}), open(t, dir, local.Options{Pooling: "mean"}),
		open(t, dir, local.Options{MaxLength: 4})
	if id := mean.Identity(); id.Pooling != "mean" || id.MaxLength != 32 {
		t.Errorf("%+v", id)
	}
	if id := short.Identity(); id.Pooling != "last" || id.MaxLength != 4 {
		t.Errorf("%+v", id)
	}
	want := encode(t, plain, text)[0]
	for name, l := range map[string]*local.Local{"mean": mean, "4 tokens": short} {
		if slices.Equal(encode(t, l, text)[0], want) {
			t.Errorf("%s: the vector is that of the folder's own settings", name)
		}
	}
	e := engine.OpenForTest(t)
	for _, o := range []local.Options{{Pooling: "first"}, {MaxLength: 1}, {MaxLength: -1}} {
		if l, err := local.Open(dir, e.Backend, string(e.Name), o); fault.Of(err) != fault.Invalid {
			t.Errorf("%+v: %v, %v", o, l, err)
		}
	}
}
