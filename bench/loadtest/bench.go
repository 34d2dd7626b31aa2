package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"hives/data/corpora"
	"hives/internal/rig/chaos"
	"hives/internal/rig/loadtest"
	"hives/model/folder"
	"hives/model/qwen3embed"
	"hives/model/transformer"
	hivesv1 "hives/proto/hives/v1"
)

// connections are enough that no call waits in the client: one carries 256 calls (serve.Limits.Streams), and at
// most 8,192 are under way (mostOut).
const connections = 40

// report is what --json prints.
type report struct {
	// What was measured, as the daemon names it: hashes, precision, engine.
	Model *hivesv1.ModelVersion `json:"model"`
	// A part that was not asked for is absent.
	Saturation *saturation `json:"saturation,omitempty"`
	Alone      *alone      `json:"alone,omitempty"`
	Loads      []line      `json:"loads,omitempty"`
	Steady     []sample    `json:"steady,omitempty"`
	Companies  []company   `json:"company,omitempty"`
}

// bench is a daemon and what is known of it. Whoever opens one owes close.
type bench struct {
	// The flags.
	*config
	// The daemon and what was opened for it, in the order in which close undoes it backwards.
	dir    string // of the model; "" with an endpoint
	temp   string // to remove
	daemon *loadtest.Daemon
	bare   *bare // nil until it is needed
	conns  []*grpc.ClientConn
	// What is asked, and what must come back.
	embed  loadtest.Embed
	known  *loadtest.Known
	info   *hivesv1.GetInfoResponse
	report report
}

// open reads the texts, starts the daemon unless an endpoint is named, and learns the texts' right vectors. What
// was opened until an error is closed again.
func open(ctx context.Context, c *config) (*bench, error) {
	b := &bench{config: c}
	texts, err := corpus(c.corpora)
	if err != nil {
		return nil, err
	}
	addr := c.endpoint
	if addr == "" {
		if addr, err = b.start(ctx); err != nil {
			b.close()
			return nil, err
		}
	}
	if err := b.connect(ctx, addr, texts); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// corpus reads the distinct texts of the demo's corpora, in the order of the corpora and of their rows. Real texts
// matter: a made-up length would decide how full batches are.
func corpus(dir string) ([]string, error) {
	var texts []string
	seen := map[string]bool{}
	// The folder of social-chem is social_chem, as in demo/data.
	for _, name := range []string{"valueeval", "mfrc", "social-chem", "moral-stories"} {
		rows, _, err := corpora.Import(name, corpora.Options{In: filepath.Join(dir, strings.ReplaceAll(name, "-", "_"))})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			if !seen[r.Text] {
				seen[r.Text] = true
				texts = append(texts, r.Text)
			}
		}
	}
	return texts, nil
}

// start runs embedd on the model folder, which it writes first if it shall be random. The daemon is a process of
// its own, as in life: its memory and its processor time can be told from the client's.
func (b *bench) start(ctx context.Context) (addr string, err error) {
	b.dir = b.model
	if from, random := strings.CutPrefix(b.model, "random:"); random {
		if err := b.write(from); err != nil {
			return "", err
		}
	}
	began := time.Now()
	// All else is embedd's default: what is measured is what a user gets.
	cmd := exec.Command(b.embedd, "--model", b.dir, "--precision", b.precision, "--engine", b.engine)
	if b.daemon, err = loadtest.Start(ctx, loadtest.Command(cmd)); err != nil {
		return "", err
	}
	b.say("embedd serves after %.1f s", time.Since(began).Seconds())
	return b.daemon.Addr, nil
}

// write makes a model folder of random weights. The tokenizer is the demo's, whose ids every larger vocabulary has.
// Random weights cost what trained ones do, so any shape can be measured without downloading a model.
func (b *bench) write(from string) error {
	cfg, err := qwen3embed.LoadConfig(filepath.Join(from, transformer.ConfigFile))
	if err != nil {
		return err
	}
	// The seed of the arrivals is that of the weights too: the same command measures the same model.
	m, err := qwen3embed.Random(cfg, b.seed)
	if err != nil {
		return err
	}
	defer m.Close()
	if b.temp, err = os.MkdirTemp("", "loadtest"); err != nil {
		return err
	}
	b.dir = b.temp
	info := folder.Defaults()
	// The longest text decides the shapes, so it is a flag.
	info.MaxLength = b.maxLength
	return folder.Save(b.dir, m, filepath.Join("demo", "model"), info)
}

// connect dials and learns the texts alone. Calls go to the connections in turns.
func (b *bench) connect(ctx context.Context, addr string, texts []string) error {
	var clients []hivesv1.EmbedServiceClient
	for range connections {
		conn, c, err := chaos.Connect(addr)
		if err != nil {
			return err
		}
		b.conns, clients = append(b.conns, conn), append(clients, c)
	}
	// Calls come from many goroutines; a counter spreads them evenly without a lock.
	var turn atomic.Uint64
	b.embed = func(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
		return clients[turn.Add(1)%connections].Embed(ctx, r)
	}
	var err error
	if b.info, err = clients[0].GetInfo(ctx, &hivesv1.GetInfoRequest{}); err != nil {
		return err
	}
	// Spread over lengths, so that a small --texts has the same mix as all of them.
	if err = b.learn(ctx, loadtest.Sample(texts, b.config.known)); err != nil {
		return err
	}
	b.report.Model = b.info.Model
	b.say("%d of %d texts; %d dimensions, %s, %s", len(b.known.Texts), len(texts), b.info.Model.Dimension,
		b.info.Model.Precision, b.info.Model.Engine)
	return nil
}

// learn gets the texts' right vectors: from the engine in this process, or where the daemon is another's from itself,
// one by one.
// An engine of one's own finds mistakes of the daemon's packing; a daemon's own word finds those of company alone.
func (b *bench) learn(ctx context.Context, texts []string) (err error) {
	if b.dir == "" {
		b.known, err = loadtest.Learn(ctx, texts, b.embed)
		return err
	}
	x, err := b.bareEngine(ctx)
	if err != nil {
		return err
	}
	vectors, err := x.vectors(ctx, texts)
	b.known = loadtest.NewKnown(texts, vectors)
	return err
}

// close ends what was opened, the daemon by SIGINT: an end that is no success is told, and fails nothing.
func (b *bench) close() {
	if b.bare != nil {
		b.bare.close()
	}
	for _, c := range b.conns {
		c.Close()
	}
	if b.daemon != nil {
		if err := b.daemon.Signal(os.Interrupt); err != nil {
			fmt.Fprintln(os.Stderr, "embedd's end:", err)
		}
	}
	if b.temp != "" {
		os.RemoveAll(b.temp)
	}
}

// tolerance is what the daemon promises of a vector in other company: exact sums in f32, shapes that round apart
// otherwise. Numbers of unit vectors are compared. Measured in bf16: 6.2e-4 apart at most (docs/BENCHMARKS.md,
// "Company in bf16").
func (b *bench) tolerance() float64 {
	if b.info.Model.Precision == "f32" {
		return 1e-5
	}
	return 5e-2
}
