package llm

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/rig/scripted"
)

const (
	canaryKey  = "key-canary-93b1"
	canaryText = "text-canary-55e0"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// testEndpoint waits little between tries, and longer for an answer than a busy machine needs.
func testEndpoint(url string) Endpoint {
	return Endpoint{
		Name: "e", BaseURL: url, Parallel: 4, MaxTries: 3,
		Timeout: cli.Duration(time.Minute), MaxWait: cli.Duration(time.Millisecond),
	}.WithDefaults()
}

func testClient(t *testing.T, e Endpoint, l Limits) *Client {
	t.Helper()
	c, err := NewClient(e, NewBudget(l, 0, 0))
	must(t, err)
	return c
}

var testRequest = Call{
	Model:    Model{Name: "m", MaxTokens: 10, PriceIn: 2, PriceOut: 5},
	Schema:   map[string]any{"type": "object"},
	Messages: []Message{{System, "system"}, {User, canaryText}},
}

// script plays replies in turn and repeats the last.
func script(replies ...scripted.Reply) func(scripted.Call) scripted.Reply {
	return func(c scripted.Call) scripted.Reply { return replies[min(c.N, len(replies))-1] }
}

func TestCompleteSendsAndCounts(t *testing.T) {
	t.Setenv("PANEL_KEY", canaryKey)
	s := scripted.New(t, script(scripted.Reply{Content: "hello", Usage: [2]int{7, 3}}))
	e := testEndpoint(s.URL)
	e.APIKeyEnv = "PANEL_KEY"
	c := testClient(t, e, Limits{})
	reply, err := c.Complete(context.Background(), testRequest)
	must(t, err)
	if reply.Text != "hello" || reply.Model != "m-served" || reply.TokensIn != 7 || reply.TokensOut != 3 ||
		reply.CostMicro != 7*2+3*5 {
		t.Errorf("reply %+v", reply)
	}
	call := s.Calls()[0]
	if call.Key != canaryKey || call.System != "system" || call.User != canaryText || call.Format != "json_schema" ||
		call.Model != "m" {
		t.Errorf("call %+v", call)
	}
	if tokens, micro := c.budget.Used(); tokens != 10 || micro != 29 {
		t.Errorf("budget used %d tokens, %d", tokens, micro)
	}
}

func TestFormats(t *testing.T) {
	for format, want := range map[string]string{FormatSchema: "json_schema", FormatLlama: "json_object",
		FormatObject: "json_object", FormatText: ""} {
		s := scripted.New(t, script(scripted.Reply{}))
		e := testEndpoint(s.URL)
		e.Format = format
		_, err := testClient(t, e, Limits{}).Complete(context.Background(), testRequest)
		must(t, err)
		if got := s.Calls()[0].Format; got != want {
			t.Errorf("format %s sent %q, want %q", format, got, want)
		}
	}
}

func TestLengthKey(t *testing.T) {
	for key, want := range map[string][2]int{"": {10, 0}, maxTokens: {10, 0}, maxCompletionTokens: {0, 10}} {
		s := scripted.New(t, script(scripted.Reply{}))
		e := testEndpoint(s.URL)
		e.LengthKey = key
		_, err := testClient(t, e.WithDefaults(), Limits{}).Complete(context.Background(), testRequest)
		must(t, err)
		if c := s.Calls()[0]; [2]int{c.MaxTokens, c.MaxComplete} != want {
			t.Errorf("length_key %q sent %d and %d", key, c.MaxTokens, c.MaxComplete)
		}
	}
}

// The library behind the client would take a key from OPENAI_API_KEY, and an address from OPENAI_BASE_URL.
func TestOnlyTheNamedKeyIsSent(t *testing.T) {
	t.Setenv("OPENAI_API_KEY", canaryKey)
	t.Setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
	s := scripted.New(t, script(scripted.Reply{}))
	_, err := testClient(t, testEndpoint(s.URL), Limits{}).Complete(context.Background(), testRequest)
	must(t, err)
	if key := s.Calls()[0].Key; key != "" {
		t.Error("a key nobody named was sent")
	}
	e := testEndpoint(s.URL)
	e.APIKeyEnv = "PANEL_KEY_THAT_IS_NOT_SET"
	if _, err := NewClient(e, NewBudget(Limits{}, 0, 0)); fault.Of(err) != fault.NotFound {
		t.Errorf("without the key: %v", err)
	}
}

func TestFailures(t *testing.T) {
	t.Setenv("PANEL_KEY", canaryKey)
	good := scripted.Reply{Content: "ok"}
	elsewhere := scripted.New(t, script(good))
	for _, c := range []struct {
		name    string
		replies []scripted.Reply
		calls   int
		kind    fault.Kind // Unknown: there is an answer
	}{
		{"a server error, then well", []scripted.Reply{{Status: 500}, good}, 2, fault.Unknown},
		{"server errors all the way", []scripted.Reply{{Status: 503}}, 3, fault.Unavailable},
		{"too many requests", []scripted.Reply{{Status: 429}, {Status: 429}, good}, 3, fault.Unknown},
		{"a pause of nothing", []scripted.Reply{{Status: 429, Header: map[string]string{"Retry-After": "0"}}, good}, 2,
			fault.Unknown},
		{"a pause beyond max_wait", []scripted.Reply{{Status: 429, Header: map[string]string{"Retry-After": "3600"}}}, 1,
			fault.Unavailable},
		{"a cut connection, then well", []scripted.Reply{{Cut: true}, good}, 2, fault.Unknown},
		{"cut all the way", []scripted.Reply{{Cut: true}}, 3, fault.Unavailable},
		{"a body that is no JSON", []scripted.Reply{{Body: "<html>"}, good}, 2, fault.Unknown},
		{"no choices", []scripted.Reply{{NoChoices: true}}, 3, fault.Unavailable},
		{"a body without end", []scripted.Reply{{Endless: true}}, 3, fault.Unavailable},
		{"a wrong key", []scripted.Reply{{Status: 401}}, 1, fault.Unavailable},
		{"an unknown model", []scripted.Reply{{Status: 404}}, 1, fault.Unavailable},
		{"a refused request", []scripted.Reply{{Status: 400}}, 1, fault.Invalid},
		{"a redirect", []scripted.Reply{{Status: 307, Header: map[string]string{"Location": elsewhere.URL +
			"/chat/completions"}}}, 1, fault.Unavailable},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := scripted.New(t, script(c.replies...))
			e := testEndpoint(s.URL)
			e.APIKeyEnv = "PANEL_KEY"
			reply, err := testClient(t, e, Limits{}).Complete(context.Background(), testRequest)
			if got := len(s.Calls()); got != c.calls {
				t.Errorf("%d calls, want %d", got, c.calls)
			}
			if fault.Of(err) != c.kind || (err == nil) != (c.kind == fault.Unknown) {
				t.Fatalf("error %v, want kind %v", err, c.kind)
			}
			if err == nil && reply.Text != "ok" {
				t.Errorf("reply %+v", reply)
			}
			if err != nil && (strings.Contains(err.Error(), canaryKey) || strings.Contains(err.Error(), canaryText)) {
				t.Errorf("the error repeats the key or the text: %v", err)
			}
		})
	}
	if len(elsewhere.Calls()) > 0 {
		t.Error("a redirect was followed with key and text")
	}
}

