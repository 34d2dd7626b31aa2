package openai

import (
	"github.com/openai/openai-go/v3"

	"hives/encoder"
	"hives/internal/fault"
)

// part is inputs that one request can carry: texts or ids, not both.
//
//	{"model": "small", "input": ["first text", "second text"], "encoding_format": "base64"}
//	{"data": [{"index": 1, "embedding": "…"}, {"index": 0, "embedding": "…"}], …}
//
// places[index] is the input that the vector belongs to.
type part struct {
	input  openai.EmbeddingNewParamsInputUnion
	places []int // in the inputs
}

// split puts texts and ids into requests of at most size, in order. The protocol knows a list of texts or a list
// of ids: for the inputs text, ids, text and size 2 the requests are (0, 2) and (1).
func split(inputs []encoder.Input, size int) ([]*part, error) {
	var open [2]*part // of texts, of ids
	var out []*part
	for i, in := range inputs {
		kind := 0
		switch {
		case (in.Text == "") == (len(in.IDs) == 0):
			return nil, fault.New(fault.Invalid, "input %d: give either a text that is not empty or ids", i)
		case len(in.IDs) > 0 && in.Prompt != "":
			return nil, fault.New(fault.Invalid, "input %d: a prompt goes before a text, not before ids", i)
		case len(in.IDs) > 0:
			kind = 1
		}
		if open[kind] == nil || len(open[kind].places) == size {
			open[kind] = &part{}
			out = append(out, open[kind])
		}
		open[kind].add(i, in)
	}
	return out, nil
}

// add puts one input at the end of the request and notes its place.
func (p *part) add(at int, in encoder.Input) {
	p.places = append(p.places, at)
	if len(in.IDs) == 0 {
		p.input.OfArrayOfStrings = append(p.input.OfArrayOfStrings, in.Prompt+in.Text)
		return
	}
	ids := make([]int64, len(in.IDs))
	for k, id := range in.IDs {
		ids[k] = int64(id)
	}
	p.input.OfArrayOfTokenArrays = append(p.input.OfArrayOfTokenArrays, ids)
}
