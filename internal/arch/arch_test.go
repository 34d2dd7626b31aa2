package arch

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "hives"

// rule forbids packages below from to reach packages below any of to, also by way of others.
type rule struct {
	from   string
	to     []string
	reason string
}

var rules = []rule{
	{"losses", []string{"samplers", "tokenizer", "data", "metrics", "model", "encoder", "checkpoints"},
		"a loss sees vectors and numbered labels: it never samples, tokenises or reads rows"},
	{"samplers", []string{"losses", "tokenizer", "metrics", "model", "encoder", "checkpoints"},
		"a sampler chooses row numbers: it never tokenises or embeds"},
	{"metrics", []string{"losses", "samplers", "tokenizer", "model", "encoder", "checkpoints", "os"},
		"a metric takes vectors and labels: it never loads a file or runs a model"},
	{"model", []string{"data", "losses", "samplers", "metrics", "checkpoints", "encoder", "tokenizer"},
		"a model turns token ids into vectors, whatever they are used for"},
	{"data", []string{"model", "encoder", "losses", "samplers", "metrics", "checkpoints", "tokenizer", "github.com/gomlx"},
		"rows are prepared without an engine or a model"},
	{"tokenizer", []string{"model", "data", "losses", "samplers", "metrics", "encoder", "checkpoints", "github.com/gomlx"},
		"a tokenizer turns text into ids and nothing else"},
	{"pack", []string{"model", "encoder", "data", "losses", "samplers", "metrics", "checkpoints", "tokenizer",
		"github.com/gomlx"},
		"packing is a function of lengths: trainer, encoder and daemon share it"},
	{"checkpoints", []string{"model", "data", "losses", "samplers", "metrics", "encoder", "tokenizer"},
		"a checkpoint stores named tensors: it does not know what they mean"},
	{"encoder", []string{"losses", "samplers", "metrics", "checkpoints"},
		"an encoder serves vectors: it never trains or judges"},
	{"values", []string{"model", "losses", "samplers", "checkpoints", "tokenizer", "client", "proto"},
		"value vectors come from an Encoder and rows, whichever model or server embeds"},
	{"ranking", []string{"model", "data", "losses", "samplers", "metrics", "encoder", "checkpoints", "tokenizer", "values",
		"os", "github.com/gomlx"},
		"utilities come from numbered orders alone, so that every fit can be made again from stored answers"},
	{"intensity", []string{"model", "data", "losses", "samplers", "metrics", "encoder", "checkpoints", "tokenizer",
		"values", "os", "github.com/gomlx"},
		"scores come from utilities alone, for the same reason"},
	{"client", []string{"model", "data", "losses", "samplers", "metrics", "values", "encoder", "checkpoints", "tokenizer",
		"github.com/gomlx"},
		"a client knows the wire and nothing of what is behind it"},
	{"internal/engine", []string{"model", "data", "losses", "samplers", "metrics", "encoder", "checkpoints", "tokenizer",
		"internal/cli"},
		"the engine room lies below all that computes"},
	{"internal/trainer/loop", []string{"losses", "samplers", "metrics", "encoder", "tokenizer",
		"internal/trainer/contrast", "internal/trainer/start"},
		"the loop trains whatever a task is: rows, vectors and losses are the task's"},
	{"internal/trainer/step", []string{"losses", "samplers", "metrics", "encoder", "tokenizer", "data",
		"internal/runstore", "internal/trainer/loop"},
		"a step is graphs: it knows neither rows nor a run folder"},
	{"internal/cli", []string{"model", "data", "losses", "samplers", "metrics", "encoder", "checkpoints", "tokenizer",
		"github.com/gomlx"},
		"flags and settings know nothing of the work"},
	{"internal/evaluate", []string{"model", "losses", "samplers", "checkpoints", "internal/engine"},
		"evaluation takes an Encoder, never a model, so that it judges any"},
	{"internal/llm", []string{"model", "data", "losses", "samplers", "metrics", "encoder", "tokenizer", "internal/judge",
		"github.com/gomlx"},
		"a client sends one request: what is asked and what the answer means is not its business"},
	{"internal/judge", []string{"model", "data", "losses", "samplers", "metrics", "values", "encoder", "tokenizer",
		"internal/panel", "internal/review", "internal/anchors", "github.com/gomlx"},
		"a judge asks about any text: what answers mean is for those who ask through it"},
	{"internal/fault", []string{module}, "every package names its errors with it, so it stands at the bottom"},
	{"", []string{"cmd"}, "programs are the top: nothing imports one"},
}

// public packages are a library for others; these parts belong to our programs.
var plumbing = []string{"internal/cli", "internal/engine", "internal/trainer", "internal/evaluate", "internal/report",
	"internal/runstore", "internal/serve",
	"internal/runs", "internal/trainmetrics", "internal/smoke", "internal/experiment"}

var public = []string{"kind", "model", "tokenizer", "pack", "encoder", "losses", "samplers", "data", "metrics",
	"values", "ranking", "intensity", "steer", "checkpoints", "client", "proto"}

