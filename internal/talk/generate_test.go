package talk

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"hives/internal/chat"
	"hives/internal/engine"
	"hives/internal/llm"
	"hives/internal/rig/talktest"
)

func answerer(t *testing.T, rows int) *Model {
	t.Helper()
	m, err := Open(context.Background(), talktest.Dir(t), Options{Engine: engine.Options{Kind: engine.Go}, Rows: rows})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func ask(text string, s llm.Sampling) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.User, Content: text}}, Sampling: s}
}

// An answer depends on its request alone: not on the questions beside it, their number, their order or the batch.
func TestAnswersDoNotDependOnCompany(t *testing.T) {
	m := answerer(t, 3)
	s := llm.Sampling{Temperature: .8, TopP: .95, Seed: 3, MaxTokens: 12}
	questions := []string{"Is it right to share?", "Why?", strings.Repeat("A long story about a neighbour. ", 6),
		"Yes or no: may one lie?", "Tell me."}
	var all []llm.Request
	for _, q := range questions {
		all = append(all, ask(q, s))
	}
	together, err := m.Generate(context.Background(), all)
	if err != nil {
		t.Fatal(err)
	}
	for at := range all {
		alone, err := m.Generate(context.Background(), all[at:at+1])
		if err != nil {
			t.Fatal(err)
		}
		if alone[0].Text != together[at].Text || alone[0].Finish != together[at].Finish || alone[0].Out != together[at].Out {
			t.Errorf("%q: alone %+v, together %+v", questions[at], alone[0], together[at])
		}
	}
	s.Seed = 4
	other, err := m.Generate(context.Background(), []llm.Request{ask(questions[0], s)})
	if err != nil {
		t.Fatal(err)
	}
	if other[0].Text == together[0].Text {
		t.Error("another seed gives the same answer")
	}
}

