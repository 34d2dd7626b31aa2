package soak

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"hives/internal/fault"
)

// Options say how much of what is done to the runs.
type Options struct {
	Command func(args ...string) *exec.Cmd // makes a training process
	Args    []string                       // its flags but --out and --resume
	Dir     string                         // for the run folders
	Kills   int                            // by SIGKILL, every second one while a save is under way
	Terms   int                            // by SIGTERM
	Damages int                            // of the newest checkpoint
	Seed    uint64
	Log     io.Writer // a line for every blow
}

// Report counts what was done. Blows that missed, a kill of a process that had ended or a SIGTERM that came before
// anything was begun, are in none of the counts.
type Report struct {
	Runs, Kills, KillsInSave, Terms, Damages, Resumes int
	SlowestTerm                                       time.Duration // from SIGTERM to the end of the process
}

// String is the line that a soak ends with; docs/RELIABILITY.md has a table of them.
func (r Report) String() string {
	return fmt.Sprintf("%d runs, %d kills of which %d during a save, %d SIGTERM (slowest end %.2f s), %d damaged "+
		"checkpoints, %d resumes",
		r.Runs, r.Kills, r.KillsInSave, r.Terms, r.SlowestTerm.Seconds(), r.Damages, r.Resumes)
}

// soak is the state of a Run. Blows are drawn from random; what they meet is not, since processes have times of
// their own.
type soak struct {
	o      Options
	random *rand.Rand
	report Report
	whole  string        // the run that was left alone
	window time.Duration // how long it took
}

// Run does it all and returns at the first thing that is not as it should be.
func Run(ctx context.Context, o Options) (Report, error) {
	s := &soak{o: o, random: rand.New(rand.NewPCG(o.Seed, 0)), whole: filepath.Join(o.Dir, "whole")}
	begin := time.Now()
	p, err := s.start(s.whole)
	if err != nil {
		return s.report, err
	}
	// The run that is left alone comes first: it gives what the others are held to, and how long one takes.
	if <-p.ended; p.err != nil {
		return s.report, fmt.Errorf("the run that is left alone: %w\n%s", p.err, &p.said)
	}
	// Moments of later blows are drawn from this time, so a slow machine does not make all of them early.
	s.window = time.Since(begin)
	s.printf("seed %d; a run that is left alone takes %.2f s\n", o.Seed, s.window.Seconds())
	for s.left() && err == nil {
		s.report.Runs++
		out := filepath.Join(o.Dir, fmt.Sprintf("run-%d", s.report.Runs))
		if err = s.batter(ctx, out); err == nil {
			err = s.compare(out)
		}
	}
	return s.report, err
}

// left tells whether blows are still to be dealt.
func (s *soak) left() bool {
	r := &s.report
	return r.Kills < s.o.Kills || r.Terms < s.o.Terms || r.Damages < s.o.Damages
}

// printf writes to the log of the blows, which a failing test shows.
func (s *soak) printf(format string, args ...any) { fmt.Fprintf(s.o.Log, format, args...) }

// batter takes one run to its end. When all blows have been dealt the rest runs through.
//
//	damage (perhaps) → start with --resume → a blow, or none → how it ended → again, until it ends by itself
func (s *soak) batter(ctx context.Context, out string) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		damaged, what := "", ""
		if s.report.Damages < s.o.Damages {
			var err error
			// Before a start, since a process that runs has its checkpoints in use.
			if damaged, what, err = s.damage(out); err != nil {
				return err
			}
		}
		p, err := s.start(out)
		if err != nil {
			return err
		}
		blow := s.strike(p, out)
		<-p.ended
		if s.report.Resumes++; damaged != "" {
			s.report.Damages++
			// The process may have been killed before it could say so; then the next one does.
			if said := p.said.String(); strings.Contains(said, "going on after") && !strings.Contains(said, damaged) {
				return fmt.Errorf("%s: not named:\n%s", what, said)
			}
		}
		s.printf("%4d  %-58s %s\n", s.report.Resumes, blow, what)
		// A crash is never among the expected ends, however it was provoked.
		if err := s.asExpected(p, blow); err != nil {
			return err
		}
		// A process that a SIGTERM met in its last step may end with 0, and the run is then finished all the same:
		// the next start says so.
		if p.err == nil && blow.kind != "SIGTERM" {
			return nil
		}
	}
}

