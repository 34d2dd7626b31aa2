package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"

	"hives/internal/serve"
)

const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second // headers included: a slow writer is cut off
	replyTimeout  = 30 * time.Second // for a reply to be read, once it is there
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10 // bytes, as gRPC's
)

// Listener is where and how to serve.
type Listener struct {
	net.Listener
	Name        string
	TLS         *tls.Config // nil serves plaintext
	Connections int
	Grace       time.Duration // for requests to finish in at the end
	Log         *slog.Logger
}

// Run serves h until ctx ends, and then answers what was accepted.
func (l Listener) Run(ctx context.Context, h http.Handler) error {
	srv := &http.Server{
		Handler: h, TLSConfig: l.TLS, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader,
		// net/http writes panic values, which may quote a text, and failed handshakes there. Handlers contain their own.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	failed := make(chan error, 1)
	bounded := netutil.LimitListener(l.Listener, l.Connections)
	go func() {
		if l.TLS != nil {
			failed <- srv.ServeTLS(bounded, "", "")
			return
		}
		failed <- srv.Serve(bounded)
	}()
	l.Log.Info("listening", l.Name, l.Addr().String(), "tls", l.TLS != nil)
	select {
	case err := <-failed:
		return fmt.Errorf("serve %s: %w", l.Name, err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), l.Grace)
	defer cancel()
	if err := srv.Shutdown(ending); errors.Is(err, context.DeadlineExceeded) {
		srv.Close()
	}
	return nil
}

// Call runs a handler and turns its panic into an error.
func Call(s *serve.Server, r *http.Request, handle func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = s.Panicked(r.Context(), value)
		}
	}()
	return handle()
}

// Write sends a body to a client that has a while to read it.
func Write(w http.ResponseWriter, status int, contentType string, body []byte) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(replyTimeout)) // not every writer has one
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", fmt.Sprint(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that went away is no error of ours
}
