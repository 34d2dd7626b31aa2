package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	"hives/internal/rig/scripted"
	"hives/internal/rig/servetest"
	"hives/internal/rig/vidbtest"
	"hives/internal/serve"
	pb "hives/proto/hives/v1alpha1"
)

// scoring are settings with a database of known truth and a judge that answers by script.
func scoring(t *testing.T) (Config, *vidbtest.World) {
	t.Helper()
	w := vidbtest.New(t, 1, 60)
	w.Judge["m"] = scripted.Character{Beta: 1}
	s := scripted.New(t, w.Answer)
	c := Default()
	c.Model, c.VIDB, c.Judges, c.Votes = "m", w.Path, w.TOML(t, s.URL), filepath.Join(t.TempDir(), "votes.db")
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	return c, w
}

// Responses are scored by the settings that hives score reads, counted in the figures, and nowhere quoted.
func TestResponsesAreScoredBySettings(t *testing.T) {
	c, _ := scoring(t)
	r := &servetest.Runner{}
	g := newRig(t, c, servetest.Options(t, r), r)
	client := pb.NewIntensityServiceClient(g.dial(t, insecure.NewCredentials()))
	got, err := client.Score(minute(t), &pb.ScoreRequest{ValueIds: []string{vidbtest.Value},
		Responses: []*pb.Response{{Id: canary, Text: canary}, {Id: "b"}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Scores) != 2 || got.Scores[0].Score == nil || got.Scores[1].Status != pb.Status_STATUS_EMPTY ||
		got.Scores[0].Judge != "judge-m" || got.Asked != 3 {
		t.Errorf("%v", got)
	}
	_, err = client.Score(minute(t), &pb.ScoreRequest{ValueIds: []string{canary}, Responses: []*pb.Response{{Id: canary}}})
	if status.Code(err) != codes.NotFound {
		t.Errorf("%v", err)
	}
	_, figures := ask(t, "GET", g.adminURL()+"/metrics", "")
	look(t, "figures", figures, "embedd_judge_values 1", `embedd_judge_answers_total{from="judge"} 3`,
		`embedd_judge_scores_total{status="empty"} 1`, `embedd_judge_budget_max{of="tokens"} 1e+07`,
		`embedd_requests_total{code="OK",method="/hives.v1alpha1.IntensityService/Score"} 1`,
		`embedd_rejected_total{reason="UNKNOWN_VALUE"} 1`)
	look(t, "log", g.log.String(), "judges are seated")
	look(t, "errors", err.Error())
}

// A reload takes model, tokens and database, or none of them.
func TestReloadTakesTheDatabaseToo(t *testing.T) {
	c, w := scoring(t)
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	load, broken := o.Load, false
	o.Load = func(ctx context.Context) (*serve.Model, error) {
		if broken {
			return nil, errors.New("no such folder")
		}
		return load(ctx)
	}
	g := newRig(t, c, o, r)
	client := pb.NewIntensityServiceClient(g.dial(t, insecure.NewCredentials()))
	hash := func() string {
		t.Helper()
		got, err := client.Score(minute(t), &pb.ScoreRequest{ValueIds: []string{vidbtest.Value},
			Responses: []*pb.Response{{Id: "a", Text: "a"}}})
		if err != nil {
			t.Fatal(err)
		}
		return got.Scores[0].Database
	}
	before := hash()
	step := func(name string, fails, changes bool) {
		t.Helper()
		if err := g.reload(minute(t), g.server); (err != nil) != fails {
			t.Errorf("%s: %v", name, err)
		}
		if changed := hash() != before; changed != changes {
			t.Errorf("%s: the database changed: %v", name, changed)
		}
	}
	w.Shift(t, .5)
	broken = true
	step("a model that cannot be loaded", true, false)
	broken = false
	whole, err := os.ReadFile(w.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(w.Path, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	step("a torn database", true, false)
	if err := os.WriteFile(w.Path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	step("both are whole", false, true)
}

func TestJudgesSettingsAreChecked(t *testing.T) {
	whole, _ := scoring(t)
	for _, c := range []struct {
		name   string
		change func(*Config)
		says   string
	}{
		{"no judges", func(c *Config) { c.Judges = "" }, "give all three"},
		{"no votes", func(c *Config) { c.Votes = "" }, "give all three"},
		{"no database", func(c *Config) { c.VIDB = "" }, "give all three"},
		{"no model", func(c *Config) { c.Model, c.LLM, c.HTTPListen = "", "m", "127.0.0.1:0" }, "--model"},
		{"no room", func(c *Config) { c.MaxJudgeCalls = 0 }, "--max-judge-calls 0"},
		{"theories of nothing", func(c *Config) { c.VIDB, c.Judges, c.Votes, c.Theories = "", "", "", "own.toml" }, "--vidb"},
	} {
		one := whole
		c.change(&one)
		if err := one.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want one that says %q", c.name, err, c.says)
		}
	}
	own := whole
	own.Judges = filepath.Join(t.TempDir(), "judges.toml")
	for content, says := range map[string]string{"": "[[voters]]", "[budge]\ntokens = 1": "budge",
		"[[voters]]\nname = \"a\"\nmodel = \"m\"\nendpoint = \"x\"": `endpoint "x"`} {
		if err := os.WriteFile(own.Judges, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := own.intensities(nil); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want one that says %q", content, err, says)
		}
	}
}
