package secure

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"
	"sync/atomic"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"hives/internal/fsutil"
	"hives/internal/serve"
)

// Tokens are those of a file. Readers load the pointer and never lock; a reload stores a new list and leaves the old
// one as it was.
type Tokens struct {
	path    string
	callers atomic.Pointer[[]*Caller]
}

// OpenTokens reads a tokens file.
func OpenTokens(path string) (*Tokens, error) {
	t := &Tokens{path: path}
	return t, t.Reload()
}

// Reload reads the file again and takes what it says. A broken one changes nothing.
func (t *Tokens) Reload() error {
	entries, err := t.Read()
	if err == nil {
		t.Take(entries)
	}
	return err
}

// Read returns what the file says now, and changes nothing.
func (t *Tokens) Read() ([]Entry, error) {
	raw, err := fsutil.ReadRegular(t.path)
	if err != nil {
		return nil, fsutil.Classify(err, t.path)
	}
	return parse(t.path, raw)
}

// Take replaces the tokens. Quotas of lines that did not change go on where they were; calls of a token that is no
// longer there may end, its streams are ended. A caller is known again by name and hash. With the same line it is
// the same object, debt and all; with another quota it is a new one that shares gone, so its open streams still hear
// when the token leaves.
func (t *Tokens) Take(entries []Entry) {
	old := map[id]*Caller{}
	if now := t.callers.Load(); now != nil {
		for _, c := range *now {
			old[c.id()] = c
		}
	}
	var next []*Caller
	for _, e := range entries {
		c := newCaller(e)
		// What is left in old at the end has no line any more: those callers' streams end.
		if before := old[c.id()]; before != nil {
			delete(old, c.id())
			if c.gone = before.gone; before.Entry == e {
				c = before
			}
		}
		next = append(next, c)
	}
	t.callers.Store(&next)
	for _, c := range old {
		close(c.gone)
	}
}

// id is what stays of a caller when its quota changes: its streams may go on.
type id struct {
	name string
	hash [sha256.Size]byte
}

func (e Entry) id() id { return id{e.Name, e.Hash} }

// find compares with every entry, whichever is the right one. Time would otherwise tell how far down the file the
// right line stands.
func (t *Tokens) find(token string) (found *Caller) {
	hash := sha256.Sum256([]byte(token))
	for _, c := range *t.callers.Load() {
		if subtle.ConstantTimeCompare(hash[:], c.Hash[:]) == 1 {
			found = c
		}
	}
	return found
}

// Authorize finds who sends an Authorization header.
func (t *Tokens) Authorize(header string) (*Caller, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, refused("this server asks for a token: send authorization: Bearer TOKEN")
	}
	if c := t.find(strings.TrimSpace(token)); c != nil {
		return c, nil
	}
	return nil, refused("the token is not known here")
}

// refused is the one error that package fault has no kind for.
func refused(words string) error {
	s := status.New(codes.Unauthenticated, words)
	detailed, err := s.WithDetails(&errdetails.ErrorInfo{Reason: "UNAUTHENTICATED", Domain: serve.Domain})
	if err != nil {
		return s.Err()
	}
	return detailed.Err()
}
