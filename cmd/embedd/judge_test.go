package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/x448/float16"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"hives/internal/rig/chaos"
	"hives/internal/rig/loadtest"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// judge holds answers to what the daemon says of each text by itself, not normalised and whole; cutting, norm and
// encoding are done again here, in float64 and by hand.
type judge struct {
	ctx     context.Context
	embed   loadtest.Embed
	prompts map[string]string // the model's own
}

func (j *judge) methods() map[protoreflect.FullName]chaos.Judge {
	return map[protoreflect.FullName]chaos.Judge{
		"hives.v1.EmbedService.Embed":       j.call,
		"hives.v1.EmbedService.EmbedStream": j.stream,
		"tei.v1.Embed.Embed":                j.tei,
		"tei.v1.Embed.EmbedStream":          j.tei,
	}
}

// as decodes the bytes of a message that may have been made without its type.
func as(m proto.Message, into proto.Message) error {
	raw, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	return proto.Unmarshal(raw, into)
}

func (j *judge) call(request []byte, reply proto.Message) error {
	var asked hivesv1.EmbedRequest
	var got hivesv1.EmbedResponse
	if err := errors.Join(proto.Unmarshal(request, &asked), as(reply, &got)); err != nil {
		return fmt.Errorf("answered although it is no message: %w", err)
	}
	if n := max(len(asked.Texts), len(asked.TokenIds)); len(got.Embeddings) != n {
		return fmt.Errorf("%d vectors for %d texts", len(got.Embeddings), n)
	}
	return j.vectors(&asked, &got, 0)
}

func (j *judge) stream(request []byte, reply proto.Message) error {
	var asked hivesv1.EmbedStreamRequest
	var got hivesv1.EmbedStreamResponse
	if err := errors.Join(proto.Unmarshal(request, &asked), as(reply, &got)); err != nil {
		return fmt.Errorf("answered although it is no message: %w", err)
	}
	if got.Tag != asked.Tag {
		return fmt.Errorf("tag %d for %d", got.Tag, asked.Tag)
	}
	if e := got.GetError(); e != nil {
		if e.Code != int32(codes.InvalidArgument) || e.Reason == "" {
			return fmt.Errorf("code %d with reason %q for one message alone", e.Code, e.Reason)
		}
		return nil
	}
	return j.vectors(asked.Request, got.GetResponse(), int(got.First))
}

func (j *judge) tei(request []byte, reply proto.Message) error {
	var asked teiv1.EmbedRequest
	var got teiv1.EmbedResponse
	if err := errors.Join(proto.Unmarshal(request, &asked), as(reply, &got)); err != nil {
		return fmt.Errorf("answered although it is no message: %w", err)
	}
	want := &hivesv1.EmbedRequest{Texts: []string{asked.Inputs}, Prompt: j.prompts[asked.GetPromptName()],
		Normalize: asked.Normalize, Dimensions: asked.Dimensions}
	return j.vectors(want, &hivesv1.EmbedResponse{Embeddings: []*hivesv1.Embedding{{Values: got.Embeddings}}}, 0)
}

// http judges an answer in OpenAI's shape. Its texts are never cut, its ids may be.
func (j *judge) http(body, reply []byte) error {
	var asked struct {
		Input      any
		Dimensions *uint32
	}
	var got struct {
		Data []struct {
			Index     int
			Embedding any
		}
	}
	if err := errors.Join(json.Unmarshal(body, &asked), json.Unmarshal(reply, &got)); err != nil {
		return fmt.Errorf("answered although it is no body: %w", err)
	}
	want, out := &hivesv1.EmbedRequest{Dimensions: asked.Dimensions}, &hivesv1.EmbedResponse{}
	inputsOf(asked.Input, want)
	for i, d := range got.Data {
		if d.Index != i {
			return fmt.Errorf("index %d at place %d", d.Index, i)
		}
		out.Embeddings = append(out.Embeddings, &hivesv1.Embedding{Values: numbersOf(d.Embedding)})
	}
	if n := max(len(want.Texts), len(want.TokenIds)); n != len(got.Data) || n == 0 {
		return fmt.Errorf("%d vectors for %d inputs", len(got.Data), n)
	}
	return j.vectors(want, out, 0)
}

// inputsOf files a text, a list of texts, a list of ids or a list of such lists.
func inputsOf(input any, r *hivesv1.EmbedRequest) {
	list, ok := input.([]any)
	if !ok {
		list = []any{input}
	}
	var flat []uint32
	for _, x := range list {
		switch x := x.(type) {
		case string:
			r.Texts = append(r.Texts, x)
		case float64:
			flat = append(flat, uint32(x))
		case []any:
			var ids []uint32
			for _, id := range x {
				ids = append(ids, uint32(id.(float64)))
			}
			r.TokenIds = append(r.TokenIds, &hivesv1.TokenIds{Ids: ids})
		}
	}
	if flat != nil {
		r.TokenIds = []*hivesv1.TokenIds{{Ids: flat}}
	}
}

// numbersOf reads a list of numbers, or base64 of little-endian floats; anything else is no vector.
func numbersOf(v any) (out []float32) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			f, ok := x.(float64)
			if !ok {
				return nil
			}
			out = append(out, float32(f))
		}
	case string:
		raw, err := base64.StdEncoding.DecodeString(v)
		if err != nil {
			return nil
		}
		for ; len(raw) >= 4; raw = raw[4:] {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
		}
	}
	return out
}

