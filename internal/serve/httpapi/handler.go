package httpapi

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"hives/internal/loopback"
	"hives/internal/serve"
	"hives/internal/serve/secure"
	"hives/internal/serve/web"
)

// Watch is told of a request; done is called at its end. The context that it returns may carry a trace.
type Watch func(r *http.Request, route string) (watched *http.Request, done func(status int, reason string))

// Options of the handler.
type Options struct {
	Server *serve.Server
	Tokens *secure.Tokens // nil asks nobody
	Watch  Watch          // nil watches nothing
	Log    *slog.Logger

	Loopback bool     // it listens there
	NoIDs    bool     // refuse token ids
	Origins  []string // whose pages may call; "*" is all

	Routes []Route        // that others serve here, under the same rules
	Models func() []Model // that these answer with, for /v1/models; nil for none
}

type api struct{ Options }

// Handler answers OpenAI's paths. An id may hold slashes (Qwen/Qwen3-Embedding-0.6B), hence the {id...}. Routes have
// names of their own for the figures: a client chooses paths, and a label for each would be memory without a bound.
func Handler(o Options) http.Handler {
	a := &api{o}
	mux := http.NewServeMux()
	mux.Handle("/v1/embeddings", a.route("/v1/embeddings", http.MethodPost, a.embeddings))
	mux.Handle("/v1/models", a.route("/v1/models", http.MethodGet, a.models))
	mux.Handle("/v1/models/{id...}", a.route("/v1/models/{id}", http.MethodGet, a.model))
	has := "/v1/embeddings, /v1/models"
	for _, r := range o.Routes {
		mux.Handle(r.Path, a.route(r.Path, r.Method, r.Handle))
		has += ", " + r.Path
	}
	mux.Handle("/", a.route("other", "", func(http.ResponseWriter, *http.Request) (any, error) {
		return nil, &refusal{status: http.StatusNotFound, words: "this server has " + has, reason: "UNKNOWN_PATH"}
	}))
	return cors(mux, o.Origins)
}

// takes tells whether a path for one method, or for all (""), takes another: who has GET has HEAD.
func takes(method, asked string) bool {
	return method == "" || asked == method || method == http.MethodGet && asked == http.MethodHead
}

// allow is the Allow header that 405 must have.
func allow(method string) string {
	if method == http.MethodGet {
		return "GET, HEAD"
	}
	return method
}

// route is the way of every request: watched, contained, authorised, counted, logged.
//
// The order is gRPC's (serve.interceptors): note who it is from, look at the token, then count the call in, so a
// stranger takes no place. A refusal reads the rest of the body before it answers: a client that writes all before
// it reads would see a reset connection and no reason.
func (a *api) route(name, method string, handle func(http.ResponseWriter, *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, done := time.Now(), func(int, string) {}
		r = r.WithContext(serve.From(r.Context(), r.RemoteAddr))
		if a.Watch != nil {
			r, done = a.Watch(r, name)
		}
		var reply any
		caller := ""
		// A panic below becomes an error, so the answer, the figures and the log line come in any case.
		err := web.Call(a.Server, r, func() (err error) {
			if !takes(method, r.Method) {
				w.Header().Set("Allow", allow(method))
				return &refusal{status: http.StatusMethodNotAllowed, words: "this path takes " + method,
					reason: "METHOD"}
			}
			if err = a.foreign(r); err != nil {
				return err
			}
			if r, err = a.authorized(r); err != nil {
				return err
			}
			caller = secure.Name(r.Context())
			serve.NoteCaller(r.Context(), caller)
			leave, err := a.Server.Enter(r.Context())
			if err != nil {
				return err
			}
			defer leave()
			reply, err = handle(w, r)
			return err
		})
		if err != nil && web.Drain(w, r) {
			err = late(err)
		}
		a.identify(w.Header())
		status, reason := http.StatusOK, ""
		if sent, already := reply.(Sent); already && err == nil {
			reason = sent.Reason
		} else {
			status, reason = a.answer(w, reply, err)
		}
		done(status, reason)
		a.log(r, name, caller, status, reason, time.Since(began))
	})
}

// foreign refuses what a page of another site sends. Where a token is asked for the name in Host may be any: such a
// page has no token, and a proxy before the daemon passes its own name on.
//
// Without this a web page that anybody opens could use the embedder on their machine. Two ways are shut: a page
// whose own name was made to resolve to 127.0.0.1 (told by Host), and a form or script of another site that sends
// without reading (told by Origin and Sec-Fetch-Site).
func (a *api) foreign(r *http.Request) error {
	switch {
	case a.Loopback && a.Tokens == nil && !loopback.Address(r.Host):
		return &refusal{
			status: http.StatusMisdirectedRequest, reason: "FOREIGN_HOST",
			words: "this listener answers to 127.0.0.1, [::1] and localhost; a proxy before it must send one of " +
				"them as Host, or the server ask for tokens",
		}
	case loopback.Foreign(r) && !allowed(a.Origins, r.Header.Get("Origin")):
		return &refusal{
			status: http.StatusForbidden, reason: "FOREIGN_ORIGIN",
			words: "this request was sent by a page of another site; the server's --cors-origins names the sites " +
				"that may",
		}
	}
	return nil
}

