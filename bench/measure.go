package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// bench is one call of the program: where things are, and how often and where sides run.
type bench struct {
	root, cache, work, self string
	rounds, core, cores     int
	log                     *os.File          // what sides say beside their answers
	imported                bool              // the demo's rows are in the work folder
	commit                  string            // of this checkout, before anything was written
	took                    map[string]string // how long the rows took when they were measured last
}

// turn is both sides' cost of the same work, one after the other. Others is the cores that other programs had.
type turn struct {
	Ours   cost    `json:"ours"`
	Peer   *cost   `json:"peer"`
	Others float64 `json:"others"`
}

// measured is what a row's figures are made of.
type measured struct {
	Turns     []turn    `json:"turns"`
	Amount    float64   `json:"amount"`
	Versions  [2]string `json:"versions"` // ours, the peer's
	Agreement string    `json:"agreement"`
}

func open(rounds, core int) (*bench, error) {
	if rounds < 1 {
		return nil, fault.Usage(fault.New(fault.Invalid, "--rounds %d: give 1 or more", rounds))
	}
	root, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(root, "bench", "peers")); err != nil {
		return nil, fmt.Errorf("call it in the checkout's folder: %w", err)
	}
	b := &bench{root: root, rounds: rounds, cores: runtime.NumCPU()}
	if b.core, err = chooseCore(core); err != nil {
		return nil, fault.Usage(err)
	}
	if b.cache = os.Getenv(engine.CacheEnvVar); b.cache == "" {
		b.cache = filepath.Join(root, ".cache")
	}
	b.work = filepath.Join(b.cache, "bench")
	b.self, err = os.Executable()
	return b, err
}

// chooseCore is the core of the rows of one thread: the last of those that the process may use, or the given one.
func chooseCore(core int) (int, error) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		return 0, err
	}
	var cores []int
	for i := 0; len(cores) < allowed.Count(); i++ {
		if allowed.IsSet(i) {
			cores = append(cores, i)
		}
	}
	switch {
	case core < 0:
		return cores[len(cores)-1], nil
	case !slices.Contains(cores, core):
		return 0, fault.New(fault.Invalid, "--core %d: give one of %v, or -1", core, cores)
	}
	return core, nil
}

// ready makes what a measurement needs beside the rows.
func (b *bench) ready() (err error) {
	if err := fsutil.MakeFolders(b.work); err != nil {
		return err
	}
	b.commit = b.describe()
	old, err := b.read()
	if err != nil {
		return err
	}
	b.took = map[string]string{}
	for _, x := range old {
		b.took[x.Name] = x.minutes(b.rounds)
	}
	b.log, err = os.Create(filepath.Join(b.work, "log.txt"))
	return err
}

func (b *bench) close() { b.log.Close() }

// expected is how long the row took before, loading left out, where that is known.
func (b *bench) expected(r row) string {
	if b.took[r.name] == "" {
		return ""
	}
	return " (last time " + b.took[r.name] + ")"
}

// measure does a row, whatever kind it is.
func (b *bench) measure(ctx context.Context, r row) ([]result, error) {
	if r.scratch != "" {
		defer os.Remove(r.scratch)
	}
	if err := r.ours.missing(); err != nil {
		return nil, err
	}
	if r.prepare != nil {
		if err := r.prepare(); err != nil {
			return nil, fmt.Errorf("prepare: %w", err)
		}
	}
	if r.script != "" {
		cmd := exec.CommandContext(ctx, r.script)
		cmd.Stdout, cmd.Stderr, cmd.Dir = os.Stderr, os.Stderr, b.root
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		// It ends what it started itself.
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGINT) }
		return nil, cmd.Run() // it has written its figures by --record
	}
	if r.sizes != nil {
		return b.grow(ctx, r)
	}
	without := error(nil)
	if r.peer.name != "" {
		without = r.peer.missing()
	}
	m, err := b.alternate(ctx, r, without == nil && r.peer.name != "")
	if err != nil {
		return nil, err
	}
	results := r.results(m, b.machine())
	if without != nil {
		for i := range results {
			results[i].Why = alone + without.Error()
		}
	}
	return results, nil
}

// A row that others slow down ends after this time, once it has the fewest rounds; the table says how many it had.
const (
	patience = 4 * time.Minute
	fewest   = 3
)

// doer is one side made ready: each call is a turn.
type doer func(ask string) (reply, cost, error)

func (b *bench) doer(ctx context.Context, r row, s side, more ...string) (_ doer, version string, end func(), _ error) {
	if s.whole {
		return func(string) (reply, cost, error) { return b.once(ctx, s, r.threads, more...) }, "", func() {}, nil
	}
	w, err := b.start(ctx, s, r.threads, more...)
	if err != nil {
		return nil, "", nil, err
	}
	return w.turn, w.version, w.end, nil
}

