package panel

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hives/data"
	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
)

const lie = "canary 4711 he told his friend a lie"

// testPanel has n voters at one server, voter k with model "k".
func testPanel(url string, n int) Config {
	cfg := Defaults()
	cfg.Endpoints = []llm.Endpoint{{
		// no test waits so long; a busy machine may
		Name: "e", BaseURL: url, Parallel: 8, MaxTries: 2, MaxWait: cli.Duration(time.Millisecond),
		Timeout: cli.Duration(time.Minute),
	}}
	for k := range n {
		cfg.Voters = append(cfg.Voters, judge.Voter{
			Name: fmt.Sprint("v", k), Endpoint: "e", Prompt: PromptNames()[k%3],
			Model: llm.Model{Name: fmt.Sprint(k), MaxTokens: 30, PriceIn: 1, PriceOut: 4},
		})
	}
	cfg.Budget.Currency = "EUR"
	return cfg
}

// honest answers every question with its first choice in the schema's order, which does not turn with the voter.
func honest(c scripted.Call) scripted.Reply {
	raw, _ := json.Marshal(map[string]string{"choice": c.Enum[0]})
	return scripted.Reply{Content: string(raw), Usage: [2]int{50, 10}}
}

// jobFor labels texts with mft in a folder of its own.
func jobFor(t *testing.T, cfg Config, texts ...string) (Job, *bytes.Buffer) {
	t.Helper()
	dir := t.TempDir()
	var lines bytes.Buffer
	enc := json.NewEncoder(&lines)
	for _, text := range texts {
		if err := enc.Encode(map[string]string{"text": text}); err != nil {
			t.Fatal(err)
		}
	}
	in := filepath.Join(dir, "in.jsonl")
	if err := os.WriteFile(in, lines.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return Job{
		Config: cfg, Theory: "mft", In: in, Out: filepath.Join(dir, "rows.parquet"), DB: filepath.Join(dir, "votes.db"),
		Report: filepath.Join(dir, "page.html"), Stdout: &out,
	}, &out
}

func run(t *testing.T, j Job) []data.Row {
	t.Helper()
	if err := Run(context.Background(), j); err != nil {
		t.Fatal(err)
	}
	rows, err := data.Read(j.Out)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestRunWritesRowsAndAsksNothingTwice(t *testing.T) {
	s := scripted.New(t, honest)
	j, out := jobFor(t, testPanel(s.URL, 7), lie, "she kept her word", lie)
	rows := run(t, j)
	if len(rows) != 2 || rows[0].Text != lie || rows[0].Theory != "mft" || rows[0].Level2 == "" ||
		rows[0].Direction != 1 ||
		rows[0].DirectionSource != data.SourceAnnotated || !strings.HasPrefix(rows[0].Extra["labelled_by"], "panel:") {
		t.Errorf("rows %+v", rows)
	}
	const questions = 3 // two levels and a direction
	if n := len(s.Calls()); n != 2*7*questions {
		t.Errorf("%d requests, want %d", n, 2*7*questions)
	}
	before, err := os.ReadFile(j.Out)
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(j.Report)
	if err != nil {
		t.Fatal(err)
	}
	run(t, j)
	after, err := os.ReadFile(j.Out)
	if err != nil || !bytes.Equal(before, after) || len(s.Calls()) != 2*7*questions {
		t.Errorf("a second run asked %d more and left other bytes: %v %v", len(s.Calls())-2*7*questions,
			!bytes.Equal(before, after), err)
	}
	again, err := os.ReadFile(j.Report)
	if err != nil || !bytes.Equal(page, again) {
		t.Errorf("a second run drew another page: %v", err)
	}
	checkPage(t, string(page), out.String())
}

// checkPage: no address, no script and no text on the page or in the summary.
func checkPage(t *testing.T, page, summary string) {
	t.Helper()
	for _, bad := range []string{"http:", "https:", "<script", "src=", "canary"} {
		if strings.Contains(page, bad) || strings.Contains(summary, bad) {
			t.Errorf("page or summary holds %q", bad)
		}
	}
	for _, part := range []string{"level 1 (foundation)", "direction at level 2", "Fleiss", "7 of 7"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
}

// A panel of rogues: two answer garbage, one obeys the text, four are honest. The honest ones lead by two at
// least, so the text's order wins nothing.
func TestRowsThatGiveOrders(t *testing.T) {
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		switch c.Model {
		case "0", "1":
			return scripted.Reply{Content: "As a language model, I"}
		case "2":
			return scripted.Reply{Content: `{"choice": "sanctity/degradation"}`}
		}
		return honest(c)
	})
	j, _ := jobFor(t, testPanel(s.URL, 7), orders...)
	rows := run(t, j)
	if len(rows) == 0 {
		t.Fatal("no rows")
	}
	for _, r := range rows {
		if r.Level1 != "care/harm" {
			t.Errorf("an order won: %s", r.Level1)
		}
	}
}

func TestOpenTextsWaitForReviewAndComeBack(t *testing.T) {
	s := scripted.New(t, func(c scripted.Call) scripted.Reply { // the odd and the even differ for ever
		raw, _ := json.Marshal(map[string]string{"choice": c.Enum[int(c.Model[0]-'0')%2]})
		return scripted.Reply{Content: string(raw)}
	})
	j, _ := jobFor(t, testPanel(s.URL, 6), lie, "she kept her word")
	if rows := run(t, j); len(rows) != 0 {
		t.Fatalf("rows %+v", rows)
	}
	store, err := judge.Open(j.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ctx := context.Background()
	queue, err := store.Queue(ctx)
	if err != nil || len(queue) != 2 || queue[0].Level != 1 || len(queue[0].Votes) != 12 ||
		queue[0].Reason != "split vote" {
		t.Fatalf("queue %+v %v", queue, err)
	}
	decide := func(reviewer, verdict string, direction int32, path ...string) {
		t.Helper()
		if _, err := store.Decide(ctx, judge.Decision{Queue: queue[0].ID, Reviewer: reviewer, Verdict: verdict, Path: path,
			Direction: direction, At: time.Now()}); err != nil {
			t.Fatal(err)
		}
	}
	decide("ann", judge.VerdictValue, -1, "care/harm")
	decide("bob", judge.VerdictSkip, 0)
	rows := run(t, j)
	if len(rows) != 1 || rows[0].TextID != queue[0].ItemID || rows[0].Level1 != "care/harm" || rows[0].Direction != -1 ||
		rows[0].Extra["labelled_by"] != "review" {
		t.Errorf("reviewed rows %+v", rows)
	}
	decide("bob", judge.VerdictNone, 0)
	if rows := run(t, j); len(rows) != 0 {
		t.Errorf("reviewers disagree, rows %+v", rows)
	}
}

func TestStopsAtTheBudgetAndGoesOn(t *testing.T) {
	s := scripted.New(t, honest)
	cfg := testPanel(s.URL, 3)
	cfg.Parallel = 1
	cfg.Budget.Tokens = 2000
	texts := []string{"one text", "two texts", "three texts", "four texts", "five texts", "six texts", "seven texts"}
	j, _ := jobFor(t, cfg, texts...)
	err := Run(context.Background(), j)
	if fault.Of(err) != fault.Exhausted || fault.ExitCode(err) != fault.ExitInterrupted {
		t.Fatalf("error %v", err)
	}
	if _, err := os.Stat(j.Out); err == nil {
		t.Error("rows were written of half a run")
	}
	asked := len(s.Calls())
	if asked == 0 || asked*60 > 2000 {
		t.Errorf("%d requests of 60 tokens in a budget of 2000", asked)
	}
	j.Config.Budget.Tokens = 0
	if rows := run(t, j); len(rows) != len(texts) || len(s.Calls()) != len(texts)*3*3 {
		t.Errorf("%d rows after %d requests", len(rows), len(s.Calls()))
	}
}

func TestUnavailableEndpointNamesItAndKeepsAnswers(t *testing.T) {
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if c.N > 10 {
			return scripted.Reply{Status: 503}
		}
		return honest(c)
	})
	j, _ := jobFor(t, testPanel(s.URL, 3), lie, "she kept her word")
	err := Run(context.Background(), j)
	if fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), `endpoint "e"`) ||
		strings.Contains(err.Error(), "canary") {
		t.Errorf("error %v", err)
	}
	store, err := judge.Open(j.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, _, answers, err := store.Used(context.Background(), runOf(t, j)); err != nil || answers != 10 {
		t.Errorf("%d answers kept, want 10: %v", answers, err)
	}
}

