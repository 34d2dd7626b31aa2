package chatapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"hives/internal/engine"
	"hives/internal/llm"
	"hives/internal/rig/talktest"
	"hives/internal/serve"
	"hives/internal/serve/httpapi"
	"hives/internal/serve/share"
	"hives/internal/talk"
)

// rig is a tiny model behind HTTP, without the daemon around it.
type rig struct {
	*API
	t   *testing.T
	url string
}

func newRig(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	o := Options{Dir: talktest.Dir(t), Names: []string{"tiny", "alias"}, Rows: 16, Timeout: time.Minute,
		Log:   slog.New(slog.DiscardHandler),
		Model: talk.Options{Engine: engine.Options{Kind: engine.Go}, Rows: 3, MaxLength: 200, Length: 30, Slots: 128}}
	if change != nil {
		change(&o)
	}
	r := &rig{API: New(o), t: t}
	s, err := serve.New(serve.Options{Limits: serve.DefaultLimits(), Times: serve.DefaultTimes(),
		Begin: []func(context.Context) error{r.Open}})
	if err != nil {
		t.Fatal(err)
	}
	h := httpapi.Handler(httpapi.Options{Server: s, Log: o.Log, Loopback: true, Routes: r.Routes(s), Models: r.Models})
	server := httptest.NewServer(h)
	t.Cleanup(func() { server.Close(); r.Close() })
	r.url = server.URL
	return r
}

// opened is a rig whose model is loaded.
func opened(t *testing.T, change func(*Options)) *rig {
	t.Helper()
	r := newRig(t, change)
	if err := r.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	return r
}

// post sends a body and returns status and answer.
func (r *rig) post(path, body string) (int, string) {
	r.t.Helper()
	reply, err := http.Post(r.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return reply.StatusCode, string(raw)
}

// said is an answer, or an event, of either path.
type said struct {
	ID, Object, Model string
	Fingerprint       string `json:"system_fingerprint"`
	Choices           []struct {
		Index   int
		Message struct{ Role, Content string }
		Delta   struct{ Role, Content string }
		Text    string
		Finish  *string `json:"finish_reason"`
		Logs    *struct {
			Content []struct {
				Token   string
				LogProb float64
				Bytes   []int
				Top     []struct{ LogProb float64 } `json:"top_logprobs"`
			}
			Tokens   []string
			LogProbs []float64            `json:"token_logprobs"`
			Top      []map[string]float64 `json:"top_logprobs"`
			Offsets  []int                `json:"text_offset"`
		} `json:"logprobs"`
	}
	Usage *struct {
		Prompt     int `json:"prompt_tokens"`
		Completion int `json:"completion_tokens"`
		Total      int `json:"total_tokens"`
	}
	Error *struct {
		Message, Type string
		Param, Code   *string
	}
}

func (r *rig) ask(path, body string) said {
	r.t.Helper()
	status, raw := r.post(path, body)
	var out said
	if err := json.Unmarshal([]byte(raw), &out); err != nil || status != http.StatusOK {
		r.t.Fatalf("%s: %d %s, %v", body, status, raw, err)
	}
	return out
}

// events are the events of a stream; the last one must be [DONE], which is left out.
func (r *rig) events(path, body string) (all []said) {
	r.t.Helper()
	reply, err := http.Post(r.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	defer reply.Body.Close()
	if got := reply.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/event-stream") {
		r.t.Fatalf("content type %q", got)
	}
	lines, done := bufio.NewScanner(reply.Body), false
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		if done = data == "[DONE]"; done {
			continue
		}
		var one said
		if err := json.Unmarshal([]byte(data), &one); err != nil {
			r.t.Fatalf("%q: %v", data, err)
		}
		all = append(all, one)
	}
	if last := len(all) - 1; !done && (last < 0 || all[last].Error == nil) {
		r.t.Fatal("the stream does not end with [DONE]")
	}
	return all
}

const chatPath, completionPath = "/v1/chat/completions", "/v1/completions"

