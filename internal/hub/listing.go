package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"hives/internal/fault"
)

// Bounds on what a hub may list.
const (
	maxListing = 64 << 20 // bytes of JSON
	maxFiles   = 100_000
)

// listing is a repository at one commit.
type listing struct {
	commit string
	files  []File
}

// answer is the part of GET /api/models/ID/revision/REV?blobs=true that is read.
//
//	{"sha": "97b0…", "siblings": [
//	  {"rfilename": "config.json", "size": 727, "blobId": "(40 digits)"},
//	  {"rfilename": "model.safetensors", "size": 1191586416, "blobId": "(40 digits)",
//	   "lfs": {"sha256": "(64 digits)", "size": 1191586416}}]}
type answer struct {
	SHA      string    `json:"sha"`
	Siblings []sibling `json:"siblings"`
}

// The list has two hashes of a large file, that of its pointer in git (blobId) and that of its bytes (lfs): only the
// latter says anything of what is downloaded.
type sibling struct {
	Name   string `json:"rfilename"`
	Size   *int64 `json:"size"`
	BlobID string `json:"blobId"`
	LFS    *struct {
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	} `json:"lfs"`
}

// file has size -1 where the hub told none.
func (s sibling) file() File {
	f := File{Name: s.Name, Size: -1}
	if s.Size != nil {
		f.Size, f.Digest = *s.Size, parseDigest(s.BlobID)
	}
	if s.LFS != nil {
		f.Size, f.Digest = s.LFS.Size, parseDigest(s.LFS.SHA256)
	}
	return f
}

// path joins parts below the endpoint; each is escaped as one part but for slashes in a file's name.
func (c *client) path(query string, parts ...string) *url.URL {
	u := c.Endpoint.JoinPath(parts...)
	u.RawQuery = query
	return u
}

// list asks the hub what the revision holds. Every try decodes into an empty answer, so half of an earlier one leaves
// nothing. Errors: NotFound and Invalid with the nearest known id, Unavailable after the last try, Corrupt or
// Mismatch for an answer that cannot be true.
func (c *client) list(ctx context.Context, id, revision string) (listing, error) {
	var got answer
	u := c.path("blobs=true", "api", "models", id, "revision", url.PathEscape(revision))
	// No bytes count as progress here: a list comes whole or not at all.
	err := c.again(ctx, func() (int64, error) {
		resp, err := c.do(ctx, http.MethodGet, u, "")
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		got = answer{}
		return 0, c.decode(resp.Body, &got)
	})
	// a hub hides private models as misspelt ones
	if kind := fault.Of(err); kind == fault.NotFound || kind == fault.Invalid {
		return listing{}, fault.New(kind, "list %s: %w%s", id, err, near(id, c.cachedIDs()))
	} else if err != nil {
		return listing{}, fault.New(kind, "list %s: %w", id, err)
	}
	return got.check(id, revision)
}

// decode bounds what is read: a list is held in memory as a whole. What is no JSON is tried again, as a network's
// login page may go.
func (c *client) decode(r io.Reader, got *answer) error {
	raw, err := io.ReadAll(io.LimitReader(r, maxListing+1))
	switch {
	case err != nil:
		return c.broken(err)
	case len(raw) > maxListing:
		return fault.New(fault.Corrupt, "hub %s: the list of files is longer than %d MB", c.Endpoint.Host,
			maxListing>>20)
	case json.Unmarshal(raw, got) != nil: // a login page of the network, or half a reply
		return passing{error: fault.New(fault.Corrupt, "hub %s: the list of files is no JSON: is HF_ENDPOINT a "+
			"hub, and the network open?", c.Endpoint.Host)}
	}
	return nil
}

// check holds an answer to what was asked: a mirror that lags may know the branch and not the commit.
func (a answer) check(id, revision string) (listing, error) {
	if !commitForm.MatchString(a.SHA) {
		return listing{}, fault.New(fault.Corrupt, "list %s: the hub names no commit", id)
	}
	// Who asks for a commit gets that commit or nothing.
	if commitForm.MatchString(revision) && a.SHA != revision {
		return listing{}, fault.New(fault.Mismatch, "list %s: asked for commit %s, the hub answers with %s", id,
			revision, a.SHA)
	}
	// A repository with more files than this is a data set, or a trap.
	if len(a.Siblings) > maxFiles {
		return listing{}, fault.New(fault.Corrupt, "list %s: %d files, at most %d are taken", id, len(a.Siblings),
			maxFiles)
	}
	l := listing{commit: a.SHA}
	for _, s := range a.Siblings {
		l.files = append(l.files, s.file())
	}
	return l, checkNames(l.files)
}

