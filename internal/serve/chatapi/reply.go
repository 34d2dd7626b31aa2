package chatapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"
	"unicode/utf8"

	"hives/internal/llm"
	"hives/internal/talk"
)

// The types here are OpenAI's shapes field by field: programs in the wild parse them, so nothing is renamed or left
// out.

// envelope is an answer, or one event of it. All events of an answer have the same id and time.
type envelope struct {
	ID          string `json:"id"`
	Object      string `json:"object"`
	Created     int64  `json:"created"`
	Model       string `json:"model"`
	Fingerprint string `json:"system_fingerprint"` // of all that an answer depends on but its request
	Choices     []any  `json:"choices"`
	Usage       any    `json:"usage,omitempty"`

	WeightsSHA256 string `json:"weights_sha256"` // beyond OpenAI's: which model this is, whatever its name
}

// usage counts a prompt once, however many answers it has.
type usage struct {
	PromptTokens     int64 `json:"prompt_tokens"`
	CompletionTokens int64 `json:"completion_tokens"`
	TotalTokens      int64 `json:"total_tokens"`
}

// form is how one of the two paths writes answers. n is the number of a choice.
type form interface {
	prompt() string                    // the field that holds it
	object(event bool) string          // what an answer, or an event, is called
	id() string                        // what its ids begin with
	choice(n int, r llm.Reply) any     // of a whole answer
	opening(n int) any                 // of the first event; nil for none
	piece(n int, p talk.Piece) any     // of an event in between
	closing(n int, why llm.Finish) any // of the last
}

// envelope is the part that both paths have. The id is random: it names this answer in a client's log and nowhere here.
func (l *loaded) envelope(f form, event bool) envelope {
	var b [12]byte
	_, _ = rand.Read(b[:]) // never fails
	return envelope{ID: f.id() + hex.EncodeToString(b[:]), Object: f.object(event), Created: time.Now().Unix(),
		Model: l.names[0], Fingerprint: l.fingerprint, WeightsSHA256: l.Identity().Weights}
}

