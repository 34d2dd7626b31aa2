package embedfiles

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/model/folder"
	"hives/model/qwen3embed"
)

// TestMain is also the process that TestKilledShard kills.
func TestMain(m *testing.M) {
	if in := os.Getenv("EMBEDCORPUS_CHILD_IN"); in != "" {
		slow := newFake("w")
		slow.each = func(int) error { time.Sleep(20 * time.Millisecond); return nil }
		if _, err := Run(context.Background(), slow, job(in, os.Getenv("EMBEDCORPUS_CHILD_OUT"), 0, 1)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// TestKilledShard kills -9 a process twice and lets a third one finish: same bytes as without a kill.
func TestKilledShard(t *testing.T) {
	in, _ := corpus(t, 200) // 50 blocks
	whole, killed := t.TempDir(), t.TempDir()
	mustRun(t, newFake("w"), job(in, whole, 0, 1))
	parts := func() int {
		found, _ := filepath.Glob(filepath.Join(killed, "*", "block-*.parquet"))
		return len(found)
	}
	for _, until := range []int{2, 6} {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), "EMBEDCORPUS_CHILD_IN="+in, "EMBEDCORPUS_CHILD_OUT="+killed)
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a few parts", func() bool { return parts() >= until })
		child.Process.Kill()
		child.Wait()
	}
	done := parts()
	if done == 50 {
		t.Skip("the child was done before it could be killed")
	}
	// What a kill in the middle of a write leaves.
	leftover := filepath.Join(killed, Shard{0, 1}.folder(), ".block-00000049.parquet.tmp-1")
	if err := os.WriteFile(leftover, []byte("half"), 0o644); err != nil {
		t.Fatal(err)
	}
	m := newFake("w")
	mustRun(t, m, job(in, killed, 0, 1))
	if m.calls != 50-done {
		t.Errorf("%d blocks embedded after %d were there, want %d", m.calls, done, 50-done)
	}
	same(t, whole, killed)
}

// TestEqualsEmbed compares with hives embed on the same texts and a real, small model.
func TestEqualsEmbed(t *testing.T) {
	m := tinyModel(t)
	in, rows := corpus(t, 13)
	out := t.TempDir()
	for i := range 2 {
		mustRun(t, m, Job{In: in, Out: out, Shard: Shard{i, 2}, BlockRows: 3})
	}
	merged := filepath.Join(t.TempDir(), "all.parquet")
	if _, err := Merge(out, merged); err != nil {
		t.Fatal(err)
	}
	found, err := parquet.ReadFile[Vector](merged)
	if err != nil {
		t.Fatal(err)
	}
	lines, npy := filepath.Join(t.TempDir(), "lines.jsonl"), filepath.Join(t.TempDir(), "v.npy")
	var text []byte
	for _, r := range rows {
		text = fmt.Appendf(text, "{\"text\": %q}\n", r.Text)
	}
	if err := os.WriteFile(lines, text, 0o644); err != nil {
		t.Fatal(err)
	}
	inputs, err := ReadLines(lines, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := EmbedLines(context.Background(), m, inputs, lines, npy); err != nil {
		t.Fatal(err)
	}
	want := readNpy(t, npy, len(rows), m.Identity().Dimension)
	for i := range rows {
		for k, x := range want[i] {
			if d := math.Abs(float64(x - found[i].Vector[k])); d > 1e-5 {
				t.Fatalf("row %d, number %d: %g and %g", i, k, x, found[i].Vector[k])
			}
		}
	}
	if other := want[2][0]; math.Abs(float64(other-found[0].Vector[0])) < 1e-5 {
		t.Error("two texts have the same first number: the comparison shows nothing")
	}
}

func tinyModel(t *testing.T) *local.Local {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 16,
		"intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
		"head_dim": 8, "rope_theta": 10000, "max_position_embeddings": 64}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, 5)
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
	// Nothing to compile, so quicker than XLA for a model of this size.
	e, err := engine.Open(t.Context(), engine.Options{Kind: engine.Go})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	l, err := local.Open(dir, e.Backend, string(e.Name), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// readNpy reads float32 [n, d] by hand: the header is a multiple of 64 bytes, the numbers are the end.
func readNpy(t *testing.T, path string, n, d int) [][]float32 {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil || len(raw) < 4*n*d || (len(raw)-4*n*d)%64 != 0 {
		t.Fatalf("%s: %d bytes for [%d, %d]: %v", path, len(raw), n, d, err)
	}
	raw = raw[len(raw)-4*n*d:]
	out := make([][]float32, n)
	for i := range out {
		for k := range d {
			b := raw[4*(i*d+k):]
			out[i] = append(out[i], math.Float32frombits(uint32(b[0])|uint32(b[1])<<8|uint32(b[2])<<16|uint32(b[3])<<24))
		}
	}
	return out
}

var _ Model = (*local.Local)(nil)
