package admin

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"hives/internal/rig/servetest"
)

// TestProbesHaveTheirMethods: who has GET has HEAD, and another method is told so, not that there is no probe.
func TestProbesHaveTheirMethods(t *testing.T) {
	r := &servetest.Runner{}
	f := servetest.Start(t, servetest.Options(t, r), r)
	h := Handler(Options{Server: f.Server, Registry: prometheus.NewRegistry(), Loopback: true})
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/healthz", 200, ""}, {"HEAD", "/healthz", 200, ""}, {"POST", "/healthz", 405, "GET, HEAD"},
		{"GET", "/readyz", 200, ""}, {"HEAD", "/readyz", 200, ""}, {"OPTIONS", "/readyz", 405, "GET, HEAD"},
		{"PUT", "/metrics", 405, "GET, HEAD"}, {"GET", "/-/reload", 405, "POST"}, {"HEAD", "/-/reload", 405, "POST"},
		{"GET", "/nothing", 404, ""},
	} {
		asked := httptest.NewRequest(c.method, c.path, http.NoBody)
		asked.Host = "127.0.0.1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, asked)
		if got := w.Header().Get("Allow"); w.Code != c.status || got != c.allow {
			t.Errorf("%s %s: status %d, Allow %q; want %d, %q", c.method, c.path, w.Code, got, c.status, c.allow)
		}
	}
}
