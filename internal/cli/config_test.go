package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"hives/internal/fault"
)

type optimizer struct {
	Rate  float64   `toml:"rate"`
	Betas []float64 `toml:"betas"`
}

type settings struct {
	Steps   int                `toml:"steps"`
	Name    string             `toml:"name"`
	Quiet   bool               `toml:"quiet"`
	Every   Duration           `toml:"every"`
	Tags    []string           `toml:"tags"`
	Opt     optimizer          `toml:"optimizer"`
	Weights map[string]float64 `toml:"weights"`
	hidden  int
}

func defaults() settings {
	return settings{
		Steps: 10, Name: "base", Every: Duration(time.Minute), Opt: optimizer{Rate: 1e-4, Betas: []float64{.9, .999}},
		Weights: map[string]float64{"svt": 1},
	}
}

func file(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.toml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func opts() cmp.Option { return cmp.AllowUnexported(settings{}) }

func TestEachSourceOverridesTheOneBefore(t *testing.T) {
	path := file(t, "steps = 20\nname = \"file\"\nquiet = true\n[optimizer]\nrate = 1\n[weights]\nmft = 2\n")
	src := Sources{
		File: path, EnvPrefix: "TRAIN",
		Environ: []string{"TRAIN_NAME=env", "TRAIN_OPTIMIZER_RATE=0.5", "TRAIN_TAGS=a,b", "TRAIN_PORT=ignored", "STEPS=1"},
		Sets:    []string{"optimizer.rate=0.25", "optimizer.betas=[0.8, 0.9]", "every=5s", "weights.duty=3"},
		Flags:   map[string]any{"steps": FlagValue{"steps", "40"}, "quiet": false},
	}
	given := defaults()
	got, origins, err := Load(given, src)
	if err != nil {
		t.Fatal(err)
	}
	want := settings{
		Steps: 40, Name: "env", Every: Duration(5 * time.Second), Tags: []string{"a", "b"},
		Opt:     optimizer{Rate: .25, Betas: []float64{.8, .9}},
		Weights: map[string]float64{"svt": 1, "mft": 2, "duty": 3},
	}
	if d := cmp.Diff(want, got, opts()); d != "" {
		t.Error(d)
	}
	wantOrigins := Origins{
		"steps": "--steps", "name": "TRAIN_NAME", "quiet": "flag", "every": "--set", "tags": "TRAIN_TAGS",
		"optimizer.rate": "--set", "optimizer.betas": "--set", "weights": path, "weights.duty": "--set",
	}
	if d := cmp.Diff(wantOrigins, origins); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(defaults(), given, opts()); d != "" {
		t.Errorf("the defaults were changed: %s", d)
	}
}

func TestLoadRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		src   Sources
		words []string
	}{
		{"unknown key in a file, with its line", Sources{File: file(t, "steps = 1\n\n[optimizer]\nrat = 1\n")},
			[]string{"c.toml:4", `"optimizer.rat"`, `did you mean "optimizer.rate"`}},
		{"two unknown keys", Sources{File: file(t, "stepz = 1\nzzzzzzzz = 2\n")}, []string{":1:", ":2:", "known are every"}},
		{"wrong type in a file", Sources{File: file(t, "\nsteps = \"many\"\n")}, []string{"c.toml:2"}},
		{"not TOML", Sources{File: file(t, "steps = = 1\n")}, []string{"c.toml:1"}},
		{"no file", Sources{File: "/nonexistent.toml"}, []string{"/nonexistent.toml"}},
		{"unknown key of --set", Sources{Sets: []string{"step=1"}}, []string{"--set", `did you mean "steps"`}},
		{"forgotten section", Sources{Sets: []string{"rate=1"}}, []string{`did you mean "optimizer.rate"`}},
		{"--set without =", Sources{Sets: []string{"steps"}}, []string{"section.key=value"}},
		{"--set of a wrong type", Sources{Sets: []string{"steps=1.5"}}, []string{"steps", "whole number"}},
		{"--set that smuggles a second key", Sources{Sets: []string{"steps=1\nname='x'"}}, []string{"steps"}},
		{"bad duration", Sources{Sets: []string{"every=5"}}, []string{"every"}},
		{"bad map entry", Sources{Sets: []string{"weights.svt=x"}}, []string{"weights.svt", "number"}},
		{"environment of a wrong type", Sources{EnvPrefix: "T_", Environ: []string{"T_QUIET=maybe"}},
			[]string{"T_QUIET", "true or false"}},
		{"unknown flag key", Sources{Flags: map[string]any{"stepps": 1}}, []string{"stepps"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.src.Environ == nil {
				c.src.Environ = []string{}
			}
			_, _, err := Load(defaults(), c.src)
			if err == nil {
				t.Fatal("accepted")
			}
			if fault.ExitCode(err) != fault.ExitUsage {
				t.Errorf("exit code %d: %v", fault.ExitCode(err), err)
			}
			for _, w := range c.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error lacks %q: %v", w, err)
				}
			}
		})
	}
}

