package judge

import (
	"encoding/json"
	"fmt"
	"slices"

	"hives/internal/fault"
	"hives/internal/llm"
)

// Config is what every judge's configuration file holds: where models answer, who votes, and what it may cost.
type Config struct {
	Endpoints []llm.Endpoint `toml:"endpoints"`
	Voters    []Voter        `toml:"voters"`
	Budget    llm.Limits     `toml:"budget"`
	Parallel  int            `toml:"parallel"` // items under way at once
	Attempts  int            `toml:"attempts"` // how often a voter is asked while its answers are unusable
}

// Voter is a model asked in one way: two voters may be one model with two prompts, or at two temperatures. Its answers
// stand under its name, in the file and in reports, so a voter that is renamed is asked anew.
type Voter struct {
	Name     string `toml:"name"`
	Endpoint string `toml:"endpoint"`
	Prompt   string `toml:"prompt"` // file and version, such as plain.v1
	llm.Model
}

// Complete is called once, before anything is opened, so that all that is wrong with a file is said before anybody is
// paid. It fills in the endpoints' defaults and refuses what could not work. How many voters there must be, and what
// their prompt and length are where they name none, is for the caller to say before; prompt tells whether there is a
// prompt of a voter's name.
func (c Config) Complete(prompt func(name string) error) (Config, error) {
	c.Endpoints, c.Voters = slices.Clone(c.Endpoints), slices.Clone(c.Voters)
	endpoints, voters := map[string]bool{}, map[string]bool{}
	for i, e := range c.Endpoints {
		c.Endpoints[i] = e.WithDefaults()
		if err := c.Endpoints[i].Validate(); err != nil {
			return c, fault.Usage(err)
		}
		if endpoints[e.Name] {
			return c, invalid("endpoint %q stands twice", e.Name)
		}
		endpoints[e.Name] = true
	}
	for _, v := range c.Voters {
		if err := v.check(endpoints, prompt); err != nil {
			return c, fault.Usage(err)
		}
		if voters[v.Name] {
			return c, invalid("voter %q stands twice", v.Name)
		}
		voters[v.Name] = true
	}
	if c.Parallel < 1 || c.Attempts < 1 {
		return c, invalid("parallel %d, attempts %d: both are at least 1", c.Parallel, c.Attempts)
	}
	if err := c.Budget.Validate(); err != nil {
		return c, fault.Usage(err)
	}
	return c, nil
}

// check looks at what would else come to light at the first request, when others have been paid for.
func (v Voter) check(endpoints map[string]bool, prompt func(string) error) error {
	// A model's name may be anything: only the endpoint knows which it has.
	switch {
	case v.Name == "" || v.Model.Name == "":
		return invalid("voter %q with model %q: both need a name", v.Name, v.Model.Name)
	case !endpoints[v.Endpoint]:
		return invalid("voter %q: there is no endpoint %q", v.Name, v.Endpoint)
	}
	if err := v.Model.Validate(); err != nil {
		return fmt.Errorf("voter %q: %w", v.Name, err)
	}
	return prompt(v.Prompt)
}

// invalid is a fault of the configuration file, which the user can mend: exit code 2.
func invalid(format string, args ...any) error {
	return fault.Usage(fault.New(fault.Invalid, format, args...))
}

// endpoint is for names that Complete has checked. It panics on others.
func (c Config) endpoint(name string) llm.Endpoint {
	return c.Endpoints[slices.IndexFunc(c.Endpoints, func(e llm.Endpoint) bool { return e.Name == name })]
}

// Identity is what a voter's answers depend on. Its JSON goes into the id of a run, so a field more, or another order
// of them, would ask everything anew that was paid for.
type Identity struct {
	Name, BaseURL, Format, Model, Prompt string
	Temperature                          float64
	MaxTokens                            int
}

// Identities are the voters'. Prices, rates, keys and budgets are left out: changing them asks nothing anew. The
// endpoint's address and format are in: the same model's name may stand for another model elsewhere, and without a
// schema it answers otherwise.
func (c Config) Identities() []Identity {
	out := make([]Identity, len(c.Voters))
	for i, v := range c.Voters {
		e := c.endpoint(v.Endpoint)
		out[i] = Identity{v.Name, e.BaseURL, e.Format, v.Model.Name, v.Prompt, v.Temperature, v.MaxTokens}
	}
	return out
}

// Run is a name for one set of questions and voters: its answers are kept together, and count towards one budget.
// Config is for people who open the file: the program goes by ID alone.
type Run struct {
	ID     string
	Kind   string // which judge asks, such as KindLabel
	Config string // JSON without secrets
}

// NewRun names a run by a hash of what its answers depend on, which must marshal to JSON: the voters' Identities and
// whatever else the caller's questions are made of. Who asks the same of the same voters is in the same run. 16 hex
// digits are 64 bits, far more than a file of runs needs to keep them apart, and short enough to be read out.
func NewRun(kind string, about any) (Run, error) {
	raw, err := json.Marshal(about)
	if err != nil {
		return Run{}, fmt.Errorf("judge %s: %w", kind, err)
	}
	return Run{ID: Hash(string(raw))[:16], Kind: kind, Config: string(raw)}, nil
}
