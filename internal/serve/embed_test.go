package serve_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"hives/internal/rig/servetest"
	hivesv1 "hives/proto/hives/v1"
)

var long = strings.Repeat("a long text ", 40)

func TestEmbedAnswersInOrder(t *testing.T) {
	_, c := start(t)
	texts := []string{"I owe her the truth.", "x", long, "x"}
	got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: texts})
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, texts...)
	if e := got.Embeddings[2]; !e.Truncated || e.Tokens != servetest.MaxLength {
		t.Errorf("a long text: truncated %v, %d tokens", e.Truncated, e.Tokens)
	}
	if e := got.Embeddings[1]; e.Truncated || e.Tokens != 2 {
		t.Errorf("a letter and the end token: truncated %v, %d tokens", e.Truncated, e.Tokens)
	}
	if got.Model.GetName() != "fake" || got.Timings.GetTotalNs() < got.Timings.GetInferNs() {
		t.Errorf("model %v, timings %v", got.Model, got.Timings)
	}
}

func TestPromptAndIdsMeanTheSame(t *testing.T) {
	_, c := start(t)
	tokens, err := c.Tokenize(ctx(t), &hivesv1.TokenizeRequest{Texts: []string{"a lie"}, Prompt: "Query: "})
	if err != nil {
		t.Fatal(err)
	}
	ids := &hivesv1.TokenIds{Ids: tokens.Results[0].Ids}
	for name, r := range map[string]*hivesv1.EmbedRequest{
		"prompt and text": {Texts: []string{"a lie"}, Prompt: "Query: "},
		"one text":        {Texts: []string{"Query: a lie"}},
		"ids":             {TokenIds: []*hivesv1.TokenIds{ids}},
	} {
		got, err := c.Embed(ctx(t), r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		same(t, got, "Query: a lie")
	}
}

// TestOverlongIdsKeepTheirEnd cuts a list of ids before its last one.
func TestOverlongIdsKeepTheirEnd(t *testing.T) {
	_, c := start(t)
	ids := make([]uint32, 40)
	for i := range ids {
		ids[i] = uint32(i + 1)
	}
	end := servetest.Framed(t).EndID
	ids[39] = uint32(end)
	got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{TokenIds: []*hivesv1.TokenIds{{Ids: ids}}})
	if err != nil {
		t.Fatal(err)
	}
	var cut []int32
	for i := range servetest.MaxLength - 1 {
		cut = append(cut, int32(i+1))
	}
	e := got.Embeddings[0]
	if d := distance(e.Values, unitOf(servetest.Vector(append(cut, end)), servetest.Dim)); d > 1e-6 || !e.Truncated ||
		e.Tokens != servetest.MaxLength {
		t.Errorf("differs by %g, truncated %v, %d tokens", d, e.Truncated, e.Tokens)
	}
}

func TestDimensionsAndNorm(t *testing.T) {
	_, c := start(t)
	ids, _, _ := servetest.Framed(t).Encode("a lie")
	raw := servetest.Vector(ids)
	for _, k := range []struct {
		name string
		r    *hivesv1.EmbedRequest
		want []float32
	}{
		{"three numbers, divided after the cut", &hivesv1.EmbedRequest{Dimensions: proto.Uint32(3)}, unitOf(raw, 3)},
		{"three numbers as they are", &hivesv1.EmbedRequest{Dimensions: proto.Uint32(3), Normalize: proto.Bool(false)},
			raw[:3]},
		{"all, by name", &hivesv1.EmbedRequest{Dimensions: proto.Uint32(servetest.Dim), Normalize: proto.Bool(true)},
			unitOf(raw, servetest.Dim)},
	} {
		k.r.Texts = []string{"a lie"}
		got, err := c.Embed(ctx(t), k.r)
		if err != nil {
			t.Fatal(err)
		}
		if d := distance(got.Embeddings[0].Values, k.want); d > 1e-6 {
			t.Errorf("%s: differs by %g", k.name, d)
		}
	}
}

