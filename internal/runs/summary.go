package runs

import (
	"context"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"hives/internal/cli"
	"hives/internal/runstore"
	"hives/internal/trainer"
)

// KeyFigures are the validation figures of a line of the list, as metrics.jsonl names them.
// The four answer one question each: does it learn, does it rank, does it agree over corpora, does it know the
// side.
var KeyFigures = []string{
	heldOutLoss, "validation ranking_accuracy.within_corpus", "validation similarity_correlation_corpus_mean",
	"validation direction_accuracy",
}

// The loss on held-out rows is that of Stage 1; Stage 2, whose own has two terms more, logs it as the hierarchical one.
const (
	heldOutLoss         = "validation loss"
	heldOutHierarchical = "validation loss_hierarchical"
)

// killed is the status of a run that says it is running and that no process holds. It is not in run.json: a process
// that is killed writes nothing.
const killed = "killed"

// Summary is a run in a line.
type Summary struct {
	ID      string            `json:"id"`
	Path    string            `json:"path"`
	Stage   int               `json:"stage"`
	Status  string            `json:"status"` // running, killed, interrupted, finished or failed
	Step    int               `json:"step"`
	Steps   int               `json:"steps"`
	Resumes int               `json:"resumes"`
	From    string            `json:"from"`               // the starting weights as the settings name them
	FromRun string            `json:"from_run,omitempty"` // id of the indexed run whose final weights they are
	Figures map[string]Figure `json:"figures"`            // the newest of each, by kind and name
	Best    *runstore.Best    `json:"best"`
	Problem string            `json:"problem,omitempty"` // why the folder cannot be read
	Bad     int               `json:"bad_lines"`         // of metrics.jsonl

	run Run
}

// summaries describes runs; all are those of the index, among which a start is looked for.
// They come in the order of chosen.
func summaries(ctx context.Context, x *Index, chosen, all []Run) ([]Summary, error) {
	var out []Summary
	for _, r := range chosen {
		figures, err := x.Last(ctx, &r)
		if err != nil {
			return nil, err
		}
		s := Summary{
			ID: r.Info.ID, Path: r.Path, Stage: r.Info.Stage, Status: status(&r), Step: r.Info.Step,
			Resumes: r.Info.Resumes,
			Figures: figures, Best: r.Info.Best, Problem: r.Problem, Bad: r.Bad, run: r,
		}
		// run.json is as old as the last change of status
		if s.Status == string(runstore.Running) || s.Status == killed {
			s.Step = max(s.Step, figures["train loss"].Step)
		}
		// A configuration that cannot be read leaves steps and start open; the problem stands with the run.
		var cfg trainer.Config
		if toml.Unmarshal([]byte(r.Config), &cfg) == nil {
			s.Steps, s.From = cfg.Steps, cfg.Model.From
		}
		s.FromRun = origin(&r, all)
		out = append(out, s)
	}
	return out, nil
}

// status is that of run.json, but for a run that says it is running while nobody holds its lock: the process is gone
// and could not say so.
// The lock is the kernel's, so it goes with its process however that ended.
func status(r *Run) string {
	if r.Info.Status == runstore.Running && !runstore.Held(r.Path) {
		return killed
	}
	return string(r.Info.Status)
}

// origin finds the run whose final weights another began with. By the hash of the weights, so it holds wherever
// either folder was moved to.
//
//	stage2: base 9f31…      stage1: weights 9f31…      → stage1's id
//	stage1: base 55c0…      no run made 55c0…          → "", and the list shows the settings' word for it
func origin(r *Run, all []Run) string {
	base := r.Info.Hashes["base"]
	for _, other := range all {
		if base != "" && other.Weights == base && other.Path != r.Path {
			return other.Info.ID
		}
	}
	return ""
}

// changed lists the settings that differ from the defaults of the run's stage, the defaults as stored. Both are
// compared as text, key by key (runstore.ConfigChanges).
func changed(r *Run) ([]runstore.Change, error) {
	if r.Config == "" {
		return nil, nil
	}
	defaults, err := cli.EncodeTOML(trainer.DefaultStage(r.Info.Stage))
	if err != nil {
		return nil, err
	}
	all, err := runstore.ConfigChanges(defaults, []byte(r.Config))
	var out []runstore.Change
	for _, c := range all {
		if r.Info.Stage == 1 && strings.HasPrefix(c.Field, "stage2.") {
			continue // the stage does not have it
		}
		out = append(out, c)
	}
	return out, err
}

// stageDefaults are the settings of a stage by name; Stage 1 has none of Stage 2's.
// Keys are dotted ("sampler.batch_size"), values as config.toml writes them.
func stageDefaults(stage int) (map[string]string, error) {
	raw, err := cli.EncodeTOML(trainer.DefaultStage(stage))
	if err != nil {
		return nil, err
	}
	all, err := runstore.ConfigChanges(nil, raw)
	out := map[string]string{}
	for _, c := range all {
		if stage != 1 || !strings.HasPrefix(c.Field, "stage2.") {
			out[c.Field] = c.Given
		}
	}
	return out, err
}