func TestStallEndsAtTheTimeout(t *testing.T) {
	s := scripted.New(t, script(scripted.Reply{Stall: true}, scripted.Reply{Content: "ok"}))
	e := testEndpoint(s.URL)
	e.Timeout, e.MaxTries = cli.Duration(50*time.Millisecond), 100 // on a busy machine later answers may come late too
	reply, err := testClient(t, e, Limits{}).Complete(context.Background(), testRequest)
	if err != nil || reply.Text != "ok" || len(s.Calls()) < 2 {
		t.Errorf("%+v %v after %d calls", reply, err, len(s.Calls()))
	}
}

func TestNoServer(t *testing.T) {
	_, err := testClient(t, testEndpoint("http://127.0.0.1:1/v1"), Limits{}).Complete(context.Background(), testRequest)
	if fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "no connection") {
		t.Error(err)
	}
}

func TestCancelEndsWaiting(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	s := scripted.New(t, script(scripted.Reply{Stall: true, BeforeSend: cancel}))
	_, err := testClient(t, testEndpoint(s.URL), Limits{}).Complete(ctx, testRequest)
	if fault.Of(err) != fault.Canceled || len(s.Calls()) != 1 {
		t.Errorf("%v after %d calls", err, len(s.Calls()))
	}
}

// Retry-After holds all requests of the endpoint back, and never less than it says.
func TestRetryAfterIsHonoured(t *testing.T) {
	const pause = 120 * time.Millisecond
	s := scripted.New(t, script(scripted.Reply{Status: 429, Header: map[string]string{"Retry-After": "0.12"}},
		scripted.Reply{}))
	e := testEndpoint(s.URL)
	e.MaxWait = cli.Duration(time.Second)
	c := testClient(t, e, Limits{})
	began := time.Now()
	_, err := c.Complete(context.Background(), testRequest)
	must(t, err)
	if took := time.Since(began); took < pause {
		t.Errorf("went on after %v, told to wait %v", took, pause)
	}
	began = time.Now()
	c.gate.pause(pause)
	_, err = c.Complete(context.Background(), testRequest)
	must(t, err)
	if took := time.Since(began); took < pause {
		t.Errorf("another request went after %v of a pause of %v", took, pause)
	}
}

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"3": 3 * time.Second, "0.5": time.Second / 2, now.Add(time.Minute).Format(http.TimeFormat): time.Minute,
		now.Add(-time.Minute).Format(http.TimeFormat): 0, "": -1, "soon": -1, "-4": -1, "NaN": -1, "1e300": -1,
	} {
		got, told := retryAfter(&http.Response{Header: http.Header{"Retry-After": {text}}}, now)
		if told != (want >= 0) || (told && got != want) {
			t.Errorf("Retry-After %q: %v %v, want %v", text, got, told, want)
		}
	}
}