// authorized finds whose token it is and notes that in the request's context, where quotas look for it.
func (a *api) authorized(r *http.Request) (*http.Request, error) {
	if a.Tokens == nil {
		return r, nil
	}
	c, err := a.Tokens.Authorize(r.Header.Get("Authorization"))
	if err != nil {
		return r, err
	}
	return r.WithContext(secure.With(r.Context(), c)), nil
}

// answer writes the reply or the error, and says which.
func (a *api) answer(w http.ResponseWriter, reply any, err error) (status int, reason string) {
	status = http.StatusOK
	if err != nil {
		r := describe(err)
		r.headers(w.Header())
		status, reason, reply = r.status, r.reason, r.wire()
	}
	body, err := json.Marshal(reply)
	if err != nil { // a vector that is not finite never comes this far
		status, reason, body = http.StatusInternalServerError, "INTERNAL",
			[]byte(`{"error":{"message":"internal error","type":"server_error","param":null,"code":null}}`)
	}
	web.Write(w, status, "application/json", body)
	return status, reason
}

// log writes a line for every request that went wrong, and at debug for the others: gRPC's rule.
func (a *api) log(r *http.Request, route, caller string, status int, reason string, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable:
		level = slog.LevelError
	case status >= http.StatusBadRequest:
		level = slog.LevelInfo
	}
	// The body, the path's end and the query are in no field: any of them may hold a text.
	a.Log.LogAttrs(r.Context(), level, "finished call", slog.String("protocol", "http"), slog.String("route", route),
		slog.Int("status", status),
		slog.String("reason", reason), slog.String("caller", caller), slog.String("peer.address", r.RemoteAddr),
		slog.Float64("time_ms", float64(took.Microseconds())/1000))
}

// embeddings is POST /v1/embeddings.
//
// Room for the body is kept before a byte of it is read, as for a message of gRPC, and given back at the end. The
// generation that is looked at for its names need not be the one that answers: a swap may come in between. The
// header names the one that did.
func (a *api) embeddings(w http.ResponseWriter, r *http.Request) (any, error) {
	body, held, err := Body(a.Server, r)
	if err != nil {
		return nil, err
	}
	defer held.Leave()
	in, err := parse(body)
	if err != nil {
		return nil, err
	}
	g, release, err := a.Server.Acquire()
	if err != nil {
		return nil, err
	}
	known := in.Model == "" || slices.Contains(names(g), in.Model)
	missing := NoModel(g.Version.GetName())
	release()
	if !known {
		return nil, missing
	}
	q, err := in.embed()
	if err != nil {
		return nil, err
	}
	if a.NoIDs && len(q.TokenIds) > 0 {
		return nil, &refusal{
			status: http.StatusBadRequest, param: "input", reason: "NO_TOKEN_IDS",
			words: "this server takes texts, not token ids (LangChain: check_embedding_ctx_length=False)",
		}
	}
	reply, err := a.Server.EmbedMany(r.Context(), q)
	if err != nil {
		return nil, err
	}
	w.Header().Set(weightsHeader, reply.GetModel().GetWeightsSha256())
	return newEmbeddings(reply, in.EncodingFormat == "base64"), nil
}

// weightsHeader says which model answered, whatever its name.
const weightsHeader = "Hives-Weights-Sha256"

// identify sets the header where a handler has not: to the model that serves now.
func (a *api) identify(h http.Header) {
	if h.Get(weightsHeader) != "" {
		return
	}
	if g, release, err := a.Server.Acquire(); err == nil {
		h.Set(weightsHeader, g.Version.GetWeightsSha256())
		release()
	}
}

// names are those that requests may call the model by.
func names(g *serve.Generation) []string { return append([]string{g.Version.GetName()}, g.Aliases...) }

// NoModel is 404, with the name that would do: another model's vectors in place of those that were asked for
// would be compared with them.
func NoModel(served string) error {
	return &refusal{
		status: http.StatusNotFound, param: "model", reason: "MODEL_NOT_FOUND",
		words: fmt.Sprintf("this server has the model %q and no other; without the field model it is taken", served),
	}
}

// list is what serves, each under all of its names. Where nothing embeds there are the others alone.
func (a *api) list() (all []Model, err error) {
	g, release, err := a.Server.Acquire()
	if err == nil {
		defer release()
		for _, name := range names(g) {
			all = append(all, newModel(g.Version, name))
		}
	}
	if a.Models != nil {
		all = append(all, a.Models()...)
	}
	if len(all) > 0 {
		err = nil
	}
	return all, err
}

// models is GET /v1/models.
func (a *api) models(http.ResponseWriter, *http.Request) (any, error) {
	all, err := a.list()
	return models{Object: "list", Data: all}, err
}

// model is GET /v1/models/ID.
func (a *api) model(_ http.ResponseWriter, r *http.Request) (any, error) {
	all, err := a.list()
	if err != nil {
		return nil, err
	}
	if at := slices.IndexFunc(all, func(m Model) bool { return m.ID == r.PathValue("id") }); at >= 0 {
		return all[at], nil
	}
	return nil, NoModel(all[0].ID)
}
