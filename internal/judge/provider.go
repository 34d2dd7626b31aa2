package judge

import (
	"context"
	"fmt"
	"strings"

	"hives/internal/fault"
	"hives/internal/llm"
)

// How a voter is asked a question whose answers are a closed set.
const (
	AskJSON    = "json"    // it writes its answer, which is then read
	AskChoices = "choices" // the answers are compared by their log-probabilities, so that none is unusable
)

// resident is a local model in memory. Voters that differ in nothing but prompt and way of choosing share one. It is
// found by folder and settings: another precision is another model in memory.
type resident struct {
	dir string
	how llm.Local
	llm.Provider
}

// Open loads the local models that voters name, each once: what their answers depend on is known only then. So it comes
// after Complete, and before Identities and New. Who opened owes Close. Without a local voter it does nothing, and may
// be left out.
func (c Config) Open(ctx context.Context) (Config, error) {
	c.residents = nil
	for _, v := range c.Voters {
		if !v.AtHome() || c.resident(v) != nil {
			continue
		}
		if c.Opener == nil {
			return c, fault.New(fault.Invalid, "voter %q: this command opens no local models; give an endpoint", v.Name)
		}
		p, err := c.Opener(ctx, v.Model.Name, v.Local)
		if err != nil {
			c.Close()
			return c, fmt.Errorf("voter %q: %w", v.Name, err)
		}
		c.residents = append(c.residents, &resident{v.Model.Name, v.Local, p})
	}
	for _, v := range c.Voters {
		if err := c.able(v); err != nil {
			c.Close()
			return c, err
		}
	}
	return c, nil
}

// able refuses an ability that a voter's local model lacks; Complete has looked at those of endpoints. Said before
// the run is claimed and before a question is put.
func (c Config) able(v Voter) error {
	if r := c.resident(v); r != nil && v.byChoice() && !r.Can().Score {
		return fault.New(fault.Invalid,
			"voter %q: its local model gives no log-probabilities: give ask = %q", v.Name, AskJSON)
	}
	return nil
}

// Close frees the local models. It may be called on a Config that opened none.
func (c Config) Close() {
	for _, r := range c.residents {
		r.Close() //nolint:errcheck // memory that nobody reads any more
	}
}

// resident finds a voter's model, nil for an endpoint's and before Open.
func (c Config) resident(v Voter) *resident {
	for _, r := range c.residents {
		if v.AtHome() && r.dir == v.Model.Name && r.how == v.Local {
			return r
		}
	}
	return nil
}

// Local names the local models that were opened, for people: one line.
//
//	SmolLM2-135M-Instruct (weights 0123456789ab, f32, batches of 8)
func (c Config) Local() string {
	var names []string
	for _, r := range c.residents {
		i := r.Identity()
		names = append(names,
			fmt.Sprintf("%s (weights %.12s, %s, batches of %d)", i.Model, i.Weights, i.Precision, i.Rows))
	}
	return strings.Join(names, ", ")
}

// CacheOf says in a line what a voter's local model takes of memory beside its weights, for prompts of so many tokens;
// "" for an endpoint's.
func (c Config) CacheOf(v Voter, prompt int) (string, error) {
	r := c.resident(v)
	if r == nil {
		return "", nil
	}
	sized, ok := r.Provider.(llm.Cached)
	if !ok {
		return "", nil
	}
	answer := v.MaxTokens
	if v.byChoice() {
		answer = 1 // options are short, and a prompt's bucket leaves room behind it
	}
	bytes, err := sized.CacheBytes(prompt, answer)
	return fmt.Sprintf("the cache of %s takes %s for prompts of %d tokens (2·L·B·K·T·D numbers, B %d)",
		r.Identity().Model, llm.Megabytes(bytes), prompt, r.Identity().Rows), err
}

// byChoice tells whether closed questions are put to the voter as a comparison of their answers. Open questions,
// which have no list of answers, are written by every voter.
func (v Voter) byChoice() bool { return v.Ask == AskChoices }

// voice asks one voter's model one thing. Two kinds: single for what runs elsewhere, batches for what runs here. The
// judge above knows neither: it asks a question and waits, many goroutines at once, and what stands behind decides
// which questions go together.
type voice interface {
	generate(context.Context, llm.Request) (llm.Reply, error)
	score(context.Context, llm.ScoreRequest) (llm.Scores, error)
}

// single asks at once: an endpoint answers many requests beside each other by itself.
type single struct{ llm.Provider }

// generate tells one request's own error like any other: there is nobody beside it.
func (s single) generate(ctx context.Context, r llm.Request) (llm.Reply, error) {
	replies, err := s.Generate(ctx, []llm.Request{r})
	if err != nil {
		return llm.Reply{}, err
	}
	return replies[0], replies[0].Err
}

func (s single) score(ctx context.Context, r llm.ScoreRequest) (llm.Scores, error) {
	scores, err := s.Score(ctx, []llm.ScoreRequest{r})
	if err != nil {
		return llm.Scores{}, err
	}
	return scores[0], nil
}

// seat makes one client for each endpoint, which its voters share with its rate, and one queue in front of each local
// model.
func (j *Judge) seat() error {
	clients := map[string]*llm.Client{}
	queues := map[*resident]voice{}
	for _, v := range j.cfg.Voters {
		if v.AtHome() {
			r := j.cfg.resident(v)
			if r == nil {
				return fault.New(fault.Invalid, "voter %q: its local model was not opened: call Open before New", v.Name)
			}
			if queues[r] == nil {
				queues[r] = newBatches(llm.Metered{Provider: r.Provider, Budget: j.budget}, v.Batch)
			}
			j.seats = append(j.seats, seat{Voter: v, voice: queues[r], can: r.Can(), name: servedName(r.Identity())})
			continue
		}
		if clients[v.Endpoint] == nil {
			c, err := llm.NewClient(j.cfg.endpoint(v.Endpoint), j.budget)
			if err != nil {
				return err
			}
			clients[v.Endpoint] = c
		}
		p, err := llm.NewRemote(clients[v.Endpoint], v.Model)
		if err != nil {
			return err
		}
		j.seats = append(j.seats, seat{Voter: v, voice: single{p}, can: p.Can()})
	}
	return nil
}

// sameModel refuses an answer of another model than the voter's earlier ones: an endpoint may put a new version behind
// the same name in the middle of a run, and votes of two models under one name are nobody's. What came before is kept.
func (j *Judge) sameModel(voter, served string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch was := j.served[voter]; {
	case served == "" || served == was:
		return nil
	case was == "":
		j.served[voter] = served
		return nil
	default:
		// Neither name is told: they are a server's words.
		return fault.New(fault.Mismatch, "voter %q: its endpoint names another model than in its earlier answers (column "+
			"model of the votes): name one version as its model, or give the voter another name, which asks it anew", voter)
	}
}

// servedName stands beside every answer of a local model: its name, and the hash of all that its answers depend on. The
// identity in full stands once, in the run's configuration.
func servedName(i llm.Identity) string { return i.Model + "@" + i.Hash() }
