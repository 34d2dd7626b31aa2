package serve_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"google.golang.org/grpc/codes"

	"hives/internal/rig/goldentest"
	"hives/internal/rig/servetest"
	"hives/internal/serve"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
	"hives/tokenizer"
)

// startBert serves the fake model with a tokenizer that puts a token before each text and one behind.
func startBert(t *testing.T) (*servetest.Fixture, *tokenizer.Framed) {
	t.Helper()
	tok, err := tokenizer.Open(filepath.Join(goldentest.ModuleRoot(t), "tokenizer", "testdata", "wordpiece.json"))
	if err != nil {
		t.Fatal(err)
	}
	framed, err := tokenizer.NewFramed(tok, servetest.MaxLength, "[SEP]")
	if err != nil {
		t.Fatal(err)
	}
	return startFramed(t, framed), framed
}

func startFramed(t *testing.T, framed *tokenizer.Framed) *servetest.Fixture {
	t.Helper()
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Load = func(context.Context) (*serve.Model, error) {
		m := servetest.Model(t, r)
		m.Framed = framed
		return m, nil
	}
	return servetest.Start(t, o, r)
}

// TestGivenIdsStandInTheFrame: ids that Tokenize returns are embedded, also where they must be cut; without either
// token of the frame they are refused.
func TestGivenIdsStandInTheFrame(t *testing.T) {
	f, framed := startBert(t)
	c := hivesv1.NewEmbedServiceClient(f.Conn)
	tokens, err := c.Tokenize(ctx(t), &hivesv1.TokenizeRequest{Texts: []string{"The school"}})
	if err != nil {
		t.Fatal(err)
	}
	ids := tokens.Results[0].Ids
	embed := func(ids []uint32) (*hivesv1.EmbedResponse, error) {
		return c.Embed(ctx(t), &hivesv1.EmbedRequest{TokenIds: []*hivesv1.TokenIds{{Ids: ids}}})
	}
	if _, err := embed(ids); err != nil {
		t.Errorf("Tokenize's own ids: %v", err)
	}
	for _, bad := range [][]uint32{ids[1:], ids[:len(ids)-1], {ids[0]}, append(slices.Clone(ids), 0, 0)} {
		_, err := embed(bad)
		refusal(t, err, codes.InvalidArgument, "UNFRAMED_IDS")
	}
	overlong := append(slices.Repeat(ids[:1], servetest.MaxLength+9), ids[len(ids)-1])
	got, err := embed(overlong)
	if err != nil || !got.Embeddings[0].Truncated {
		t.Fatalf("overlong ids: %v, error %v", got, err)
	}
	kept := append(slices.Repeat(framed.Start, servetest.MaxLength-1), framed.EndID)
	if d := distance(got.Embeddings[0].Values, unitOf(servetest.Vector(kept), servetest.Dim)); !(d < 1e-6) {
		t.Errorf("the vector differs by %g from that of the first ids and the last", d)
	}
}

// TestTokensOfAModelWithoutEnd: nothing stands around a text, so no token is special or left out.
func TestTokensOfAModelWithoutEnd(t *testing.T) {
	framed, err := tokenizer.NewFramedAsFile(servetest.Framed(t).Tokenizer, servetest.MaxLength)
	if err != nil {
		t.Fatal(err)
	}
	f := startFramed(t, framed)
	ids, _, err := framed.Encode("a lie")
	if err != nil {
		t.Fatal(err)
	}
	for _, special := range []bool{true, false} {
		got, err := teiv1.NewTokenizeClient(f.Conn).Tokenize(ctx(t), &teiv1.EncodeRequest{Inputs: "a lie",
			AddSpecialTokens: special})
		if err != nil || len(got.Tokens) != len(ids) {
			t.Fatalf("%v, want %d tokens, error %v", got, len(ids), err)
		}
		for _, tok := range got.Tokens {
			if tok.Special || tok.Start == nil {
				t.Errorf("token %v", tok)
			}
		}
	}
}

// TestTEIPlacesOfWords: a WordPiece drops blanks and accents, and still each token has its bytes of the text.
func TestTEIPlacesOfWords(t *testing.T) {
	f, _ := startBert(t)
	c := teiv1.NewTokenizeClient(f.Conn)
	for text, want := range map[string][]string{
		"The  Sch\u00f6ol!":      {"The", "Sch\u00f6ol", "!"},
		"a [MASK]\tpeoples":      {"a", "[MASK]", "people", "s"},
		"\u00adTHE\u4e2d people": {"THE", "\u4e2d", "people"},
	} {
		for _, special := range []bool{true, false} {
			got, err := c.Tokenize(ctx(t), &teiv1.EncodeRequest{Inputs: text, AddSpecialTokens: special})
			if err != nil {
				t.Fatal(err)
			}
			inner := got.Tokens
			if special {
				first, last := inner[0], inner[len(inner)-1]
				if !first.Special || first.Text != "[CLS]" || !last.Special || last.Text != "[SEP]" || first.Start != nil {
					t.Errorf("%q stands between %v and %v", text, first, last)
				}
				inner = inner[1 : len(inner)-1]
			}
			var texts []string
			for _, tok := range inner {
				if tok.Start == nil || tok.Special || tok.Text != text[tok.GetStart():tok.GetStop()] {
					t.Errorf("%q: token %v", text, tok)
				}
				texts = append(texts, tok.Text)
			}
			if !slices.Equal(texts, want) {
				t.Errorf("%q: %q, want %q", text, texts, want)
			}
		}
	}
}
