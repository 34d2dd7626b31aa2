package serve_test

import (
	"fmt"
	"io"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"hives/internal/rig/servetest"
	teiv1 "hives/proto/tei/v1"
)

func TestTEIEmbed(t *testing.T) {
	f, _ := start(t)
	c := teiv1.NewEmbedClient(f.Conn)
	got, err := c.Embed(ctx(t), &teiv1.EmbedRequest{Inputs: "a lie"})
	if err != nil || distance(got.Embeddings, want(t, "a lie")) > 1e-6 {
		t.Fatalf("%v, %v", got, err)
	}
	if m := got.Metadata; m.ComputeChars != 5 || m.ComputeTokens == 0 || m.TotalTimeNs == 0 {
		t.Errorf("metadata %v", m)
	}
	got, err = c.Embed(ctx(t), &teiv1.EmbedRequest{Inputs: "a lie", PromptName: proto.String("query"),
		Dimensions: proto.Uint32(2), Normalize: proto.Bool(false)})
	ids, _, _ := servetest.Framed(t).Encode("Query: a lie")
	if err != nil || distance(got.Embeddings, servetest.Vector(ids)[:2]) > 1e-6 {
		t.Errorf("prompt by name, two raw numbers: %v, %v", got, err)
	}
	if _, err = c.Embed(ctx(t), &teiv1.EmbedRequest{Inputs: long, Truncate: true}); err != nil {
		t.Errorf("a long text to be cut: %v", err)
	}
	for reason, r := range map[string]*teiv1.EmbedRequest{
		"TEXT_TOO_LONG":        {Inputs: long},
		"EMPTY_TEXT":           {},
		"UNKNOWN_PROMPT":       {Inputs: "a", PromptName: proto.String("nobody")},
		"DIMENSIONS":           {Inputs: "a", Dimensions: proto.Uint32(9)},
		"TRUNCATION_DIRECTION": {Inputs: "a", TruncationDirection: teiv1.TruncationDirection_TRUNCATION_DIRECTION_LEFT},
	} {
		_, err := c.Embed(ctx(t), r)
		refusal(t, err, codes.InvalidArgument, reason)
	}
}

// TestTEIStreamKeepsTheOrder sends more texts than are worked on at once; the first error ends the stream.
func TestTEIStreamKeepsTheOrder(t *testing.T) {
	f, _ := start(t)
	stream, err := teiv1.NewEmbedClient(f.Conn).EmbedStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	const n = 150
	go func() {
		for i := range n {
			if err := stream.Send(&teiv1.EmbedRequest{Inputs: fmt.Sprint("text ", i)}); err != nil {
				t.Error(err)
			}
		}
		if err := stream.Send(&teiv1.EmbedRequest{}); err != nil {
			t.Error(err)
		}
	}()
	for i := range n {
		got, err := stream.Recv()
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		if d := distance(got.Embeddings, want(t, fmt.Sprint("text ", i))); d > 1e-6 {
			t.Fatalf("answer %d differs by %g from text %d's", i, d, i)
		}
	}
	_, err = stream.Recv()
	refusal(t, err, codes.InvalidArgument, "EMPTY_TEXT")
}