// TestRefusedRequests is the table of limits and mistakes; each is decided before the engine sees anything.
func TestRefusedRequests(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Limits.Texts, o.Limits.RequestTokens, o.Limits.ReplyBytes = 9, 100, 1400
	f := servetest.Start(t, o, r)
	c := hivesv1.NewEmbedServiceClient(f.Conn)
	ids := func(ids ...uint32) []*hivesv1.TokenIds { return []*hivesv1.TokenIds{{Ids: []uint32{1}}, {Ids: ids}} }
	many := slices.Repeat([]string{"a"}, 10)
	for _, k := range []struct {
		name, reason, says string
		r                  *hivesv1.EmbedRequest
	}{
		{"nothing", "NO_TEXTS", "", &hivesv1.EmbedRequest{}},
		{"texts and ids", "NO_TEXTS", "", &hivesv1.EmbedRequest{Texts: []string{"a"}, TokenIds: ids(1)}},
		{"too many texts", "TOO_MANY_TEXTS", "10 texts", &hivesv1.EmbedRequest{Texts: many, Dimensions: proto.Uint32(1)}},
		{"an empty text", "EMPTY_TEXT", "text 1", &hivesv1.EmbedRequest{Texts: []string{"a", ""}}},
		{"empty ids", "EMPTY_TEXT", "token_ids 1", &hivesv1.EmbedRequest{TokenIds: ids()}},
		{"an unknown id", "UNKNOWN_ID", "token_ids 1", &hivesv1.EmbedRequest{TokenIds: ids(servetest.Vocabulary)}},
		{"an id beyond int32", "UNKNOWN_ID", "token_ids 1", &hivesv1.EmbedRequest{TokenIds: ids(1 << 31)}},
		{"a prompt before ids", "PROMPT_BEFORE_IDS", "", &hivesv1.EmbedRequest{TokenIds: ids(1), Prompt: "p"}},
		{"no dimension", "DIMENSIONS", "1 to 6", &hivesv1.EmbedRequest{Texts: []string{"a"}, Dimensions: proto.Uint32(0)}},
		{"too many dimensions", "DIMENSIONS", "1 to 6", &hivesv1.EmbedRequest{Texts: []string{"a"},
			Dimensions: proto.Uint32(7)}},
		{"an unknown encoding", "UNKNOWN_ENCODING", "", &hivesv1.EmbedRequest{Texts: []string{"a"}, Encoding: 9}},
		{"an unknown overlong", "UNKNOWN_OVERLONG", "", &hivesv1.EmbedRequest{Texts: []string{"a"}, Overlong: 9}},
		{"too long to be refused", "TEXT_TOO_LONG", "text 1", &hivesv1.EmbedRequest{Texts: []string{"a", long},
			Overlong: hivesv1.Overlong_OVERLONG_REFUSE}},
		{"too many tokens", "TOO_MANY_TOKENS", "128 tokens", &hivesv1.EmbedRequest{Texts: slices.Repeat([]string{long}, 4)}},
		{"a reply too large", "REPLY_TOO_LARGE", "EmbedStream", &hivesv1.EmbedRequest{Texts: slices.Repeat([]string{"a"},
			8)}},
	} {
		_, err := c.Embed(ctx(t), k.r)
		if err == nil || !strings.Contains(err.Error(), k.says) {
			t.Errorf("%s: %v, want an error that says %q", k.name, err, k.says)
		}
		refusal(t, err, codes.InvalidArgument, k.reason)
	}
	if r.Batches() != 0 {
		t.Errorf("%d batches were run for requests that were refused", r.Batches())
	}
	if _, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: slices.Repeat([]string{"a"}, 6)}); err != nil {
		t.Errorf("a reply just small enough: %v", err)
	}
}

func TestGetInfoTellsShapesAndLimits(t *testing.T) {
	f, c := start(t)
	got, err := c.GetInfo(ctx(t), &hivesv1.GetInfoRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Engine.Shapes) != 3 || got.Limits.MaxTexts != uint32(f.Limits().Texts) ||
		got.Limits.MaxLength != servetest.MaxLength || got.Prompts["query"] == "" {
		t.Errorf("%v", got)
	}
	again, _ := c.GetInfo(ctx(t), &hivesv1.GetInfoRequest{})
	if len(again.Engine.Shapes) != 3 {
		t.Errorf("the second answer lists %d shapes", len(again.Engine.Shapes))
	}
}
