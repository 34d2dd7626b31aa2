package llm

import (
	"cmp"
	"fmt"
	"net/url"
	"os"
	"slices"
	"time"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/loopback"
)

// How an endpoint is asked for JSON. With a schema a good server can only write what fits it; without, the prompt
// asks and the reader of the answer repairs. A format that the server does not know is refused with status 400.
const (
	FormatSchema = "json_schema"        // response_format with the schema, as OpenAI has it; the default
	FormatLlama  = "json_object+schema" // the schema beside "json_object", as llama.cpp's Python server has it
	FormatObject = "json_object"        // any object
	FormatText   = "text"               // nothing but the prompt
)

// formats are all that a configuration may name.
var formats = []string{FormatSchema, FormatLlama, FormatObject, FormatText}

// Names of the longest answer's length: the newer models of OpenAI refuse the older name, most others know no other.
const (
	maxTokens           = "max_tokens"
	maxCompletionTokens = "max_completion_tokens"
)

// Endpoint is one OpenAI-compatible server: hosted, or llama.cpp, vLLM and the like on a machine of one's own. They
// differ in how they take a schema and in what they call the longest answer, so both are settings.
type Endpoint struct {
	Name              string       `toml:"name"`
	BaseURL           string       `toml:"base_url"`    // up to and with /v1
	APIKeyEnv         string       `toml:"api_key_env"` // name of the environment variable; "" sends no key
	Format            string       `toml:"format"`
	LengthKey         string       `toml:"length_key"`          // max_tokens or max_completion_tokens
	RequestsPerMinute float64      `toml:"requests_per_minute"` // 0: no limit
	Parallel          int          `toml:"parallel"`            // requests under way at once
	Timeout           cli.Duration `toml:"timeout"`             // of one try
	MaxTries          int          `toml:"max_tries"`           // of one request, the first included
	MaxWait           cli.Duration `toml:"max_wait"`            // longest pause before a try, Retry-After included
}

// Model is what answers, at an endpoint or here, and how it is asked. Name, temperature and length decide what comes
// back; prices only what it is counted for. Prices are the user's, since lists of them are out of date the day they are
// printed; at 0 the budget of money bounds nothing, and that of tokens does.
type Model struct {
	Name        string  `toml:"model"` // the endpoint's name for it; of a local one its folder or GGUF file
	Temperature float64 `toml:"temperature"`
	MaxTokens   int     `toml:"max_tokens"` // of an answer
	PriceIn     float64 `toml:"price_in"`   // for a million tokens read, in the budget's currency
	PriceOut    float64 `toml:"price_out"`  // for a million tokens written
	Local
}

// WithDefaults fills what was left out. One request at a time suits a server on a laptop; a hosted one says in its
// terms how many it takes. Two minutes are long for an answer of 200 tokens and short for a server that has hung.
func (e Endpoint) WithDefaults() Endpoint {
	e.Format = cmp.Or(e.Format, FormatSchema)
	e.LengthKey = cmp.Or(e.LengthKey, maxTokens)
	e.Parallel = cmp.Or(e.Parallel, 1)
	e.Timeout = cmp.Or(e.Timeout, cli.Duration(2*time.Minute))
	e.MaxTries = cmp.Or(e.MaxTries, 6)
	e.MaxWait = cmp.Or(e.MaxWait, cli.Duration(2*time.Minute))
	return e
}

// Validate says what is wrong with the endpoint. It never repeats the address: a key may stand in it by mistake.
//
// A key goes only where nobody on the way can read it: over https, or to this machine.
func (e Endpoint) Validate() error {
	u, err := url.Parse(e.BaseURL)
	bad := func(format string, args ...any) error {
		return fault.New(fault.Invalid, "endpoint %q: "+format, append([]any{e.Name}, args...)...)
	}
	switch {
	case e.Name == "":
		return bad("has no name")
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return bad("base_url is no http or https address")
	case u.User != nil || u.RawQuery != "":
		return bad("base_url holds a user or a query: keys belong into the variable that api_key_env names")
	case e.APIKeyEnv != "" && loopback.Readable(u):
		return bad("the key would travel unencrypted beyond this machine: " +
			"give base_url with https://, or leave api_key_env out")
	case !slices.Contains(formats, e.Format):
		return bad("format %q is none of json_schema, json_object+schema, json_object, text", e.Format)
	case e.LengthKey != maxTokens && e.LengthKey != maxCompletionTokens:
		return bad("length_key %q is neither max_tokens nor max_completion_tokens", e.LengthKey)
	case !countable(e.RequestsPerMinute) || e.Parallel < 1 || e.Timeout <= 0 || e.MaxTries < 1 || e.MaxWait <= 0:
		return bad("requests_per_minute %v, parallel %d, timeout %v, max_tries %d, max_wait %v: "+
			"none may be negative, and only the first may be 0",
			e.RequestsPerMinute, e.Parallel, time.Duration(e.Timeout), e.MaxTries, time.Duration(e.MaxWait))
	}
	return nil
}

// Validate says what is wrong with how the model is asked and paid for. A price below 0 would fill the budget up again.
// A temperature above 2 is none that a server takes; NaN, which compares with nothing, is caught by the negation.
func (m Model) Validate() error {
	switch {
	case !(m.Temperature >= 0 && m.Temperature <= 2), m.MaxTokens < 1, m.MaxTokens > MostTokens:
		return fault.New(fault.Invalid,
			"model %q: temperature %v is not from 0 to 2, or max_tokens %d is not from 1 to %d",
			m.Name, m.Temperature, m.MaxTokens, MostTokens)
	case !countable(m.PriceIn), !countable(m.PriceOut):
		return fault.New(fault.Invalid, "model %q: price_in %v, price_out %v: a price is a finite number from 0",
			m.Name, m.PriceIn, m.PriceOut)
	}
	if err := m.Local.Validate(); err != nil {
		return fmt.Errorf("model %q: %w", m.Name, err)
	}
	return nil
}

// key reads the key when a client is made, so that a variable that is empty is known before the first text is read;
// its value goes nowhere but into the request.
func (e Endpoint) key() (string, error) {
	if e.APIKeyEnv == "" {
		return "", nil
	}
	key := os.Getenv(e.APIKeyEnv)
	if key == "" {
		return "", fault.New(fault.NotFound, "endpoint %q: the environment variable %s is empty: put the key there",
			e.Name, e.APIKeyEnv)
	}
	return key, nil
}
