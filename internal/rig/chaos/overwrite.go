package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"hives/internal/rig/loadtest"
)

// Overwrite writes to a file in place, as cp and a sync of an object store do: whoever has mapped it sees every
// step. A page of a mapped file that is cut off kills its reader with SIGBUS, which is what these look for.
type Overwrite struct {
	Name  string
	Write func(path string, content []byte) error
}

// pieces is how many writes a file takes, with a pause after each: a reload meets one of them.
const pieces = 8

// Overwrites end with the content that they are given. A write under a temporary name, with a rename at the end, is
// none of them: that is the right way, and whoever has mapped the old file keeps it.
var Overwrites = []Overwrite{
	{"cut to nothing, then written (cp)", func(path string, content []byte) error {
		return errors.Join(os.Truncate(path, 0), inPieces(path, content))
	}},
	{"written over without a cut (rsync --inplace)", inPieces},
	{"cut in the middle, then written", func(path string, content []byte) error {
		err := os.Truncate(path, int64(len(content)/2))
		time.Sleep(5 * time.Millisecond)
		return errors.Join(err, inPieces(path, content))
	}},
	{"zeros, then written", func(path string, content []byte) error {
		return errors.Join(inPieces(path, make([]byte, len(content))), inPieces(path, content))
	}},
	{"made longer, then cut", func(path string, content []byte) error {
		err := os.Truncate(path, int64(2*len(content)))
		time.Sleep(5 * time.Millisecond)
		return errors.Join(err, os.Truncate(path, int64(len(content))), inPieces(path, content))
	}},
}

// inPieces writes a file over from its start, and neither makes it anew nor cuts it. A file that was longer keeps
// its end.
func inPieces(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	for i := range pieces {
		from, to := i*len(content)/pieces, (i+1)*len(content)/pieces
		if _, err := f.WriteAt(content[from:to], int64(from)); err != nil {
			return errors.Join(err, f.Close())
		}
		time.Sleep(time.Millisecond)
	}
	return f.Close()
}

// Reloads counts what came of those that were waited for, and keeps the words of a refusal. Both must happen for a
// test to have tried anything: a model that is never refused was never met half written.
type Reloads struct {
	Replaced, Refused int
	Words             string
}

// Under writes a file over and over while the daemon reloads, by SIGHUP and by its admin listener, until ctx ends.
// Meanwhile and afterwards ask is called; its error ends all of it. The file then has its content again.
//
//	one goroutine     writes the file, again and again
//	this one          SIGHUP, ask, reload by the admin listener, again and again
//
// A daemon that was killed by a signal is seen by ask, whose call then fails.
func (o Overwrite) Under(ctx context.Context, d *loadtest.Daemon, path string, content []byte,
	ask func() error) (r Reloads, err error) {
	written := make(chan error, 1)
	go func() {
		var err error
		for err == nil && ctx.Err() == nil {
			err = o.Write(path, content)
		}
		// The writer ends between two writes, so the file is whole when Under returns.
		written <- err
	}()
	for err == nil && ctx.Err() == nil {
		if err = errors.Join(d.Hangup(), ask()); err == nil {
			err = r.reload(d)
		}
	}
	return r, errors.Join(err, <-written, ask())
}

// reload asks by the admin listener and counts the answer. Nothing else than a model that was replaced, or none, is
// right.
// 200 is a model that was replaced, 409 one that was not, with the reason.
func (r *Reloads) reload(d *loadtest.Daemon) error {
	words, code, err := Reload(d)
	switch {
	case err != nil:
		return err
	case code == http.StatusOK:
		r.Replaced++
	case code == http.StatusConflict && strings.Contains(words, "nothing was replaced"):
		r.Refused, r.Words = r.Refused+1, strings.TrimSpace(words)
	default:
		return fmt.Errorf("a reload was answered with %d: %s", code, words)
	}
	return nil
}

// Reload asks the daemon's admin listener to load its files anew, after the reload that may be under way: 503 says
// that one is, and asks to come again.
func Reload(d *loadtest.Daemon) (words string, code int, err error) {
	for code = http.StatusServiceUnavailable; err == nil && code == http.StatusServiceUnavailable; {
		words, code, err = reloadOnce(d)
	}
	return words, code, err
}

// reloadOnce is one POST to /-/reload, which answers when the reload has ended.
func reloadOnce(d *loadtest.Daemon) (words string, code int, err error) {
	reply, err := http.Post("http://"+d.Address("admin")+"/-/reload", "", nil)
	if err != nil {
		return "", 0, err
	}
	defer reply.Body.Close()
	raw, err := io.ReadAll(reply.Body)
	return string(raw), reply.StatusCode, err
}