func TestLengthStopsAndCancel(t *testing.T) {
	m := answerer(t, 2)
	plain, err := m.Generate(context.Background(), []llm.Request{ask("Hello", llm.Sampling{MaxTokens: 9})})
	if err != nil {
		t.Fatal(err)
	}
	if r := plain[0]; r.Finish != llm.FinishLength || r.Out != 9 || len(r.IDs) != 9 || r.In == 0 {
		t.Fatalf("nine tokens of a model that never ends: %+v", r)
	}
	middle := plain[0].Text[len(plain[0].Text)/2:]
	stop := string([]rune(middle)[:2])
	cut, err := m.Generate(context.Background(),
		[]llm.Request{ask("Hello", llm.Sampling{MaxTokens: 9, Stop: []string{stop}})})
	if err != nil {
		t.Fatal(err)
	}
	if want := plain[0].Text[:strings.Index(plain[0].Text, stop)]; cut[0].Text != want || cut[0].Finish != llm.FinishStop {
		t.Errorf("with the stop string %q: %+v, want %q", stop, cut[0], want)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var heard strings.Builder
	r, err := m.Converse(ctx, ask("Hello", llm.Sampling{MaxTokens: 100}), func(text string) {
		heard.WriteString(text)
		cancel()
	})
	if err == nil || r.Finish != llm.FinishCanceled || r.Text == "" || r.Text != heard.String() {
		t.Errorf("canceled: %+v, %v, heard %q", r, err, heard.String())
	}
}

func TestChoicesAreTheBestScore(t *testing.T) {
	m := answerer(t, 2)
	options := []string{"yes", "no", "perhaps", "yes and no"}
	q := llm.ScoreRequest{Messages: ask("Is it?", llm.Sampling{}).Messages, Options: options}
	scores, err := m.Score(context.Background(), []llm.ScoreRequest{q})
	if err != nil {
		t.Fatal(err)
	}
	best := 0
	for option, total := range scores[0].Total {
		var sum float64
		for _, logp := range scores[0].Token[option] {
			sum += logp
		}
		if total != sum || scores[0].Bytes[option] != len(options[option]) || total >= 0 {
			t.Errorf("option %q: %+v", options[option], scores[0])
		}
		if total > scores[0].Total[best] {
			best = option
		}
	}
	request := llm.Request{Messages: q.Messages, Choices: options}
	replies, err := m.Generate(context.Background(), []llm.Request{request})
	if err != nil || replies[0].Text != options[best] {
		t.Errorf("chose %+v, %v, want %q", replies, err, options[best])
	}
	if _, err := m.Score(context.Background(), []llm.ScoreRequest{{Messages: q.Messages}}); err == nil {
		t.Error("no options are scored")
	}
}

func TestWhatALocalModelRefuses(t *testing.T) {
	m := answerer(t, 2)
	for says, r := range map[string]llm.Request{
		"256 positions":     ask(strings.Repeat("word ", 250), llm.Sampling{MaxTokens: 20}),
		"schema: /type":     {Messages: ask("x", llm.Sampling{}).Messages, Schema: map[string]any{}},
		"empty list":        {Messages: ask("x", llm.Sampling{}).Messages, Choices: []string{}},
		"and log-prob":      {Messages: ask("x", llm.Sampling{}).Messages, TopLogProbs: 2},
		"adapter a:":        {Messages: ask("x", llm.Sampling{}).Messages, Adapter: "a"},
		"layers 0 to 1":     {Messages: ask("x", llm.Sampling{}).Messages, Steer: []llm.Steer{{Layer: 9, Positions: "all"}}},
		"without a message": {},
	} {
		if _, err := m.Generate(context.Background(), []llm.Request{r}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

func TestAModelWithoutATemplateIsRefused(t *testing.T) {
	dir := talktest.Dir(t)
	talktest.Write(t, dir, "tokenizer_config.json", "{}")
	o := Options{Engine: engine.Options{Kind: engine.Go}}
	if _, err := Open(context.Background(), dir, o); err == nil || !strings.Contains(err.Error(), "--template") {
		t.Errorf("no template: %v", err)
	}
	talktest.Write(t, dir, "chat_template.jinja", "[INST] {{ m }} [/INST]")
	if _, err := Open(context.Background(), dir, o); err == nil || !strings.Contains(err.Error(), "chat_template.jinja") {
		t.Errorf("an unknown template: %v", err)
	}
	o.Template = chat.ChatML
	m, err := Open(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	if id := m.Identity(); len(id.Weights) != 64 || len(id.Tokenizer) != 64 || id.Rows != DefaultRows ||
		id.Precision != "f32" {
		t.Errorf("identity %+v", id)
	}
	m.Close()
	talktest.Write(t, dir, "generation_config.json", `{"eos_token_id": "x"}`)
	if _, err := Open(context.Background(), dir, o); err == nil ||
		!strings.Contains(err.Error(), "generation_config.json") {
		t.Errorf("an end token that is no number: %v", err)
	}
}

// A cache of more slots than an answer needs changes nothing: a step looks at the slots that are filled.
func TestMoreSlotsGiveTheSameAnswer(t *testing.T) {
	var texts []string
	for _, slots := range []int{0, 256} {
		o := Options{Engine: engine.Options{Kind: engine.Go}, Rows: 2, Slots: slots}
		m, err := Open(context.Background(), talktest.Dir(t), o)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		r := ask("Is it right to share?", llm.Sampling{Temperature: 1, Seed: 5, MaxTokens: 12})
		replies, err := m.Generate(context.Background(), []llm.Request{r})
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, replies[0].Text)
		// An answer to the model's last position is no longer than it was.
		r.Sampling.MaxTokens = talktest.Positions - int(replies[0].In)
		if _, err := m.Prepare(Job{Request: r}); err != nil {
			t.Errorf("%d slots: %v", slots, err)
		}
	}
	if texts[0] != texts[1] || texts[0] == "" {
		t.Errorf("%q and %q", texts[0], texts[1])
	}
}

// A server bounds prompts and answers below the model's own positions, and says how long an answer is by default.
func TestBoundsOfAServer(t *testing.T) {
	o := Options{Engine: engine.Options{Kind: engine.Go}, Rows: 1, MaxLength: 64, Length: 7}
	m, err := Open(context.Background(), talktest.Dir(t), o)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	row, err := m.Prepare(Job{Request: ask("Hello", llm.Sampling{})})
	if err != nil {
		t.Fatal(err)
	}
	if _, answer := row.Tokens(); answer != 7 || m.Positions() != 64 {
		t.Errorf("an answer of %d, %d positions", answer, m.Positions())
	}
	for says, r := range map[string]llm.Request{
		"64 positions": ask(strings.Repeat("word ", 40), llm.Sampling{MaxTokens: 40}),
		"option 1":     {Messages: ask("x", llm.Sampling{}).Messages, Choices: []string{strings.Repeat("word ", 80)}},
	} {
		if _, err := m.Prepare(Job{Request: r}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", says, err)
		}
	}
}

// countdown is a context that ends when it has been looked at so many times.
type countdown struct {
	context.Context
	left int
}

func (c *countdown) Err() error {
	if c.left--; c.left < 0 {
		return context.Canceled
	}
	return nil
}

// Scoring that is stopped keeps the batches that were computed, and their numbers are those of the whole.
func TestStoppedScoresKeepWhatCame(t *testing.T) {
	m := answerer(t, 2)
	var qs []llm.ScoreRequest
	for _, text := range []string{"one", "two", "three " + strings.Repeat("and more ", 20), "four", "five"} {
		qs = append(qs, llm.ScoreRequest{Messages: ask(text, llm.Sampling{}).Messages,
			Options: []string{"yes", "no", "not at all"}})
	}
	whole, err := m.Score(t.Context(), qs)
	if err != nil {
		t.Fatal(err)
	}
	for batches := range 4 {
		got, err := m.Score(&countdown{t.Context(), batches}, qs)
		came := 0
		for at, s := range got {
			if s.Total != nil {
				came++
				if !reflect.DeepEqual(s, whole[at]) {
					t.Errorf("stopped after %d batches, question %d: %+v, want %+v", batches, at, s, whole[at])
				}
			}
		}
		// "three …" has a bucket of its own: batches of 2, 2 and 1.
		if want := []int{0, 2, 4, 5}[batches]; came != want || (err == nil) != (batches == 3) {
			t.Errorf("stopped after %d batches: %d answers, %v", batches, came, err)
		}
	}
}