// alternate takes turns. Before the first that counts each side does the work once, which compiles and warms up, and
// whose outputs are compared. Every other round begins with the peer.
func (b *bench) alternate(ctx context.Context, r row, beside bool) (m measured, err error) {
	sides := []side{r.ours}
	if beside {
		sides = append(sides, r.peer)
	}
	var dos []doer
	var first []reply
	for i, s := range sides {
		do, version, end, err := b.doer(ctx, r, s)
		if err != nil {
			return m, err
		}
		defer end()
		answer, _, err := do(cmp.Or(r.show, r.ask))
		if err == nil && r.show != "" {
			_, _, err = do(r.ask)
		}
		if err != nil {
			return m, err
		}
		m.Versions[i] = version + answer.Version
		dos, first = append(dos, do), append(first, answer)
	}
	m.Amount = first[0].Amount
	if r.amount != 0 {
		m.Amount = r.amount
	}
	if beside {
		if m.Agreement, err = r.agree.check(first[0].numbers(), first[1].numbers()); err != nil {
			return m, err
		}
	}
	began := time.Now()
	for round := range b.roundsOf(r) {
		if round >= fewest && time.Since(began) > patience {
			break
		}
		costs := make([]cost, len(dos))
		before, at := busy(), time.Now()
		for i := range dos {
			k := (i + round) % len(dos)
			if _, costs[k], err = dos[k](r.ask); err != nil {
				return m, err
			}
		}
		t := turn{Ours: costs[0], Others: busy() - before - costs[0].Processor}
		if beside {
			t.Peer = &costs[1]
			t.Others -= costs[1].Processor
		}
		t.Others = max(0, t.Others/time.Since(at).Seconds())
		fmt.Fprintf(os.Stderr, "  round %d: %s\n", round+1, t)
		m.Turns = append(m.Turns, t)
	}
	return m, nil
}

func (b *bench) roundsOf(r row) int {
	if r.rounds != 0 {
		return r.rounds
	}
	return b.rounds
}

func (t turn) String() string {
	text := fmt.Sprintf("ours %.3f s, %.3f of the processor", t.Ours.Wall, t.Ours.Processor)
	if t.Peer != nil {
		text += fmt.Sprintf("; peer %.3f, %.3f", t.Peer.Wall, t.Peer.Processor)
	}
	return text + fmt.Sprintf("; others %.2f cores", t.Others)
}

// grow measures one side at several sizes, the best of three each: what disturbs makes it slower, never
// quicker, and a first turn is slower too.
func (b *bench) grow(ctx context.Context, r row) ([]result, error) {
	var curve []point
	var all measured
	for _, size := range r.sizes {
		do, version, end, err := b.doer(ctx, r, r.ours, fmt.Sprint(size))
		if err != nil {
			return nil, err
		}
		var turns []turn
		for range b.growthRounds(r) {
			before, began := busy(), time.Now()
			_, c, err := do(r.ask)
			if err != nil {
				end()
				return nil, err
			}
			t := turn{Ours: c, Others: max(0, (busy()-before-c.Processor)/time.Since(began).Seconds())}
			fmt.Fprintf(os.Stderr, "  %d: %s\n", size, t)
			turns = append(turns, t)
		}
		end()
		least := slices.MinFunc(turns, func(x, y turn) int { return compare(x.Ours.Processor, y.Ours.Processor) })
		curve = append(curve, point{size, least.Ours.Processor, least.Ours.Peak})
		all.Turns, all.Versions[0] = append(all.Turns, least), version
	}
	return r.curve(curve, all, b.machine()), nil
}

func (b *bench) growthRounds(r row) int {
	if r.rounds != 0 {
		return r.rounds
	}
	return min(b.rounds, 3)
}

// record makes figures of turns that another script measured.
func (b *bench) record(rows []row, name string, in io.Reader) error {
	at := slices.IndexFunc(rows, func(r row) bool { return r.name == name })
	if at < 0 {
		return fmt.Errorf("there is no row %q: see --list", name)
	}
	var m measured
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return fmt.Errorf("turns on stdin: %w", err)
	}
	if len(m.Turns) == 0 || m.Agreement == "" {
		return fmt.Errorf("turns on stdin: %d of them, and outputs %q: both must be there", len(m.Turns), m.Agreement)
	}
	results := rows[at].results(m, b.machine())
	for _, x := range results {
		fmt.Println(x.line())
	}
	return b.write(results)
}
