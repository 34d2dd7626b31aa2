package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"hives/internal/columns"
	"hives/internal/trainer"
)

// dryRun prints what a run would need: parameters, bytes by kind, speed, hours, and what other settings of memory
// would take. It takes a few real steps and writes nothing.
//
// Memory is both counted and measured. The count says which kind of memory a setting would save. The measured peak
// says whether the count can be believed on this engine.
func dryRun(ctx context.Context, cfg trainer.Config, ro trainer.RunOptions, o *options, out io.Writer) error {
	// Only whether files are there. To read them here would raise the baseline that the peak is measured against.
	if err := trainer.CheckInputs(&cfg); err != nil {
		return err
	}
	if err := openEngine(ctx, o, &ro); err != nil {
		return err
	}
	defer ro.Engine.Close()
	watcher := newWatcher(ro.Engine.Choice)
	ro.Observer = watcher
	if o.smoke {
		watcher.Note(smokeWords)
	}
	plan, err := trainer.DryRun(ctx, cfg, ro)
	if err != nil {
		return err
	}
	if o.json {
		enc := json.NewEncoder(out)
		enc.SetIndent("", "  ")
		return enc.Encode(plan)
	}
	w := columns.NewTable(out)
	printPlan(w, plan)
	return w.Flush()
}

// printPlan prints the plan for a person. With a tiny model it begins so (docs/TRAINING.md has all of it):
//
//	parameters            269952     trained; 0 more stay as they are
//	memory of a step      0.01 GiB   counted, on each of 1 device(s)
//	peak                  0.07 GiB   measured over 20 steps, -10 % of what was counted
func printPlan(w io.Writer, p *trainer.Plan) {
	line := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	line("parameters\t%d\ttrained; %d more stay as they are", p.Parameters, p.Fixed)
	for _, g := range p.Groups {
		line("  %s\t%d\tin %d tensors", g.Name, g.Parameters, g.Variables)
	}
	m := p.Memory
	line("memory of a step\t%s\tcounted, on each of %d device(s)", gib(m.Total()), p.Devices)
	// The update begins when the activations are gone, so the two are never there together; Memory.Total counts the
	// larger.
	for _, kind := range []struct {
		name  string
		bytes int64
	}{{"weights", m.Weights}, {"gradients", m.Gradients}, {"moments", m.Moments},
		{"update (after the activations)", m.Update}, {"activations", m.Activations}, {"anchors", m.Anchors}} {
		line("  %s\t%s", kind.name, gib(kind.bytes))
	}
	line("  the program itself\t%s\tbefore the model", gib(p.Baseline))
	// Of a GPU's memory the peak of this process says nothing: the line is for runs on a CPU.
	counted := int64(p.Devices)*m.Total() + p.Baseline // the CPU plugin's devices share the host's memory
	line(
		"peak\t%s\tmeasured over %d steps, %+.0f %% of what was counted",
		gib(p.Peak), p.Measured, 100*(float64(p.Peak)/float64(counted)-1))
	line("tokens a step\t%.0f\t%.0f computed: %.1f %% are text", p.Tokens, p.Computed, 100*p.Tokens/p.Computed)
	for _, s := range p.Shapes {
		line("  %d × %d\t%.1f %% of steps\t%.1f %% text", s.Rows, s.Length, 100*s.Share, 100*s.Fill)
	}
	line("speed\t%.3g steps/s\t%.0f tokens/s", p.StepsPerSecond, p.StepsPerSecond*p.Tokens)
	line("to the end\t%.1f h\t%d steps", p.Hours, p.Steps)
	// Work is relative to the plain step: 1.33 is a third more.
	line("alternatives\tmemory\twork")
	for _, a := range p.Alternatives {
		line("  recompute %v, packs %d, moments %s, split %v\t%s\t× %.2f",
			a.Memory.Recompute, a.Memory.Packs, a.Memory.Moments, a.Memory.SplitUpdate, gib(a.Bytes), a.Work)
	}
}

func gib(bytes int64) string { return fmt.Sprintf("%.2f GiB", float64(bytes)/(1<<30)) }
