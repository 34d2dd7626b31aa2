package llm

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/scripted"
)

func TestLyingUsage(t *testing.T) {
	for name, usage := range map[string][2]int{
		"none": {0, 0}, "negative": {-5, -100}, "least": {math.MinInt64, math.MinInt64}, "2^63-1": {math.MaxInt64,
			math.MaxInt64},
		"2^62": {1 << 62, 1 << 62}, "half of it": {7, 1 << 62},
	} {
		s := scripted.New(t, script(scripted.Reply{Content: "some words", Usage: usage}))
		c := testClient(t, testEndpoint(s.URL), Limits{Tokens: 1000, Money: 1})
		for range 3 { // sums that run over begin with the second
			reply, err := c.Complete(context.Background(), testRequest)
			must(t, err)
			if reply.TokensIn <= 0 || reply.TokensOut <= 0 || reply.TokensIn+reply.TokensOut > 300 || reply.CostMicro < 0 {
				t.Errorf("%s: counted %d and %d, %d millionths", name, reply.TokensIn, reply.TokensOut, reply.CostMicro)
			}
		}
		if _, err := c.Complete(context.Background(), Call{Model: Model{MaxTokens: 1000}}); fault.Of(err) != fault.Exhausted {
			t.Errorf("%s: a request beyond the budget: %v", name, err)
		}
	}
}

// TestUsageThatIsNoNumber: what JSON can hold beyond int64, and what is no whole number.
func TestUsageThatIsNoNumber(t *testing.T) {
	for _, count := range []string{"9223372036854775808", "1e30", "-1e30", "1.5", `"many"`, "null", "NaN"} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"model":"m","choices":[{"message":{"content":"x"}}],"usage":{"prompt_tokens":%s,`+
				`"completion_tokens":%s}}`, count, count)
		}))
		e := testEndpoint(srv.URL)
		e.MaxTries = 1
		c := testClient(t, e, Limits{Tokens: 10_000, Money: 1})
		for range 3 {
			reply, err := c.Complete(context.Background(), testRequest)
			if err == nil && (reply.TokensIn <= 0 || reply.TokensIn > MostTokens || reply.TokensOut <= 0 ||
				reply.TokensOut > MostTokens) {
				t.Errorf("%s: counted %d and %d", count, reply.TokensIn, reply.TokensOut)
			}
		}
		if tokens, micro := c.budget.Used(); tokens < 0 || micro < 0 {
			t.Errorf("%s: used %d tokens, %d millionths", count, tokens, micro)
		}
		srv.Close()
	}
}

// TestMoneyNeverRunsOver: prices and budgets beyond all sense stay a bound.
func TestMoneyNeverRunsOver(t *testing.T) {
	dear := Model{PriceIn: 1e300, PriceOut: math.Inf(1)}
	b := NewBudget(Limits{Money: 1e300}, 0, 0)
	for range 10 {
		b.settle(usage{}, usage{tokens: math.MaxInt64 / 4, micro: dear.CostMicro(1, 1)})
	}
	if tokens, micro := b.Used(); tokens <= 0 || micro <= 0 {
		t.Errorf("used %d tokens, %d millionths", tokens, micro)
	}
	if err := b.reserve(usage{micro: dear.CostMicro(1, 0)}); fault.Of(err) != fault.Exhausted {
		t.Errorf("one more: %v", err)
	}
}

func TestBudgetEndsBeforeItIsOverrun(t *testing.T) {
	s := scripted.New(t, script(scripted.Reply{Content: "x", Usage: [2]int{20, 10}}))
	for name, l := range map[string]Limits{"tokens": {Tokens: 100}, "money": {Money: 300e-6, Currency: "EUR"}} {
		c := testClient(t, testEndpoint(s.URL), l)
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := c.Complete(context.Background(), testRequest); err != nil && fault.Of(err) != fault.Exhausted {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		wg.Wait()
		tokens, micro := c.budget.Used()
		if tokens == 0 || (l.Tokens > 0 && tokens > l.Tokens) || (l.Money > 0 && micro > 300) {
			t.Errorf("%s: used %d tokens, %d millionths", name, tokens, micro)
		}
		_, err := c.Complete(context.Background(), Call{Model: Model{MaxTokens: 1000, PriceOut: 5}})
		if fault.Of(err) != fault.Exhausted {
			t.Errorf("%s: a request beyond the budget: %v", name, err)
		}
	}
}
