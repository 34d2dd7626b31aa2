package openai

import (
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"golang.org/x/sync/errgroup"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/loopback"
)

// Options of an endpoint; Model is needed. Zero values are replaced by the ones named, never taken as "none".
type Options struct {
	Model      string        // its name at the endpoint
	Key        string        // bearer token; empty sends none
	Dimensions int           // asked of the server; 0 takes what it gives
	Batch      int           // texts a request; 0 for 128
	Parallel   int           // requests under way at once; 0 for 4
	Timeout    time.Duration // of one try; 0 for 2 minutes
	Retries    int           // after the first try; 0 for 5, -1 for none
}

// withDefaults fills in what was left out.
func (o Options) withDefaults() Options {
	fill := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	fill(&o.Batch, 128)
	fill(&o.Parallel, 4)
	fill(&o.Retries, 5)
	o.Retries = max(0, o.Retries)
	if o.Timeout == 0 {
		o.Timeout = 2 * time.Minute
	}
	return o
}

// OpenAI embeds through an endpoint. What it knows of the model is its name; the dimension is learned with the
// first vector and held from then on.
type OpenAI struct {
	base    string
	options Options
	service openai.EmbeddingService

	mu       sync.Mutex
	identity encoder.Identity // its dimension is known after the first answer
}

// maxBody bounds a reply: 128 vectors of 4,096 numbers take 12 MB as decimal digits. A server that sends without
// end is cut off.
const maxBody = 64 << 20

// New prepares an endpoint; base ends in /v1. It asks nothing of it. What could give away a key or a text is
// refused here, before anything is sent: an address without a scheme, a key in the address, a key over plain HTTP
// to another machine.
func New(base string, o Options) (*OpenAI, error) {
	o = o.withDefaults()
	u, err := url.Parse(base)
	switch {
	case err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return nil, fault.New(fault.Invalid, "the endpoint is no http or https address; "+
			"give one such as http://127.0.0.1:8080/v1")
	case u.User != nil || u.RawQuery != "":
		return nil, fault.New(fault.Invalid, "the endpoint's address holds a user or a query; give keys by name, "+
			"apart from it")
	case o.Key != "" && loopback.Readable(u):
		return nil, fault.New(fault.Invalid, "endpoint %s: the key would travel unencrypted beyond this machine; "+
			"use https://, or give no key", base)
	case o.Model == "":
		return nil, fault.New(fault.Invalid, "endpoint %s: name the model to ask for", base)
	case o.Batch < 0 || o.Parallel < 0 || o.Timeout < 0 || o.Dimensions < 0:
		return nil, fault.New(fault.Invalid, "endpoint %s: batch %d, parallel %d, timeout %v, dimensions %d: "+
			"none may be negative", base, o.Batch, o.Parallel, o.Timeout, o.Dimensions)
	}
	options := []option.RequestOption{
		option.WithBaseURL(base), option.WithMaxRetries(o.Retries), option.WithRequestTimeout(o.Timeout),
		option.WithHTTPClient(&http.Client{CheckRedirect: refuseRedirect}), option.WithMiddleware(guard),
	}
	if o.Key != "" {
		options = append(options, option.WithAPIKey(o.Key))
	}
	// The service alone, not openai.NewClient, which would take a key and an address from the environment.
	return &OpenAI{base: base, options: o, service: openai.NewEmbeddingService(options...),
		identity: encoder.Identity{Name: o.Model, Engine: "endpoint"}}, nil
}

// refuseRedirect keeps texts and keys from going to an address nobody gave.
func refuseRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

var errRedirect = errors.New("it answers with a redirect: give the final address")

