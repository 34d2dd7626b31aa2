package daemon

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"hives/encoder"
	"hives/encoder/local"
	"hives/internal/engine"
	"hives/internal/rig/goldentest"
	"hives/internal/serve"
	"hives/model/folder"
	"hives/model/qwen3embed"
	hivesv1 "hives/proto/hives/v1"
)

// tinyFolder saves a small model of random weights with the demo's tokenizer.
func tinyFolder(t *testing.T, seed uint64) string {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 24,
		"intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1,
		"head_dim": 8, "rope_theta": 10000, "max_position_embeddings": 64}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	info := folder.Defaults()
	info.MaxLength = 24 // three shapes to compile
	dir := t.TempDir()
	if err := folder.Save(dir, m, filepath.Join(goldentest.ModuleRoot(t), "demo", "model"), info); err != nil {
		t.Fatal(err)
	}
	return dir
}

// launch serves a model folder as embedd does, on a free port of the loopback interface, until stop.
func launch(t *testing.T, dir string, e *engine.Engine) (*serve.Server, hivesv1.EmbedServiceClient, func()) {
	t.Helper()
	c := Default()
	c.Model = dir
	s, err := serve.New(options(c, e, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, l) }()
	select {
	case <-s.Ready():
	case err := <-done:
		t.Fatalf("Run: %v", err)
	}
	conn, err := grpc.NewClient(l.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return s, hivesv1.NewEmbedServiceClient(conn), func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

// journey embeds texts as hives embed and the trainer's validation do.
func journey(t *testing.T, dir string, e *engine.Engine, texts []string) [][]float32 {
	t.Helper()
	l, err := local.Open(dir, e.Backend, string(e.Name), local.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
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
	if len(a) != len(b) {
		return math.Inf(1)
	}
	worst := 0.0
	for i := range a {
		worst = math.Max(worst, math.Abs(float64(a[i])-float64(b[i])))
	}
	return worst
}

func sample() []string {
	var texts []string
	for i := range 60 {
		texts = append(texts, strings.Repeat(fmt.Sprintf("promise %d kept; ", i), i%7)+"end "+fmt.Sprint(i))
	}
	return texts
}

// TestAVectorDoesNotDependOnCompany walks both journeys: what the trainer's encoder makes of a text is what the
// daemon returns, alone and in requests of any size and order, while others ask too.
func TestAVectorDoesNotDependOnCompany(t *testing.T) {
	const tolerance = 1e-5
	dir, texts, e := tinyFolder(t, 11), sample(), engine.OpenForTest(t)
	want := journey(t, dir, e, texts)
	_, c, stop := launch(t, dir, e)
	defer stop()
	ask := func(at ...int) {
		r := &hivesv1.EmbedRequest{}
		for _, i := range at {
			r.Texts = append(r.Texts, texts[i])
		}
		got, err := c.Embed(context.Background(), r)
		if err != nil {
			t.Error(err)
			return
		}
		for k, i := range at {
			if d := distance(got.Embeddings[k].Values, want[i]); !(d <= tolerance) {
				t.Errorf("text %d at place %d of %d differs by %g from the trainer's vector", i, k, len(at), d)
			}
		}
	}
	for i := range 8 {
		ask(i) // alone
	}
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			for round := range 5 {
				var at []int
				for k := range 1 + (7*w+11*round)%40 {
					at = append(at, (w*13+round*29+k*(2*w+1))%len(texts))
				}
				ask(at...)
			}
		})
	}
	wg.Wait()
	if d := distance(want[0], want[1]); d < 100*tolerance {
		t.Errorf("two unlike texts differ by %g only: the comparison sees nothing", d)
	}
}

// TestSwapTakesTheFolderAnew exchanges the weights in the folder; vectors and version change together.
func TestSwapTakesTheFolderAnew(t *testing.T) {
	dir, other, texts := tinyFolder(t, 11), tinyFolder(t, 12), []string{"I owe her the truth."}
	e, err := engine.Open(context.Background(), engine.Options{Kind: engine.Go}) // quick to compile, six times over
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s, c, stop := launch(t, dir, e)
	defer stop()
	request := &hivesv1.EmbedRequest{Texts: texts}
	before, err := c.Embed(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	want := journey(t, other, e, texts)[0]
	copyFolder(t, other, dir)
	if err := s.Swap(context.Background()); err != nil {
		t.Fatal(err)
	}
	after, err := c.Embed(context.Background(), request)
	if err != nil {
		t.Fatal(err)
	}
	if d := distance(after.Embeddings[0].Values, want); d > 1e-5 ||
		after.Model.WeightsSha256 == before.Model.WeightsSha256 {
		t.Errorf("after the swap: differs by %g, weights %.8s and before %.8s", d, after.Model.WeightsSha256,
			before.Model.WeightsSha256)
	}
	if d := distance(before.Embeddings[0].Values, want); d < 1e-3 {
		t.Errorf("the two models differ by %g only", d)
	}
}

func TestRunRefusesBeforeItListens(t *testing.T) {
	c := Default()
	c.Model, c.Listen = "m", "example.org:50051"
	if err := Run(context.Background(), c, io.Discard); err == nil || !strings.Contains(err.Error(), "beyond loopback") {
		t.Errorf("beyond loopback: %v", err)
	}
}
