package llm

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"hives/internal/fault"
)

// maxBody bounds a reply in bytes: a server that never stops must not fill the memory.
const maxBody = 1 << 20

// Call is one question: messages, as every chat model takes them, and the form of the answer.
type Call struct {
	Model    Model
	Messages []Message
	Schema   map[string]any // JSON Schema of the answer
	TopP     float64        // 0: as the endpoint has it
	Seed     uint64         // 0: none
	Stop     []string
}

// tokens estimates what a call says.
func (c Call) tokens() int64 { return estimate(c.Messages) }

// Answer is one answer, with what it took. Model is the name that the server gives, which may be a version of the one
// asked for. Latency is that of the try that succeeded.
type Answer struct {
	Text      string
	Finish    Finish
	Model     string
	TokensIn  int64
	TokensOut int64
	CostMicro int64
	Latency   time.Duration
}

// Client asks one endpoint. It is safe for use by several goroutines. Clients of one endpoint should be one: the
// gate, and with it the rate, is the client's.
type Client struct {
	endpoint Endpoint
	chat     openai.ChatCompletionService
	gate     *gate
	budget   *Budget
}

// NewClient prepares an endpoint whose key, if it has one, is in the environment. It asks nobody: an endpoint that is
// away is found out by the first request.
func NewClient(e Endpoint, b *Budget) (*Client, error) {
	if err := e.Validate(); err != nil {
		return nil, err
	}
	key, err := e.key()
	if err != nil {
		return nil, err
	}
	options := []option.RequestOption{
		option.WithBaseURL(e.BaseURL),
		option.WithHTTPClient(&http.Client{CheckRedirect: refuseRedirect}),
		option.WithMaxRetries(0), // retrying is ours: it must know the rate, the budget and the pause
		option.WithMiddleware(boundBody),
	}
	if key != "" {
		options = append(options, option.WithAPIKey(key))
	}
	// The service alone, not openai.NewClient, which would take a key and an address from the environment
	// that the configuration does not name.
	chat := openai.NewChatCompletionService(options...)
	return &Client{endpoint: e, chat: chat, gate: newGate(e.Parallel, e.RequestsPerMinute), budget: b}, nil
}

// refuseRedirect keeps texts and keys from going to an address nobody configured.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// boundBody also turns a redirect, which the library would read as an answer, into an error.
func boundBody(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
	resp, err := next(r)
	if err != nil {
		return resp, err
	}
	if resp.StatusCode/100 == 3 {
		resp.Body.Close()
		return nil, errRedirect
	}
	resp.Body = http.MaxBytesReader(nil, resp.Body, maxBody)
	return resp, nil
}

// Complete asks until there is an answer or nothing can be hoped for. How often it asked it does not say: what was
// paid for is in the budget. The error's kind is Exhausted when the budget ends, Unavailable when the endpoint does
// not answer, Invalid when it refuses the request itself. A cancelled context is the context's cause.
func (c *Client) Complete(ctx context.Context, r Call) (Answer, error) {
	return c.retry(ctx, r)
}

// paid is one try within the budget. An answer without a choice is paid for as well.
func (c *Client) paid(ctx context.Context, r Call) (Answer, error) {
	most := c.most(r)
	if err := c.budget.reserve(most); err != nil {
		return Answer{}, err
	}
	reply, err := c.once(ctx, r)
	c.budget.settle(most, usage{tokens: reply.TokensIn + reply.TokensOut, micro: reply.CostMicro})
	return reply, err
}

// most is what a request may use at the most: our estimate of what is read, which is rather too high, and the longest
// answer. A server that reads more tokens than that is charged for them when the answer is in.
func (c *Client) most(r Call) usage {
	in, out := r.tokens(), int64(r.Model.MaxTokens)
	return usage{tokens: in + out, micro: r.Model.CostMicro(in, out)}
}

// once is one try. The timeout begins behind the gate: time spent waiting for the rate is not the endpoint's fault.
func (c *Client) once(ctx context.Context, r Call) (Answer, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return Answer{}, err
	}
	// A slot is held until the answer is in: parallel bounds what the endpoint works on, not what is sent in a
	// moment.
	defer leave()
	ctx, cancel := context.WithTimeoutCause(ctx, time.Duration(c.endpoint.Timeout), errStalled)
	defer cancel()
	began := time.Now()
	completion, err := c.chat.New(ctx, c.params(r))
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return Answer{}, err
	}
	reply := Answer{Model: completion.Model, Latency: time.Since(began)}
	if len(completion.Choices) > 0 {
		reply.Text, reply.Finish = completion.Choices[0].Message.Content, Finish(completion.Choices[0].FinishReason)
	} else {
		err = errNoChoice
	}
	reply.TokensIn, reply.TokensOut = tokens(completion.Usage, r, reply.Text)
	reply.CostMicro = r.Model.CostMicro(reply.TokensIn, reply.TokensOut)
	return reply, err
}

