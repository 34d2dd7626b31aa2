package soak

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// process is a training process under way.
type process struct {
	cmd   *exec.Cmd
	said  bytes.Buffer // stdout and stderr
	ended chan struct{}
	err   error
}

func (s *soak) start(out string) (*process, error) {
	args := append([]string{"--resume", "--out", out}, s.o.Args...)
	p := &process{cmd: s.o.Command(args...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}

// sleep waits for d, or returns true as soon as the process has ended.
func (p *process) sleep(d time.Duration) (ended bool) {
	select {
	case <-p.ended:
		return true
	case <-time.After(d):
		return false
	}
}

// awaitSave waits until a save is under way, for at most d.
func (p *process) awaitSave(out string, d time.Duration) (ended bool) {
	for begin := time.Now(); time.Since(begin) < d && !saving(out); {
		if p.sleep(200 * time.Microsecond) {
			return true
		}
	}
	return false
}

// signal sends s and waits for the end.
func (p *process) signal(s os.Signal) (took time.Duration, err error) {
	begin := time.Now()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	<-p.ended
	return time.Since(begin), nil
}

// saving tells whether a checkpoint is being written, or was when the process was killed.
func saving(out string) bool {
	entries, err := os.ReadDir(filepath.Join(out, "checkpoints"))
	if err != nil {
		return false
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".step-") {
			return true
		}
	}
	return false
}

// logged returns how many lines the metrics log holds.
func logged(out string) int {
	raw, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
	if err != nil {
		return 0
	}
	return bytes.Count(raw, []byte("\n"))
}