// whole waits for all rows and makes one answer of them. Who goes away, or runs out of time, gets none.
func whole(ctx context.Context, l *loaded, c *call, entries []*entry, paid func(int)) (any, error) {
	out := l.envelope(c.form, false)
	for n, e := range entries {
		select {
		case <-e.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		reply, err := e.answer()
		if err == nil && reply.Finish == llm.FinishCanceled {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, err
		}
		out.Choices = append(out.Choices, c.form.choice(n, reply))
	}
	u := c.used(entries)
	paid(int(u.TotalTokens))
	out.Usage = u
	return out, nil
}

// used adds up the tokens of rows that are done. Those of a row that somebody left are not known yet, and its caller is
// charged what was guessed.
func (c *call) used(entries []*entry) (u usage) {
	for n, e := range entries {
		if !e.ended() {
			continue
		}
		reply := e.row.Reply()
		u.CompletionTokens += reply.Out
		if n%c.each == 0 {
			u.PromptTokens += reply.In
		}
	}
	u.TotalTokens = u.PromptTokens + u.CompletionTokens
	return u
}

// chat is the form of /v1/chat/completions. Pointers tell "nothing was said" from "not in this event": an answer of no
// letters has "content": "", an event that only ends one has no content at all.
type chat struct{ logs bool }

func newChat(logs bool) form { return &chat{logs} }

type chatChoice struct {
	Index   int       `json:"index"`
	Message *chatTurn `json:"message,omitempty"` // of an answer …
	Delta   *chatTurn `json:"delta,omitempty"`   // … or of an event
	Logs    *chatLogs `json:"logprobs"`
	Finish  *string   `json:"finish_reason"`
}

type chatTurn struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

type chatLogs struct {
	Content []chatLog `json:"content"`
	Refusal []chatLog `json:"refusal"`
}

type chatLog struct {
	chatToken
	Top []chatToken `json:"top_logprobs"`
}

type chatToken struct {
	Token   string  `json:"token"`
	LogProb float64 `json:"logprob"`
	Bytes   []int   `json:"bytes"`
}

func (*chat) prompt() string { return "messages" }
func (*chat) id() string     { return "chatcmpl-" }

func (*chat) object(event bool) string {
	if event {
		return "chat.completion.chunk"
	}
	return "chat.completion"
}

func (f *chat) choice(n int, r llm.Reply) any {
	return chatChoice{Index: n, Message: &chatTurn{Role: llm.Assistant, Content: &r.Text}, Logs: f.of(r.LogProbs),
		Finish: finish(r.Finish)}
}

func (*chat) opening(n int) any {
	nothing := ""
	return chatChoice{Index: n, Delta: &chatTurn{Role: llm.Assistant, Content: &nothing}}
}

func (f *chat) piece(n int, p talk.Piece) any {
	return chatChoice{Index: n, Delta: &chatTurn{Content: &p.Text}, Logs: f.of(p.LogProbs)}
}

func (*chat) closing(n int, why llm.Finish) any {
	return chatChoice{Index: n, Delta: &chatTurn{}, Finish: finish(why)}
}

// of writes log-probabilities, none as null where nobody asked; a token's bytes say what its text cannot where it
// ends within a character.
func (f *chat) of(logs []llm.TokenLogProb) *chatLogs {
	if !f.logs {
		return nil
	}
	one := func(l llm.TokenLogProb) chatToken {
		out := chatToken{Token: readable(l.Bytes), LogProb: l.LogProb, Bytes: make([]int, len(l.Bytes))}
		for at := range len(l.Bytes) {
			out.Bytes[at] = int(l.Bytes[at])
		}
		return out
	}
	out := &chatLogs{Content: []chatLog{}}
	for _, l := range logs {
		entry := chatLog{one(l), []chatToken{}}
		for _, top := range l.Top {
			entry.Top = append(entry.Top, one(top))
		}
		out.Content = append(out.Content, entry)
	}
	return out
}

// readable is a token's text; half a character is U+FFFD.
func readable(bytes string) string { return strings.ToValidUTF8(bytes, "\uFFFD") }

// finish is why an answer ended: stop or length, the words that OpenAI has too.
func finish(why llm.Finish) *string {
	text := string(why)
	return &text
}

// completion is the form of /v1/completions. offsets are how far each choice's tokens have come, in characters.
type completion struct {
	logs    bool
	offsets []int
}

func newCompletion(logs bool, choices int) form { return &completion{logs, make([]int, choices)} }

type completionChoice struct {
	Text   string          `json:"text"`
	Index  int             `json:"index"`
	Logs   *completionLogs `json:"logprobs"`
	Finish *string         `json:"finish_reason"`
}

type completionLogs struct {
	Tokens   []string             `json:"tokens"`
	LogProbs []float64            `json:"token_logprobs"`
	Top      []map[string]float64 `json:"top_logprobs"`
	Offsets  []int                `json:"text_offset"`
}

func (*completion) prompt() string     { return "prompt" }
func (*completion) id() string         { return "cmpl-" }
func (*completion) object(bool) string { return "text_completion" }
func (*completion) opening(int) any    { return nil }

func (f *completion) choice(n int, r llm.Reply) any {
	return completionChoice{Text: r.Text, Index: n, Logs: f.of(n, r.LogProbs), Finish: finish(r.Finish)}
}

func (f *completion) piece(n int, p talk.Piece) any {
	return completionChoice{Text: p.Text, Index: n, Logs: f.of(n, p.LogProbs)}
}

func (f *completion) closing(n int, why llm.Finish) any {
	return completionChoice{Index: n, Finish: finish(why)}
}

// of writes log-probabilities as this older path has them: four lists side by side. Two tokens of one text, such as
// halves of characters, would be one key of top_logprobs; the later, less probable one is dropped.
func (f *completion) of(n int, logs []llm.TokenLogProb) *completionLogs {
	if !f.logs {
		return nil
	}
	out := &completionLogs{Tokens: []string{}, LogProbs: []float64{}, Top: []map[string]float64{}, Offsets: []int{}}
	for _, l := range logs {
		token := readable(l.Bytes)
		top := map[string]float64{}
		for _, t := range l.Top {
			if _, twice := top[readable(t.Bytes)]; !twice {
				top[readable(t.Bytes)] = t.LogProb
			}
		}
		out.Tokens, out.LogProbs = append(out.Tokens, token), append(out.LogProbs, l.LogProb)
		out.Top, out.Offsets = append(out.Top, top), append(out.Offsets, f.offsets[n])
		f.offsets[n] += utf8.RuneCountInString(token)
	}
	return out
}

// null stands where a field must be there without a value.
var null = json.RawMessage("null")
