package review

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"slices"
	"time"

	"hives/data/anchors"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
)

// Limits of the server. A page of one item is small and made in milliseconds, also on a busy machine.
const (
	headerTimeout   = 5 * time.Second
	requestTimeout  = 15 * time.Second
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 5 * time.Second
	maxHeader       = 16 << 10 // bytes
)

// Job is hives review. Reviewer is only offered: each who opens the page says who they are. Without Rows the
// exemplars of a bank are shown by their ids.
type Job struct {
	DB       string       // votes file
	Anchors  string       // bank to review; "" reviews what waits in the votes file: labels, else anchors
	Rows     string       // rows the bank was made from, for the exemplars' texts; may be empty
	Theories theories.Set // of bank, rows and items; an item of another can only be skipped
	Listen   string       // loopback address
	Reviewer string       // name offered on the page
	Stdout   io.Writer
	Stderr   io.Writer
}

// Run serves the page until ctx ends, which is the usual way. It is no error once all items are decided, and a
// fault.Saved before. The address is printed once, on Stdout, and nowhere logged: it holds the key.
func Run(ctx context.Context, j Job) error {
	if err := onlyHere(j.Listen); err != nil {
		return err
	}
	store, keep, err := j.open(ctx)
	if err != nil {
		return err
	}
	defer store.Close()
	b := &board{store: store, keep: keep, known: j.Theories}
	items, _, err := b.queue(ctx)
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return fault.New(fault.NotFound, "%s: nothing waits for review: hives label puts there what its panel "+
			"cannot agree on, hives vidb check the scores that its voters doubt, hives anchors build --review its anchors, "+
			"hives vcai quality --people answers whose level is to be said; --anchors names a bank to look over", j.DB)
	}
	l, err := net.Listen("tcp", j.Listen)
	if err != nil {
		return fault.New(fault.Unavailable, "listen %s: %w", j.Listen, err)
	}
	srv, address := newServer(b, l.Addr().String(), j.Reviewer, j.Stderr)
	fmt.Fprintf(j.Stdout, "%d items to review. Open this address, which holds the key; Ctrl-C ends:\n%s\n",
		len(items), address)
	if err := serve(ctx, srv, l, shutdownTimeout); err != nil {
		return err
	}
	return b.waiting(context.WithoutCancel(ctx))
}

// waiting says how many items have no decision that their reviewers agree on, if there are any. By it the exit code
// tells a script whether it may go on: 75 asks it to wait. Items that reviewers disagree on still wait: somebody must
// settle them.
func (b *board) waiting(ctx context.Context) error {
	s, err := b.state(ctx)
	if err != nil {
		return err
	}
	c := s.counts("")
	if c.Agreed == c.Items {
		return nil
	}
	return fault.Saved(fault.New(fault.Canceled, "%d of %d items still wait; decisions so far are kept",
		c.Items-c.Agreed, c.Items))
}

// open opens the votes file and says which of its items are reviewed. A bank, if one is named, is put up first:
// reviewing it again then shows what became of it. Only sentences of this bank are shown, not those that wait of
// others.
func (j Job) open(ctx context.Context) (*judge.Store, func(judge.QueueItem) bool, error) {
	if j.Anchors == "" {
		return j.openQueue(ctx)
	}
	bank, err := anchors.Read(j.Anchors, j.Theories)
	if err != nil {
		return nil, nil, err
	}
	texts, err := exemplarTexts(j.Rows, bank)
	if err != nil {
		return nil, nil, err
	}
	store, err := judge.Open(j.DB)
	if err != nil {
		return nil, nil, err
	}
	ids, err := enqueue(ctx, store, bank, texts)
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	return store, func(q judge.QueueItem) bool { return q.Kind == judge.KindAnchor && ids[q.ItemID] }, nil
}

// openQueue takes what waits of the first kind of which anything waits: texts before sentences that hives anchors
// build has put up. It needs no bank: what is needed to review a sentence was put into the votes file with it. With
// nothing waiting the board is empty, which Run refuses with what would fill it.
func (j Job) openQueue(ctx context.Context) (*judge.Store, func(judge.QueueItem) bool, error) {
	store, err := openExisting(j.DB)
	if err != nil {
		return nil, nil, err
	}
	all, err := store.Queue(ctx)
	if err != nil {
		store.Close()
		return nil, nil, err
	}
	for _, k := range kinds {
		keep := func(q judge.QueueItem) bool { return q.Kind == k.name() && k.waits(q) }
		if slices.ContainsFunc(all, keep) {
			return store, keep, nil
		}
	}
	return store, func(judge.QueueItem) bool { return false }, nil
}

// openExisting does not create a votes file, as a mistyped name would.
func openExisting(path string) (*judge.Store, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound,
			"votes %s: no such file: name the --db of hives label, or the --review of hives anchors build", path)
	}
	return judge.Open(path)
}

// newServer returns a server for the board and the address that opens the page. It has a timeout for everything: a
// browser that opens connections ahead must not hold the end up.
func newServer(b *board, host, reviewer string, stderr io.Writer) (*http.Server, string) {
	logger := log.New(stderr, "review: ", 0)
	token := newToken()
	a := &app{board: b, base: "/" + token + "/", reviewer: reviewer, now: time.Now, log: logger}
	return &http.Server{
		Handler:           &guard{token: token, host: host, next: a.routes()},
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       requestTimeout,
		WriteTimeout:      requestTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          logger,
	}, "http://" + host + a.base
}

// serve answers until ctx ends, then lets requests under way finish, for a while. It ends in the same way for Ctrl-C
// and for a service manager's SIGTERM.
func serve(ctx context.Context, srv *http.Server, l net.Listener, while time.Duration) error {
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("review: %w", err)
	case <-ctx.Done():
	}
	ending, cancel := context.WithTimeout(context.Background(), while)
	defer cancel()
	if srv.Shutdown(ending) == nil {
		return nil
	}
	return srv.Close() // a browser that holds a connection open is no error
}