func there(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestDryRunAsksNobodyAndBoundsTheRun(t *testing.T) {
	s := scripted.New(t, honest)
	j, out := jobFor(t, testPanel(s.URL, 7), lie, "she kept her word")
	j.DryRun = true
	if err := Run(context.Background(), j); err != nil {
		t.Fatal(err)
	}
	if there(j.DB) || there(j.Out) || len(s.Calls()) != 0 {
		t.Error("an estimate asked or wrote something")
	}
	var least, likely, most int
	for _, line := range strings.Split(out.String(), "\n") {
		f := strings.Fields(line)
		if len(f) == 6 {
			fmt.Sscan(f[3], map[string]*int{"least": &least, "likely": &likely, "most": &most, "": new(int)}[f[0]])
		}
	}
	j.DryRun = false
	run(t, j)
	if n := len(s.Calls()); n != likely || n < least || n > most {
		t.Errorf("%d requests; the estimate was %d, %d, %d", n, least, likely, most)
	}
}

func TestTruthIsMeasured(t *testing.T) {
	s := scripted.New(t, honest)
	j, out := jobFor(t, testPanel(s.URL, 3), lie)
	rows := run(t, j)
	wrong := rows[0]
	wrong.Text, wrong.Level1, wrong.Level2 = "another text", "loyalty/betrayal", ""
	wrong.TextID, wrong.Group = data.TextID(wrong.Text), "g"
	rows[0].Direction = -1
	j.In = filepath.Join(filepath.Dir(j.In), "rows.csv")
	if err := data.Write(j.In, append(rows, wrong)); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	run(t, j)
	for _, want := range []string{"right at level 1   0.50 (1/2)", "right at level 2   1.00 (1/1)",
		"direction right    0.00 (0/1)"} {
		if !strings.Contains(strings.Join(strings.Fields(out.String()), " "), strings.Join(strings.Fields(want), " ")) {
			t.Errorf("the summary lacks %q:\n%s", want, out)
		}
	}
}

func TestBadInput(t *testing.T) {
	s := scripted.New(t, honest)
	j, _ := jobFor(t, testPanel(s.URL, 3), lie)
	for name, content := range map[string]string{
		"no JSON": "canary 4711", "no text": `{"text": " "}`, "unknown key": `{"text": "x", "canary 4711": 1}`,
		"two values": `{"text": "x"} {}`, "nothing": "\n",
	} {
		if err := os.WriteFile(j.In, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Run(context.Background(), j); fault.Of(err) != fault.Invalid || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	j.Theory = "astrology"
	if err := Run(context.Background(), j); fault.Of(err) != fault.NotFound {
		t.Errorf("unknown theory: %v", err)
	}
	if len(s.Calls()) != 0 {
		t.Error("bad input was asked about")
	}
}

func TestConfigRefusals(t *testing.T) {
	good := testPanel("http://h/v1", 7)
	if _, err := good.Complete(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Config){
		"two voters":       func(c *Config) { c.Voters = c.Voters[:2] },
		"a voter twice":    func(c *Config) { c.Voters[1].Name = c.Voters[0].Name },
		"no such endpoint": func(c *Config) { c.Voters[0].Endpoint = "x" },
		"no such prompt":   func(c *Config) { c.Voters[0].Prompt = "x.v1" },
		"no model":         func(c *Config) { c.Voters[0].Model.Name = "" },
		"hot":              func(c *Config) { c.Voters[0].Temperature = 3 },
		"an endpoint twice": func(c *Config) {
			c.Endpoints = append(c.Endpoints, c.Endpoints[0])
		},
		"a small quorum":  func(c *Config) { c.Rules.Quorum = 3 },
		"negative budget": func(c *Config) { c.Budget.Money = -1 },
		"no attempts":     func(c *Config) { c.Attempts = 0 },
	} {
		c := testPanel("http://h/v1", 7)
		spoil(&c)
		if _, err := c.Complete(); err == nil || fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRunIdentity(t *testing.T) {
	tree, _ := theories.Builtin().Get("mft")
	id := func(change func(*Config)) string {
		c := testPanel("http://h/v1", 7)
		change(&c)
		run, err := c.run(tree)
		if err != nil || strings.Contains(run.Config, "KEY_NAME") {
			t.Errorf("the stored configuration names the key's variable, or there is none: %v", err)
		}
		return run.ID
	}
	same := id(func(*Config) {})
	if id(func(c *Config) {
		c.Budget.Money, c.Endpoints[0].RequestsPerMinute, c.Endpoints[0].APIKeyEnv, c.Voters[0].PriceIn = 9, 9, "KEY_NAME", 9
	}) != same {
		t.Error("a budget, rate, key or price begins another run")
	}
	if id(func(c *Config) { c.Voters[0].Temperature = 1 }) == same ||
		id(func(c *Config) { c.Voters[3].Model.Name = "x" }) == same {
		t.Error("another temperature or model is the same run")
	}
}