func TestAnAnswerIsTheModels(t *testing.T) {
	r := opened(t, nil)
	got := r.ask(chatPath, `{"model": "alias", "temperature": 0, "max_tokens": 9, "messages": [
		{"role": "developer", "content": "Be brief."},
		{"role": "user", "content": [{"type": "text", "text": "Is it "}, {"type": "text", "text": "right?"}]}]}`)
	request := llm.Request{Sampling: llm.Sampling{MaxTokens: 9}, Messages: []llm.Message{
		{Role: llm.System, Content: "Be brief."}, {Role: llm.User, Content: "Is it right?"}}}
	want, err := r.loaded.Load().Generate(context.Background(), []llm.Request{request})
	if err != nil {
		t.Fatal(err)
	}
	c := got.Choices[0]
	if c.Message.Content != want[0].Text || c.Message.Role != "assistant" || *c.Finish != "length" {
		t.Errorf("%+v, want %q", c, want[0].Text)
	}
	if got.Model != "tiny" || got.Object != "chat.completion" || !strings.HasPrefix(got.Fingerprint, "hives-") ||
		got.Usage.Prompt != int(want[0].In) || got.Usage.Completion != 9 || got.Usage.Total != int(want[0].In)+9 {
		t.Errorf("%+v, %+v", got, got.Usage)
	}
	// What begins as that answer does ends at a stop string of it.
	end := string([]rune(c.Message.Content)[3:5])
	body, _ := json.Marshal(map[string]any{"messages": []any{map[string]any{"role": "system", "content": "Be brief."},
		map[string]any{"role": "user", "content": "Is it right?"}}, "temperature": 0,
		"max_completion_tokens": 9, "stop": end})
	cut := r.ask(chatPath, string(body)).Choices[0]
	if before, _, _ := strings.Cut(c.Message.Content, end); cut.Message.Content != before || *cut.Finish != "stop" {
		t.Errorf("%q up to %q: %q", c.Message.Content, end, cut.Message.Content)
	}
}

// A stream carries, choice by choice, what the whole answer has.
func TestAStreamIsTheAnswerInPieces(t *testing.T) {
	r := opened(t, nil)
	for path, prompt := range map[string]string{
		chatPath:       `"messages": [{"role": "user", "content": "Hello"}], "logprobs": true, "top_logprobs": 2`,
		completionPath: `"prompt": "Hello", "logprobs": 2`,
	} {
		body := `{` + prompt + `, "max_tokens": 12, "n": 2, "seed": 7`
		want := r.ask(path, body+`}`)
		events := r.events(path, body+`, "stream": true, "stream_options": {"include_usage": true}}`)
		text, logs, ends := make([]string, 2), make([][]float64, 2), make([]string, 2)
		for _, e := range events {
			for _, c := range e.Choices {
				if text[c.Index] += c.Delta.Content + c.Text; c.Finish != nil {
					ends[c.Index] = *c.Finish
				}
				if c.Logs != nil {
					logs[c.Index] = append(logs[c.Index], c.Logs.LogProbs...)
					for _, l := range c.Logs.Content {
						logs[c.Index] = append(logs[c.Index], l.LogProb)
					}
				}
			}
		}
		for n, c := range want.Choices {
			all := slices.Clone(c.Logs.LogProbs)
			for _, l := range c.Logs.Content {
				all = append(all, l.LogProb)
			}
			if c.Index != n || text[n] != c.Message.Content+c.Text || ends[n] != *c.Finish || !slices.Equal(all, logs[n]) ||
				len(all) != 12 {
				t.Errorf("%s, choice %d: %q and %v in pieces, %q and %v whole", path, n, text[n], logs[n],
					c.Message.Content+c.Text, all)
			}
		}
		if last := events[len(events)-1]; len(last.Choices) != 0 || last.Usage == nil || *last.Usage != *want.Usage {
			t.Errorf("%s: usage %+v, want %+v", path, last.Usage, want.Usage)
		}
		if text[0] == text[1] {
			t.Errorf("%s: two choices are one: %q", path, text[0])
		}
	}
}

