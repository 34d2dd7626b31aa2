package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"hives/client"
	"hives/internal/rig/chaos"
	"hives/internal/rig/loadtest"
	"hives/internal/serve/secure"
	hivesv1 "hives/proto/hives/v1"
)

// callers writes a tokens file of two callers.
func callers(t *testing.T) (path string, tokens [2]string) {
	t.Helper()
	var lines string
	for i, name := range []string{"flood", "other"} {
		token, e, err := secure.New(secure.Entry{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		tokens[i], lines = token, lines+e.String()+"\n"
	}
	path = filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	return path, tokens
}

// attacked starts the daemon, or another build of it that CHAOS_BINARY names, for figures to compare with.
func attacked(t *testing.T, model string, flags ...string) *loadtest.Daemon {
	t.Helper()
	binary := os.Getenv("CHAOS_BINARY")
	if binary == "" {
		return start(t, model, flags...)
	}
	cmd := loadtest.Command(exec.Command(binary, append([]string{"--model", model, "--engine", "go"}, flags...)...))
	d, err := loadtest.Start(t.Context(), cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Kill)
	return d
}

// TestChaosAttacks lets one caller take what it can get: another one's calls are answered, every one, over connections
// of their own, and memory stays bounded. The times are logged, not judged.
func TestChaosAttacks(t *testing.T) {
	lasts := time.Duration(size(t, "CHAOS_ATTACK_MS", 600)) * time.Millisecond
	model := tinyModel(t)
	for _, attack := range chaos.Attacks {
		file, tokens := callers(t)
		d := attacked(t, model, "--tokens-file", file)
		dial := func(token string) *client.Client {
			c, err := client.Dial(t.Context(), "grpc://"+d.Addr, client.WithToken(token))
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
		flooding, other := dial(tokens[0]), dial(tokens[1])
		defer flooding.Close()
		defer other.Close()
		known, err := loadtest.Learn(t.Context(), texts(), func(ctx context.Context,
			r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
			return other.Embed(ctx, r)
		})
		if err != nil {
			t.Fatal(err)
		}
		ask := func(ctx context.Context, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
			c := dial(tokens[1])
			defer c.Close()
			if attack.Streams {
				return byStream(ctx, c.EmbedServiceClient, r)
			}
			return c.EmbedServiceClient.Embed(ctx, r)
		}
		v, err := attack.Beside(t.Context(), d, tokens[0], flooding.EmbedServiceClient, ask, known, lasts, tolerance)
		if err != nil {
			t.Errorf("%s: %v", attack.Name, err)
		}
		t.Logf("%s: another caller: %d answered, median %v, 95 %% %v, failed %v; free after %v", attack.Name, v.Answered,
			v.Median().Round(100*time.Microsecond), v.P95().Round(100*time.Microsecond), v.Failed,
			v.Free.Round(time.Millisecond))
		if v.Answered == 0 || len(v.Failed) > 0 {
			t.Errorf("%s: another caller's calls: %d answered, failed %v", attack.Name, v.Answered, v.Failed)
		}
		bounded(t, d)
		d.Kill()
	}
}

// TestChaosAnnouncedMemory lets 8 connections announce 64 messages of 4 MiB each, 2 GiB in all, and send them but for
// the last byte. Without a token nothing of them is kept; with one no more than may be under way.
func TestChaosAnnouncedMemory(t *testing.T) {
	const underWay, slack = 64 << 20, 64 << 20
	model := tinyModel(t)
	for _, caller := range []string{"stranger", "flood"} {
		file, tokens := callers(t)
		d := attacked(t, model, "--tokens-file", file, "--max-bytes-under-way", strconv.Itoa(underWay))
		token, allowed := "no token of the file", 0
		if caller == "flood" {
			token, allowed = tokens[0], underWay
		}
		before, err := d.Usage()
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(size(t, "CHAOS_ATTACK_MS", 1500))*time.Millisecond)
		chaos.Announced(ctx, d.Addr, token, 8, 64)
		cancel()
		after, err := d.Usage()
		if err != nil || !d.Alive() {
			t.Fatalf("%s: %v\n%s", caller, err, d.Log())
		}
		grown := after.Peak - before.Peak
		t.Logf("%s: %d MiB before, %d MiB more at most", caller, before.Peak>>20, grown>>20)
		if grown > 2*allowed+slack { // twice: as much again may wait to be collected
			t.Errorf("%s: %d MiB more", caller, grown>>20)
		}
		d.Kill()
	}
}

// byStream asks by a stream of one request.
func byStream(ctx context.Context, c hivesv1.EmbedServiceClient, r *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse,
	error) {
	stream, err := c.EmbedStream(ctx)
	if err == nil {
		err = stream.Send(&hivesv1.EmbedStreamRequest{Request: r})
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	got, err := stream.Recv()
	if err == nil && got.GetError() != nil {
		err = errors.New(got.GetError().Reason)
	}
	return got.GetResponse(), err
}

// TestChaosMetadata: too much metadata ends its own call only.
func TestChaosMetadata(t *testing.T) {
	d := attacked(t, tinyModel(t))
	for _, size := range []int{60_000, 66_000, 200_000, 900_000} {
		if err := chaos.Metadata(d.Addr, "", size); err != nil {
			t.Errorf("beside a call with %d bytes of metadata: %v", size, err)
		}
	}
}
