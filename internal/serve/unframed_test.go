package serve_test

import (
	"testing"

	"google.golang.org/grpc/codes"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// TestIdsOfAnotherVocabularyAreRefused: lists without the end token get no vector, by any method, wherever in a request
// they stand; those that Tokenize gives do. A model without a tokenizer takes what it is given.
func TestIdsOfAnotherVocabularyAreRefused(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	o.Register = append(o.Register, serve.RegisterValues)
	f := servetest.Start(t, o, r)
	c := hivesv1.NewEmbedServiceClient(f.Conn)
	tokens, err := c.Tokenize(ctx(t), &hivesv1.TokenizeRequest{Texts: []string{"a lie"}})
	if err != nil {
		t.Fatal(err)
	}
	right := &hivesv1.TokenIds{Ids: tokens.Results[0].Ids}
	cut := &hivesv1.TokenIds{Ids: right.Ids[:len(right.Ids)-1]}
	tiktoken := &hivesv1.TokenIds{Ids: []uint32{1548, 4060, 3300, 505, 813, 1866, 6691, 13}}
	for name, lists := range map[string][]*hivesv1.TokenIds{"alone": {tiktoken}, "behind a right one": {right, cut}} {
		_, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{TokenIds: lists})
		refusal(t, err, codes.InvalidArgument, "UNFRAMED_IDS")
		if name == "alone" {
			stream, err := c.EmbedStream(ctx(t))
			if err != nil {
				t.Fatal(err)
			}
			if err := stream.Send(&hivesv1.EmbedStreamRequest{Request: &hivesv1.EmbedRequest{TokenIds: lists}}); err != nil {
				t.Fatal(err)
			}
			if got, err := stream.Recv(); err != nil || got.GetError().GetReason() != "UNFRAMED_IDS" {
				t.Errorf("by a stream: %v, %v", got, err)
			}
		}
	}
	got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{TokenIds: []*hivesv1.TokenIds{right}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, "a lie")
	if _, err := teiv1.NewEmbedClient(f.Conn).Embed(ctx(t), &teiv1.EmbedRequest{Inputs: "a lie"}); err != nil {
		t.Error(err)
	}
}
