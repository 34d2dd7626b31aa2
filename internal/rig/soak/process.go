package soak

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// process is a training process under way.
type process struct {
	cmd   *exec.Cmd
	said  bytes.Buffer // stdout and stderr
	found []string     // the saves that a predecessor left unfinished
	ended chan struct{}
	err   error
}

// start begins a process, always with --resume: where there is no run it begins one, so one command serves every
// start.
func (s *soak) start(out string) (*process, error) {
	// found is read before the process begins, so that what it finds there is not taken for a save of its own.
	args := append([]string{"--resume", "--out", out}, s.o.Args...)
	p := &process{cmd: s.o.Command(args...), found: saves(out), ended: make(chan struct{})}
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

// awaitSave waits until a save is under way, for at most d. It looks often, since the tiny model's save is over in
// milliseconds.
// d bounds the wait, since the last save may be over already.
func (p *process) awaitSave(out string, d time.Duration) (ended bool) {
	for begin := time.Now(); time.Since(begin) < d && !p.saving(out); {
		if p.sleep(200 * time.Microsecond) {
			return true
		}
	}
	return false
}

// signal sends s and waits for the end.
// A process that has ended already is no error: it was quicker.
func (p *process) signal(s os.Signal) (took time.Duration, err error) {
	begin := time.Now()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, err
	}
	<-p.ended
	return time.Since(begin), nil
}

// killed tells whether a signal ended it, not its own handling of one.
func (p *process) killed() bool {
	var exit *exec.ExitError
	return errors.As(p.err, &exit) && exit.Sys().(syscall.WaitStatus).Signaled()
}

// exitCode is that of an ended process, -1 where a signal ended it.
func (p *process) exitCode() int { return p.cmd.ProcessState.ExitCode() }

// saves returns the names under which checkpoints are being written, or were when a process was killed: a name with
// a dot in front until it is whole and renamed.
func saves(out string) (names []string) {
	entries, err := os.ReadDir(filepath.Join(out, "checkpoints"))
	if err != nil {
		return nil // none yet
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".step-") {
			names = append(names, e.Name())
		}
	}
	return names
}

// saving tells whether this process has a save under way, or had one when it was killed; what its
// predecessor left does not count.
func (p *process) saving(out string) bool {
	return slices.ContainsFunc(saves(out), func(name string) bool { return !slices.Contains(p.found, name) })
}

// logged returns how many lines the metrics log holds: how far a run is, seen from outside.
func logged(out string) int {
	raw, err := os.ReadFile(filepath.Join(out, "metrics.jsonl"))
	if err != nil {
		return 0
	}
	return bytes.Count(raw, []byte("\n"))
}
