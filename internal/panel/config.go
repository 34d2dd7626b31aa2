package panel

import (
	"encoding/json"
	"fmt"
	"slices"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/llm"
)

// Config is the file of --config.
type Config struct {
	Endpoints []llm.Endpoint `toml:"endpoints"`
	Voters    []Voter        `toml:"voters"`
	Rules     Rules          `toml:"rules"`
	Budget    llm.Limits     `toml:"budget"`
	Parallel  int            `toml:"parallel"` // texts under way at once
	Attempts  int            `toml:"attempts"` // how often a voter is asked while its answers are unusable
}

// Voter is one of the panel.
type Voter struct {
	Name     string `toml:"name"`
	Endpoint string `toml:"endpoint"`
	Prompt   string `toml:"prompt"` // file and version, such as plain.v1
	llm.Model
}

// Defaults are a panel without voters.
func Defaults() Config { return Config{Parallel: 4, Attempts: 3} }

// Complete fills in defaults and refuses what could not work.
func (c Config) Complete() (Config, error) {
	c.Endpoints, c.Voters = slices.Clone(c.Endpoints), slices.Clone(c.Voters)
	names := map[string]bool{}
	for i, e := range c.Endpoints {
		c.Endpoints[i] = e.WithDefaults()
		if err := c.Endpoints[i].Validate(); err != nil {
			return c, fault.Usage(err)
		}
		if names[e.Name] {
			return c, invalid("endpoint %q stands twice", e.Name)
		}
		names[e.Name] = true
	}
	if len(c.Voters) < 3 {
		return c, invalid("panel of %d voters: 3 are the fewest that can disagree and decide, 7 are usual", len(c.Voters))
	}
	seen := map[string]bool{}
	for i := range c.Voters {
		if err := c.Voters[i].complete(names); err != nil {
			return c, err
		}
		if seen[c.Voters[i].Name] {
			return c, invalid("voter %q stands twice", c.Voters[i].Name)
		}
		seen[c.Voters[i].Name] = true
	}
	if c.Parallel < 1 || c.Attempts < 1 {
		return c, invalid("parallel %d, attempts %d: both are at least 1", c.Parallel, c.Attempts)
	}
	if err := c.Budget.Validate(); err != nil {
		return c, fault.Usage(err)
	}
	c.Rules = c.Rules.For(len(c.Voters))
	if err := c.Rules.Validate(len(c.Voters)); err != nil {
		return c, fault.Usage(err)
	}
	return c, nil
}

func (v *Voter) complete(endpoints map[string]bool) error {
	if v.Prompt == "" {
		v.Prompt = "plain.v1"
	}
	if v.MaxTokens == 0 {
		v.MaxTokens = 200
	}
	switch {
	case v.Name == "" || v.Model.Name == "":
		return invalid("voter %q with model %q: both need a name", v.Name, v.Model.Name)
	case !endpoints[v.Endpoint]:
		return invalid("voter %q: there is no endpoint %q", v.Name, v.Endpoint)
	}
	if err := v.Model.Validate(); err != nil {
		return fault.Usage(fmt.Errorf("voter %q: %w", v.Name, err))
	}
	if _, err := loadPrompt(v.Prompt); err != nil {
		return fault.Usage(err)
	}
	return nil
}

func invalid(format string, args ...any) error {
	return fault.Usage(fault.New(fault.Invalid, format, args...))
}

// identity is what the panel's answers depend on. Prices, rates, budgets and rules are left out: changing
// them asks nothing anew.
func (c Config) identity(tree *theories.Tree) (run, config string) {
	type voter struct {
		Name, BaseURL, Format, Model, Prompt string
		Temperature                          float64
		MaxTokens                            int
	}
	id := struct {
		Theory string
		Leaves []theories.Path
		Voters []voter
	}{Theory: tree.Theory, Leaves: tree.Leaves}
	for _, v := range c.Voters {
		e := c.endpoint(v.Endpoint)
		id.Voters = append(id.Voters, voter{v.Name, e.BaseURL, e.Format, v.Model.Name, v.Prompt, v.Temperature, v.MaxTokens})
	}
	raw, _ := json.Marshal(id) // strings and finite numbers always marshal
	return llm.Hash(string(raw))[:16], string(raw)
}

func (c Config) endpoint(name string) llm.Endpoint {
	return c.Endpoints[slices.IndexFunc(c.Endpoints, func(e llm.Endpoint) bool { return e.Name == name })]
}
