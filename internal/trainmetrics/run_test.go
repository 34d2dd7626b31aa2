package trainmetrics_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/rig/goldentest"
	"hives/internal/smoke"
	"hives/internal/trainer"
	"hives/internal/trainmetrics"
)

// scraper reads the metrics as Prometheus does, in the middle of a run, and keeps the run's own last line.
type scraper struct {
	t      *testing.T
	url    string
	during map[string]float64
	line   trainer.StepLine
}

func (s *scraper) Note(string) {}
func (s *scraper) Step(done, _ int, line *trainer.StepLine) {
	s.line = *line
	if done == 2 {
		s.during = s.scrape()
	}
}

func (s *scraper) get(path string) string {
	s.t.Helper()
	reply, err := http.Get(s.url + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	if err != nil || reply.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: %s, %v", path, reply.Status, err)
	}
	return string(raw)
}

// scrape returns the samples by name and labels as they stand.
func (s *scraper) scrape() map[string]float64 {
	out := map[string]float64{}
	for lines := bufio.NewScanner(strings.NewReader(s.get("/metrics"))); lines.Scan(); {
		name, value, found := strings.Cut(lines.Text(), "} ")
		if !found {
			name, value, found = strings.Cut(lines.Text(), " ")
		} else {
			name += "}"
		}
		if x, err := strconv.ParseFloat(value, 64); err == nil && found && name[0] != '#' {
			out[name] = x
		}
	}
	return out
}

// smokeRun is a run of Stage 2's configuration, shrunk.
func smokeRun(t *testing.T) (trainer.Config, trainer.RunOptions) {
	t.Helper()
	cfg, _, err := cli.Load(trainer.DefaultStage(2), cli.Sources{File: filepath.Join(goldentest.ModuleRoot(t), "configs",
		"stage2.toml")})
	if err != nil {
		t.Fatal(err)
	}
	demo, err := smoke.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := smoke.Supply(demo, dir); err != nil {
		t.Fatal(err)
	}
	cfg = smoke.Shrink(cfg, demo, dir)
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, trainer.RunOptions{Out: filepath.Join(dir, "run"), Config: raw, Engine: engine.OpenForTest(t)}
}

// TestRunIsWatched trains in earnest and holds what a scrape says to what the run says.
func TestRunIsWatched(t *testing.T) {
	cfg, o := smokeRun(t)
	e := trainmetrics.New(map[string]string{"stage": "2"})
	address, err := trainmetrics.Check(":0", false)
	if err != nil {
		t.Fatal(err)
	}
	server, err := trainmetrics.Listen(address, e)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	if !strings.HasPrefix(server.Address(), "127.0.0.1:") {
		t.Errorf("without a host it listens at %s", server.Address())
	}
	s := &scraper{t: t, url: "http://" + server.Address()}
	o.Observer = trainer.Observers{e, s}
	sum, err := trainer.Run(t.Context(), cfg, o)
	if err != nil {
		t.Fatal(err)
	}
	if s.during["hives_train_step"] != 2 || s.during["hives_train_validation_step"] != 0 ||
		s.during["hives_train_checkpoints_total"] != 0 {
		t.Errorf("during the run: %v", s.during)
	}
	got := s.scrape()
	for name, want := range map[string]float64{
		"hives_train_step": float64(cfg.Steps), "hives_train_schedule_steps": float64(cfg.Steps),
		"hives_train_steps_total":               float64(cfg.Steps),
		`hives_train_loss{term="total"}`:        s.line.Loss,
		`hives_train_loss{term="hierarchical"}`: float64(s.line.Terms["hierarchical"]),
		`hives_train_loss{term="individual"}`:   float64(s.line.Terms["individual"]),
		`hives_train_loss{term="theory"}`:       float64(s.line.Terms["theory"]),
		"hives_train_grad_norm":                 float64(s.line.GradNorm), "hives_train_learning_rate": s.line.LearningRate,
		"hives_train_loss_scale": *s.line.LossScale, "hives_train_skipped_steps_total": float64(s.line.Skipped),
		"hives_train_padding_fraction": 1 - float64(s.line.Tokens)/float64(s.line.ComputedTokens),
		"hives_train_validation_step":  float64(sum.Validation.Step), "hives_train_checkpoint_step": float64(cfg.Steps),
		`hives_train_validation{figure="ranking_accuracy",` +
			`scope="within_corpus"}`: *sum.Validation.RankingAccuracy["within_corpus"],
		`hives_train_validation{figure="effective_rank",scope="all"}`: sum.Validation.EffectiveRank,
		`hives_train_info{stage="2"}`:                                 1,
	} {
		if has, ok := got[name]; !ok || has != want {
			t.Errorf("%s is %v (there: %v), want %v", name, has, ok, want)
		}
	}
	if got["hives_train_tokens_total"] <= float64(s.line.Tokens) ||
		got["hives_train_computed_tokens_total"] < got["hives_train_tokens_total"] {
		t.Errorf("tokens: %v of %v computed", got["hives_train_tokens_total"], got["hives_train_computed_tokens_total"])
	}
	if got["hives_train_checkpoint_seconds"] <= 0 || got["hives_train_last_step_timestamp_seconds"] == 0 ||
		s.get("/healthz") != "ok\n" {
		t.Error("no time of a checkpoint, no time of a step, or no health")
	}
	problems, err := promlint.New(strings.NewReader(s.get("/metrics"))).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("names: %v, %v", problems, err)
	}
}

func TestAddressesThatCannotBe(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if _, err := trainmetrics.Listen(taken.Addr().String(), trainmetrics.New(nil)); fault.Of(err) != fault.Unavailable {
		t.Errorf("a port that is taken: %v", err)
	}
	if _, err := trainmetrics.Check("9091", true); fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("no port: %v", err)
	}
}

// TestBeyondLoopbackOnlyWithAWaiver: every interface and every address of another network is beyond it.
func TestBeyondLoopbackOnlyWithAWaiver(t *testing.T) {
	for _, address := range []string{"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "host.example:1", "localhost.example:1"} {
		if _, err := trainmetrics.Check(address, false); fault.ExitCode(err) != fault.ExitUsage ||
			!strings.Contains(err.Error(), "--insecure-no-auth") {
			t.Errorf("%s: %v", address, err)
		}
		if got, err := trainmetrics.Check(address, true); err != nil || got != address {
			t.Errorf("%s with the waiver: %s, %v", address, got, err)
		}
	}
	for _, address := range []string{"127.0.0.1:1", "[::1]:1", "localhost:1", ":1"} {
		if _, err := trainmetrics.Check(address, false); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestPagesOfOtherSitesReadNothing asks as a browser does whose page has made its own name resolve to 127.0.0.1.
func TestPagesOfOtherSitesReadNothing(t *testing.T) {
	server, err := trainmetrics.Listen("127.0.0.1:0", trainmetrics.New(nil))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	for host, want := range map[string]int{"evil.example": http.StatusMisdirectedRequest, "localhost": http.StatusOK} {
		r, err := http.NewRequest(http.MethodGet, "http://"+server.Address()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = host
		reply, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if reply.Body.Close(); reply.StatusCode != want {
			t.Errorf("Host %s: status %d", host, reply.StatusCode)
		}
	}
}
