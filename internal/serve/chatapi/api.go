package chatapi

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/serve"
	"hives/internal/serve/httpapi"
	"hives/internal/talk"
)

// Options of an API. Limits that HTTP has for every request (bytes, calls, connections) are the server's; these are
// of the engine behind it.
type Options struct {
	Dir     string // folder or GGUF file
	Model   talk.Options
	Names   []string      // of the model in requests; none: the folder's name
	Rows    int           // that may wait or be answered
	Timeout time.Duration // for a request to wait and be answered; 0: as long as it takes
	Hang    time.Duration // without a token, after which the engine counts as hung; 0: never
	Log     *slog.Logger
}

// API is a language model behind HTTP. Its routes exist from the start and refuse until Open has loaded the model: a
// client that connects early is told so, and does not find a closed port.
//
//	New      the settings
//	Routes   when the HTTP listener starts       503 STARTING
//	Open     before the server says SERVING      answers
//	Close    when the listener has ended         503 DRAINING to who still waits
type API struct {
	Options
	loaded atomic.Pointer[loaded]
	server atomic.Pointer[serve.Server]
}

// loaded is what Open brings, all at once: a handler sees the model with its queue, or nothing.
type loaded struct {
	*talk.Model
	names       []string
	fingerprint string
	queue       *queue
	known       llm.Reply // to the known question
}

// New makes an API without a model.
func New(o Options) *API { return &API{Options: o} }

// Open loads the model and tries it, so that the shape of short questions is compiled and a model that computes no
// numbers never serves. It is for serve.Options.Begin.
func (a *API) Open(ctx context.Context) error {
	began := time.Now()
	a.Log.Info("loading the language model")
	m, err := talk.Open(ctx, a.Dir, a.Model)
	if err != nil {
		return err
	}
	replies, err := m.Generate(ctx, []llm.Request{knownQuestion})
	if err == nil {
		err = replies[0].Err
	}
	if err != nil {
		m.Close()
		return err
	}
	// The fingerprint is short, since clients print it; 16 hex digits are 64 bits of a hash.
	id := m.Identity()
	names := a.Names
	if len(names) == 0 {
		names = []string{id.Model}
	}
	a.loaded.Store(&loaded{m, names, "hives-" + id.Hash()[:16], newQueue(m, a.Options, a.lose), replies[0]})
	a.Log.Info("the language model is ready", "model", names[0], "weights", id.Weights, "template", m.Template(),
		"engine", id.Engine, "precision", id.Precision, "rows", m.Rows(), "positions", m.Positions(),
		"seconds", time.Since(began).Seconds())
	return nil
}

// Close ends what is still under way and frees the model. It comes after the last request. A hung engine still reads
// its weights: they are left to the end of the process.
func (a *API) Close() {
	if l := a.loaded.Load(); l != nil && l.queue.close() {
		l.Model.Close()
	}
}

// lose ends the server, as the loss of an engine does: whoever supervises it starts another.
func (a *API) lose(err error) {
	if s := a.server.Load(); s != nil {
		s.Lost(err)
	}
}

// ready is the model, or why there is none yet.
func (a *API) ready() (*loaded, error) {
	if l := a.loaded.Load(); l != nil {
		return l, nil
	}
	return nil, serve.Refuse(fault.Unavailable, "STARTING", "the language model is being loaded; the health service "+
		"says when it serves")
}

// Routes are for httpapi.Options. Both paths take the same way; only what they read and how they write differs.
func (a *API) Routes(s *serve.Server) []httpapi.Route {
	a.server.Store(s)
	of := func(path string, read func(*loaded, []byte) (*call, error)) httpapi.Route {
		return httpapi.Route{Path: path, Method: http.MethodPost,
			Handle: func(w http.ResponseWriter, r *http.Request) (any, error) { return a.handle(s, w, r, read) }}
	}
	return []httpapi.Route{of("/v1/chat/completions", readChat), of("/v1/completions", readCompletion)}
}

// Models are for httpapi.Options: the model under each of its names, as the embedder's are listed. Before it is loaded
// there is none to list.
func (a *API) Models() (all []httpapi.Model) {
	l := a.loaded.Load()
	if l == nil {
		return nil
	}
	for _, name := range l.names {
		all = append(all, httpapi.Model{ID: name, Object: "model", OwnedBy: "hives", Root: l.names[0],
			WeightsSHA256: l.Identity().Weights, MaxLength: uint32(l.Positions())})
	}
	return all
}

