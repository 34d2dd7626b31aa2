package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"hives/internal/rig/loadtest"
)

const startText = "Everyone deserves the same chance, wherever they were born."

// startWorker starts embedd, waits until it serves, asks for one text and ends it: EMBEDD FOLDER PRECISION.
func startWorker(ctx context.Context, args []string) error {
	cmd := loadtest.Command(exec.CommandContext(ctx, args[0], "--model", args[1], "--precision", args[2]))
	d, err := loadtest.Start(ctx, cmd)
	if err != nil {
		return err
	}
	defer d.Kill()
	vector, err := askHTTP(ctx, "http://"+d.Address("http"), startText)
	if err != nil {
		return err
	}
	u, err := d.Usage()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer{Output: vector, Resident: float64(u.Resident) / (1 << 20)})
}

// askHTTP asks a server of OpenAI's shape for one text's vector.
func askHTTP(ctx context.Context, url, text string) ([]float32, error) {
	body, err := json.Marshal(map[string]string{"input": text})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/embeddings", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, err
	}
	var reply struct {
		Data []struct {
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &reply); err != nil || len(reply.Data) != 1 {
		return nil, fmt.Errorf("%s: %s: %.200s", url, got.Status, raw)
	}
	return reply.Data[0].Embedding, nil
}

// serveWorker starts a server and lets 32 clients ask for one text after another: TEXTS CLIENTS SERVER… Our daemon is
// known by its name; another server prints its address as its first line.
func serveWorker(ctx context.Context, args []string) error {
	texts, err := readLines[string](args[0])
	if err != nil {
		return err
	}
	url, stop, err := startServer(ctx, args[2:])
	if err != nil {
		return err
	}
	defer stop()
	clients := 0
	if _, err := fmt.Sscan(args[1], &clients); err != nil {
		return err
	}
	// Each client keeps its connection.
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = clients
	return turns(func() (answer, error) {
		vectors := make([][]float32, len(texts))
		group, ctx := errgroup.WithContext(ctx)
		group.SetLimit(clients)
		for i, text := range texts {
			group.Go(func() (err error) { vectors[i], err = askHTTP(ctx, url, text); return err })
		}
		a := answer{Amount: float64(len(texts))}
		if err := group.Wait(); err != nil {
			return a, err
		}
		for _, v := range vectors {
			a.Output = append(a.Output, v...)
		}
		return a, nil
	})
}

func startServer(ctx context.Context, command []string) (url string, stop func(), err error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	if filepath.Base(command[0]) == "embedd" {
		d, err := loadtest.Start(ctx, loadtest.Command(cmd))
		if err != nil {
			return "", nil, err
		}
		return "http://" + d.Address("http"), d.Kill, nil
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	if _, err := fmt.Fscanln(out, &url); err != nil {
		return "", nil, fmt.Errorf("%s: %w", command[0], err)
	}
	return url, func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }, nil
}

// startRows are a process from its start to its first vector. A goal of the clock is for two cores.
func (b *bench) startRows() []row {
	embedd := filepath.Join(b.work, "embedd")
	large, small := b.shape("qwen3-0.6b", 28), filepath.Join(b.work, "smollm2")
	ready := func(folder func() error) func() error {
		return func() error {
			if err := b.programs(); err != nil {
				return err
			}
			return folder()
		}
	}
	line := func(name, work, folder string, prepare func() error, seconds, resident, peak float64) row {
		weights := filepath.Join(folder, "model.safetensors")
		r := row{name: name, work: work, full: true, unit: "s", amount: 1, prepare: ready(prepare),
			ours:  b.worker("start", embedd, folder, "bf16"),
			peer:  b.python("sentence-transformers", "start.py", folder, startText),
			agree: agreement{cosine: .99, width: 1024},
			goal:  goal{atMost: seconds, cores: 2}, peak: &goal{atMost: peak, weights: weights}}
		r.ours.whole, r.peer.whole = true, true
		if resident > 0 {
			r.resident = &goal{atMost: resident, weights: weights}
		}
		return r
	}
	smol := line("start-smollm2", "start to first vector, SmolLM2 bf16", small,
		func() error { return b.smollm2(small) }, 6, 0, 3)
	smol.agree.width = 576
	return []row{line("start", "start to first vector, 0.6B shape bf16", large.dir, large.make, 15, 1.5, 2), smol}
}

// serveRows are 32 clients that ask for a text each, again and again. The peer is a plain HTTP server that calls encode
// for each request, as its documentation shows.
func (b *bench) serveRows() []row {
	const texts = 640
	minilm := filepath.Join(b.cache, "models/all-MiniLM-L6-v2")
	file := filepath.Join(b.work, fmt.Sprintf("texts-%d.jsonl", texts))
	python := b.python("sentence-transformers", "server.py", minilm)
	peer := b.worker(append([]string{"serve", file, "32"}, python.command...)...)
	peer.name, peer.needs = "sentence-transformers' server", python.needs
	ours := b.worker("serve", file, "32", filepath.Join(b.work, "embedd"), "--model", minilm)
	ours.needs = append(ours.needs, need{minilm, "scripts/download_minilm.sh"})
	return []row{{
		name: "clients", work: "32 clients, one text a request, MiniLM f32", full: true, unit: "texts/s", threads: 1,
		prepare: func() error {
			if err := b.programs(); err != nil {
				return err
			}
			return b.writeTexts(file, texts)
		},
		ours: ours, peer: peer, agree: agreement{cosine: .9999, width: 384},
	}}
}