var (
	errRedirect = errors.New("it answers with a redirect: put the final address into base_url")
	errStalled  = errors.New("no answer within the timeout")
	errNoChoice = errors.New("an answer without choices")
)

// MostTokens is more than any model reads or writes at once. A count above it is no count: added up it would run over
// and switch the budget off.
const MostTokens = 1 << 24

// tokens believes an endpoint's count unless it cannot be: none, negative, or beyond every model. Our own estimate
// counts then, and for an answer at least what was asked for where the count is absurdly high.
func tokens(u openai.CompletionUsage, r Call, text string) (in, out int64) {
	in, out = u.PromptTokens, u.CompletionTokens
	if in <= 0 || in > MostTokens {
		in = r.tokens()
	}
	switch {
	case out > MostTokens:
		out = max(EstimateTokens(text), int64(r.Model.MaxTokens))
	case out < 0 || (out == 0 && text != ""):
		out = EstimateTokens(text)
	}
	return in, out
}

// params writes a call in the endpoint's dialect. The temperature always goes along, since 0 is a wish and not an
// absence; top_p, seed and stop go only where they were set, for some servers refuse keys that they do not know.
// FormatText sends no response_format.
func (c *Client) params(r Call) openai.ChatCompletionNewParams {
	p := openai.ChatCompletionNewParams{Model: r.Model.Name, Temperature: openai.Float(r.Model.Temperature)}
	for _, m := range r.Messages {
		switch m.Role {
		case System:
			p.Messages = append(p.Messages, openai.SystemMessage(m.Content))
		case Assistant:
			p.Messages = append(p.Messages, openai.AssistantMessage(m.Content))
		default:
			p.Messages = append(p.Messages, openai.UserMessage(m.Content))
		}
	}
	if r.TopP != 0 {
		p.TopP = openai.Float(r.TopP)
	}
	if r.Seed != 0 {
		p.Seed = openai.Int(int64(r.Seed >> 1)) // the field is signed
	}
	if len(r.Stop) > 0 {
		p.Stop.OfStringArray = r.Stop
	}
	if c.endpoint.LengthKey == maxCompletionTokens {
		p.MaxCompletionTokens = openai.Int(int64(r.Model.MaxTokens))
	} else {
		p.MaxTokens = openai.Int(int64(r.Model.MaxTokens))
	}
	if r.Schema == nil {
		return p // text was asked for: no endpoint takes a schema that is null
	}
	switch c.endpoint.Format {
	case FormatSchema:
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{
			JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
				Name: "answer", Strict: openai.Bool(true), Schema: r.Schema,
			},
		}
	case FormatLlama:
		object := &shared.ResponseFormatJSONObjectParam{}
		object.SetExtraFields(map[string]any{"schema": r.Schema})
		p.ResponseFormat.OfJSONObject = object
	case FormatObject:
		p.ResponseFormat.OfJSONObject = &shared.ResponseFormatJSONObjectParam{}
	}
	return p
}

// refusal turns an HTTP status into an error. The server's own words stay out: they may repeat the request. Only a
// refusal of this very request is Invalid, which a judge takes for an unusable answer; what would meet the next request
// too is Unavailable and ends the run.
//
//	400 413 422   Invalid       a text too long for the model, a format it does not know
//	401 403 404   Unavailable   the key or the model is wrong for all
//	else          Unavailable   later, perhaps
func (c *Client) refusal(status int) error {
	const say = "endpoint %q: HTTP status %d: "
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.New(fault.Unavailable, say+"check the key in the variable that api_key_env names (%q)",
			c.endpoint.Name, status, c.endpoint.APIKeyEnv)
	case http.StatusNotFound:
		return fault.New(fault.Unavailable, say+"check base_url and the model's name", c.endpoint.Name, status)
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return fault.New(fault.Invalid, say+"it refuses this request; try another format", c.endpoint.Name, status)
	}
	return fault.New(fault.Unavailable, say+"run again later: what was answered is kept", c.endpoint.Name, status)
}
