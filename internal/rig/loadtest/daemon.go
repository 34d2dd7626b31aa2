package loadtest

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/procfs"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
)

// keptLines of a daemon's log are shown when it ends unexpectedly. The last ones say why; all of them would fill a
// disk.
const keptLines = 20

// Daemon is an embedd process on a free port of the loopback interface.
//
// A daemon takes free ports and says in its log which (the line "listening"): so several run beside each other, and
// a test needs no port of its own. Whoever starts one owes Kill or Signal.
type Daemon struct {
	Addr string // of gRPC
	// Closed when the process has ended, for whatever reason; its error is then known.
	Ended <-chan struct{}

	cmd *exec.Cmd
	err error // once Ended is closed

	mu        sync.Mutex
	lines     []string
	addresses map[string]string // by listener: grpc, http, admin
}

// Command completes a command that runs embedd: its listeners take ports that are free. It does so by the
// environment, which stands below flags: a test may still name an address.
func Command(cmd *exec.Cmd) *exec.Cmd {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "EMBEDD_LISTEN=127.0.0.1:0", "EMBEDD_HTTP_LISTEN=127.0.0.1:0",
		"EMBEDD_ADMIN_LISTEN=127.0.0.1:0")
	return cmd
}

// Start runs a Command and returns once it serves, or with an error when ctx ends. Stop must follow.
//
//	start → "listening" in the log: addresses → health SERVING: the model is compiled
//
// An error has the end of the log behind it: the reason is the daemon's, not the test's.
func Start(ctx context.Context, cmd *exec.Cmd) (*Daemon, error) {
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	// Three ends: it listens, it has ended, the caller has had enough.
	ended, listening := make(chan struct{}), make(chan struct{})
	d := &Daemon{cmd: cmd, Ended: ended, addresses: map[string]string{}}
	go func() {
		d.follow(log, listening)
		d.err = cmd.Wait() // after the pipe's end, as Wait closes it
		close(ended)
	}()
	select {
	case <-listening:
		d.Addr = d.Address("grpc")
	case <-ended:
		return nil, fmt.Errorf("embedd ended before it listened: %w\n%s", d.err, d.Log())
	case <-ctx.Done():
		d.Kill()
		return nil, ctx.Err()
	}
	if err := d.serving(ctx); err != nil {
		d.Kill()
		return nil, fmt.Errorf("embedd does not serve: %w\n%s", err, d.Log())
	}
	return d, nil
}

// follow reads the log to its end, and closes listening once all three addresses are known.
func (d *Daemon) follow(log io.Reader, listening chan<- struct{}) {
	// A line of up to a megabyte: a stack of a panic is longer than the scanner's own bound.
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if d.note(lines.Bytes()) {
			close(listening)
		}
	}
	_, _ = io.Copy(io.Discard, log) // after a line too long to scan: a full pipe would stop the daemon
}

// note keeps a line of the log, and tells when it brought the last address: once, also where a later line repeats
// one.
func (d *Daemon) note(raw []byte) (complete bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lines = append(d.lines, string(raw)); len(d.lines) > keptLines {
		d.lines = d.lines[1:]
	}
	var line map[string]any
	if json.Unmarshal(raw, &line) != nil || line["msg"] != "listening" {
		return false
	}
	before := len(d.addresses)
	for _, name := range []string{"grpc", "http", "admin"} {
		if address, ok := line[name].(string); ok {
			d.addresses[name] = address
		}
	}
	return before < 3 && len(d.addresses) == 3
}

// Address of a listener: grpc, http or admin; "" before it is known.
func (d *Daemon) Address(listener string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.addresses[listener]
}

// serving waits until the health service says so. A model compiles for seconds meanwhile; 20 ms between two looks
// take nothing from it.
func (d *Daemon) serving(ctx context.Context) error {
	conn, err := grpc.NewClient(d.Addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	for {
		r, err := healthv1.NewHealthClient(conn).Check(ctx, &healthv1.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err == nil && r.Status == healthv1.HealthCheckResponse_SERVING {
			return nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-d.Ended:
			return d.err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Log is the end of the daemon's log.
func (d *Daemon) Log() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, "\n")
}

// Alive tells whether the process is still there.
func (d *Daemon) Alive() bool {
	select {
	case <-d.Ended:
		return false
	default:
		return true
	}
}

// Signal sends s and waits for the end; the error is that of a process that did not exit with 0.
// It has no patience of its own: a daemon that hangs holds the test until the test's own deadline.
func (d *Daemon) Signal(s os.Signal) error {
	if err := d.cmd.Process.Signal(s); err != nil {
		return err
	}
	<-d.Ended
	return d.err
}

// Hangup asks the daemon to load its files anew, by SIGHUP, and does not wait.
func (d *Daemon) Hangup() error { return d.cmd.Process.Signal(syscall.SIGHUP) }

// Kill ends the process by SIGKILL, whatever it is doing.
func (d *Daemon) Kill() {
	_ = d.cmd.Process.Kill() // an error is one that has ended already
	<-d.Ended
}

// Usage is what a process has taken so far.
type Usage struct {
	CPU      float64 // seconds, user and system
	Resident int     // bytes, now
	Peak     int     // bytes, since its start
}

// Usage reads the daemon's.
func (d *Daemon) Usage() (Usage, error) { return usage(d.cmd.Process.Pid) }

// Own is this process's: a client takes part of the same cores, which a figure must own up to.
func Own() (Usage, error) { return usage(os.Getpid()) }

// usage reads /proc: stat for time and memory, status for the peak (VmHWM), which the kernel keeps.
func usage(pid int) (Usage, error) {
	p, err := procfs.NewProc(pid)
	if err != nil {
		return Usage{}, err
	}
	stat, err := p.Stat()
	if err != nil {
		return Usage{}, err
	}
	status, err := p.NewStatus()
	if err != nil {
		return Usage{}, err
	}
	return Usage{CPU: stat.CPUTime(), Resident: stat.ResidentMemory(), Peak: int(status.VmHWM)}, nil
}
