// Package scripted is an OpenAI-compatible server for tests. It answers as its script says, and as badly: it lies
// about usage, stalls, answers garbage, refuses with any status, cuts connections and never ends.
//
//	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
//	    if c.N == 1 {
//	        return scripted.Reply{Status: 429, Header: map[string]string{"Retry-After": "1"}}
//	    }
//	    return scripted.Reply{Content: `{"choice": "care"}`, Usage: [2]int{120, 6}}
//	})
//	// … a client at s.URL is refused once, waits, and is answered; s.Calls() has both
package scripted

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Call is one request as the server saw it: what a test compares with what the client was meant to send. A key that
// stands here was sent; tests look for it where it must not be.
type Call struct {
	N           int    // from 1, over all calls
	Key         string // of the Authorization header, without "Bearer "
	Model       string
	System      string
	User        string
	Temperature float64
	Format      string   // response_format's type
	Enum        []string // the choices its schema allows
	MaxTokens   int      // as max_tokens
	MaxComplete int      // as max_completion_tokens
}

// Reply is what the server does. The zero value answers with an empty message. Of several things that cannot both
// be done the first in this order is: Stall, Status, Cut, Endless, Body, a completion.
// BeforeSend runs in the server's goroutine before anything is sent: a test can wait there, or count.
type Reply struct {
	Content    string            // of the message
	Finish     string            // why it ended; "" is stop
	Usage      [2]int            // prompt and completion tokens, sent as they are
	Status     int               // other than 0 and 200: refuse with an error body that repeats the request
	Header     map[string]string // such as Retry-After or Location
	Body       string            // instead of a completion, with status 200
	NoChoices  bool
	Cut        bool // close the connection in the middle of the body
	Stall      bool // say nothing until the client goes
	Endless    bool // a body that never ends
	BeforeSend func()
}

// Server runs until its test ends. Calls may be read at any time.
type Server struct {
	URL string // with /v1

	mu    sync.Mutex
	calls []Call
}

// New starts a server that asks script what to do. Script may be called by several goroutines.
func New(t testing.TB, script func(Call) Reply) *Server {
	s := &Server{}
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// A test error and not a 404: a client that asks elsewhere is wrong, whatever it makes of the answer.
		if r.URL.Path != "/v1/chat/completions" {
			t.Errorf("the server was asked for %s", r.URL.Path)
		}
		// Recorded before it is answered: a test that waits for an answer finds its call.
		call := s.record(r)
		reply := script(call)
		if reply.BeforeSend != nil {
			reply.BeforeSend()
		}
		send(w, r, call, reply)
	}))
	t.Cleanup(func() {
		h.CloseClientConnections() // frees the stalled
		h.Close()
	})
	s.URL = h.URL + "/v1"
	return s
}

// Calls returns what was asked so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// record reads the request; one that cannot be read is a call without a model.
func (s *Server) record(r *http.Request) Call {
	var body struct {
		Model       string
		Temperature float64
		MaxTokens   int `json:"max_tokens"`
		MaxComplete int `json:"max_completion_tokens"`
		Messages    []struct{ Role, Content string }
		Format      struct {
			Type       string
			JSONSchema struct{ Schema schema } `json:"json_schema"`
			Schema     schema
		} `json:"response_format"`
	}
	_ = json.NewDecoder(r.Body).Decode(&body)
	c := Call{Model: body.Model, Temperature: body.Temperature, Format: body.Format.Type, MaxTokens: body.MaxTokens,
		MaxComplete: body.MaxComplete, Key: strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")}
	// Two places, since endpoints differ in where a schema stands.
	c.Enum = append(body.Format.JSONSchema.Schema.Properties.Choice.Enum, body.Format.Schema.Properties.Choice.Enum...)
	for _, m := range body.Messages {
		if m.Role == "system" {
			c.System = m.Content
		} else {
			c.User = m.Content
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	c.N = len(s.calls) + 1
	s.calls = append(s.calls, c)
	return c
}

// schema is as much of a JSON schema as questions here use: an object with one choice.
type schema struct {
	Properties struct{ Choice struct{ Enum []string } }
}

// send does what the reply says.
func send(w http.ResponseWriter, r *http.Request, c Call, reply Reply) {
	for name, value := range reply.Header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case reply.Stall:
		<-r.Context().Done()
	case reply.Status != 0 && reply.Status != http.StatusOK:
		w.WriteHeader(reply.Status)
		// The refusal repeats prompt and key on purpose: a client that put an endpoint's words into its errors
		// would leak both.
		fmt.Fprintf(w, `{"error": {"message": %q, "code": "scripted"}}`, c.User+c.Key)
	// The length promises more than comes, and the handler ends: the client sees the connection close.
	case reply.Cut:
		w.Header().Set("Content-Length", "1000")
		fmt.Fprint(w, `{"choices": [`)
	case reply.Endless:
		// Blanks are JSON's too: a client that reads to the end never sees a mistake, so it must have a bound.
		for chunk := strings.Repeat(" ", 1<<16); ; {
			if _, err := fmt.Fprint(w, chunk); err != nil {
				return
			}
		}
	case reply.Body != "":
		fmt.Fprint(w, reply.Body)
	default:
		_ = json.NewEncoder(w).Encode(completion(c, reply))
	}
}

// completion has the shape of a chat completion. The model's name comes back changed, as endpoints do that serve a
// version of what was asked for.
func completion(c Call, reply Reply) map[string]any {
	choices := []any{map[string]any{
		"index": 0, "finish_reason": cmp.Or(reply.Finish, "stop"),
		"message": map[string]any{"role": "assistant", "content": reply.Content},
	}}
	if reply.NoChoices {
		choices = nil
	}
	// The usage is what the script says, however much that is: clients must not believe it blindly.
	return map[string]any{
		"id": "x", "object": "chat.completion", "created": 1, "model": c.Model + "-served", "choices": choices,
		"usage": map[string]any{"prompt_tokens": reply.Usage[0], "completion_tokens": reply.Usage[1],
			"total_tokens": reply.Usage[0] + reply.Usage[1]},
	}
}