// blow is what was done to a process.
type blow struct {
	kind  string // "SIGKILL", "SIGTERM", or "" if it ended by itself
	after time.Duration
	lines int // of the metrics log by then
	save  bool
	took  time.Duration
}

// String is a line of that log: "SIGKILL after  0.53 s at line 124, between saves".
func (b blow) String() string {
	if b.kind == "" {
		return "ran through"
	}
	where := "between saves"
	if b.save {
		where = "during a save"
	}
	if b.kind == "SIGTERM" {
		where = fmt.Sprintf("ended in %.2f s", b.took.Seconds())
	}
	return fmt.Sprintf("%s after %5.2f s at line %3d, %s", b.kind, b.after.Seconds(), b.lines, where)
}

// tooEarly is a SIGTERM that ended the process before it had begun to listen for signals, or done anything else.
const tooEarly = "early SIGTERM"

// strike waits for a random moment and sends a signal, if any is left to be sent.
//
// What is dealt is drawn by what is left: of 6 kills and 2 SIGTERM a number of 0 to 8, of which 7 and 8 are
// SIGTERM.
func (s *soak) strike(p *process, out string) (b blow) {
	begin := time.Now()
	kill, term := max(0, s.o.Kills-s.report.Kills), s.o.Terms-s.report.Terms
	if !s.left() || s.wait(p, out) {
		return b
	}
	// A kill unless SIGTERM is drawn: most of what goes wrong on a machine gives no warning.
	sig := syscall.SIGKILL
	b = blow{kind: "SIGKILL", after: time.Since(begin)}
	if s.random.IntN(kill+term+1) > kill { // where only damage is left to be done, a kill makes the occasion
		sig, b.kind = syscall.SIGTERM, "SIGTERM"
	}
	b.took, _ = p.signal(sig)
	b.lines, b.save = logged(out), p.saving(out)
	if p.err == nil && sig == syscall.SIGKILL {
		return blow{} // it was quicker
	}
	switch {
	case sig == syscall.SIGTERM && p.killed() && p.said.Len() == 0:
		b.kind = tooEarly // counts as nothing
	case sig == syscall.SIGTERM:
		s.report.Terms++
		s.report.SlowestTerm = max(s.report.SlowestTerm, b.took)
	case b.save:
		s.report.Kills, s.report.KillsInSave = s.report.Kills+1, s.report.KillsInSave+1
	default:
		s.report.Kills++
	}
	return b
}

// wait lets the process get to a random moment: of its whole time in one half of the cases, of a save in the
// other.
// A random moment alone would hardly ever meet a save: it takes milliseconds of a run's seconds.
func (s *soak) wait(p *process, out string) (ended bool) {
	fraction, inSave := s.random.Float64(), s.random.IntN(2) == 0
	if !inSave {
		return p.sleep(time.Duration(fraction * float64(s.window)))
	}
	// What a killed predecessor left is cleared before the first step; a few saves may pass.
	for before := logged(out); logged(out) <= before; {
		if p.sleep(time.Millisecond) {
			return true
		}
	}
	if p.sleep(time.Duration(fraction * float64(s.window) / 8)) {
		return true
	}
	return p.awaitSave(out, s.window) || p.sleep(time.Duration(s.random.IntN(3000))*time.Microsecond)
}

// asExpected checks how a process ended: SIGKILL tells nothing, a SIGTERM that it could hear ends it as saved, and the
// end of a run is a success.
func (s *soak) asExpected(p *process, b blow) error {
	saved := b.kind == "SIGTERM" && p.exitCode() == fault.ExitInterrupted
	if p.err == nil || saved || b.kind == "SIGKILL" && p.killed() || b.kind == tooEarly {
		return nil
	}
	return fmt.Errorf("%s: %w\n%s", b, p.err, &p.said)
}