// pkg is what go list tells; Imports leaves tests out.
type pkg struct {
	ImportPath string
	Imports    []string
}

// list returns the module's packages by path relative to the module.
func list(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...")
	raw, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	pkgs := map[string]pkg{}
	for dec := json.NewDecoder(strings.NewReader(string(raw))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		p.ImportPath = relative(p.ImportPath)
		for i := range p.Imports {
			p.Imports[i] = relative(p.Imports[i])
		}
		pkgs[p.ImportPath] = p
	}
	if len(pkgs) < 10 {
		t.Fatalf("go list found %d packages", len(pkgs))
	}
	return pkgs
}

func relative(path string) string { return strings.TrimPrefix(path, module+"/") }

// below tells whether path is prefix or lies below it. The empty prefix is the whole module but cmd.
func below(path, prefix string) bool {
	if prefix == "" {
		return !below(path, "cmd")
	}
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// reach finds a chain of imports from a package to one that bad accepts. Foreign packages, and the
// standard library, count only where a package of ours imports them itself.
func reach(pkgs map[string]pkg, from string, bad func(string) bool) []string {
	seen := map[string]bool{}
	var visit func(string) []string
	visit = func(path string) []string {
		if seen[path] {
			return nil
		}
		seen[path] = true
		for _, next := range pkgs[path].Imports {
			direct := path == from
			if _, ours := pkgs[next]; (ours || direct) && bad(next) {
				return []string{path, next}
			}
			if _, ours := pkgs[next]; ours {
				if chain := visit(next); chain != nil {
					return append([]string{path}, chain...)
				}
			}
		}
		return nil
	}
	return visit(from)
}

func (r rule) check(pkgs map[string]pkg) []string {
	var broken []string
	for path := range pkgs {
		if !below(path, r.from) {
			continue
		}
		bad := func(next string) bool {
			for _, to := range r.to {
				_, ours := pkgs[next]
				if below(next, to) || (to == module && ours) {
					return true
				}
			}
			return false
		}
		if chain := reach(pkgs, path, bad); chain != nil {
			broken = append(broken, strings.Join(chain, " → ")+": "+r.reason)
		}
	}
	slices.Sort(broken)
	return broken
}

func TestForbiddenImports(t *testing.T) {
	pkgs := list(t)
	all := slices.Clone(rules)
	for _, from := range public {
		all = append(all, rule{from, plumbing, "others use this package without our programs' plumbing"})
	}
	for _, r := range all {
		for _, line := range r.check(pkgs) {
			t.Error(line)
		}
	}
}

// Only one package may bring a backend into a program, so that --engine decides and nothing else.
func TestOneEngineRoom(t *testing.T) {
	for path, p := range list(t) {
		if path == "internal/engine" {
			continue
		}
		for _, next := range p.Imports {
			if strings.HasPrefix(next, "github.com/gomlx/go-xla") || below(next, "github.com/gomlx/compute/gobackend") ||
				below(next, "github.com/gomlx/gomlx/backends") {
				t.Errorf("%s imports %s: a backend is opened by internal/engine alone", path, next)
			}
		}
	}
}

// rigs tells of the packages that import a test rig outside their tests, but for rigs and the programs of bench.
func rigs(pkgs map[string]pkg) (broken []string) {
	for path, p := range pkgs {
		for _, next := range p.Imports {
			if below(next, "internal/rig") && !below(path, "internal/rig") && !below(path, "bench") {
				broken = append(broken, path+" imports "+next+" outside its tests")
			}
		}
	}
	slices.Sort(broken)
	return broken
}

func TestRigsStayInTests(t *testing.T) {
	for _, line := range rigs(list(t)) {
		t.Error(line)
	}
}

// The negative control: a program that kills what it serves is found, a bench and another rig are not.
func TestRigsNotice(t *testing.T) {
	use := pkg{Imports: []string{"internal/rig/chaos"}}
	got := rigs(map[string]pkg{"cmd/embedd": use, "bench/loadtest": use, "internal/rig/soak": use})
	if len(got) != 1 || !strings.HasPrefix(got[0], "cmd/embedd imports internal/rig/chaos") {
		t.Errorf("got %q", got)
	}
}

// The negative control: a made-up tree breaks a rule directly and by way of a third package.
func TestRulesNoticeBreaches(t *testing.T) {
	pkgs := map[string]pkg{
		"losses": {Imports: []string{"a"}}, "a": {Imports: []string{"tokenizer"}}, "tokenizer": {},
		"metrics": {Imports: []string{"os"}}, "samplers": {Imports: []string{"math"}},
	}
	for from, want := range map[string]string{"losses": "losses → a → tokenizer", "metrics": "metrics → os",
		"samplers": ""} {
		i := slices.IndexFunc(rules, func(r rule) bool { return r.from == from })
		got := strings.Join(rules[i].check(pkgs), "; ")
		if !strings.HasPrefix(got, want) || (want == "") != (got == "") {
			t.Errorf("%s: got %q, want %q", from, got, want)
		}
	}
}