// fileURL names the commit and never the branch, so that all files are of one revision. JoinPath would read a '%' in
// a name as an escape.
func (c *client) fileURL(id, commit, name string) *url.URL {
	parts := append([]string{id, "resolve", commit}, strings.Split(name, "/")...)
	for i := 3; i < len(parts); i++ {
		parts[i] = url.PathEscape(parts[i])
	}
	return c.path("", parts...)
}

// complete asks for the size and hash of a file in a head request, for hubs whose list lacks them. The hub is asked,
// not the host that it redirects to (checkRedirect). With several hundred files that would be as many requests; the
// public hub's list has everything, and none is sent.
func (c *client) complete(ctx context.Context, id, commit string, f File) (File, error) {
	if f.Size >= 0 && f.Digest != (Digest{}) {
		return f, checkAnnounced(f)
	}
	err := c.again(ctx, func() (int64, error) {
		resp, err := c.do(ctx, http.MethodHead, c.fileURL(id, commit, f.Name), "")
		if err != nil {
			return 0, err
		}
		resp.Body.Close()
		h := told(resp, c.Endpoint)
		if err := h.checkCommit(commit); err != nil {
			return 0, err
		}
		f.Digest, f.Size = h.digest, h.size
		return 0, nil
	})
	return f, errors.Join(err, checkAnnounced(f))
}

// headers are what the hub itself says of a file, before any redirect to where its bytes lie.
type headers struct {
	commit string
	digest Digest
	size   int64 // -1 where unknown
}

// told walks a chain of redirects back and reads the replies of the endpoint's own host. resp.Request.Response is
// the reply that redirected to this one, so the loop goes from the last host back to the hub. The hub's word comes
// last and wins: a content network's etag is its own affair.
//
//	hub 302       X-Repo-Commit 97b0…, X-Linked-Etag "0437…", X-Linked-Size 1191586416     all are taken
//	network 200   Etag "other", Content-Length 1191586416                                  none
func told(resp *http.Response, endpoint *url.URL) headers {
	h := headers{size: -1}
	for ; resp != nil; resp = resp.Request.Response {
		if origin(resp.Request.URL) != origin(endpoint) {
			continue
		}
		h.commit = cmp.Or(resp.Header.Get("X-Repo-Commit"), h.commit)
		if d := parseDigest(cmp.Or(resp.Header.Get("X-Linked-Etag"), resp.Header.Get("Etag"))); d != (Digest{}) {
			h.digest = d
		}
		if n, err := strconv.ParseInt(resp.Header.Get("X-Linked-Size"), 10, 64); err == nil {
			h.size = n
		} else if resp.StatusCode == http.StatusOK && h.size < 0 {
			h.size = resp.ContentLength
		}
	}
	return h
}

// checkCommit lets hubs pass that do not name the commit: the hash decides then.
func (h headers) checkCommit(commit string) error {
	if h.commit != "" && h.commit != commit {
		return fault.New(fault.Mismatch, "the hub serves commit %.40q, asked for %s", h.commit, commit)
	}
	return nil
}

// checkFile compares with the list. A plain etag counts only where it is a hash of the kind that was listed. A mirror
// that serves another version is told apart here, before its bytes are fetched.
func (h headers) checkFile(f File) error {
	if h.size >= 0 && h.size != f.Size {
		return fault.New(fault.Mismatch, "the list says %d bytes, the file's headers %d", f.Size, h.size)
	}
	if sum := h.digest.SHA256; sum != "" && f.Digest.SHA256 != "" && sum != f.Digest.SHA256 {
		return fault.New(fault.Mismatch, "the list says SHA-256 %.12s…, the file's headers %.12s…", f.Digest.SHA256,
			sum)
	}
	return nil
}