func TestFieldWithoutTagIsRefused(t *testing.T) {
	if _, _, err := Load(struct{ A int }{}, Sources{}); err == nil || !strings.Contains(err.Error(), "toml tag") {
		t.Errorf("got %v", err)
	}
}

func TestEncodedConfigurationLoadsAgain(t *testing.T) {
	want := defaults()
	want.Name, want.Opt.Rate = "a \"b\"\nc", 1.0/3
	want.Tags = []string{}
	raw, err := EncodeTOML(want)
	if err != nil {
		t.Fatal(err)
	}
	got, _, err := Load(settings{}, Sources{File: file(t, string(raw))})
	if err != nil {
		t.Fatalf("%v\n%s", err, raw)
	}
	if d := cmp.Diff(want, got, opts()); d != "" {
		t.Error(d)
	}
}

func TestGivenFlagsAreOnlyThoseOnTheCommandLine(t *testing.T) {
	fs := pflag.NewFlagSet("t", pflag.ContinueOnError)
	fs.Int("steps", 7, "")
	fs.Float64("learning-rate", 1, "")
	fs.StringSlice("tags", nil, "")
	var c ConfigFlags
	c.Register(fs)
	if err := fs.Parse([]string{"--learning-rate=0.5", "--tags=x,y", "--set", "name=n"}); err != nil {
		t.Fatal(err)
	}
	got, origins, err := Load(defaults(), c.Sources(fs, "", map[string]string{"steps": "steps",
		"learning-rate": "optimizer.rate", "tags": "tags"}))
	if err != nil {
		t.Fatal(err)
	}
	want := defaults()
	want.Opt.Rate, want.Tags, want.Name = .5, []string{"x", "y"}, "n"
	if d := cmp.Diff(want, got, opts()); d != "" {
		t.Error(d)
	}
	var out bytes.Buffer
	if err := PrintOrigins(&out, got, origins); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"optimizer.rate", "--learning-rate", "--set", "default"} {
		if !strings.Contains(out.String(), line) {
			t.Errorf("origins lack %q:\n%s", line, &out)
		}
	}
}

// TestOnlyFiniteNumbers: TOML has nan and inf, no setting does; each is refused where it stands, from each source.
func TestOnlyFiniteNumbers(t *testing.T) {
	for _, x := range []string{"nan", "+nan", "-nan", "inf", "+inf", "-inf"} {
		for text, row := range map[string]string{
			"steps = 1\n[optimizer]\nrate = " + x: "3:8:", "[weights]\n\nsvt = 1\nmft = " + x: "4:7:",
			"[optimizer]\nbetas = [\n0.5,\n" + x + "]": "4:1:",
			"weights = {a = 1, b = " + x + "}":         "1:23:",
		} {
			path := file(t, text)
			if _, _, err := Load(defaults(), Sources{File: path}); fault.Of(err) != fault.Invalid ||
				!strings.Contains(err.Error(), path+":"+row) {
				t.Errorf("%q: %v, want %s", text, err, row)
			}
		}
		for name, src := range map[string]Sources{
			"--set":                {Sets: []string{"optimizer.rate=" + x}},
			"TRAIN_OPTIMIZER_RATE": {EnvPrefix: "TRAIN", Environ: []string{"TRAIN_OPTIMIZER_RATE=" + x}},
			"--rate":               {Flags: map[string]any{"optimizer.rate": FlagValue{"rate", x}}},
			"betas":                {Sets: []string{"optimizer.betas=0.5," + x}},
			"weights.svt":          {Sets: []string{"weights.svt=" + x}},
		} {
			if _, _, err := Load(defaults(), src); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), name) {
				t.Errorf("%s %s: %v", name, x, err)
			}
		}
	}
	path := file(t, "name = \"inf\"\ntags = [\"nan\"] # nan\n")
	if _, _, err := Load(defaults(), Sources{File: path}); err != nil {
		t.Errorf("texts that read like them: %v", err)
	}
}