func TestAnswersOfAForm(t *testing.T) {
	r := opened(t, nil)
	const schema = `{"type": "object", "properties": {"trait": {"type": "integer", "minimum": 1, "maximum": 6},
		"choice": {"enum": ["power", "tradition"]}}, "required": ["choice", "trait"], "additionalProperties": false}`
	const question = `"messages": [{"role": "user", "content": "Which?"}], "max_tokens": 40, `
	for name, form := range map[string]string{
		"OpenAI": `"response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": ` +
			schema + `}}`,
		"llama.cpp": `"response_format": {"type": "json_object", "schema": ` + schema + `}`,
		"vLLM":      `"structured_outputs": {"json": ` + schema + `}`,
		"old vLLM":  `"guided_json": ` + schema,
	} {
		text := r.ask(chatPath, `{`+question+form+`}`).Choices[0].Message.Content
		var v struct {
			Trait  int
			Choice string
		}
		if err := json.Unmarshal([]byte(text), &v); err != nil || v.Trait < 1 || v.Trait > 6 ||
			v.Choice != "power" && v.Choice != "tradition" || !strings.HasPrefix(text, `{"trait"`) {
			t.Errorf("%s: %q, %v: want the keys in the schema's order", name, text, err)
		}
	}
	for _, form := range []string{`"guided_choice": ["yes, always", "no"]`, `"structured_outputs": {"choice": ["no"]}`} {
		got := r.ask(chatPath, `{`+question+form+`}`).Choices[0]
		if got.Message.Content != "yes, always" && got.Message.Content != "no" || *got.Finish != "stop" {
			t.Errorf("%s: %+v", form, got)
		}
		events := r.events(chatPath, `{`+question+form+`, "stream": true}`)
		if len(events) != 3 || !strings.Contains(form, `"`+events[1].Choices[0].Delta.Content+`"`) {
			t.Errorf("%s as a stream: %+v", form, events)
		}
	}
}

func TestCompletionsGoOnFromAPrompt(t *testing.T) {
	r := opened(t, nil)
	l := r.loaded.Load()
	ids, err := l.Encode("Once upon")
	if err != nil {
		t.Fatal(err)
	}
	list, _ := json.Marshal(ids)
	want := r.ask(completionPath, `{"prompt": "Once upon", "temperature": 0, "logprobs": 3}`)
	c := want.Choices[0]
	if want.Usage.Completion != completionLength || want.Usage.Prompt != len(ids) || want.Object != "text_completion" {
		t.Errorf("%+v", want.Usage)
	}
	offset := 0
	for at, token := range c.Logs.Tokens {
		if c.Logs.Offsets[at] != offset || len(c.Logs.Top[at]) != 3 || c.Logs.LogProbs[at] > 0 {
			t.Errorf("token %d: %+v", at, c.Logs)
		}
		offset += len([]rune(token))
	}
	for _, prompt := range []string{`["Once upon"]`, string(list), `[` + string(list) + `]`} {
		if got := r.ask(completionPath, `{"prompt": `+prompt+`, "temperature": 0}`); got.Choices[0].Text != c.Text {
			t.Errorf("%s: %q, want %q", prompt, got.Choices[0].Text, c.Text)
		}
	}
	two := r.ask(completionPath, `{"prompt": ["Once upon", "Once"], "temperature": 0, "n": 2}`)
	if len(two.Choices) != 4 || two.Choices[1].Text != c.Text || two.Choices[2].Text == c.Text ||
		two.Choices[2].Text != two.Choices[3].Text || two.Usage.Completion != 4*completionLength {
		t.Errorf("%+v", two)
	}
}

