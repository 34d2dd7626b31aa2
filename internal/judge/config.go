package judge

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/llm"
)

// Config is what every judge's configuration file holds: where models answer, who votes, and what it may cost.
// Complete and Open return copies that hold more.
type Config struct {
	Endpoints []llm.Endpoint `toml:"endpoints"`
	Voters    []Voter        `toml:"voters"`
	Budget    llm.Limits     `toml:"budget"`
	Parallel  int            `toml:"parallel"` // items under way at once
	Attempts  int            `toml:"attempts"` // how often a voter is asked while its answers are unusable

	Opener    llm.Opener  `toml:"-"` // of local models; nil: there are none here
	residents []*resident // that Open has opened
}

// Voter is a model asked in one way: two voters may be one model with two prompts, or at two temperatures. Its answers
// stand under its name, in the file and in reports, so a voter that is renamed is asked anew.
type Voter struct {
	Name     string `toml:"name"`
	Endpoint string `toml:"endpoint"` // none where provider = "local"
	Prompt   string `toml:"prompt"`   // file and version, such as plain.v1
	Ask      string `toml:"ask"`      // json or choices; "": choices where it is local, else json
	Choose   string `toml:"choose"`   // by what, of choices; "": total
	llm.Model
}

// Complete fills in the endpoints' defaults and refuses what could not work. It is called once, before anything is
// opened, so that all that is wrong with a file is said before anybody is paid. How many voters there must be, and
// what their prompt and length are where they name none, is for the caller to say before; prompt tells whether there
// is a prompt of a voter's name.
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
	for i, v := range c.Voters {
		v = v.withDefaults()
		c.Voters[i] = v
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
	case v.Local.Validate() != nil:
		return fmt.Errorf("voter %q: %w", v.Name, v.Local.Validate())
	case v.AtHome() && v.Endpoint != "":
		return invalid("voter %q: provider is local, and endpoint %q is given: want one of them", v.Name, v.Endpoint)
	case !v.AtHome() && !endpoints[v.Endpoint]:
		return invalid("voter %q: there is no endpoint %q", v.Name, v.Endpoint)
	}
	if err := v.checkAsk(); err != nil {
		return err
	}
	if err := v.Model.Validate(); err != nil {
		return fmt.Errorf("voter %q: %w", v.Name, err)
	}
	return prompt(v.Prompt)
}

// withDefaults says how a voter is asked. A local model's closed questions are compared, since that costs less than
// writing and is always usable.
func (v Voter) withDefaults() Voter {
	v.Local = v.Local.WithDefaults()
	if v.Ask == "" && v.AtHome() {
		v.Ask = AskChoices
	}
	if v.Choose == "" && v.byChoice() {
		v.Choose = ByTotal
	}
	return v
}

// checkAsk refuses ways of asking that there are none of, or that an endpoint lacks: they are never imitated.
func (v Voter) checkAsk() error {
	switch {
	case !slices.Contains([]string{"", AskJSON, AskChoices}, v.Ask):
		return invalid("voter %q: ask %q: want %s or %s", v.Name, v.Ask, AskJSON, AskChoices)
	case v.byChoice() && !v.AtHome():
		return invalid("voter %q: endpoint %q gives no log-probabilities of given answers: "+
			"give ask = %q, or provider = \"local\" with the folder of a model", v.Name, v.Endpoint, AskJSON)
	case !v.byChoice() && v.Choose != "":
		return invalid("voter %q: choose %q is for ask = %q", v.Name, v.Choose, AskChoices)
	case v.byChoice() && !slices.Contains(Chooses, v.Choose):
		return invalid("voter %q: choose %q: want one of %s", v.Name, v.Choose, strings.Join(Chooses, ", "))
	}
	return nil
}

// invalid is a fault of the configuration file, which the user can mend: exit code 2.
func invalid(format string, args ...any) error {
	return fault.Usage(fault.New(fault.Invalid, format, args...))
}

// endpoint finds an endpoint by a name that Complete has checked. It panics on others.
func (c Config) endpoint(name string) llm.Endpoint {
	return c.Endpoints[slices.IndexFunc(c.Endpoints, func(e llm.Endpoint) bool { return e.Name == name })]
}

// Identity is what a voter's answers depend on. Its JSON goes into the id of a run, so a field more, or another order
// of them, would ask everything anew that was paid for: Local is left out where there is none.
type Identity struct {
	Name, BaseURL, Format, Model, Prompt string
	Temperature                          float64
	MaxTokens                            int
	Local                                *LocalIdentity `json:",omitempty"`
}

// LocalIdentity is all of a local model that its answers depend on, and how they are taken. The folder is left out: a
// model that was moved answers the same.
type LocalIdentity struct {
	llm.Identity
	Ask    string `json:"ask"`
	Choose string `json:"choose,omitempty"`
}

// Identities are the voters'. Prices, rates, keys and budgets are left out: changing them asks nothing anew. The
// endpoint's address and format are in: the same model's name may stand for another model elsewhere, and without a
// schema it answers otherwise. Local models must be open.
func (c Config) Identities() []Identity {
	out := make([]Identity, len(c.Voters))
	for i, v := range c.Voters {
		m := v.Model
		out[i] = Identity{Name: v.Name, Model: m.Name, Prompt: v.Prompt, Temperature: m.Temperature, MaxTokens: m.MaxTokens}
		if r := c.resident(v); r != nil {
			own := r.Identity()
			out[i].Model, out[i].Local = own.Model, &LocalIdentity{own, v.Ask, v.Choose}
		} else if !v.AtHome() {
			e := c.endpoint(v.Endpoint)
			out[i].BaseURL, out[i].Format = e.BaseURL, e.Format
		}
	}
	return out
}

// underWay is how many items are worked on at once.
//
//	parallel 4, endpoints alone            4
//	parallel 4, a local model of batch 8   32: fewer would leave its rows empty
func (c Config) underWay() int {
	n := c.Parallel
	for _, v := range c.Voters {
		if v.AtHome() {
			n = max(n, 2*portion*v.Batch)
		}
	}
	return n
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
