package main

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"hives/client"
	"hives/internal/rig/chaos"
	"hives/internal/rig/goldentest"
	"hives/internal/rig/loadtest"
	"hives/model/folder"
	"hives/model/qwen3embed"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// asEmbedd makes the test's own binary the program: a real process with the real main.
const asEmbedd = "HIVES_TEST_AS_EMBEDD"

func TestMain(m *testing.M) {
	if os.Getenv(asEmbedd) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// tolerance of a vector against that of the text alone, in f32.
const tolerance = 1e-5

// size reads one of the sizes of make chaos from the environment; without it the test is small.
func size(t *testing.T, name string, small int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return small
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s=%q: want a number", name, text)
	}
	return n
}

// tinyModel saves a model of random weights with the demo's tokenizer.
func tinyModel(t *testing.T) string { return tinyModelOf(t, 11) }

func tinyModelOf(t *testing.T, seed uint64) string {
	t.Helper()
	cfg, err := qwen3embed.ParseConfig([]byte(`{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 16,
		"intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1,
		"head_dim": 8, "rope_theta": 10000, "max_position_embeddings": 64}`))
	if err != nil {
		t.Fatal(err)
	}
	m, err := qwen3embed.Random(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	info, dir := folder.Defaults(), t.TempDir()
	info.MaxLength = 24
	if err := folder.Save(dir, m, filepath.Join(goldentest.ModuleRoot(t), "demo", "model"), info); err != nil {
		t.Fatal(err)
	}
	return dir
}

// start starts a process over a model folder, on the Go engine, which compiles at once.
func start(t *testing.T, model string, flags ...string) *loadtest.Daemon {
	t.Helper()
	cmd := loadtest.Command(exec.Command(os.Args[0], append([]string{"--model", model}, flags...)...))
	cmd.Env = append(cmd.Env, asEmbedd+"=1", "HIVES_ENGINE="+cmp.Or(os.Getenv("CHAOS_ENGINE"), "go"))
	d, err := loadtest.Start(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Kill)
	return d
}

// connect opens a connection of its own and learns what the daemon says of texts alone. Plain requests go through the
// client, which asks again after the pause that a full daemon names.
func connect(t *testing.T, d *loadtest.Daemon) (*grpc.ClientConn, loadtest.Embed, *loadtest.Known) {
	t.Helper()
	c, err := client.Dial(t.Context(), "grpc://"+d.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	embed := func(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
		return c.Embed(ctx, r)
	}
	known, err := loadtest.Learn(t.Context(), texts(), embed)
	if err != nil {
		t.Fatal(err)
	}
	return c.Conn(), embed, known
}

func texts() (out []string) {
	for i := range 60 {
		text := "end " + strconv.Itoa(i)
		for range i % 7 {
			text = "promise " + strconv.Itoa(i) + " kept; " + text
		}
		out = append(out, text)
	}
	return out
}

// bounded fails if the daemon is gone or has taken more memory than it may.
func bounded(t *testing.T, d *loadtest.Daemon) {
	t.Helper()
	if !d.Alive() {
		t.Fatalf("the daemon has ended:\n%s", d.Log())
	}
	u, err := d.Usage()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("resident %d MiB, at most %d MiB", u.Resident>>20, u.Peak>>20)
	if most := 1 << 30; u.Peak > most {
		t.Errorf("the daemon has taken %d MiB, more than %d", u.Peak>>20, most>>20)
	}
}

// TestChaosStrangeMessages sends strange messages to every method of hives.v1 and tei.v1 and to HTTP; between
// them a plain request is answered right. The daemon has value vectors, so that ValueService does more than refuse.
func TestChaosStrangeMessages(t *testing.T) {
	model := tinyModel(t)
	d := start(t, model, "--vectors", tinyVectors(t, model))
	conn, embed, known := connect(t, d)
	n, seed := size(t, "CHAOS_MESSAGES", 15), uint64(size(t, "CHAOS_SEED", 1))
	t.Logf("seed %d, %d messages a method", seed, n)
	info, err := hivesv1.NewEmbedServiceClient(conn).GetInfo(t.Context(), &hivesv1.GetInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	judge := &judge{ctx: t.Context(), embed: embed, prompts: info.Prompts}
	judges := judge.methods()
	for _, method := range chaos.Methods(hivesv1.File_hives_v1_embed_proto, hivesv1.File_hives_v1_values_proto,
		teiv1.File_tei_v1_tei_proto) {
		out, err := chaos.Barrage(t.Context(), conn, method, n, seed, judges[method.FullName()])
		t.Logf("%-40s %v", method.FullName(), out)
		if err != nil {
			t.Error(err)
		}
		if n >= 100 && method.Parent().Name() == "ValueService" && method.Name() != "NearestAnchors" &&
			out[codes.OK.String()] == 0 {
			t.Errorf("%s: %v: want answers among them, there are value vectors", method.FullName(), out)
		}
		if err := chaos.Alive(t.Context(), known, embed, tolerance); err != nil {
			t.Errorf("after %s: %v", method.FullName(), err)
		}
	}
	if _, err := hivesv1.NewValueServiceClient(conn).ScoreTexts(t.Context(),
		&hivesv1.ScoreTextsRequest{Texts: []string{"a lie"}}); err != nil {
		t.Errorf("a plain request for values: %v", err)
	}
	out, err := chaos.BarrageHTTP(t.Context(), d.Address("http"), 4*n, seed, judge.http)
	t.Logf("%-40s %v", "POST /v1/embeddings", out)
	if err != nil {
		t.Error(err)
	}
	if err := chaos.Alive(t.Context(), known, embed, tolerance); err != nil {
		t.Errorf("after HTTP: %v", err)
	}
	bounded(t, d)
}

// TestChaosAbusedConnections holds connections that do nothing, stop in the middle, never read or go away, streams
// that never read, and calls cancelled at random moments; beside them plain requests are answered right.
func TestChaosAbusedConnections(t *testing.T) {
	d := start(t, tinyModel(t))
	conn, embed, known := connect(t, d)
	n, seed := size(t, "CHAOS_CONNECTIONS", 10), uint64(size(t, "CHAOS_SEED", 1))
	for _, abuse := range chaos.Abuses {
		release, err := abuse.Hold(d.Addr, n, seed, known.Texts)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if err := chaos.Alive(t.Context(), known, embed, tolerance); err != nil {
			t.Errorf("beside %d connections: %s: %v", n, abuse.Name, err)
		}
	}
	mute, end := context.WithCancel(t.Context())
	defer end()
	if err := chaos.Mute(mute, hivesv1.NewEmbedServiceClient(conn), min(n, 60), known.Texts); err != nil {
		t.Error(err)
	}
	if err := chaos.Cancelled(t.Context(), known, embed, 20*n, 50*time.Millisecond, seed, tolerance); err != nil {
		t.Error(err)
	}
	if err := chaos.Alive(t.Context(), known, embed, tolerance); err != nil {
		t.Error("beside all of them and streams that never read:", err)
	}
	bounded(t, d)
}

// TestChaosKillAndDrain kills one of three daemons and drains another under load. Without retries only calls on the
// killed one's connection may fail; with the client's own policy none does.
func TestChaosKillAndDrain(t *testing.T) {
	model := tinyModel(t)
	for _, policy := range []string{chaos.RoundRobin, ""} {
		var daemons []*loadtest.Daemon
		for range 3 {
			daemons = append(daemons, start(t, model))
		}
		_, _, known := connect(t, daemons[2])
		out, err := chaos.Rolling(t.Context(), chaos.RollingPlan{
			Daemons: daemons, Policy: policy, Rate: float64(size(t, "CHAOS_RATE", 60)), Texts: size(t, "CHAOS_TEXTS", 0),
			For: time.Duration(size(t, "CHAOS_SECONDS", 1)) * time.Second, Seed: uint64(size(t, "CHAOS_SEED", 1)),
			Tolerance: tolerance,
		}, known)
		t.Logf("with retries %v: %v", policy == "", out)
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Others) > 0 || policy == "" && len(out.Killed) > 0 {
			t.Errorf("with retries %v: failed on the killed connection %v, elsewhere %v", policy == "", out.Killed, out.Others)
		}
		if len(out.Answered) != len(daemons) {
			t.Errorf("answered by %v of %d daemons", out.Answered, len(daemons))
		}
	}
}