func TestTEITokenize(t *testing.T) {
	f, _ := start(t)
	c := teiv1.NewTokenizeClient(f.Conn)
	ids, _, _ := servetest.Framed(t).Encode("a lie")
	for _, special := range []bool{true, false} {
		got, err := c.Tokenize(ctx(t), &teiv1.EncodeRequest{Inputs: "a lie", AddSpecialTokens: special})
		if err != nil {
			t.Fatal(err)
		}
		expect := ids
		if !special {
			expect = ids[:len(ids)-1]
		}
		if len(got.Tokens) != len(expect) {
			t.Fatalf("%d tokens, want %d", len(got.Tokens), len(expect))
		}
		for i, id := range expect {
			if tok := got.Tokens[i]; tok.Id != uint32(id) || tok.Special != (i == len(ids)-1) {
				t.Errorf("token %d: %v, want id %d", i, tok, id)
			}
		}
	}
	stream, err := c.TokenizeStream(ctx(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&teiv1.EncodeRequest{Inputs: "a lie"}); err != nil {
		t.Fatal(err)
	}
	if got, err := stream.Recv(); err != nil || len(got.Tokens) != len(ids)-1 {
		t.Errorf("%v, %v", got, err)
	}
	if err := stream.CloseSend(); err != nil {
		t.Error(err)
	}
	if _, err := stream.Recv(); err != io.EOF {
		t.Errorf("the end: %v", err)
	}
}

// TestTEITokensSpellTheText has the tokens' bytes stand in the text one after the other, whole characters where one
// is split, and leaves places out where the text was normalised.
func TestTEITokensSpellTheText(t *testing.T) {
	f, _ := start(t)
	c := teiv1.NewTokenizeClient(f.Conn)
	query := "query" // stands for "Query: "
	for name, x := range map[string]struct {
		text   string
		prompt *string
		places bool
	}{
		"ASCII": {"I owe her, don't I?", nil, true}, "a prompt": {"a lie", &query, true},
		"a character of several tokens": {"ok 🦭🦭 naïve", nil, true},
		"an added token":                {"a <|im_end|> b", nil, true}, "not normalised": {"nai\u0308ve", nil, false},
	} {
		got, err := c.Tokenize(ctx(t), &teiv1.EncodeRequest{Inputs: x.text, PromptName: x.prompt, AddSpecialTokens: true})
		if err != nil {
			t.Fatal(err)
		}
		text := x.text
		if x.prompt != nil {
			text = "Query: " + text
		}
		at := 0
		for i, tok := range got.Tokens[:len(got.Tokens)-1] {
			switch {
			case (tok.Start != nil) != x.places || (tok.Stop != nil) != x.places || tok.Text == "":
				t.Errorf("%s: token %d: %v, want places: %v", name, i, tok, x.places)
			case x.places && (tok.GetStart() > uint32(at) || text[tok.GetStart():tok.GetStop()] != tok.Text ||
				!utf8.ValidString(tok.Text)):
				t.Errorf("%s: token %d: %v, after byte %d", name, i, tok, at)
			}
			at = int(tok.GetStop())
		}
		if x.places && at != len(text) {
			t.Errorf("%s: the tokens end at byte %d of %d", name, at, len(text))
		}
		if end := got.Tokens[len(got.Tokens)-1]; end.Text != "<|endoftext|>" || !end.Special || end.Start != nil {
			t.Errorf("%s: the last token is %v", name, end)
		}
	}
}

func TestTEIInfoAndWhatIsNotThere(t *testing.T) {
	f, _ := start(t)
	got, err := teiv1.NewInfoClient(f.Conn).Info(ctx(t), &teiv1.InfoRequest{})
	if err != nil || got.ModelId != "fake" || got.ModelDtype != "float32" || got.MaxInputLength != servetest.MaxLength ||
		got.MaxBatchTokens != 4*servetest.MaxLength {
		t.Errorf("%v, %v", got, err)
	}
	_, sparse := teiv1.NewEmbedClient(f.Conn).EmbedSparse(ctx(t), &teiv1.EmbedSparseRequest{Inputs: "a"})
	_, rerank := teiv1.NewRerankClient(f.Conn).Rerank(ctx(t), &teiv1.RerankRequest{Query: "a"})
	_, decode := teiv1.NewTokenizeClient(f.Conn).Decode(ctx(t), &teiv1.DecodeRequest{Ids: []uint32{1}})
	for name, err := range map[string]error{"EmbedSparse": sparse, "Rerank": rerank, "Decode": decode} {
		if status.Code(err) != codes.Unimplemented {
			t.Errorf("%s: %v", name, err)
		}
	}
}