// call is a request that was read: its jobs, and how it wants to be answered.
//
//	{"prompt": ["a", "b"], "n": 2}     jobs a, a, b, b     each 2     choices 0, 1 of a and 2, 3 of b
type call struct {
	form form
	jobs []talk.Job // choices of prompt 0, then of prompt 1 …
	each int        // choices of one prompt
	// Answered event by event, with the usage at the end.
	stream, usage bool
}

// handle answers a request. Rows are made before a place is taken, since what is refused should cost nobody a place;
// the place is taken before the quota is charged, since who finds none pays nothing.
func (a *API) handle(s *serve.Server, w http.ResponseWriter, r *http.Request,
	read func(*loaded, []byte) (*call, error)) (any, error) {
	l, err := a.ready()
	if err != nil {
		return nil, err
	}
	httpapi.Weights(w, l.Identity().Weights)
	body, held, err := httpapi.Body(s, r)
	if err != nil {
		return nil, err
	}
	defer held.Leave()
	c, err := read(l, body)
	if err != nil {
		return nil, err
	}
	// The rows live as long as this context: the client's going away and the time's end reach them through it.
	ctx, cancel := r.Context(), context.CancelFunc(func() {})
	if a.Timeout > 0 {
		ctx, cancel = context.WithTimeout(ctx, a.Timeout)
	}
	defer cancel()
	entries, most, err := l.prepare(ctx, c)
	if err != nil {
		return nil, err
	}
	place, err := l.queue.enter(serve.Caller(ctx), len(entries))
	if err != nil {
		return nil, err
	}
	defer place.Leave()
	paid, err := s.Admit(ctx, most)
	if err != nil {
		return nil, err
	}
	// The time for a body to come in has done its work. It would end the connection, and with it an answer that takes
	// longer.
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	l.queue.add(entries)
	defer l.queue.leave(entries)
	if c.stream {
		return stream(ctx, w, l, c, entries, paid), nil
	}
	return whole(ctx, l, c, entries, paid)
}

// prepare makes the rows, and says how many tokens they may take altogether. The first row that is refused refuses the
// request: half an answer would have to say which half.
func (l *loaded) prepare(ctx context.Context, c *call) (entries []*entry, most int, err error) {
	wake := make(chan struct{}, 1)
	for _, job := range c.jobs {
		if tooLong(job, l.Positions()) {
			return nil, 0, httpapi.Invalid(c.form.prompt(), "the prompt is far longer than the "+
				strconv.Itoa(l.Positions())+" tokens that are read and written at most")
		}
		e := newEntry(wake)
		job.Context = ctx
		if c.stream {
			job.Emit = e.emit
		}
		if e.row, err = l.Prepare(job); err != nil {
			return nil, 0, httpapi.Invalid(c.form.prompt(), err.Error())
		}
		prompt, answer := e.row.Tokens()
		most += prompt + answer
		entries = append(entries, e)
	}
	return entries, most, nil
}

// mostBytes is more than a token has in the vocabularies that were seen; it is for texts that need not be tokenised to
// be told too long. A text of 4 MB takes a core's second.
const mostBytes = 128

func tooLong(j talk.Job, positions int) bool {
	size := 0
	for _, m := range j.Messages {
		size += len(m.Content)
	}
	return positions > 0 && size > mostBytes*positions
}

// named takes a request without a name, as for embeddings, and refuses another model's name: its answers would be
// taken for that one's.
func (l *loaded) named(model string) error {
	if model == "" || slices.Contains(l.names, model) {
		return nil
	}
	return httpapi.NoModel(l.names[0])
}

// Figures are what package telemetry shows. They count from the start and never fall, but for Rows.
//
// Answers, Canceled and those of batches that failed add up to the rows that were let in; Refused counts requests.
type Figures struct {
	Model, Weights, Template, Engine, Precision string

	Rows, MaxRows       int // that wait or are answered, and that may
	Batches             uint64
	Answers, Canceled   uint64
	Refused, Troubled   uint64 // for want of a place; by the engine
	TokensIn, TokensOut uint64
	Seconds             float64 // of the engine
}

// Figures tells of the model's work; false before it is loaded.
func (a *API) Figures() (Figures, bool) {
	l := a.loaded.Load()
	if l == nil {
		return Figures{}, false
	}
	f, id := l.queue.figures(), l.Identity()
	f.Model, f.Weights, f.Template, f.Precision = l.names[0], id.Weights, l.Template(), id.Precision
	f.Engine, _, _ = strings.Cut(id.Engine, " ")
	return f, true
}
