package httpapi

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"time"

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
}

type api struct{ Options }

// Handler answers OpenAI's paths.
func Handler(o Options) http.Handler {
	a := &api{o}
	mux := http.NewServeMux()
	mux.Handle("/v1/embeddings", a.route("/v1/embeddings", http.MethodPost, a.embeddings))
	mux.Handle("/v1/models", a.route("/v1/models", http.MethodGet, a.models))
	mux.Handle("/v1/models/{id...}", a.route("/v1/models/{id}", http.MethodGet, a.model))
	mux.Handle("/", a.route("other", "", func(http.ResponseWriter, *http.Request) (any, error) {
		return nil, &refusal{status: http.StatusNotFound, words: "this server has /v1/embeddings and /v1/models", reason: "UNKNOWN_PATH"}
	}))
	return mux
}

// route is the way of every request: watched, contained, authorised, counted, logged.
func (a *api) route(name, method string, handle func(http.ResponseWriter, *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, done := time.Now(), func(int, string) {}
		r = r.WithContext(serve.From(r.Context(), r.RemoteAddr))
		if a.Watch != nil {
			r, done = a.Watch(r, name)
		}
		var reply any
		caller := ""
		err := web.Call(a.Server, r, func() (err error) {
			if method != "" && r.Method != method {
				return &refusal{status: http.StatusMethodNotAllowed, words: "this path takes " + method, reason: "METHOD"}
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
		if err != nil {
			web.Drain(w, r)
		}
		status, reason := a.answer(w, reply, err)
		done(status, reason)
		a.log(r, name, caller, status, reason, time.Since(began))
	})
}

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
		status, reason, body = http.StatusInternalServerError, "INTERNAL", []byte(`{"error":{"message":"internal error","type":"server_error","param":null,"code":null}}`)
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
	a.Log.LogAttrs(r.Context(), level, "finished call", slog.String("protocol", "http"), slog.String("route", route), slog.Int("status", status),
		slog.String("reason", reason), slog.String("caller", caller), slog.String("peer.address", r.RemoteAddr),
		slog.Float64("time_ms", float64(took.Microseconds())/1000))
}

// embeddings is POST /v1/embeddings.
func (a *api) embeddings(_ http.ResponseWriter, r *http.Request) (any, error) {
	most := a.Server.Limits().RequestBytes
	size := most
	if n := r.ContentLength; n >= 0 && n < int64(most) {
		size = int(n)
	}
	held, err := a.Server.Receiving(r.Context(), size)
	if err != nil {
		return nil, err
	}
	defer held.Leave()
	in, err := read(r, most)
	if err != nil {
		return nil, err
	}
	g, release, err := a.Server.Acquire()
	if err != nil {
		return nil, err
	}
	name := g.Version.GetName()
	release()
	if in.Model != "" && in.Model != name {
		return nil, unknownModel
	}
	q, err := in.embed()
	if err != nil {
		return nil, err
	}
	reply, err := a.Server.Embed(r.Context(), q)
	if err != nil {
		return nil, err
	}
	return newEmbeddings(reply, in.EncodingFormat == "base64"), nil
}

var unknownModel = &refusal{
	status: http.StatusNotFound, param: "model", reason: "MODEL_NOT_FOUND",
	words: "this server has another model; /v1/models names it, and without the field model it is taken",
}

// models is GET /v1/models: the one that serves.
func (a *api) models(http.ResponseWriter, *http.Request) (any, error) {
	g, release, err := a.Server.Acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	return models{Object: "list", Data: []model{newModel(g.Version)}}, nil
}

// model is GET /v1/models/ID.
func (a *api) model(_ http.ResponseWriter, r *http.Request) (any, error) {
	g, release, err := a.Server.Acquire()
	if err != nil {
		return nil, err
	}
	defer release()
	if r.PathValue("id") != g.Version.GetName() {
		return nil, unknownModel
	}
	return newModel(g.Version), nil
}
