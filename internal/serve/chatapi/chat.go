package chatapi

import (
	"encoding/json"
	"strconv"
	"strings"

	"hives/internal/llm"
	"hives/internal/serve/httpapi"
	"hives/internal/talk"
)

// chatRequest is the body of POST /v1/chat/completions.
//
//	{"model": "smol", "temperature": 0, "max_completion_tokens": 40,
//	 "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is a duty?"}]}
type chatRequest struct {
	fields
	Messages            []json.RawMessage `json:"messages"`
	MaxCompletionTokens json.RawMessage   `json:"max_completion_tokens"`
	LogProbs            *bool             `json:"logprobs"`
	TopLogProbs         json.RawMessage   `json:"top_logprobs"`

	// These change an answer, and are taken where they ask for nothing.
	Tools             json.RawMessage `json:"tools"`
	ToolChoice        json.RawMessage `json:"tool_choice"`
	ParallelToolCalls json.RawMessage `json:"parallel_tool_calls"`
	Modalities        json.RawMessage `json:"modalities"`
	Store             json.RawMessage `json:"store"`
}

// message is one turn, as clients write it. What belongs to tools and sounds may stand there as null.
type message struct {
	Role       string          `json:"role"`
	Content    json.RawMessage `json:"content"`
	Name       json.RawMessage `json:"name"`
	Refusal    json.RawMessage `json:"refusal"`
	ToolCalls  json.RawMessage `json:"tool_calls"`
	ToolCallID json.RawMessage `json:"tool_call_id"`
	Audio      json.RawMessage `json:"audio"`
}

// readChat reads a request into jobs, one for each of n. The jobs differ in their seed alone.
func readChat(l *loaded, body []byte) (*call, error) {
	var in chatRequest
	if err := httpapi.Decode("the body", "", body, &in); err != nil {
		return nil, err
	}
	r, err := in.request(l)
	if err != nil {
		return nil, err
	}
	n, err := in.answers()
	if err != nil {
		return nil, err
	}
	c := &call{form: newChat(r.LogProbs), each: n}
	if c.stream, c.usage, err = in.streaming(); err != nil {
		return nil, err
	}
	for at := range n {
		one := r
		one.Sampling.Seed = another(r.Sampling.Seed, at)
		c.jobs = append(c.jobs, talk.Job{Request: one})
	}
	return c, nil
}

// request reads all but what concerns the way of answering. What comes first is refused first: the model's name, since
// under another name nothing else may hold, then what is not done, then what is wrong with what is.
func (in *chatRequest) request(l *loaded) (r llm.Request, err error) {
	if err = l.named(in.Model); err == nil {
		err = in.refused()
	}
	if err == nil {
		r.Messages, err = messages(in.Messages)
	}
	if err == nil {
		err = in.oneLength()
	}
	if err == nil {
		r.Sampling, err = in.sampling()
	}
	if err == nil {
		err = in.form(&r, l.CheckSchema)
	}
	if err == nil {
		err = in.probabilities(&r)
	}
	return r, err
}

// refused are the fields that are not done here.
func (in *chatRequest) refused() error {
	for _, x := range []struct {
		param   string
		raw     json.RawMessage
		nothing []string
	}{
		{"tools", in.Tools, []string{"[]"}}, {"tool_choice", in.ToolChoice, []string{`"none"`, `"auto"`}},
		{"parallel_tool_calls", in.ParallelToolCalls, []string{"true", "false"}},
		{"modalities", in.Modalities, []string{`["text"]`}}, {"store", in.Store, []string{"false"}},
	} {
		if err := neutral(x.param, x.raw, x.nothing...); err != nil {
			return err
		}
	}
	return in.refusals()
}

// oneLength takes max_completion_tokens for max_tokens, its older name. Two that differ are refused.
func (in *chatRequest) oneLength() error {
	switch {
	case !given(in.MaxCompletionTokens):
	case given(in.MaxTokens) && string(in.MaxTokens) != string(in.MaxCompletionTokens):
		return httpapi.Invalid("max_completion_tokens", "max_tokens and max_completion_tokens differ: give one of them")
	default:
		in.MaxTokens = in.MaxCompletionTokens
	}
	return nil
}

// probabilities reads logprobs and top_logprobs, which a chat has as a yes and a number.
func (in *chatRequest) probabilities(r *llm.Request) error {
	r.LogProbs = in.LogProbs != nil && *in.LogProbs
	top, _, err := whole64("top_logprobs", in.TopLogProbs, 0, llm.MostTopLogProbs)
	switch {
	case err != nil:
		return err
	case top > 0 && !r.LogProbs:
		return httpapi.Invalid("top_logprobs", "top_logprobs is for logprobs: true")
	case r.LogProbs && r.Choices != nil:
		return httpapi.Invalid("logprobs", "an answer out of a list is not chosen token by token: leave logprobs out")
	}
	r.TopLogProbs = int(top)
	return nil
}

// messages reads the conversation. developer is what newer models of OpenAI call the system. Whether the turns follow
// each other as the template has them (a system first, a user last) is talk's to say.
func messages(raw []json.RawMessage) ([]llm.Message, error) {
	if len(raw) == 0 {
		return nil, httpapi.Invalid("messages", "messages has one entry at least")
	}
	out := make([]llm.Message, len(raw))
	for at, one := range raw {
		var m message
		if err := httpapi.Decode("a message", "messages", one, &m); err != nil {
			return nil, err
		}
		for _, x := range []struct {
			param string
			raw   json.RawMessage
		}{{"tool_calls", m.ToolCalls}, {"tool_call_id", m.ToolCallID}, {"audio", m.Audio}, {"name", m.Name},
			{"refusal", m.Refusal}} {
			if err := neutral("messages."+x.param, x.raw, "[]"); err != nil {
				return nil, err
			}
		}
		switch m.Role {
		case llm.System, llm.User, llm.Assistant:
		case "developer":
			m.Role = llm.System
		default: // its word may be a text that has slipped
			return nil, httpapi.Invalid("messages.role", "message "+strconv.Itoa(at+1)+" has another role than system, "+
				"developer, user and assistant")
		}
		content, err := content(m.Content)
		if err != nil {
			return nil, err
		}
		out[at] = llm.Message{Role: m.Role, Content: content}
	}
	return out, nil
}

// content is a text, or a list of parts that are texts, which are joined without anything between them.
//
//	"Is it right?"                                                        Is it right?
//	[{"type": "text", "text": "Is it "}, {"type": "text", "text": "right?"}]   the same
func content(raw json.RawMessage) (string, error) {
	var text string
	if given(raw) && json.Unmarshal(raw, &text) == nil {
		return text, nil
	}
	var parts []json.RawMessage
	if json.Unmarshal(raw, &parts) != nil || len(parts) == 0 {
		return "", httpapi.Invalid("messages.content", "the content of a message is a text, or a list of parts of type text")
	}
	var out strings.Builder
	for _, part := range parts {
		var p struct {
			Type string  `json:"type"`
			Text *string `json:"text"`
		}
		if err := httpapi.Decode("a part of a message", "messages.content", part, &p); err != nil {
			return "", err
		}
		if p.Type != "text" || p.Text == nil {
			return "", httpapi.Invalid("messages.content", "a part of a message is of another type than text")
		}
		out.WriteString(*p.Text)
	}
	return out.String(), nil
}