// vectors holds a reply's vectors, from position first of the request on, to those of the texts by themselves.
func (j *judge) vectors(asked *hivesv1.EmbedRequest, got *hivesv1.EmbedResponse, first int) error {
	for k, e := range got.GetEmbeddings() {
		alone := &hivesv1.EmbedRequest{Normalize: proto.Bool(false)}
		if len(asked.Texts) > 0 {
			alone.Texts = []string{asked.Prompt + asked.Texts[first+k]}
		} else {
			alone.TokenIds = asked.TokenIds[first+k : first+k+1]
		}
		r, err := j.embed(j.ctx, alone)
		if err != nil {
			return fmt.Errorf("text %d by itself: %w", first+k, err)
		}
		want := expected(r.Embeddings[0].Values, asked)
		if err := closeTo(e, want, asked.Encoding); err != nil {
			return fmt.Errorf("text %d: %w", first+k, err)
		}
	}
	return nil
}

// expected cuts and normalises a whole raw vector as asked.
func expected(raw []float32, asked *hivesv1.EmbedRequest) []float64 {
	if asked.Dimensions != nil {
		raw = raw[:*asked.Dimensions]
	}
	out, sum := make([]float64, len(raw)), 0.0
	for i, x := range raw {
		out[i] = float64(x)
		sum += out[i] * out[i]
	}
	if asked.Normalize == nil || *asked.Normalize {
		for i := range out {
			out[i] /= math.Sqrt(sum)
		}
	}
	return out
}

// closeTo decodes a vector and compares; slack is what the encoding rounds away.
func closeTo(e *hivesv1.Embedding, want []float64, encoding hivesv1.Encoding) error {
	got, slack := make([]float64, len(want)), tolerance
	for _, x := range want {
		slack = max(slack, tolerance*math.Abs(x))
	}
	bytes := map[hivesv1.Encoding]int{
		hivesv1.Encoding_ENCODING_FLOAT16: 2 * len(want), hivesv1.Encoding_ENCODING_INT8: len(want),
		hivesv1.Encoding_ENCODING_BINARY: (len(want) + 7) / 8,
	}[encoding]
	if len(e.Packed) != bytes || bytes == 0 && len(e.Values) != len(want) {
		return fmt.Errorf("%d numbers and %d bytes for %d dimensions as %v", len(e.Values), len(e.Packed),
			len(want), encoding)
	}
	for i := range got {
		switch encoding {
		case hivesv1.Encoding_ENCODING_FLOAT16:
			got[i] = float64(float16.Frombits(uint16(e.Packed[2*i]) | uint16(e.Packed[2*i+1])<<8).Float32())
			slack = max(slack, math.Abs(want[i])/1024)
		case hivesv1.Encoding_ENCODING_INT8:
			got[i] = float64(int8(e.Packed[i])) * float64(e.Scale)
			slack = max(slack, float64(e.Scale)*.51)
		case hivesv1.Encoding_ENCODING_BINARY:
			if set := e.Packed[i/8]>>(7-i%8)&1 == 1; set != (want[i] > 0) && math.Abs(want[i]) > slack {
				return fmt.Errorf("bit %d is %v for %g", i, set, want[i])
			}
			got[i] = want[i]
		default:
			got[i] = float64(e.Values[i])
		}
	}
	if worst := slices.Max(differences(got, want)); !(worst <= slack) {
		return fmt.Errorf("differs by %g as %v, at most %g is right", worst, encoding, slack)
	}
	return nil
}

func differences(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = math.Abs(a[i] - b[i])
	}
	return out
}

// TestTheJudgeSeesWrongVectors changes one number of a right answer in each encoding.
func TestTheJudgeSeesWrongVectors(t *testing.T) {
	raw := []float32{3, -4, 12}
	j := &judge{ctx: t.Context(), embed: func(context.Context, *hivesv1.EmbedRequest) (*hivesv1.EmbedResponse, error) {
		return &hivesv1.EmbedResponse{Embeddings: []*hivesv1.Embedding{{Values: raw}}}, nil
	}}
	half := func(x float32) []byte {
		return binary.LittleEndian.AppendUint16(nil, float16.Fromfloat32(x).Bits())
	}
	for name, c := range map[string]struct {
		asked       hivesv1.Encoding
		right, bent *hivesv1.Embedding
	}{
		"float32": {0, &hivesv1.Embedding{Values: []float32{3. / 13, -4. / 13, 12. / 13}},
			&hivesv1.Embedding{Values: []float32{3. / 13, -4. / 13, 12.001 / 13}}},
		"float16": {1, &hivesv1.Embedding{Packed: slices.Concat(half(3./13), half(-4./13), half(12./13))},
			&hivesv1.Embedding{Packed: slices.Concat(half(3./13), half(-4./13), half(12.1/13))}},
		"int8": {2, &hivesv1.Embedding{Packed: []byte{32, 256 - 42, 127}, Scale: 12. / 13 / 127},
			&hivesv1.Embedding{Packed: []byte{33, 256 - 42, 127}, Scale: 12. / 13 / 127}},
		"binary": {3, &hivesv1.Embedding{Packed: []byte{0b10100000}}, &hivesv1.Embedding{Packed: []byte{0b11100000}}},
	} {
		asked := &hivesv1.EmbedRequest{Texts: []string{"x"}, Encoding: c.asked}
		if err := j.vectors(asked, &hivesv1.EmbedResponse{Embeddings: []*hivesv1.Embedding{c.right}}, 0); err != nil {
			t.Errorf("%s: a right vector: %v", name, err)
		}
		if j.vectors(asked, &hivesv1.EmbedResponse{Embeddings: []*hivesv1.Embedding{c.bent}}, 0) == nil {
			t.Errorf("%s: a wrong vector was let through", name)
		}
	}
}
