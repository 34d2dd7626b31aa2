package remote

import (
	"context"

	"hives/client"
	"hives/encoder"
	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
)

// Remote embeds through a client. It keeps no vectors and no state but the connection, so any number of
// goroutines may share it. Shortened vectors are cut by the server, before they travel.
type Remote struct {
	client     *client.Client
	dimensions int
}

// Open dials a daemon; dimensions keeps the first numbers of each vector, 0 all. The daemon is asked who it is
// before the first text.
func Open(ctx context.Context, target string, dimensions int, opts ...client.Option) (*Remote, error) {
	c, err := client.Dial(ctx, target, opts...)
	if err != nil {
		return nil, err
	}
	if whole := int(c.Info().GetModel().GetDimension()); dimensions < 0 || dimensions > whole {
		c.Close()
		return nil, fault.New(fault.Invalid, "%d dimensions asked for, the model at %s has %d", dimensions, target, whole)
	}
	return &Remote{client: c, dimensions: dimensions}, nil
}

// Identity is the model that was served when Open dialled.
func (r *Remote) Identity() encoder.Identity {
	return r.identity(r.client.Info().GetModel())
}

// identity of a model's shortened vectors: the same weights cut to fewer numbers are another identity, since the
// vectors cannot be compared.
func (r *Remote) identity(v *hivesv1.ModelVersion) encoder.Identity {
	id := encoder.Identity{
		Name: v.GetName(), WeightsSHA256: v.GetWeightsSha256(), TokenizerSHA256: v.GetTokenizerSha256(),
		Dimension: int(v.GetDimension()), MaxLength: int(v.GetMaxLength()), Pooling: v.GetPooling(), Engine: v.GetEngine(),
	}
	if r.dimensions > 0 {
		id.Dimension = r.dimensions
	}
	return id
}

// Close ends the connection.
func (r *Remote) Close() error { return r.client.Close() }

// Encode implements encoder.Encoder. Inputs that share a prompt, and ids, go together: a request has one prompt.
// The daemon may serve other weights from one request to the next; vectors of two models are refused here too.
func (r *Remote) Encode(ctx context.Context, inputs []encoder.Input) ([][]float32, encoder.Identity, error) {
	out := make([][]float32, len(inputs))
	var id encoder.Identity
	groups, err := group(inputs)
	if err != nil {
		return nil, id, err
	}
	for i, g := range groups {
		if r.dimensions > 0 {
			d := uint32(r.dimensions)
			g.request.Dimensions = &d
		}
		answer, err := r.client.EmbedAll(ctx, g.request)
		if err != nil {
			return nil, id, err
		}
		who := r.identity(answer.Model)
		if difference := id.Unlike(who); i > 0 && difference != "" {
			return nil, id, fault.New(fault.Mismatch, "the served model was replaced during the call: %s; embed again",
				difference)
		}
		id = who
		for k, at := range g.places {
			if v := answer.Embeddings[k].Values; len(v) == id.Dimension {
				out[at] = v
				continue
			}
			return nil, id, fault.New(fault.Corrupt, "input %d: %d numbers came, %d were asked for", at,
				len(answer.Embeddings[k].Values), id.Dimension)
		}
	}
	if len(inputs) == 0 {
		id = r.Identity()
	}
	return out, id, nil
}

// bundle is inputs that one request can carry.
type bundle struct {
	request *hivesv1.EmbedRequest
	places  []int // in the inputs
}

// group sorts inputs into ids and texts by prompt, in order of first appearance: of the prompts p, q, p three
// inputs make two requests, with places (0, 2) and (1).
func group(inputs []encoder.Input) ([]*bundle, error) {
	type key struct {
		ids    bool
		prompt string
	}
	found := map[key]*bundle{}
	var out []*bundle
	for i, in := range inputs {
		switch {
		case (in.Text == "") == (len(in.IDs) == 0):
			return nil, fault.New(fault.Invalid, "input %d: give either a text that is not empty or ids", i)
		case len(in.IDs) > 0 && in.Prompt != "":
			return nil, fault.New(fault.Invalid, "input %d: a prompt goes before a text, not before ids", i)
		}
		k := key{len(in.IDs) > 0, in.Prompt}
		b := found[k]
		if b == nil {
			b = &bundle{request: &hivesv1.EmbedRequest{Prompt: in.Prompt}}
			found[k] = b
			out = append(out, b)
		}
		b.places = append(b.places, i)
		if !k.ids {
			b.request.Texts = append(b.request.Texts, in.Text)
			continue
		}
		ids := &hivesv1.TokenIds{}
		for at, id := range in.IDs {
			if id < 0 {
				return nil, fault.New(fault.Invalid, "input %d: id %d at position %d is outside the vocabulary", i, id, at)
			}
			ids.Ids = append(ids.Ids, uint32(id))
		}
		b.request.TokenIds = append(b.request.TokenIds, ids)
	}
	return out, nil
}

var _ encoder.Encoder = (*Remote)(nil)