func TestRateIsKept(t *testing.T) {
	s := scripted.New(t, script(scripted.Reply{}))
	e := testEndpoint(s.URL)
	e.RequestsPerMinute = 60 * 50 // one in 20 ms
	c := testClient(t, e, Limits{})
	began := time.Now()
	for range 5 {
		_, err := c.Complete(context.Background(), testRequest)
		must(t, err)
	}
	if took := time.Since(began); took < 79*time.Millisecond {
		t.Errorf("five requests in %v, four intervals of 20 ms are the least", took)
	}
}

func TestParallelIsKept(t *testing.T) {
	var mu sync.Mutex
	now, most := 0, 0
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		now += by
		most = max(most, now)
	}
	s := scripted.New(t, func(scripted.Call) scripted.Reply {
		count(1)
		defer count(-1)
		time.Sleep(5 * time.Millisecond)
		return scripted.Reply{}
	})
	e := testEndpoint(s.URL)
	e.Parallel = 2
	c := testClient(t, e, Limits{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.Complete(context.Background(), testRequest); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if most > 2 {
		t.Errorf("%d requests at once, 2 allowed", most)
	}
}

func TestEndpointRefusals(t *testing.T) {
	good := testEndpoint("http://h/v1")
	must(t, good.Validate())
	for name, spoil := range map[string]func(*Endpoint){
		"no name":          func(e *Endpoint) { e.Name = "" },
		"no address":       func(e *Endpoint) { e.BaseURL = "" },
		"another scheme":   func(e *Endpoint) { e.BaseURL = "file:///etc/passwd" },
		"key in the clear": func(e *Endpoint) { e.APIKeyEnv = "K" },
		"key in address":   func(e *Endpoint) { e.BaseURL = "http://u:" + canaryKey + "@h/v1" },
		"key in query":     func(e *Endpoint) { e.BaseURL = "http://h/v1?key=" + canaryKey },
		"unknown format":   func(e *Endpoint) { e.Format = "xml" },
		"unknown length":   func(e *Endpoint) { e.LengthKey = "length" },
		"negative rate":    func(e *Endpoint) { e.RequestsPerMinute = -1 },
		"no tries":         func(e *Endpoint) { e.MaxTries = -1 },
		"negative timeout": func(e *Endpoint) { e.Timeout = -1 },
	} {
		e := good
		spoil(&e)
		if err := e.Validate(); fault.Of(err) != fault.Invalid || strings.Contains(err.Error(), canaryKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestWhatBoundsNothingIsRefused: a limit below 0 counts as none, a comparison with nan never holds, and a price below
// 0 fills the budget up again.
func TestWhatBoundsNothingIsRefused(t *testing.T) {
	must(t, Limits{}.Validate())
	must(t, Limits{Tokens: 1, Money: 1e300}.Validate())
	fine := Model{Name: "m", MaxTokens: 1, PriceIn: .1, PriceOut: 3, Temperature: 2}
	must(t, fine.Validate())
	endpoint := testEndpoint("http://h/v1")
	for _, x := range []float64{-1, -1e-300, math.NaN(), math.Inf(1), math.Inf(-1)} {
		in, out, warm := fine, fine, fine
		in.PriceIn, out.PriceOut, warm.Temperature, endpoint.RequestsPerMinute = x, x, x, x
		for what, err := range map[string]error{
			"money": Limits{Money: x}.Validate(), "price_in": in.Validate(), "price_out": out.Validate(),
			"temperature": warm.Validate(), "requests_per_minute": endpoint.Validate(),
		} {
			if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), what) {
				t.Errorf("%s = %v: %v", what, x, err)
			}
		}
	}
	if err := (Limits{Tokens: -1}).Validate(); fault.Of(err) != fault.Invalid {
		t.Errorf("tokens below 0: %v", err)
	}
}

// TestAnswersWithoutAChoiceArePaid: an endpoint that answers nothing but counts tokens ends the budget, not the tries.
func TestAnswersWithoutAChoiceArePaid(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"model":"m","choices":[],"usage":{"prompt_tokens":400,"completion_tokens":100}}`)
	}))
	defer srv.Close()
	e := testEndpoint(srv.URL)
	e.MaxTries, e.MaxWait = 50, cli.Duration(time.Millisecond)
	c := testClient(t, e, Limits{Tokens: 1200})
	_, err := c.Complete(context.Background(), testRequest)
	if tokens, _ := c.budget.Used(); fault.Of(err) != fault.Exhausted || tokens != 500*int64(asked) || asked > 3 {
		t.Errorf("asked %d times, used %d tokens: %v", asked, tokens, err)
	}
}
