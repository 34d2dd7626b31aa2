package llm

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"time"

	"hives/internal/fault"
)

// Provider is a language model, wherever it runs: behind an endpoint (Remote) or in this process (package talk).
type Provider interface {
	// Identity is all that an answer depends on but its request; it goes into every stored row.
	Identity() Identity
	// Can tells what the provider does. What it cannot do is refused before the first question and never imitated: a
	// probability that was guessed from samples looks like one that was computed.
	Can() Abilities
	// Generate answers requests in their order. Reply.Err is one request's, the error everybody's.
	Generate(ctx context.Context, rs []Request) ([]Reply, error)
	// Score returns the log-probabilities of given answers.
	Score(ctx context.Context, qs []ScoreRequest) ([]Scores, error)
	Close() error
}

// Abilities are what providers differ in. A caller asks for them before it begins, and chooses another way or another
// model where one is missing.
type Abilities struct {
	Score    bool // log-probabilities of given answers
	LogProbs bool // log-probabilities of an answer's own tokens
	Choices  bool // an answer out of a list
	Schema   bool // JSON of a schema
	Seed     bool // the same request with the same seed is answered alike
	Prefix   bool // the answer's beginning is given
	TopK     bool // and min-p
	Steer    bool
	Adapters bool
}

// Identity names a provider. Answers of another identity are never taken for this one's.
type Identity struct {
	Kind string `json:"kind"` // endpoint or local

	Endpoint string `json:"endpoint,omitempty"` // address
	Format   string `json:"format,omitempty"`
	Model    string `json:"model"`

	Weights   string `json:"weights_sha256,omitempty"`
	Tokenizer string `json:"tokenizer_sha256,omitempty"`
	Template  string `json:"template,omitempty"` // name and default system message
	Precision string `json:"precision,omitempty"`
	Engine    string `json:"engine,omitempty"` // kind and its library's hash: another rounds in another way
	Rows      int    `json:"rows,omitempty"`   // of a batch: another moves logits by 3e-6
}

