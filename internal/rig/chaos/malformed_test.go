package chaos

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	hivesv1 "hives/proto/hives/v1"
)

// TestMessagesAreOfEverySort draws messages for Embed: some are no messages, some hold what must be refused, some are
// right. A generator whose messages all fell at the first hurdle would test nothing behind it.
func TestMessagesAreOfEverySort(t *testing.T) {
	const seed = 5
	random, again := rand.New(rand.NewPCG(seed, 0)), rand.New(rand.NewPCG(seed, 0))
	input := (&hivesv1.EmbedRequest{}).ProtoReflect().Descriptor()
	var broken, right, both, empty int
	for range 1000 {
		raw := Malformed(random, input)
		if !bytes.Equal(raw, Malformed(again, input)) {
			t.Fatal("a message is not a function of the seed")
		}
		var r hivesv1.EmbedRequest
		switch err := proto.Unmarshal(raw, &r); {
		case err != nil:
			broken++
		case len(r.Texts) > 0 && len(r.TokenIds) > 0:
			both++
		case len(r.Texts)+len(r.TokenIds) == 0:
			empty++
		default:
			right++
		}
	}
	t.Logf("seed %d: broken %d, both kinds of input %d, none %d, one %d", seed, broken, both, empty, right)
	for _, n := range []int{broken, right, both, empty} {
		if n < 50 {
			t.Errorf("a sort of messages is rare: broken %d, both %d, none %d, one %d", broken, both, empty, right)
		}
	}
}

func TestSoundSeesWhatIsNoNumber(t *testing.T) {
	for _, x := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, m := range []proto.Message{
			&hivesv1.EmbedResponse{Embeddings: []*hivesv1.Embedding{{Values: []float32{1}}, {Values: []float32{1, x}}}},
			&hivesv1.EmbedResponse{Embeddings: []*hivesv1.Embedding{{Scale: x}}},
		} {
			if Sound(m.ProtoReflect()) == nil {
				t.Errorf("%v was let through", m)
			}
		}
	}
	if err := Sound((&hivesv1.EmbedResponse{Embeddings: []*hivesv1.Embedding{{Values: []float32{1,
		-2}}}}).ProtoReflect()); err != nil {
		t.Error(err)
	}
}
