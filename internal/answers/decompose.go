package answers

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/judge"
)

// DecomposeJob is hives vcai decompose.
type DecomposeJob struct {
	Config     Config // with a voter named writer
	Known      theories.Set
	Value      string // a value_id, or a name
	Definition string // "": the theory's own
	Yes        bool   // ask although no budget is set
}

// decomposePrompt is what the writer is asked with.
const decomposePrompt = "decompose.v1"

// Decompose has the writer draft a value's parts, in the form of a file. It is a draft: which parts a value has decides
// what every degree means, so a person reads it before answers are judged by it. Nothing of it is kept; a second call
// asks again.
func Decompose(ctx context.Context, j DecomposeJob) (*Decomposition, error) {
	v, err := j.value()
	if err != nil {
		return nil, err
	}
	cfg := j.Config
	cfg.Voters = slices.Clone(cfg.Voters)
	for i := range cfg.Voters {
		cfg.Voters[i].Prompt, cfg.Voters[i].MaxTokens = decomposePrompt, max(cfg.Voters[i].MaxTokens, 800)
	}
	if cfg, err = cfg.complete(Writer); err != nil {
		return nil, err
	}
	if w := cfg.Voters[0]; !w.AtHome() && !j.Yes {
		e := judge.Estimate{}
		e.Ask(w, 1, 300, int64(w.MaxTokens))
		if err := judge.Afford(e, cfg.Budget, "ask a cheaper model"); err != nil {
			return nil, err
		}
	}
	if cfg.Config, err = cfg.Open(ctx); err != nil {
		return nil, err
	}
	defer cfg.Close()
	dir, done, err := fsutil.Scratch("decompose")
	if err != nil {
		return nil, err
	}
	defer done()
	return j.ask(ctx, cfg.Config, v, filepath.Join(dir, VotesFile))
}

// value is the one that is to be decomposed, without its parts.
func (j DecomposeJob) value() (*Value, error) {
	v := &Value{Name: j.Value, Definition: j.Definition}
	theory, path, err := j.Known.ParseID(j.Value)
	if err != nil && !strings.Contains(j.Value, "/") { // a name, and no value_id
		theory, path, err = j.named()
	}
	if err != nil {
		return nil, fault.Usage(fmt.Errorf("%w (hives theories lists all; a theory of your own comes with --theories)", err))
	}
	v.ID, v.Name = theories.ValueID(theory, path), path.Name()
	if v.Definition == "" {
		d, err := j.Known.Define(v.ID)
		if err != nil {
			return nil, err
		}
		v.Definition = d.Text
	}
	return v, nil
}

// named is the value of a name: that of svt, whose values ours are, or the only one that bears it.
func (j DecomposeJob) named() (theory string, path theories.Path, err error) {
	var ids []string
	for _, n := range j.Known.FindName(j.Value) {
		at := j.Known.Canonical(n.Theory, n.Path)
		if len(ids) == 0 || n.Theory == "svt" {
			theory, path = n.Theory, at
		}
		if id := theories.ValueID(n.Theory, at); !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	switch {
	case len(ids) == 0:
		return "", path, fault.New(fault.NotFound, "value %q: no theory has one of this name", j.Value)
	case len(ids) > 1 && theory != "svt":
		return "", path, fault.New(fault.Invalid, "value %q is one of several: say %s", j.Value, strings.Join(ids, " or "))
	}
	return theory, path, nil
}

func (j DecomposeJob) ask(ctx context.Context, cfg judge.Config, v *Value, votes string) (*Decomposition, error) {
	run, err := judge.NewRun("vcai decompose", map[string]any{"voters": cfg.Identities()})
	if err != nil {
		return nil, err
	}
	store, err := judge.Open(votes)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	asked, err := judge.New(ctx, cfg, run, store)
	if err != nil {
		return nil, err
	}
	t, err := prompts.Load(decomposePrompt)
	if err != nil {
		return nil, err
	}
	form, err := t.Render("decompose", struct{ Text string }{judge.Mark}, decomposeSchema())
	if err != nil {
		return nil, err
	}
	text := v.Name + ": " + v.Definition
	q := form.Question(judge.Item{ID: judge.Hash(text)[:32], Text: text, Licence: "own"}, text)
	out := &Decomposition{Format: 1, Kind: "decomposition", Values: []Value{*v}}
	q.About, q.Parse = "decompose", func(raw string) (string, error) {
		parts, err := partsOf(raw)
		if err != nil {
			return "", err
		}
		out.Values[0].Parts = parts
		return compact(parts), out.check(j.Known)
	}
	vote, _, err := asked.Ask(ctx, 0, q)
	switch {
	case err != nil:
		return nil, err
	case vote.Parsed == "":
		return nil, fault.New(fault.Invalid, "the writer drafted no parts of %s in %d attempts: %s", v.Name, cfg.Attempts,
			vote.Error)
	}
	return out, nil
}

// decomposeSchema is the answer's form.
func decomposeSchema() map[string]any {
	text := map[string]any{"type": "string"}
	part := map[string]any{"type": "object", "required": []string{"name", "agrees", "disagrees"},
		"properties":           map[string]any{"name": text, "agrees": text, "disagrees": text},
		"additionalProperties": false}
	return map[string]any{"type": "object", "required": []string{"sub_values"}, "additionalProperties": false,
		"properties": map[string]any{"sub_values": map[string]any{"type": "array", "items": part, "minItems": 2,
			"maxItems": 12}}}
}

// partsOf reads an answer.
func partsOf(raw string) ([]Part, error) {
	object, err := judge.Repair(raw)
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(object["sub_values"])
	var parts []Part
	if err == nil {
		err = json.Unmarshal(list, &parts)
	}
	if err != nil || len(parts) == 0 {
		return nil, fmt.Errorf("the answer has no list of sub-values")
	}
	return parts, nil
}
