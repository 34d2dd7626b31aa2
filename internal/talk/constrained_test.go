package talk

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"hives/internal/llm"
	"hives/internal/talk/schema"
)

const verdictSchema = `{"type": "object", "properties": {"value": {"enum": ["power", "benevolence"]},
	"trait": {"type": "integer", "minimum": 0, "maximum": 100}, "why": {"type": "string", "maxLength": 12}},
	"required": ["value", "trait", "why"], "additionalProperties": false}`

func constrained(t *testing.T, text string, s llm.Sampling) llm.Request {
	t.Helper()
	r := ask(text, s)
	var err error
	if r.Schema, err = schema.Decode([]byte(verdictSchema)); err != nil {
		t.Fatal(err)
	}
	return r
}

// verdict reads an answer as a stranger would, and looks at every bound.
func verdict(text string) error {
	var v struct {
		Value string
		Trait *int
		Why   *string
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil || d.More() {
		return fmt.Errorf("%q: %v", text, err)
	}
	if v.Value != "power" && v.Value != "benevolence" || v.Trait == nil || *v.Trait < 0 || *v.Trait > 100 ||
		v.Why == nil || len([]rune(*v.Why)) > 12 {
		return fmt.Errorf("%q is not of the schema", text)
	}
	return nil
}

// A model that says anything at all writes JSON of the schema: greedy and sampled, in the company of rows with and
// without a schema and of other lengths, and what it writes is what it writes alone. Without the schema it never
// does.
func TestAnswersKeepToASchema(t *testing.T) {
	m := answerer(t, 4)
	var all []llm.Request
	for seed := range uint64(14) {
		s := llm.Sampling{Seed: seed, Temperature: float64(seed%4) / 2, MaxTokens: 60 + int(seed%3)*20,
			TopK: int(seed%2) * 30}
		all = append(all, constrained(t, fmt.Sprint("Which value, ", seed, "?"), s), ask("Which value?", s))
	}
	replies, err := m.Generate(context.Background(), all)
	if err != nil {
		t.Fatal(err)
	}
	for at, r := range replies {
		err := verdict(r.Text)
		if constrained := all[at].Schema != nil; constrained != (err == nil) || constrained && r.Finish != llm.FinishStop {
			t.Errorf("%d: schema %v: %v, finish %s", at, constrained, err, r.Finish)
		}
		alone, err := m.Generate(context.Background(), all[at:at+1])
		if err != nil || alone[0].Text != r.Text || !slices.Equal(alone[0].IDs, r.IDs) {
			t.Errorf("%d: alone %q, together %q, %v", at, alone[0].Text, r.Text, err)
		}
	}
}

// The answer is whole within MaxTokens, down to the fewest that can be; one fewer is refused before the first token.
func TestAnAnswerIsWholeWithinItsTokens(t *testing.T) {
	m := answerer(t, 1)
	least := 0
	for most := 1; most < 80; most++ {
		r := constrained(t, "Which?", llm.Sampling{MaxTokens: most, Temperature: 1.5, Seed: uint64(most)})
		replies, err := m.Generate(context.Background(), []llm.Request{r})
		if err != nil {
			if least > 0 || !strings.Contains(err.Error(), "shortest answer") {
				t.Fatalf("%d tokens: %v", most, err)
			}
			continue
		}
		if least == 0 {
			least = most
		}
		if err := verdict(replies[0].Text); err != nil || replies[0].Out > int64(most) {
			t.Errorf("%d tokens: %v, %d written", most, err, replies[0].Out)
		}
	}
	if least < 10 || least > 70 {
		t.Errorf("from %d tokens on an answer was tried", least)
	}
}

func TestASchemaBesideStopsAndPrefix(t *testing.T) {
	m := answerer(t, 2)
	s := llm.Sampling{MaxTokens: 80, Temperature: 1}
	begun := constrained(t, "Which?", s)
	begun.Prefix = `{"value": "power", "trait": `
	cut := constrained(t, "Which?", s)
	cut.Sampling.Stop = []string{`"trait"`}
	replies, err := m.Generate(context.Background(), []llm.Request{begun, cut})
	if err != nil {
		t.Fatal(err)
	}
	if err := verdict(begun.Prefix + replies[0].Text); err != nil {
		t.Error(err)
	}
	if text := replies[1].Text; !strings.HasPrefix(text, `{"value":`) || strings.Contains(text, "trait") ||
		replies[1].Finish != llm.FinishStop {
		t.Errorf("with a stop string: %+v", replies[1])
	}
	begun.Prefix = "Well, "
	_, err = m.Generate(context.Background(), []llm.Request{begun})
	if err == nil || !strings.Contains(err.Error(), "no beginning of JSON") {
		t.Errorf("a prefix that is no JSON: %v", err)
	}
}

// The reported log-probabilities are those that scoring the same ids gives, whatever temperature and top-k choose.
func TestLogProbsAreThoseOfScoring(t *testing.T) {
	m := answerer(t, 2)
	r := ask("Tell me.", llm.Sampling{MaxTokens: 8, Temperature: 1, TopK: 50, Seed: 4})
	r.LogProbs, r.TopLogProbs = true, 3
	replies, err := m.Generate(context.Background(), []llm.Request{r})
	if err != nil {
		t.Fatal(err)
	}
	prompt, err := m.render(r.Messages, "")
	if err != nil {
		t.Fatal(err)
	}
	got := replies[0]
	want, err := m.runner.Score([][]int32{append(slices.Clone(prompt), got.IDs...)}, []int{len(prompt)}, nil)
	if err != nil || len(got.LogProbs) != len(got.IDs) || len(want[0]) != len(got.IDs) {
		t.Fatalf("%v: %d log-probabilities of %d tokens", err, len(got.LogProbs), len(got.IDs))
	}
	text := ""
	for at, l := range got.LogProbs {
		text += l.Bytes
		if l.ID != got.IDs[at] || math.Abs(l.LogProb-want[0][at]) > 1e-4 {
			t.Errorf("token %d: %v, scored %v", at, l.LogProb, want[0][at])
		}
		falling := func(a, b llm.TokenLogProb) int { return cmp.Compare(b.LogProb, a.LogProb) }
		if len(l.Top) != 3 || !slices.IsSortedFunc(l.Top, falling) || l.Top[0].LogProb < l.LogProb {
			t.Errorf("token %d: %+v", at, l)
		}
	}
	if strings.ToValidUTF8(text, "\uFFFD") != got.Text {
		t.Errorf("tokens spell %q, the answer is %q", text, got.Text)
	}
}

// Jobs of several callers share a batch: one goes away, one reads along, one has ids in place of messages.
func TestOneRowEndsAndTheOthersGoOn(t *testing.T) {
	m := answerer(t, 3)
	ctx, cancel := context.WithCancel(context.Background())
	s := llm.Sampling{MaxTokens: 20}
	ids, err := m.Encode("Once upon a time")
	if err != nil {
		t.Fatal(err)
	}
	var heard strings.Builder
	jobs := []Job{
		{Request: ask("Hello", s), Context: ctx, Emit: func(Piece) { cancel() }},
		{Request: ask("Hello", s), Emit: func(p Piece) { heard.WriteString(p.Text) }},
		{Request: llm.Request{Sampling: s}, Prompt: ids},
	}
	var rows []*Row
	for _, j := range jobs {
		row, err := m.Prepare(j)
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := m.Answer(context.Background(), rows); err != nil {
		t.Fatal(err)
	}
	gone, whole, raw := rows[0].Reply(), rows[1].Reply(), rows[2].Reply()
	if gone.Finish != llm.FinishCanceled || gone.Out >= 20 || !strings.HasPrefix(whole.Text, gone.Text) ||
		whole.Out != 20 || heard.String() != whole.Text {
		t.Errorf("%+v and %+v, heard %q", gone, whole, heard.String())
	}
	if raw.In != int64(len(ids)) || raw.Out != 20 {
		t.Errorf("%+v", raw)
	}
	if _, err := m.Prepare(Job{Request: ask("x", s), Prompt: ids}); err == nil {
		t.Error("ids and messages are both taken")
	}
}

// A short prompt with a long answer and a long prompt with a short one each fit the model's 256 positions; together
// they must too, though the longer of each would not.
func TestRowsThatFitAloneFitTogether(t *testing.T) {
	m := answerer(t, 2)
	var rows []*Row
	for _, size := range []struct{ prompt, answer int }{{200, 4}, {130, 120}} {
		r := llm.Request{Sampling: llm.Sampling{MaxTokens: size.answer}}
		row, err := m.Prepare(Job{Request: r, Prompt: make([]int32, size.prompt)})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if rows[0].Shape() != rows[1].Shape() {
		t.Fatal("they share no batch")
	}
	if err := m.Answer(context.Background(), rows); err != nil || rows[0].Reply().Out != 4 || rows[1].Reply().Out != 120 {
		t.Errorf("%v: %d and %d tokens written", err, rows[0].Reply().Out, rows[1].Reply().Out)
	}
}

// Several callers ask at once, as a panel does. A cache holds one batch, so they take turns, and none sees another's.
func TestCallersTakeTurns(t *testing.T) {
	m := answerer(t, 2)
	var all sync.WaitGroup
	got := make([]llm.Reply, 6)
	request := func(at int) llm.Request {
		s := llm.Sampling{Temperature: 1, Seed: uint64(at), MaxTokens: 6 + 20*(at%2)}
		if at%3 == 0 {
			s.MaxTokens = 70
			return constrained(t, fmt.Sprint("Which, ", at), s)
		}
		return ask(strings.Repeat("Tell me. ", 1+5*at), s)
	}
	for at := range got {
		r := request(at)
		all.Go(func() {
			if replies, err := m.Generate(context.Background(), []llm.Request{r}); err == nil {
				got[at] = replies[0]
			}
		})
	}
	all.Wait()
	for at, together := range got {
		alone, err := m.Generate(context.Background(), []llm.Request{request(at)})
		if err != nil || alone[0].Text != together.Text || together.Text == "" {
			t.Errorf("%d: %q among others, %q alone, %v", at, together.Text, alone[0].Text, err)
		}
	}
}
