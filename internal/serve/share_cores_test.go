package serve_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/rig/servetest"
	"hives/internal/serve"
	hivesv1 "hives/proto/hives/v1"
	"hives/tokenizer"
)

// countingTokenizer counts who is in it at once.
type countingTokenizer struct {
	tokenizer.Tokenizer
	now, most atomic.Int64
	hold      chan struct{}
}

func (c *countingTokenizer) Encode(dst []int32, text string) ([]int32, error) {
	n := c.now.Add(1)
	defer c.now.Add(-1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	<-c.hold
	return c.Tokenizer.Encode(dst, text)
}

// TestAsManyTokeniseAsCores: 20 calls of 20 texts are tokenised by no more goroutines than there are cores, and a call
// that is given up while it waits for its turn gives its room back.
func TestAsManyTokeniseAsCores(t *testing.T) {
	r := &servetest.Runner{}
	count := &countingTokenizer{Tokenizer: servetest.Framed(t).Tokenizer, hold: make(chan struct{})}
	o := servetest.Options(t, r)
	o.Limits.Texts, o.Limits.QueueTokens = 20, 100_000
	o.Load = func(context.Context) (*serve.Model, error) {
		m := servetest.Model(t, r)
		m.Framed = &tokenizer.Framed{Tokenizer: count, MaxLength: servetest.MaxLength, EndID: m.Framed.EndID}
		return m, nil
	}
	f := servetest.Start(t, o, r)
	c := hivesv1.NewEmbedServiceClient(f.Conn)
	var texts []string
	for i := range 20 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	given, giveUp := context.WithCancel(ctx(t))
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_, err := c.Embed(given, &hivesv1.EmbedRequest{Texts: texts})
			if status.Code(err) != codes.Canceled {
				t.Errorf("call %d was given up, and ended in %v", i, err)
			}
		})
	}
	eventually(t, "all cores to be taken", func() bool {
		return f.Calls() == 20 &&
			used(f, "tokenising") == runtime.GOMAXPROCS(0)
	})
	giveUp()
	wg.Wait()
	close(count.hold)
	g, release, err := f.Acquire()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	eventually(t, "room and turns to be free", func() bool { return g.Stats().Held == 0 && used(f, "tokenising") == 0 })
	if got, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: texts[:1]}); err != nil {
		t.Error(err)
	} else {
		same(t, got, texts[0])
	}
	if most := count.most.Load(); most > int64(runtime.GOMAXPROCS(0)) {
		t.Errorf("%d texts were tokenised at once", most)
	}
}

// TestBytesArePaidForAtOnce: a request is charged by its bytes before it is tokenised, prompts for every text, and
// corrected afterwards; Tokenize pays as well. A text that is cut pays for its bytes.
func TestBytesArePaidForAtOnce(t *testing.T) {
	r := &servetest.Runner{}
	o := servetest.Options(t, r)
	charged, paid := 0, 0
	refuse := errors.New("in debt")
	var debt bool
	o.Admit = func(_ context.Context, tokens int, _ bool) (func(int), error) {
		if debt {
			return nil, serve.Refuse(0, "QUOTA", "%v", refuse)
		}
		charged = tokens
		return func(exact int) { paid = exact }, nil
	}
	c := hivesv1.NewEmbedServiceClient(servetest.Start(t, o, r).Conn)
	huge := strings.Repeat("a lie ", 10_000)
	for name, call := range map[string]func(text, prompt string) error{
		"Embed": func(text, prompt string) error {
			_, err := c.Embed(ctx(t), &hivesv1.EmbedRequest{Texts: []string{text, "b"}, Prompt: prompt})
			return err
		},
		"Tokenize": func(text, prompt string) error {
			_, err := c.Tokenize(ctx(t), &hivesv1.TokenizeRequest{Texts: []string{text, "b"}, Prompt: prompt})
			return err
		},
	} {
		charged, paid = 0, 0
		if err := call("a lie", "Query: "); err != nil || charged != (7+5)/4+1+(7+1)/4+1 || paid < 4 || paid > 12 {
			t.Errorf("%s: charged %d, then %d for two short texts (%v)", name, charged, paid, err)
		}
		if err := call(huge, ""); err != nil || charged < len(huge)/4 || paid < len(huge)/4 {
			t.Errorf("%s: charged %d, then %d for a text of %d bytes (%v)", name, charged, paid, len(huge), err)
		}
		err := call("a", strings.Repeat("p", 4<<20-100))
		refusal(t, err, codes.InvalidArgument, "PROMPT_TOO_LONG")
		debt = true
		if err := call("a", ""); err == nil {
			t.Errorf("%s of a caller in debt was answered", name)
		}
		debt = false
	}
}
