package admin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/pprof"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hives/internal/loopback"
	"hives/internal/serve"
	"hives/internal/serve/secure"
	"hives/internal/serve/web"
)

// Options of the listener.
type Options struct {
	Server   *serve.Server
	Registry *prometheus.Registry
	History  *History
	Loopback bool           // it listens there
	Tokens   *secure.Tokens // asked for beyond loopback; nil asks nobody
	Reload   func(context.Context) error
}

type admin struct{ Options }

// probe tells methods that machines ask all the time.
func probe(method string) bool { return strings.HasPrefix(method, "/grpc.") }

// Handler serves all paths of the listener. Paths of closed ask who it is; the two probes stand outside of it, since
// a kubelet has no token.
func Handler(o Options) http.Handler {
	a := &admin{o}
	closed := http.NewServeMux()
	closed.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{}))
	closed.HandleFunc("GET /{$}", a.page)
	closed.HandleFunc("GET /status.json", a.status)
	closed.HandleFunc("POST /-/reload", a.reload)
	closed.HandleFunc("/debug/pprof/", pprof.Index)
	closed.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	closed.HandleFunc("/debug/pprof/profile", pprof.Profile)
	closed.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	closed.HandleFunc("/debug/pprof/trace", pprof.Trace)
	mux := http.NewServeMux()
	// Outside the guard: whoever starts and stops processes has no token, and learns no more than "ok".
	mux.HandleFunc("GET /healthz", a.healthz)
	mux.HandleFunc("GET /readyz", a.readyz)
	// Without these another method falls through to "/" and is told that there is no probe.
	mux.HandleFunc("/healthz", onlyGet)
	mux.HandleFunc("/readyz", onlyGet)
	mux.Handle("/", a.guard(closed))
	return a.contain(mux)
}

// onlyGet refuses the methods that a probe does not take.
func onlyGet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Allow", "GET, HEAD")
	say(w, http.StatusMethodNotAllowed, "this path takes GET")
}

// contain answers in the place of a handler that panics.
func (a *admin) contain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := web.Call(a.Server, r, func() error { next.ServeHTTP(w, r); return nil }); err != nil {
			http.Error(w, "internal error", http.StatusInternalServerError)
		}
	})
}

// guard lets those in who may. What a foreign page sends is refused whatever it asks for: a profile takes a processor
// for as long as it says, also where the page cannot read it. A link to the page of plots may stand anywhere.
func (a *admin) guard(next http.Handler) http.Handler {
	known := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !a.Loopback && a.Tokens != nil && !a.known(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="embedd: a token as the password"`)
			http.Error(w, "this listener asks for a token", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
	// A link to the page from elsewhere is a person's click; the browser marks it as cross-site all the same. The
	// page can do nothing by being shown, so the mark is taken off for exactly that request.
	guarded := loopback.Guard(known, a.Loopback)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if link := r.Method == http.MethodGet && r.URL.Path == "/" &&
			r.Header.Get("Sec-Fetch-Mode") == "navigate"; link {
			r.Header.Del("Sec-Fetch-Site")
		}
		guarded.ServeHTTP(w, r)
	})
}

// known takes a bearer token, or one as the password that a browser asks for.
func (a *admin) known(r *http.Request) bool {
	header := r.Header.Get("Authorization")
	if scheme, encoded, _ := strings.Cut(header, " "); strings.EqualFold(scheme, "Basic") {
		raw, _ := base64.StdEncoding.DecodeString(encoded) // what cannot be decoded is no token
		_, password, _ := strings.Cut(string(raw), ":")
		header = "Bearer " + password
	}
	_, err := a.Tokens.Authorize(header)
	return err == nil
}

// say answers in words, for people and for curl.
func say(w http.ResponseWriter, status int, words string) {
	web.Write(w, status, "text/plain; charset=utf-8", []byte(words+"\n"))
}

// healthz fails only for what a restart would mend. Loading counts as healthy: it may take minutes, and a supervisor
// that restarted the process then would never see it serve.
func (a *admin) healthz(w http.ResponseWriter, _ *http.Request) {
	g, release, err := a.Server.Acquire()
	if err != nil {
		words := "ok: loading"
		if a.Server.Serving() { // without a model that embeds
			words = "ok"
		}
		say(w, http.StatusOK, words)
		return
	}
	defer release()
	if g.Err() != nil {
		say(w, http.StatusServiceUnavailable, "the engine is lost")
		return
	}
	say(w, http.StatusOK, "ok")
}

// readyz says what the health service says, for balancers that speak HTTP only.
func (a *admin) readyz(w http.ResponseWriter, _ *http.Request) {
	if !a.Server.Serving() {
		say(w, http.StatusServiceUnavailable, "not serving")
		return
	}
	say(w, http.StatusOK, "serving")
}

// reload swaps model and vectors; it answers when that is done, and the old ones stay if it cannot be. A client that
// hangs up does not stop it: half the work is done by then, and the next reload would begin anew.
func (a *admin) reload(w http.ResponseWriter, r *http.Request) {
	if err := a.Reload(context.WithoutCancel(r.Context())); err != nil {
		status := http.StatusConflict
		if serve.Reason(err) == "SWAPPING" {
			status = http.StatusServiceUnavailable
		}
		say(w, status, "nothing was replaced: "+err.Error())
		return
	}
	say(w, http.StatusOK, "replaced")
}

// status feeds the page. The page asks for points after the last one it has, so a second's request carries one
// point.
func (a *admin) status(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.ParseInt(r.URL.Query().Get("after"), 10, 64) // anything else asks for all
	body, err := json.Marshal(struct {
		State  string  `json:"state"`
		Model  string  `json:"model"`
		Calls  int     `json:"calls"`
		Points []Point `json:"points"`
	}{a.state(), a.modelName(), a.Server.Calls(), a.History.Since(after)})
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	web.Write(w, http.StatusOK, "application/json", body)
}
