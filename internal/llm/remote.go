package llm

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
)

// Remote is a Provider behind an endpoint.
type Remote struct {
	client *Client
	model  Model
}

// NewRemote makes a provider of one model at an endpoint.
func NewRemote(c *Client, m Model) (*Remote, error) {
	return &Remote{c, m}, m.Validate()
}

// Identity implements Provider. Prices, rates and keys are left out: another price makes no other answer.
func (r *Remote) Identity() Identity {
	return Identity{Kind: "endpoint", Endpoint: r.client.endpoint.BaseURL, Format: r.client.endpoint.Format,
		Model: r.model.Name}
}

// Can implements Provider. Log-probabilities of given answers are not among what endpoints of this shape offer for
// chats.
func (r *Remote) Can() Abilities {
	return Abilities{Schema: r.client.endpoint.Format != FormatText, Seed: true}
}

// Close implements Provider; nothing is kept open.
func (r *Remote) Close() error { return nil }

// Score implements Provider: it refuses.
func (r *Remote) Score(context.Context, []ScoreRequest) ([]Scores, error) {
	return nil, fault.New(fault.Invalid, "endpoint %q gives no log-probabilities of given answers: "+
		"let it vote, or use a local model", r.client.endpoint.Name)
}

// Generate implements Provider: all requests at once, as many under way as the endpoint allows. The end of the budget
// and an endpoint that does not answer are everybody's error. A request that the endpoint refuses as such
// (fault.Invalid) has its error in its own Reply, and the others go on. All requests are checked before the first is
// sent.
func (r *Remote) Generate(ctx context.Context, rs []Request) ([]Reply, error) {
	for at, request := range rs {
		if err := r.Can().Check(fmt.Sprintf("endpoint %q", r.client.endpoint.Name), request); err != nil {
			return nil, fmt.Errorf("question %d: %w", at+1, err)
		}
	}
	out := make([]Reply, len(rs))
	pool, ctx := errgroup.WithContext(ctx)
	for at, request := range rs {
		pool.Go(func() error {
			answer, err := r.client.Complete(ctx, r.call(request))
			out[at] = Reply{
				Text: answer.Text, Model: answer.Model, Finish: answer.Finish,
				In: answer.TokensIn, Out: answer.TokensOut, Micro: answer.CostMicro,
				Latency: answer.Latency, Err: err,
			}
			if err != nil && fault.Of(err) != fault.Invalid {
				return err
			}
			return nil
		})
	}
	return out, pool.Wait()
}

// call is a request as the client sends it; the request's own temperature and length come before the model's.
func (r *Remote) call(request Request) Call {
	m := r.model
	m.Temperature = request.Sampling.Temperature
	if request.Sampling.MaxTokens > 0 {
		m.MaxTokens = request.Sampling.MaxTokens
	}
	return Call{
		Model: m, Messages: request.Messages, Schema: request.Schema,
		TopP: request.Sampling.TopP, Seed: request.Sampling.Seed, Stop: request.Sampling.Stop,
	}
}
