package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"golang.org/x/sys/unix"
)

// cost is what one turn of a side took: seconds of the clock and of the processor, of all threads and children; MiB.
type cost struct {
	Wall      float64 `json:"wall"`
	Processor float64 `json:"processor"`
	Peak      float64 `json:"peak"`     // since the process began
	Resident  float64 `json:"resident"` // as the side says it, for a start
}

// reply is a side's answer. Its numbers are compared: those of output, else those of ids or scores of a language model.
type reply struct {
	Output   []float64   `json:"output"`
	IDs      [][]float64 `json:"ids"`
	Scores   [][]float64 `json:"scores"`
	Amount   float64     `json:"amount"` // of work in a turn
	Resident float64     `json:"resident"`
	Version  string      `json:"version"`
}

func (r reply) numbers() []float64 {
	out := r.Output
	for _, rows := range [][][]float64{r.IDs, r.Scores} {
		for _, row := range rows {
			out = append(out, row...)
		}
	}
	return out
}

// worker is a side that runs: it has said "ready" and its version, and answers each line with one of JSON.
type worker struct {
	bench   *bench
	side    side
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	version string
}

// command is a side's process with its threads and, where it has one, its core.
func (b *bench) command(ctx context.Context, s side, threads int, more ...string) *exec.Cmd {
	argv := append(append([]string(nil), s.command...), more...)
	count := fmt.Sprint(threads)
	if threads == 1 {
		argv = append([]string{"taskset", "-c", fmt.Sprint(b.core)}, argv...)
	} else {
		count = fmt.Sprint(b.cores)
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "TOKENIZERS_PARALLELISM=false")
	for _, name := range []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "GOMAXPROCS"} {
		cmd.Env = append(cmd.Env, name+"="+count)
	}
	cmd.Env = append(cmd.Env, s.env...)
	// A process group, so that what a side started ends with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Stderr, cmd.Dir = b.log, b.root
	return cmd
}

// start waits until a side has loaded and compiled what it can beforehand.
func (b *bench) start(ctx context.Context, s side, threads int, more ...string) (*worker, error) {
	w := &worker{bench: b, side: s, cmd: b.command(ctx, s, threads, more...)}
	var err error
	if w.in, err = w.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.out = bufio.NewReaderSize(out, 1<<20)
	if err := w.cmd.Start(); err != nil {
		return nil, err
	}
	for { // libraries may print first
		line, err := w.out.ReadString('\n')
		if err != nil {
			w.end()
			return nil, fmt.Errorf("%s ended before it was ready: %s", s.name, b.lastWords())
		}
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "ready"); ok {
			w.version = strings.TrimSpace(rest)
			return w, nil
		}
	}
}

// turn asks once.
func (w *worker) turn(ask string) (reply, cost, error) {
	var r reply
	before := used(w.cmd.Process.Pid)
	began := time.Now()
	if _, err := io.WriteString(w.in, ask+"\n"); err != nil {
		return r, cost{}, err
	}
	line, err := w.out.ReadBytes('\n')
	c := cost{Wall: time.Since(began).Seconds()}
	if err != nil {
		return r, c, fmt.Errorf("%s ended in its work: %s", w.side.name, w.bench.lastWords())
	}
	after := used(w.cmd.Process.Pid)
	c.Processor, c.Peak = after.Processor-before.Processor, after.Peak
	return r, c, json.Unmarshal(line, &r)
}

func (w *worker) end() {
	w.in.Close()
	_ = syscall.Kill(-w.cmd.Process.Pid, syscall.SIGKILL)
	_ = w.cmd.Wait()
}

// once runs a side from its start to its end. The last line that it prints is its reply.
func (b *bench) once(ctx context.Context, s side, threads int, more ...string) (reply, cost, error) {
	cmd := b.command(ctx, s, threads, more...)
	began := time.Now()
	out, err := cmd.Output()
	c := cost{Wall: time.Since(began).Seconds()}
	if err != nil {
		return reply{}, c, fmt.Errorf("%s: %w: %s", s.name, err, b.lastWords())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return reply{}, c, errors.New("this system does not tell what a process took")
	}
	// The kernel adds the children that a process waited for.
	c.Processor = float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
	c.Peak = float64(usage.Maxrss) / 1024
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	var r reply
	if last := lines[len(lines)-1]; strings.HasPrefix(last, "{") {
		err = json.Unmarshal([]byte(last), &r)
	}
	c.Resident = r.Resident
	return r, c, err
}

// lastWords is the last line that a side, or a program that a row calls, said into the log.
func (b *bench) lastWords() string {
	raw, err := os.ReadFile(b.log.Name())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(raw)), "\n")
	return fmt.Sprintf("%.500s (more in %s)", strings.TrimSpace(lines[len(lines)-1]), b.log.Name())
}

// used is what a process and those that it started have taken so far. It needs Linux.
func used(pid int) (c cost) {
	for _, p := range family(pid) {
		// Linux numbers the processor clock of another process by its id (clock_getcpuclockid).
		var t unix.Timespec
		if err := unix.ClockGettime(int32(^p<<3|2), &t); err == nil {
			c.Processor += float64(t.Nano()) / 1e9
		}
		if proc, err := procfs.NewProc(p); err == nil {
			if status, err := proc.NewStatus(); err == nil {
				c.Peak += float64(status.VmHWM) / (1 << 20)
			}
		}
	}
	return c
}

// family is a process, its children, theirs, and so on.
func family(pid int) []int {
	out := []int{pid}
	all, err := procfs.AllProcs()
	if err != nil {
		return out
	}
	children := map[int][]int{}
	for _, p := range all {
		if stat, err := p.Stat(); err == nil {
			children[stat.PPID] = append(children[stat.PPID], p.PID)
		}
	}
	for at := 0; at < len(out); at++ {
		out = append(out, children[out[at]]...)
	}
	return out
}

// busy is the processor seconds that the machine has spent on anything so far.
func busy() float64 {
	fs, err := procfs.NewDefaultFS()
	if err != nil {
		return 0
	}
	stat, err := fs.Stat()
	if err != nil {
		return 0
	}
	t := stat.CPUTotal
	return t.User + t.Nice + t.System + t.IRQ + t.SoftIRQ
}