// Hash is the hex SHA-256 of the identity, by which answers are kept. Fields that are empty are left out of the JSON,
// so a field that is added later changes no hash of those who leave it empty, and their answers are still found.
func (i Identity) Hash() string {
	raw, err := json.Marshal(i)
	if err != nil {
		panic(err) // strings and a number
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// Sampling is how the next token is chosen. The zero value is greedy. Of the restrictions each works on what the one
// before it left, in the order top-k, top-p, min-p.
type Sampling struct {
	Temperature float64  `json:"temperature"` // 0: the most probable token, and the next three are not looked at
	TopK        int      `json:"top_k,omitempty"`
	TopP        float64  `json:"top_p,omitempty"`
	MinP        float64  `json:"min_p,omitempty"`
	Seed        uint64   `json:"seed,omitempty"`
	MaxTokens   int      `json:"max_tokens"` // of an answer; 0: DefaultMaxTokens
	Stop        []string `json:"stop,omitempty"`
}

// DefaultMaxTokens is the length of an answer where none is asked for.
const DefaultMaxTokens = 256

// Length is the most tokens of an answer.
func (s Sampling) Length() int { return cmp.Or(s.MaxTokens, DefaultMaxTokens) }

// Validate refuses what is no way of sampling, with the number.
func (s Sampling) Validate() error {
	switch {
	case !(s.Temperature >= 0) || math.IsInf(s.Temperature, 0):
		return fault.New(fault.Invalid, "temperature %v: want 0 or more", s.Temperature)
	case s.TopK < 0:
		return fault.New(fault.Invalid, "top_k %d: want 1 or more, or 0 for all", s.TopK)
	case !(s.TopP >= 0 && s.TopP <= 1):
		return fault.New(fault.Invalid, "top_p %v: want above 0 and at most 1, or 0 for all", s.TopP)
	case !(s.MinP >= 0 && s.MinP <= 1):
		return fault.New(fault.Invalid, "min_p %v: want 0 to 1", s.MinP)
	case s.MaxTokens < 0 || s.MaxTokens > MostTokens:
		return fault.New(fault.Invalid, "max_tokens %d: want 1 to %d, or 0 for %d", s.MaxTokens, MostTokens, DefaultMaxTokens)
	}
	for _, stop := range s.Stop {
		if stop == "" {
			return fault.New(fault.Invalid, "a stop string of no letters would end every answer at once")
		}
	}
	return nil
}

// Steer adds Coefficient · Vector to the output of a layer at some positions: all, prompt or response.
type Steer struct {
	Layer       int
	Vector      []float32 // [H]
	Coefficient float64
	Positions   string
}

// Request is one question to a Provider. What it asks for beyond a provider's Abilities is refused by Check.
type Request struct {
	Messages []Message
	Prefix   string // what the answer begins with; it is not repeated in Reply.Text
	Sampling Sampling

	Schema  map[string]any // JSON Schema of the answer …
	Choices []string       // … or all the answers that are possible; at most one of the two

	LogProbs    bool // of each token of the answer …
	TopLogProbs int  // … beside those of so many tokens that were most probable there

	Steer   []Steer
	Adapter string
}

// MostTopLogProbs is the largest Request.TopLogProbs.
const MostTopLogProbs = 20

// Finish says why an answer ended.
type Finish string

// The reasons. An endpoint may give others.
const (
	FinishStop     Finish = "stop"     // the model ended its turn, or a stop string came
	FinishLength   Finish = "length"   // MaxTokens were written
	FinishCanceled Finish = "canceled" // the caller went away; what came is kept
)

// Reply is one answer. An answer that was cut has Finish FinishLength and no Err: whether half an answer is of use,
// the caller knows.
type Reply struct {
	Text  string
	Model string  // as an endpoint names what answered: perhaps a version of the one asked for; "" of a local one
	IDs   []int32 // the tokens as they were chosen, of a local model: nothing need be encoded again
	// of each of IDs, where they were asked for
	LogProbs []TokenLogProb

	Finish  Finish
	In, Out int64 // tokens
	Micro   int64 // money, in millionths
	Latency time.Duration
	Err     error
}

// TokenLogProb is a token with the model's own log-probability of it: before temperature, top-p and a schema, which
// only choose among what the model says.
type TokenLogProb struct {
	ID      int32
	Bytes   string // what it stands for: not always whole characters
	LogProb float64
	Top     []TokenLogProb // the most probable ones there
}

// ScoreRequest asks for the log-probabilities of Options as answers to one conversation. The numbers of one option
// depend on no other option: a list may be cut in two and scored in two requests.
type ScoreRequest struct {
	Messages []Message
	Prefix   string
	Options  []string
	Steer    []Steer
	Adapter  string
}

// Scores are those of one ScoreRequest, by option.
type Scores struct {
	// log-probability of each token, the end of the turn last, so that no option is the beginning of another
	Token [][]float64
	Total []float64 // their sums
	Bytes []int     // of each option's text, for log-probability per byte
	In    int64     // tokens of the prompt
}

// Out is how many tokens the options are.
func (s Scores) Out() (n int64) {
	for _, tokens := range s.Token {
		n += int64(len(tokens))
	}
	return n
}

// Check refuses a request that a provider of these abilities cannot answer as asked; name is the provider's. Every
// refusal says what to use instead. The sampling is looked at last.
func (a Abilities) Check(name string, r Request) error {
	refuse := func(what, instead string) error {
		return fault.New(fault.Invalid, "%s %s: %s", name, what, instead)
	}
	switch {
	case len(r.Messages) == 0:
		return fault.New(fault.Invalid, "a question without a message")
	case r.Schema != nil && r.Choices != nil:
		return fault.New(fault.Invalid, "a question asks for a schema and for choices: want one of them")
	case r.Choices != nil && len(r.Choices) == 0:
		return fault.New(fault.Invalid, "a question with an empty list of choices: name one at least")
	case r.Choices != nil && !a.Choices:
		return refuse("cannot choose out of a list by probability", "use a local model, or ask for JSON of a schema")
	case r.Schema != nil && !a.Schema:
		return refuse("cannot keep to a JSON schema", "use choices, or an endpoint that has response_format")
	case r.LogProbs && !a.LogProbs:
		return refuse("gives no log-probabilities", "use a local model")
	case r.TopLogProbs < 0 || r.TopLogProbs > MostTopLogProbs || r.TopLogProbs > 0 && !r.LogProbs:
		return fault.New(fault.Invalid, "%d of the most probable tokens: want 0 to %d, and log-probabilities asked for",
			r.TopLogProbs, MostTopLogProbs)
	case r.LogProbs && r.Choices != nil:
		return fault.New(fault.Invalid, "a question asks for choices and for log-probabilities of tokens: "+
			"the probabilities of choices are scores")
	case r.Prefix != "" && !a.Prefix:
		return refuse("cannot go on from the beginning of an answer", "use a local model")
	case (r.Sampling.TopK != 0 || r.Sampling.MinP != 0) && !a.TopK:
		return refuse("has neither top_k nor min_p", "use top_p, or a local model")
	case len(r.Steer) > 0 && !a.Steer:
		return refuse("cannot be steered between its layers", "use a local model")
	case r.Adapter != "" && !a.Adapters:
		return refuse("takes no adapter", "merge it into a folder of its own (hives merge) and open that")
	}
	return r.Sampling.Validate()
}
