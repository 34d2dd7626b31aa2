package chatapi

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"hives/internal/llm"
	"hives/internal/serve/httpapi"
)

// eventTimeout is how long a client may take to read one event.
const eventTimeout = 30 * time.Second

// events writes server-sent events: "data: ", one line of JSON, an empty line.
type events struct {
	w      http.ResponseWriter
	c      *http.ResponseController
	failed bool // the client is gone: nothing more is written
}

// newEvents sends the headers. From here on nothing can be refused by a status.
func newEvents(w http.ResponseWriter) *events {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Accel-Buffering", "no") // a proxy that gathers events would make one of them
	w.WriteHeader(http.StatusOK)
	return &events{w: w, c: http.NewResponseController(w)}
}

// send writes one event and hands it to the network. A client that does not read has its time for each.
func (e *events) send(body []byte) {
	if e.failed {
		return
	}
	_ = e.c.SetWriteDeadline(time.Now().Add(eventTimeout)) // not every writer has one
	_, err := e.w.Write([]byte("data: " + string(body) + "\n\n"))
	if err == nil {
		err = e.c.Flush()
	}
	e.failed = err != nil
}

// object sends a value as one event.
func (e *events) object(v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // texts, and numbers that are finite
	}
	e.send(body)
}

// stream answers event by event: an opening one for each choice, then pieces as they come, the reason of each choice's
// end, the usage if it was asked for, and [DONE]. What goes wrong on the way is an event too, the last: the status has
// been sent.
//
//	data: {… "choices":[{"index":0,"delta":{"role":"assistant","content":""} …}]}
//	data: {… "choices":[{"index":0,"delta":{"content":"Yes"} …}]}
//	data: {… "choices":[{"index":0,"delta":{} … "finish_reason":"stop"}]}
//	data: [DONE]
func stream(ctx context.Context, w http.ResponseWriter, l *loaded, c *call, entries []*entry, paid func(int)) any {
	s := &streaming{call: c, head: l.envelope(c.form, true), out: newEvents(w), entries: entries,
		closed: make([]bool, len(entries))}
	if c.usage {
		s.head.Usage = null
	}
	for n := range entries {
		if opening := c.form.opening(n); opening != nil {
			s.say(opening)
		}
	}
	err := s.follow(ctx)
	u := c.used(entries)
	paid(int(u.TotalTokens))
	if err != nil {
		body, reason := httpapi.Wire(err)
		s.out.send(body)
		return httpapi.Sent{Reason: reason}
	}
	if c.usage {
		s.head.Usage, s.head.Choices = u, []any{}
		s.out.object(s.head)
	}
	s.out.send([]byte("[DONE]"))
	return httpapi.Sent{}
}

// streaming is one such answer. Its choices are written at once by the engine and told in turn: clients sort events by
// their index.
type streaming struct {
	*call
	head    envelope // of every event
	out     *events
	entries []*entry
	closed  []bool // by choice: its last event was sent
}

// say sends an event of one choice.
func (s *streaming) say(choice any) {
	s.head.Choices = []any{choice}
	s.out.object(s.head)
}

// follow sends what comes until every choice has ended.
//
// Invariant: a choice's closing event comes behind all its pieces. Its end is looked at before its pieces are fetched,
// so pieces that come in between are fetched with it, and none can come after the end.
func (s *streaming) follow(ctx context.Context) error {
	for open := len(s.entries); open > 0; {
		if s.out.failed { // nobody reads: the rows end with this request
			return context.Canceled
		}
		select {
		case <-s.entries[0].wake: // one for all of a request
		case <-ctx.Done():
			return ctx.Err()
		}
		for n, e := range s.entries {
			ended := e.ended() // looked at first: what came before the end is fetched after it
			for _, p := range e.fetch() {
				s.say(s.form.piece(n, p))
			}
			if !ended || s.closed[n] {
				continue
			}
			reply, err := e.answer()
			if err == nil && reply.Finish == llm.FinishCanceled {
				err = context.Cause(ctx)
			}
			if err != nil {
				return err
			}
			s.say(s.form.closing(n, reply.Finish))
			s.closed[n] = true
			open--
		}
	}
	return nil
}