func TestWhatIsRefusedIsNamed(t *testing.T) {
	r := opened(t, nil)
	const canary = "zq-canary"
	chat := func(rest string) string {
		return `{"messages": [{"role": "user", "content": "` + canary + `"}]` + rest + `}`
	}
	of := func(schema string) string {
		return chat(`, "response_format": {"type": "json_schema", "json_schema": {"schema": ` + schema + `}}`)
	}
	for _, c := range []struct{ path, body, param, says string }{
		{chatPath, chat(`, "frobnicate": 1`), "frobnicate", "other keys"},
		{chatPath, chat(`, "Temperature": 1`), "Temperature", "spelled"},
		{chatPath, chat(`, "seed": 1, "seed": 2`), "seed", "twice"},
		{chatPath, chat(`, "presence_penalty": 0.5`), "presence_penalty", "not done"},
		{chatPath, chat(`, "frequency_penalty": 1`), "frequency_penalty", "not done"},
		{chatPath, chat(`, "logit_bias": {"5": 1}`), "logit_bias", "not done"},
		{chatPath, chat(`, "tools": [{"type": "function"}]`), "tools", "not done"},
		{chatPath, chat(`, "tool_choice": "required"`), "tool_choice", "not done"},
		{chatPath, chat(`, "temperature": -1`), "temperature", "want 0 or more"},
		{chatPath, chat(`, "temperature": "warm"`), "temperature", "numbers"},
		{chatPath, chat(`, "top_p": 0`), "top_p", "above 0"},
		{chatPath, chat(`, "top_p": 1.5`), "top_p", "at most 1"},
		{chatPath, chat(`, "top_k": 1.5`), "top_k", "whole number"},
		{chatPath, chat(`, "n": 17`), "n", "1 to 16"},
		{chatPath, chat(`, "seed": 1e30`), "seed", "whole number"},
		{chatPath, chat(`, "max_tokens": 0`), "max_tokens", "from 1"},
		{chatPath, chat(`, "max_tokens": 5, "max_completion_tokens": 6`), "max_completion_tokens", "differ"},
		{chatPath, chat(`, "max_tokens": 500`), "messages", "200 positions"},
		{chatPath, chat(`, "stop": ["a", ""]`), "stop", "empty"},
		{chatPath, chat(`, "stop": [null]`), "stop", "list of texts"},
		{chatPath, chat(`, "top_logprobs": 2`), "top_logprobs", "logprobs: true"},
		{chatPath, chat(`, "logprobs": true, "top_logprobs": 21`), "top_logprobs", "0 to 20"},
		{chatPath, chat(`, "logprobs": true, "guided_choice": ["a"]`), "logprobs", "list"},
		{chatPath, chat(`, "guided_choice": []`), "guided_choice", "one text"},
		{chatPath, chat(`, "guided_choice": [` + strings.Repeat(`"a", `, 256) + `"b"]`), "guided_choice", "at most 256"},
		{chatPath, strings.Replace(chat(""), "canary", strings.Repeat("canary ", 4000), 1), "messages", "far longer"},
		{completionPath, `{"prompt": "` + strings.Repeat(canary, 4000) + `"}`, "prompt", "far longer"},
		{chatPath, chat(`, "guided_choice": ["a"], "guided_json": {"type": "null"}`), "response_format", "more than one"},
		{chatPath, chat(`, "structured_outputs": {"regex": "a"}`), "structured_outputs.regex", "other keys"},
		{chatPath, chat(`, "stream_options": {}`), "stream_options", "stream: true"},
		{chatPath, chat(`, "response_format": {"type": "json_object"}`), "response_format", "json_schema"},
		{chatPath, chat(`, "response_format": {"type": "grammar"}`), "response_format.type", "json_schema"},
		{chatPath, of(`{"type": "string", "pattern": "a"}`), "response_format.json_schema.schema", "/pattern"},
		{chatPath, of(`null`), "response_format.json_schema.schema", "no schema"},
		{chatPath, chat(`, "max_tokens": 1, "guided_json": {"enum": ["` + canary + `"]}`), "messages", "shortest answer"},
		{chatPath, `{"messages": []}`, "messages", "one entry"},
		{chatPath, `{"messages": [{"role": "` + canary + `", "content": "x"}]}`, "messages.role", "another role"},
		{chatPath, `{"messages": [{"role": "user", "content": null}]}`, "messages.content", "a text"},
		{chatPath, `{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]}`,
			"messages.content.image_url", "other keys"},
		{chatPath, `{"messages": [{"role": "user", "content": "x", "name": "` + canary + `"}]}`, "messages.name", "not done"},
		{chatPath, `{"messages": [{"role": "assistant", "content": "x"}]}`, "messages", "by the user"},
		{completionPath, `{"prompt": ""}`, "prompt", "none is empty"},
		{completionPath, `{"prompt": []}`, "prompt", "none is empty"},
		{completionPath, `{"prompt": [1, null]}`, "prompt", "none is empty"},
		{completionPath, `{"prompt": [99999999]}`, "prompt", "vocabulary"},
		{completionPath, `{"prompt": [-1]}`, "prompt", "vocabulary"},
		{completionPath, `{"prompt": ["` + canary + `", "b"], "n": 9}`, "prompt", "18 answers"},
		{completionPath, `{"prompt": "x", "echo": true}`, "echo", "not done"},
		{completionPath, `{"prompt": "x", "suffix": "` + canary + `"}`, "suffix", "not done"},
		{completionPath, `{"prompt": "x", "best_of": 3}`, "best_of", "not done"},
		{completionPath, `{"prompt": "x", "logprobs": 6}`, "logprobs", "0 to 5"},
		{completionPath, `{"prompt": "x", "messages": []}`, "messages", "other keys"},
	} {
		status, raw := r.post(c.path, c.body)
		var got said
		if json.Unmarshal([]byte(raw), &got) != nil || got.Error == nil || got.Error.Param == nil {
			t.Errorf("%s: %d %s", c.body, status, raw)
			continue
		}
		if e := got.Error; status != 400 || *e.Param != c.param || !strings.Contains(e.Message, c.says) ||
			e.Type != "invalid_request_error" || strings.Contains(raw, canary) {
			t.Errorf("%s: %d %s: want %s, %s", c.body, status, raw, c.param, c.says)
		}
	}
	status, raw := r.post(chatPath, chat(`, "model": "gpt"`))
	if status != 404 || !strings.Contains(raw, "model_not_found") {
		t.Errorf("another model: %d %s", status, raw)
	}
	// What asks for nothing is taken.
	r.ask(chatPath, chat(`, "max_tokens": 2, "presence_penalty": 0, "logit_bias": { }, "tools": null, "user": "u",
		"n": 1.0, "metadata": {"a": "b"}, "store": false, "service_tier": "auto", 
		"response_format": {"type": "text"}, "top_k": -1`))
}

