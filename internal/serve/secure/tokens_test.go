package secure

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/fault"
)

// put writes a tokens file of entries.
func put(t *testing.T, path string, entries ...Entry) {
	t.Helper()
	var b strings.Builder
	b.WriteString("# who may call\n\n")
	for _, e := range entries {
		fmt.Fprintln(&b, e)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func made(t *testing.T, e Entry) (string, Entry) {
	t.Helper()
	token, e, err := New(e)
	if err != nil {
		t.Fatal(err)
	}
	return token, e
}

func TestTokensAreKnownByTheirHashes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	first, a := made(t, Entry{Name: "a"})
	second, b := made(t, Entry{Name: "b", TokensPerSecond: 2.5, Streams: 3})
	put(t, path, a, b)
	tokens, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(path)
	if strings.Contains(string(raw), first) {
		t.Error("the file holds the token itself")
	}
	for header, want := range map[string]string{"Bearer " + first: "a", "bearer  " + second: "b"} {
		c, err := tokens.Authorize(header)
		if err != nil || c.Name != want {
			t.Errorf("%v, %v for the token of %s", c, err, want)
		}
	}
	if c, _ := tokens.Authorize("Bearer " + second); c.TokensPerSecond != 2.5 || c.Streams != 3 {
		t.Errorf("read %+v", c.Entry)
	}
	for _, header := range []string{"", first, "Basic " + first, "Bearer", "Bearer ", "Bearer " + first[:len(first)-1],
		"Bearer " + first + "x", fmt.Sprintf("Bearer %x", a.Hash)} {
		if _, err := tokens.Authorize(header); status.Code(err) != codes.Unauthenticated ||
			strings.Contains(err.Error(), first) {
			t.Errorf("a wrong header ended in %v", err)
		}
	}
}

func TestReloadKeepsWhatDidNotChange(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	first, a := made(t, Entry{Name: "a", TokensPerSecond: 1})
	second, b := made(t, Entry{Name: "b"})
	put(t, path, a)
	tokens, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	before := tokens.find(first)
	put(t, path, a, b)
	if err := tokens.Reload(); err != nil || tokens.find(first) != before || tokens.find(second) == nil {
		t.Errorf("after a line was added: %v, the same caller %v", err, tokens.find(first) == before)
	}
	if err := os.WriteFile(path, []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := tokens.Reload(); err == nil || tokens.find(first) != before {
		t.Errorf("a broken file: %v", err)
	}
	put(t, path, b)
	if err := tokens.Reload(); err != nil || tokens.find(first) != nil {
		t.Errorf("a token that has left the file is still known (%v)", err)
	}
}

func TestRefusedFiles(t *testing.T) {
	secret, e := made(t, Entry{Name: "x"})
	hash := fmt.Sprintf("sha256:%x", e.Hash)
	for name, content := range map[string]string{
		"empty": "# nothing\n", "a token in place of its hash": "x " + secret, "a short hash": "x " + hash[:60],
		"a long hash":  "x " + hash + "00",
		"a name alone": "x", "a strange name": "x/y " + hash, "an unknown word": "x " + hash + " loud=1",
		"a negative quota": "x " + hash + " tokens_per_second=-1",
		"no number":        "x " + hash + " tokens_per_second=NaN", "twice": "x " + hash + "\nx " + hash,
	} {
		_, err := parse("tokens", []byte(content))
		if fault.Of(err) != fault.Invalid || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, name := range []string{"", "two words", "a\nb", "ä"} {
		if _, _, err := New(Entry{Name: name}); err == nil {
			t.Errorf("a token for %q was made", name)
		}
	}
}

// TestQuotaIsPaidByWaiting charges a request in debt and follows the balance on a clock of its own.
func TestQuotaIsPaidByWaiting(t *testing.T) {
	c, now := newCaller(Entry{Name: "a", TokensPerSecond: 10}), time.Now()
	if w := c.wait(now); w != 0 {
		t.Errorf("a fresh caller waits %v", w)
	}
	c.charge(now, 35) // 10 were saved up
	for _, at := range []struct{ after, wait float64 }{{0, 2.5}, {1, 1.5}, {2.4, .1}, {2.6, 0}} {
		got := c.wait(now.Add(time.Duration(at.after * 1e9))).Seconds()
		if got < at.wait-.01 || got > at.wait+.01 {
			t.Errorf("%g s after the charge the wait is %g s, want %g", at.after, got, at.wait)
		}
	}
}

func TestDebtorsAreRefusedAndBulkWaits(t *testing.T) {
	c := newCaller(Entry{Name: "a", TokensPerSecond: 20})
	ctx := With(context.Background(), c)
	c.charge(time.Now(), 1000)
	_, err := Admit(ctx, 1, false)
	s := status.Convert(err)
	var delay time.Duration
	for _, d := range s.Details() {
		if r, ok := d.(*errdetails.RetryInfo); ok {
			delay = r.RetryDelay.AsDuration()
		}
	}
	if s.Code() != codes.ResourceExhausted || delay < 40*time.Second || delay > 50*time.Second {
		t.Errorf("%v with a delay of %v, want RESOURCE_EXHAUSTED and 49 s", err, delay)
	}
	short, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	if _, err := Admit(short, 1, true); err != context.DeadlineExceeded {
		t.Errorf("bulk in debt ended in %v, want to wait until its deadline", err)
	}
	other := newCaller(Entry{Name: "b", TokensPerSecond: 200})
	with := With(context.Background(), other)
	other.charge(time.Now(), 204)
	if _, err := Admit(with, 0, true); err != nil || other.wait(time.Now()) != 0 {
		t.Errorf("bulk was let in with %v before its debt was paid", err)
	}
	if _, err := Admit(context.Background(), 1, false); err != nil {
		t.Errorf("without tokens: %v", err)
	}
}

func TestStreamsOfAToken(t *testing.T) {
	c := newCaller(Entry{Name: "a", Streams: 1})
	leave, err := c.enterStream()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.enterStream(); fault.Of(err) != fault.Exhausted {
		t.Errorf("a second stream: %v", err)
	}
	leave()
	if _, err := c.enterStream(); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
}

// TestChargedAtOnceAndCorrected: a caller pays by bytes before anything is done, and the difference once the tokens are
// known. The clock stands still.
func TestChargedAtOnceAndCorrected(t *testing.T) {
	c := newCaller(Entry{Name: "a", TokensPerSecond: 1e-9}) // nothing comes back meanwhile
	c.quota.balance = 1000
	c.quota.perSecond = 1000
	c.quota.at = time.Now().Add(time.Hour)
	ctx := With(context.Background(), c)
	paid, err := Admit(ctx, 700, false)
	if err != nil || c.quota.balance != 300 {
		t.Fatalf("%v; a balance of %g after 700 of 1,000 were charged", err, c.quota.balance)
	}
	if paid(450); c.quota.balance != 550 {
		t.Errorf("a balance of %g after 450 of 1,000 were used", c.quota.balance)
	}
	if paid, err = Admit(ctx, 10, false); err != nil {
		t.Fatal(err)
	}
	if paid(2000); c.quota.balance != -1450 {
		t.Errorf("a balance of %g after 2,000 more", c.quota.balance)
	}
	if _, err := Admit(ctx, 1, false); err == nil {
		t.Error("a caller in debt was let in")
	}
}

// TestRevokedTokensAreTold: a token that leaves the file ends what it has open, one whose quota changes does not, and
// may be revoked later.
func TestRevokedTokensAreTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	first, a := made(t, Entry{Name: "a", TokensPerSecond: 1})
	_, b := made(t, Entry{Name: "b"})
	put(t, path, a, b)
	tokens, err := OpenTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	c := tokens.find(first)
	ctx, end := c.whileKnown(context.Background())
	defer end()
	a.TokensPerSecond = 2
	put(t, path, a, b)
	if err := tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-c.gone:
		t.Fatal("a changed quota ended the token's streams")
	default:
	}
	put(t, path, b)
	if err := tokens.Reload(); err != nil {
		t.Fatal(err)
	}
	<-ctx.Done()
	if cause := context.Cause(ctx); !errors.Is(cause, errRevoked) || status.Code(cause) != codes.Unauthenticated {
		t.Errorf("the stream of a revoked token ended in %v", cause)
	}
}
