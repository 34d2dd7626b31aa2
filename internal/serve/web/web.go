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
	"os"
	"time"

	"hives/internal/serve"
	"hives/internal/serve/share"
)

const (
	headerTimeout = 10 * time.Second
	replyTimeout  = 30 * time.Second // for a reply to be read, once it is there
	idleTimeout   = 2 * time.Minute
	maxHeader     = 64 << 10 // bytes, as gRPC's
)

// Listener is where and how to serve.
type Listener struct {
	*share.Listener
	Name    string
	TLS     *tls.Config   // nil serves plaintext
	Receive time.Duration // for a request to come in, its body included
	Grace   time.Duration // for requests to finish in at the end
	Log     *slog.Logger
}

// Run serves h until ctx ends, and then answers what was accepted. The goroutine that serves ends with the server;
// after Grace what is still open is closed.
func (l Listener) Run(ctx context.Context, h http.Handler) error {
	// There is no WriteTimeout: it would count from the request's first byte on. Write gives each reply its own
	// time.
	srv := &http.Server{
		Handler: h, TLSConfig: l.TLS, ReadHeaderTimeout: headerTimeout, ReadTimeout: l.Receive,
		IdleTimeout:    idleTimeout,
		MaxHeaderBytes: maxHeader, ConnState: l.state,
		// net/http writes panic values, which may quote a text, and failed handshakes there. Handlers contain their
		// own.
		ErrorLog: log.New(io.Discard, "", 0),
	}
	failed := make(chan error, 1)
	go func() {
		if l.TLS != nil {
			failed <- srv.ServeTLS(l.Listener, "", "")
			return
		}
		failed <- srv.Serve(l.Listener)
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

// state tells the listener which connections are at work. A new connection that has said nothing counts as idle, so
// it can make way.
func (l Listener) state(c net.Conn, s http.ConnState) {
	switch s {
	case http.StateActive:
		l.Began(c.RemoteAddr().String())
	case http.StateIdle:
		l.Ended(c.RemoteAddr().String())
	}
}

// maxDrain is how much of an unread body is read and thrown away before a refusal is sent.
const maxDrain = 32 << 20

// Drain reads what is left of a request's body, up to a bound, before a refusal is sent. A client that sends all of its
// body before it reads would see a reset connection in its place. One that asks first (Expect) is just told. What is
// longer ends with the connection. Late tells that it did not come in time.
func Drain(w http.ResponseWriter, r *http.Request) (late bool) {
	if r.Body == nil || r.Header.Get("Expect") != "" {
		return false
	}
	n, err := io.CopyN(io.Discard, r.Body, maxDrain)
	if n == maxDrain || err != nil && !errors.Is(err, io.EOF) {
		w.Header().Set("Connection", "close")
	}
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// Call runs a handler and turns its panic into an error. It runs in the handler's goroutine: net/http would recover
// too, but write the value, which may quote a text, into its log.
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