// Bodies with values put in each other's places are answered or refused as the client's mistake, never as ours.
func TestStrangeBodies(t *testing.T) {
	r := opened(t, nil)
	fields := []string{"messages", "prompt", "temperature", "top_p", "top_k", "min_p", "max_tokens", "n", "seed", "stop",
		"stream", "stream_options", "response_format", "guided_choice", "guided_json", "structured_outputs", "logprobs",
		"top_logprobs", "max_completion_tokens", "logit_bias", "tools", "model", "user"}
	values := []string{`null`, `0`, `-1`, `1.5`, `1e400`, `2e0`, `99999999999999999999`, `""`, `"a"`, `"\u0000"`,
		`true`, `[]`, `{}`, `[null]`, `[[]]`, `[0]`, `[[1, 2]]`,
		`["a"]`, `[{}]`, `[{"role": "user", "content": "x"}]`, `{"type": "text"}`,
		`{"json": {"type": "array", "items": {"type": "null"}}}`, `{"type": "json_schema", "json_schema": {"schema": {}}}`,
		`{"choice": ["a", "a"]}`, `{"type": "object"}`, `{"include_usage": true}`, `[{"role": "user", "content": [1]}]`}
	random := rand.New(rand.NewPCG(3, 3))
	answered := 0
	for range 300 {
		path, body := chatPath, map[string]json.RawMessage{"max_tokens": json.RawMessage(`2`)}
		body["messages"] = json.RawMessage(`[{"role": "user", "content": "x"}]`)
		if random.IntN(2) == 0 {
			delete(body, "messages")
			path, body["prompt"] = completionPath, json.RawMessage(`"x"`)
		}
		for range 1 + random.IntN(2) {
			body[fields[random.IntN(len(fields))]] = json.RawMessage(values[random.IntN(len(values))])
		}
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		status, answer := r.post(path, string(raw))
		if answered++; status != http.StatusOK {
			answered--
			var got said
			if err := json.Unmarshal([]byte(answer), &got); err != nil || got.Error == nil || status/100 != 4 {
				t.Errorf("%s: %d %s", raw, status, answer)
			}
		}
	}
	if answered < 20 || answered > 280 {
		t.Errorf("%d of 300 were answered: the trial is one-sided", answered)
	}
}

