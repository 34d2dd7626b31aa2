package statecache_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"hives/internal/fault"
	"hives/internal/statecache"
	"hives/pack"
)

var key = statecache.Key{Weights: "abc", Layers: 3, Width: 4, Type: statecache.F16}

// someTexts draws texts of 1 to 9 ids, the third of them twice.
func someTexts(n int) [][]int32 {
	draw := rand.New(rand.NewPCG(3, uint64(n)))
	texts := make([][]int32, n)
	for i := range texts {
		for range 1 + draw.IntN(9) {
			texts[i] = append(texts[i], int32(draw.IntN(1000)))
		}
	}
	return append(texts, texts[2])
}

// statesOf are bytes that only these ids have.
func statesOf(tokens []int32) (raw []byte) {
	for i, id := range tokens {
		for j := range 2 * key.Width {
			raw = append(raw, byte(int(id)*31+i*7+j))
		}
	}
	return raw
}

// counter makes states and counts the texts it was asked for.
type counter struct {
	texts   int
	damaged int
	waited  bool
	stopAt  int // fails at this text, if not 0
	entered chan struct{}
	leave   chan struct{}
}

var errStopped = errors.New("stopped")

func (c *counter) work() statecache.Work {
	return statecache.Work{
		Damaged: func(n int) { c.damaged = n }, Begin: func(int, int64) {}, Done: func(int) {}, Waiting: func() {
			c.waited = true
			close(c.leave)
		},
		Compute: func(_ context.Context, texts [][]int32, put func(int, []byte) error) error {
			if c.entered != nil {
				close(c.entered)
				<-c.leave
			}
			for i := range slices.Backward(texts) { // in an order of its own
				if c.texts++; c.texts == c.stopAt {
					return errStopped
				}
				if err := put(i, statesOf(texts[i])); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func open(t *testing.T, dir string, k statecache.Key) *statecache.Cache {
	t.Helper()
	c, err := statecache.Open(dir, k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// fill fills a cache anew opened and returns it and how many texts were computed.
func fill(t *testing.T, dir string, texts [][]int32) (*statecache.Cache, int) {
	t.Helper()
	c, w := open(t, dir, key), &counter{}
	if err := c.Fill(context.Background(), texts, w.work()); err != nil {
		t.Fatal(err)
	}
	expect(t, c, texts)
	return c, w.texts
}

// expect gathers every text from a batch with padding and compares its bytes.
func expect(t *testing.T, c *statecache.Cache, texts [][]int32) {
	t.Helper()
	b, err := pack.One(texts, []pack.Shape{{Rows: len(texts), Length: 11, Texts: len(texts)}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Gather(&b)
	if err != nil {
		t.Fatal(err)
	}
	want := make([]byte, len(b.IDs)*2*key.Width)
	for _, s := range statecache.Spans(&b) {
		if !slices.Equal(b.IDs[s.From:s.To], texts[b.Members[s.Slot]]) {
			t.Fatalf("span %+v is not its text", s)
		}
		copy(want[s.From*2*key.Width:], statesOf(b.IDs[s.From:s.To]))
	}
	if err := got.ConstBytes(func(raw []byte) {
		if !bytes.Equal(raw, want) {
			t.Error("gathered states are not those that were put in")
		}
	}); err != nil {
		t.Fatal(err)
	}
}

func TestStatesAreComputedOnce(t *testing.T) {
	dir, texts := t.TempDir(), someTexts(20)
	c, computed := fill(t, dir, texts[:10])
	if computed != 10 {
		t.Errorf("%d texts computed for 10 distinct ones", computed)
	}
	first, err := c.Digest(texts[:10])
	if err != nil {
		t.Fatal(err)
	}
	if c, computed = fill(t, dir, texts); computed != 10 {
		t.Errorf("%d texts computed when 10 of 20 were there and one stands there twice", computed)
	}
	if again, err := c.Digest(texts[:10]); err != nil || again != first {
		t.Errorf("digest %s, %v after texts were added; it was %s", again, err, first)
	}
	if other, err := c.Digest(texts); err != nil || other == first {
		t.Errorf("20 texts have the digest of 10: %v", err)
	}
	if _, computed = fill(t, dir, texts); computed != 0 {
		t.Errorf("%d texts computed although all are there", computed)
	}
	if _, err := c.Gather(&pack.Batch{Shape: pack.Shape{Rows: 1, Length: 1, Texts: 1}, IDs: []int32{5000},
		Texts: []int32{0}}); fault.Of(err) != fault.NotFound {
		t.Errorf("a text that is not there: %v", err)
	}
}

// TestOtherKeysHaveOtherFiles: nothing made from other weights, layers or types is ever looked at.
func TestOtherKeysHaveOtherFiles(t *testing.T) {
	dir, texts := t.TempDir(), someTexts(5)
	fill(t, dir, texts)
	for name, other := range map[string]statecache.Key{
		"weights": {Weights: "abd", Layers: 3, Width: 4, Type: statecache.F16},
		"layers":  {Weights: "abc", Layers: 2, Width: 4, Type: statecache.F16},
		"type":    {Weights: "abc", Layers: 3, Width: 4, Type: statecache.F32},
	} {
		c := open(t, dir, other)
		if missing, _ := c.Missing(texts); len(missing) != 5 {
			t.Errorf("other %s: %d of 5 texts are missing", name, len(missing))
		}
	}
	// A file that was given another's name is refused.
	whole, other := open(t, dir, key), key
	other.Layers = 2
	for _, ending := range []string{".bin", ".idx"} {
		elsewhere := t.TempDir()
		to := strings.TrimSuffix(open(t, elsewhere, other).Path(), ".bin") + ending
		raw, err := os.ReadFile(strings.TrimSuffix(whole.Path(), ".bin") + ending)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to, raw, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := statecache.Open(elsewhere, other); fault.Of(err) != fault.Corrupt ||
			!strings.Contains(err.Error(), "remove it") {
			t.Errorf("%s of another key: %v", ending, err)
		}
	}
	if _, err := statecache.Open(dir, statecache.Key{Type: "f8"}); fault.Of(err) != fault.Invalid {
		t.Errorf("type f8: %v", err)
	}
}

// TestDamageIsComputedAgain cuts each file at every length, and turns every byte around: what is left is
// right, and what is gone is made again.
func TestDamageIsComputedAgain(t *testing.T) {
	texts := someTexts(6)
	whole, _ := fill(t, t.TempDir(), texts)
	base := strings.TrimSuffix(filepath.Base(whole.Path()), ".bin")
	files := map[string][]byte{}
	for _, ending := range []string{".bin", ".idx"} {
		raw, err := os.ReadFile(strings.TrimSuffix(whole.Path(), ".bin") + ending)
		if err != nil {
			t.Fatal(err)
		}
		files[ending] = raw
	}
	damaged := func(ending string, raw []byte) {
		t.Helper()
		dir := t.TempDir()
		for e, content := range files {
			if e == ending {
				content = raw
			}
			if err := os.WriteFile(filepath.Join(dir, base+e), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, computed := fill(t, dir, texts); computed == 0 || computed > 6 {
			t.Fatalf("%s of %d bytes: %d of 6 texts computed again", ending, len(raw), computed)
		}
		if _, computed := fill(t, dir, texts); computed != 0 {
			t.Fatalf("%s of %d bytes: not mended, %d texts again", ending, len(raw), computed)
		}
	}
	const header = 512
	for ending, raw := range files {
		for n := 0; n < len(raw); n += 13 {
			damaged(ending, raw[:n])
		}
		for at := header; at < len(raw); at += 29 {
			turned := slices.Clone(raw)
			turned[at] ^= 0xff
			damaged(ending, turned)
		}
	}
}

// TestStoppedFillGoesOn: a filling that fails loses the batch that was under way, and no more.
func TestStoppedFillGoesOn(t *testing.T) {
	dir, texts := t.TempDir(), someTexts(12)
	fill(t, dir, texts[:5])
	w := &counter{stopAt: 4}
	if err := open(t, dir, key).Fill(context.Background(), texts, w.work()); !errors.Is(err, errStopped) {
		t.Fatalf("a failing computation: %v", err)
	}
	if _, computed := fill(t, dir, texts); computed != 7 {
		t.Errorf("%d texts computed, want the 7 that were not finished", computed)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := open(t, dir, key).Fill(ctx, someTexts(30), (&counter{}).work()); !errors.Is(err, context.Canceled) {
		t.Errorf("a filling that was called off: %v", err)
	}
}

// TestTwoWritersTakeTurns: the second waits for the first, and computes only what that left out.
func TestTwoWritersTakeTurns(t *testing.T) {
	dir, texts := t.TempDir(), someTexts(20)
	entered, leave := make(chan struct{}), make(chan struct{})
	first, second := &counter{entered: entered, leave: leave}, &counter{leave: leave}
	a, b := open(t, dir, key), open(t, dir, key)
	var failed [2]error
	var both sync.WaitGroup
	both.Go(func() { failed[0] = a.Fill(context.Background(), texts[:12], first.work()) })
	<-entered
	both.Go(func() { failed[1] = b.Fill(context.Background(), texts, second.work()) })
	both.Wait()
	if err := errors.Join(failed[:]...); err != nil {
		t.Fatal(err)
	}
	if !second.waited || first.texts != 12 || second.texts != 8 {
		t.Errorf("first computed %d texts, second %d (waited %v), want 12, then 8", first.texts, second.texts, second.waited)
	}
	expect(t, a, texts[:12])
	expect(t, b, texts)
}

func TestWrongSizesAreRefused(t *testing.T) {
	w := (&counter{}).work()
	w.Compute = func(_ context.Context, _ [][]int32, put func(int, []byte) error) error { return put(0, []byte{1}) }
	if err := open(t, t.TempDir(), key).Fill(context.Background(), someTexts(3), w); fault.Of(err) != fault.Invalid {
		t.Errorf("one byte for a text: %v", err)
	}
}