// guard bounds the body and turns a redirect, which the library would read as an answer, into an error. An
// endpoint is not ours and may answer anything; the bound is far above what a whole request of vectors takes.
func guard(r *http.Request, next option.MiddlewareNext) (*http.Response, error) {
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

// Identity is the model's name; its dimension is 0 until something was embedded.
func (e *OpenAI) Identity() encoder.Identity {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.identity
}

// Encode implements encoder.Encoder: a few requests of Batch inputs at once. A prompt is put before its text
// here, since the protocol has no place for one. The first request that fails ends the others; what they had
// brought is dropped, so there is never half an answer.
func (e *OpenAI) Encode(ctx context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	parts, err := split(inputs, e.options.Batch)
	if err != nil {
		return nil, encoder.Identity{}, err
	}
	out := make([][]float32, len(inputs))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(e.options.Parallel)
	for _, p := range parts {
		group.Go(func() error { return e.ask(ctx, p, out) })
	}
	if err := group.Wait(); err != nil {
		return nil, encoder.Identity{}, err
	}
	return out, e.Identity(), nil
}

// ask embeds one part and files its vectors by their index: a server may answer out of order. It must give each
// place once; a place that is given twice or not at all is an error, never a vector of zeros.
func (e *OpenAI) ask(ctx context.Context, p *part, out [][]float32) error {
	params := openai.EmbeddingNewParams{Model: e.options.Model, Input: p.input,
		EncodingFormat: openai.EmbeddingNewParamsEncodingFormatBase64}
	if e.options.Dimensions > 0 {
		params.Dimensions = openai.Int(int64(e.options.Dimensions))
	}
	answer, err := e.service.New(ctx, params)
	if err != nil {
		return e.failure(ctx, err)
	}
	if len(answer.Data) != len(p.places) {
		return fault.New(fault.Corrupt, "endpoint %s: %d vectors for %d texts", e.base, len(answer.Data), len(p.places))
	}
	for _, item := range answer.Data {
		if item.Index < 0 || item.Index >= int64(len(p.places)) || out[p.places[item.Index]] != nil {
			return fault.New(fault.Corrupt, "endpoint %s: vector of place %d is one too many", e.base, item.Index)
		}
		at := p.places[item.Index]
		if out[at] = unit(item.Embedding); out[at] == nil {
			return fault.New(fault.Corrupt, "endpoint %s: the vector of input %d is zero or not finite", e.base, at)
		}
		if err := e.learn(len(item.Embedding)); err != nil {
			return err
		}
	}
	return nil
}

// learn takes the dimension of the first vector and holds all others to it: a server behind a balancer may answer
// with two models.
func (e *OpenAI) learn(d int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if want := max(e.identity.Dimension, e.options.Dimensions); want > 0 && d != want {
		return fault.New(fault.Mismatch, "endpoint %s: a vector of %d numbers, want %d", e.base, d, want)
	}
	e.identity.Dimension = d
	return nil
}

// unit is x as float32 of length one; nil if it has no direction. Servers that normalise already keep their bits,
// so a vector is the same through here as from the server itself.
func unit(x []float64) []float32 {
	var squares float64
	for _, f := range x {
		squares += f * f
	}
	norm := math.Sqrt(squares)
	if !(norm > 0) || math.IsInf(norm, 0) {
		return nil
	}
	if math.Abs(norm-1) < 1e-6 { // already so, but for rounding: keep the bits
		norm = 1
	}
	out := make([]float32, len(x))
	for k := range x {
		out[k] = float32(x[k] / norm)
	}
	return out
}

// failure gives an error its kind. The server's own words stay out: they may repeat a text. What is left is a
// status, and what a person can do about it.
func (e *OpenAI) failure(ctx context.Context, err error) error {
	var refused *openai.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &refused):
		return fault.New(fault.FromHTTP(refused.StatusCode), "endpoint %s: HTTP status %d: %s", e.base, refused.StatusCode,
			remedy(refused.StatusCode))
	case errors.Is(err, errRedirect):
		return fault.New(fault.Invalid, "endpoint %s: %w", e.base, errRedirect)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.Unavailable, "endpoint %s: no answer within %v", e.base, e.options.Timeout)
	}
	return fault.New(fault.Unavailable, "endpoint %s: no connection, or an answer that is no list of embeddings: "+
		"is it up, and does the address end in /v1?", e.base)
}

// remedy is what a person can do about a status.
func remedy(status int) string {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return "check the key"
	case status == http.StatusNotFound:
		return "check the address and the model's name"
	case status == http.StatusTooManyRequests || status/100 == 5:
		return "it is overloaded or broken; run again later"
	}
	return "it refuses this request"
}

var _ encoder.Encoder = (*OpenAI)(nil)