// The same seed gives the same answer, another one and none give others.
func TestSeeds(t *testing.T) {
	r := opened(t, nil)
	ask := func(seed string) string {
		return r.ask(chatPath, `{"messages": [{"role": "user", "content": "Tell me."}], "max_tokens": 12`+seed+`}`).
			Choices[0].Message.Content
	}
	if a, b := ask(`, "seed": 3`), ask(`, "seed": 3`); a != b {
		t.Errorf("%q and %q", a, b)
	}
	if a, b, c := ask(`, "seed": 4`), ask(``), ask(``); a == b || b == c {
		t.Errorf("%q, %q, %q", a, b, c)
	}
}

// Requests that come together share batches, and each gets the answer that it gets alone.
func TestRequestsThatComeTogetherShareBatches(t *testing.T) {
	r := opened(t, func(o *Options) { o.Model.Rows = 4 })
	body := func(n int) string {
		return fmt.Sprintf(`{"messages": [{"role": "user", "content": "Question %d"}], "max_tokens": %d, "seed": %d}`,
			n, 5+n, n)
	}
	together := make([]string, 8)
	var all sync.WaitGroup
	for n := range together {
		all.Go(func() {
			_, raw := r.post(chatPath, body(n))
			together[n] = raw
		})
	}
	all.Wait()
	f, _ := r.Figures()
	if f.Batches > 6 || f.Answers != 8 || f.Rows != 0 {
		t.Errorf("%d batches of 4 for 8 requests: %+v", f.Batches, f)
	}
	for n, raw := range together {
		var got said
		if err := json.Unmarshal([]byte(raw), &got); err != nil || len(got.Choices) != 1 {
			t.Fatal(raw, err)
		}
		if alone := r.ask(chatPath, body(n)); alone.Choices[0].Message.Content != got.Choices[0].Message.Content {
			t.Errorf("question %d: %q together, %q alone", n, got.Choices[0].Message.Content, alone.Choices[0].Message.Content)
		}
	}
}

