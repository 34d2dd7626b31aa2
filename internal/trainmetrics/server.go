package trainmetrics

import (
	"context"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"hives/internal/fault"
	"hives/internal/loopback"
)

// How long a reader may take, and how long a scrape under way may keep the program from ending.
const (
	readTimeout  = 5 * time.Second
	writeTimeout = 30 * time.Second
	drainTimeout = time.Second
)

// Server answers scrapes until it is closed. It serves two paths: /metrics, and /healthz, which says "ok" for as
// long as the process lives.
type Server struct {
	listener net.Listener
	http     *http.Server
	ended    chan struct{}
}

// Check returns the address to listen on. Beyond loopback everybody may read the figures, without TLS and without a
// token: that takes a waiver.
//
//	:9091             127.0.0.1:9091
//	127.0.0.1:9091    itself
//	0.0.0.0:9091      refused, but for exposed
//	9091              refused: no port without a colon
func Check(address string, exposed bool) (string, error) {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return "", fault.Usage(fault.New(fault.Invalid, "metrics address %q: want HOST:PORT, as 127.0.0.1:9091", address))
	case host == "": // which elsewhere means every interface
		host = "127.0.0.1"
	case !loopback.Host(host) && !exposed:
		return "", fault.Usage(fault.New(fault.Invalid,
			"metrics address %s is beyond loopback, where anybody may read the run's figures: listen on 127.0.0.1, "+
				"or allow it with --insecure-no-auth", address))
	}
	return net.JoinHostPort(host, port), nil
}

// Listen takes an address that Check returned and begins to answer. Its caller owes a Close. The only error is
// Unavailable: somebody else has the address.
func Listen(address string, e *Exporter) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "metrics address %s: %w; choose another, or leave metrics out", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(e.registry, promhttp.HandlerOpts{Registry: e.registry}))
	// Alive is all that it says: whether the run moves is told by last_step_timestamp_seconds.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Write([]byte("ok\n"))
	})
	s := &Server{listener: listener, ended: make(chan struct{}), http: &http.Server{
		Handler: loopback.Guard(mux, loopback.Address(address)), ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
	}}
	go func() {
		defer close(s.ended)
		s.http.Serve(listener) // ends with Close; a listener that breaks is no reason to stop a training
	}()
	return s, nil
}

// Address is where the server listens: its port is the one found where 0 was asked for.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close lets a scrape under way end and gives the address back. A nil Server needs none.
func (s *Server) Close() {
	if s == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		s.http.Close()
	}
	<-s.ended
}