// A client that goes away ends its row long before its length; nothing stays behind.
func TestAClientThatGoesAway(t *testing.T) {
	r := opened(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	body := `{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 150, "stream": true}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+chatPath, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	reply, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(reply.Body)
	for range 5 { // until some of it was written
		lines.Scan()
	}
	cancel()
	reply.Body.Close()
	for f, _ := r.Figures(); f.Canceled != 1 || f.Rows != 0; f, _ = r.Figures() {
		if f.Answers > 0 {
			t.Fatalf("it was answered to its end: %+v", f)
		}
		time.Sleep(time.Millisecond)
	}
	if f, _ := r.Figures(); f.TokensOut >= 150 {
		t.Errorf("%d tokens were written for nobody", f.TokensOut)
	}
}

func TestTimeIsUp(t *testing.T) {
	r := opened(t, func(o *Options) { o.Timeout = time.Nanosecond })
	body := `{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 150`
	if status, raw := r.post(chatPath, body+`}`); status != http.StatusGatewayTimeout {
		t.Errorf("%d %s", status, raw)
	}
	events := r.events(chatPath, body+`, "stream": true}`)
	if last := events[len(events)-1]; last.Error == nil || *last.Error.Code != "deadline_exceeded" {
		t.Errorf("%+v", events)
	}
}

func TestTheLineIsBounded(t *testing.T) {
	r := opened(t, func(o *Options) { o.Rows = 2 })
	l := r.loaded.Load()
	place, err := l.queue.enter(share.Who{Caller: "another"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}`
	reply, err := http.Post(r.url+chatPath, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := io.ReadAll(reply.Body)
	reply.Body.Close()
	if reply.StatusCode != http.StatusTooManyRequests || reply.Header.Get("Retry-After") == "" ||
		!bytes.Contains(raw, []byte("queue_full")) {
		t.Errorf("%d %s", reply.StatusCode, raw)
	}
	place.Leave()
	r.ask(chatPath, body)
	if f, _ := r.Figures(); f.Refused != 1 || f.MaxRows != 2 {
		t.Errorf("%+v", f)
	}
}

// Before the model is there requests are told so; after the end those who still wait are.
func TestTheBeginningAndTheEnd(t *testing.T) {
	r := newRig(t, nil)
	body := `{"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}`
	if status, raw := r.post(chatPath, body); status != 503 || !strings.Contains(raw, "starting") {
		t.Errorf("before: %d %s", status, raw)
	}
	if err := r.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	status, raw := r.post("/v1/chat/completions/x", "")
	if status != 404 || !strings.Contains(raw, completionPath) {
		t.Errorf("another path: %d %s", status, raw)
	}
	reply, err := http.Get(r.url + "/v1/models/alias")
	if err != nil {
		t.Fatal(err)
	}
	defer reply.Body.Close()
	var model struct {
		ID, Root string
		Most     int `json:"max_model_len"`
	}
	if err := json.NewDecoder(reply.Body).Decode(&model); err != nil || model.Root != "tiny" || model.Most != 200 {
		t.Errorf("%+v, %v", model, err)
	}
	r.loaded.Load().queue.close()
	if status, raw := r.post(chatPath, body); status != 503 || !strings.Contains(raw, "draining") {
		t.Errorf("after: %d %s", status, raw)
	}
}

// The self-check asks what was asked at the start, sees an answer that is another, and keeps out of the way of others.
func TestTheKnownQuestion(t *testing.T) {
	r := newRig(t, nil)
	if err := r.Check(context.Background()); err != nil {
		t.Errorf("before there is a model: %v", err)
	}
	if err := r.Open(context.Background()); err != nil {
		t.Fatal(err)
	}
	l := r.loaded.Load()
	if err := r.Check(context.Background()); err != nil {
		t.Error(err)
	}
	whole := l.known
	for name, change := range map[string]func(*llm.Reply){
		"other tokens": func(known *llm.Reply) { known.IDs = []int32{1, 2} },
		"differs by":   func(known *llm.Reply) { known.LogProbs = []llm.TokenLogProb{{LogProb: -99}} },
		"NaN":          func(known *llm.Reply) { known.LogProbs = []llm.TokenLogProb{{LogProb: math.NaN()}} },
	} {
		l.known = whole
		change(&l.known)
		if err := r.Check(context.Background()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	begun, release := make(chan struct{}, 1), make(chan struct{})
	e := r.alone(func(talk.Piece) {
		select {
		case begun <- struct{}{}:
			<-release
		default:
		}
	})
	<-begun
	if err := r.Check(context.Background()); err != nil { // it would see the wrong answer, if it asked
		t.Errorf("while another is answered: %v", err)
	}
	close(release)
	<-e.done
}

// alone puts one row into the line, whose pieces are told to emit.
func (r *rig) alone(emit func(talk.Piece)) *entry {
	r.t.Helper()
	l, e := r.loaded.Load(), newEntry(make(chan struct{}, 1))
	request := llm.Request{Messages: []llm.Message{{Role: llm.User, Content: "Hello"}}}
	var err error
	if e.row, err = l.Prepare(talk.Job{Request: request, Emit: emit}); err != nil {
		r.t.Fatal(err)
	}
	l.queue.add([]*entry{e})
	return e
}

// An engine that does nothing ends the server, and nobody waits for it at the end.
func TestAnEngineThatHangs(t *testing.T) {
	r := opened(t, nil)
	lost := make(chan error, 1)
	q := newQueue(r.loaded.Load().Model, Options{Rows: 4, Hang: 20 * time.Millisecond, Log: r.Log},
		func(err error) { lost <- err })
	r.loaded.Load().queue.close()
	r.loaded.Load().queue = q
	release := make(chan struct{})
	e := r.alone(func(talk.Piece) { <-release })
	if err := <-lost; !strings.Contains(err.Error(), "nothing for 20ms") {
		t.Error(err)
	}
	if q.close() {
		t.Error("it is said to have come to rest")
	}
	close(release)
	<-e.done // else the model would be freed under it
	<-q.over
}

// Batches that fail, one after the other, end the server; their requests hear that the engine could not answer.
func TestAnEngineThatFails(t *testing.T) {
	r := opened(t, nil)
	lost := make(chan error, 1)
	r.loaded.Load().queue.lose = func(err error) { lost <- err }
	for range lostBatches {
		select {
		case err := <-lost:
			t.Fatalf("too early: %v", err)
		default:
		}
		e := r.alone(func(talk.Piece) { panic("zq-canary") })
		<-e.done
		if _, err := e.answer(); serve.Reason(err) != "UNAVAILABLE" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%v", err)
		}
	}
	if err := <-lost; !strings.Contains(err.Error(), "3 batches") {
		t.Error(err)
	}
	if f, _ := r.Figures(); f.Troubled != lostBatches {
		t.Errorf("%+v", f)
	}
}

// Our own client gets JSON of its schema from here, in both forms that it knows, and choices it refuses to imitate.
func TestOurOwnClient(t *testing.T) {
	r := opened(t, nil)
	for _, format := range []string{llm.FormatSchema, llm.FormatLlama, llm.FormatText} {
		e := llm.Endpoint{Name: "here", BaseURL: r.url + "/v1", Format: format}.WithDefaults()
		c, err := llm.NewClient(e, llm.NewBudget(llm.Limits{}, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		p, err := llm.NewRemote(c, llm.Model{Name: "tiny", MaxTokens: 40})
		if err != nil {
			t.Fatal(err)
		}
		q := llm.Request{Messages: []llm.Message{{Role: llm.User, Content: "Which?"}},
			Sampling: llm.Sampling{Temperature: 1, TopP: .9, Seed: 1 << 63, Stop: []string{"#"}}}
		if format != llm.FormatText {
			q.Schema = map[string]any{"type": "object", "additionalProperties": false, "required": []string{"choice"},
				"properties": map[string]any{"choice": map[string]any{"type": "string", "enum": []string{"a", "none"}}}}
		}
		replies, err := p.Generate(context.Background(), []llm.Request{q, q})
		if err != nil {
			t.Fatal(err)
		}
		var v struct{ Choice string }
		err = json.Unmarshal([]byte(replies[0].Text), &v)
		if whole := err == nil && (v.Choice == "a" || v.Choice == "none"); whole != (q.Schema != nil) {
			t.Errorf("%s: %q, %v", format, replies[0].Text, err)
		}
		if replies[0].Text != replies[1].Text || replies[0].In == 0 || math.IsNaN(float64(replies[0].Out)) {
			t.Errorf("%s: the same seed, %q and %q", format, replies[0].Text, replies[1].Text)
		}
	}
}
