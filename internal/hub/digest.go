package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"hives/internal/fault"
)

// File is a file of the repository as the hub announces it.
type File struct {
	Name   string
	Size   int64 // bytes
	Digest Digest
}

// Digest is what a file's bytes are held to: SHA-256 for files in large file storage, git's own hash of a blob for
// those in the repository itself. The hub's etag is the same text. SHA-1 would not do against somebody who makes two
// files of one hash. What it guards here is small files of a repository, whose commit is named by the same hash.
type Digest struct {
	SHA256 string
	Git    string
}

// parseDigest reads an etag or a hash by its length; quotes and the mark of a weak etag are dropped.
//
//	"0437e45c…"    64 digits, in quotes     SHA256
//	W/"f2ba8f84…"  40 digits, weak          Git
//	"5d41-40:gz"   anything else            neither: nothing is known
func parseDigest(text string) Digest {
	text = strings.ToLower(strings.Trim(strings.TrimPrefix(text, "W/"), `"`))
	switch {
	case sha256Form.MatchString(text):
		return Digest{SHA256: text}
	case commitForm.MatchString(text):
		return Digest{Git: text}
	}
	return Digest{}
}

// String is the one of the two that is known; it is a blob's name in the cache and a part's etag.
func (d Digest) String() string { return d.SHA256 + d.Git }

// hasher takes a file's bytes: SHA-256 for the record always, git's hash where that is what was announced.
type hasher struct {
	want Digest
	sum  hash.Hash
	git  hash.Hash
}

// newHasher follows git's form of a blob: SHA-1 over "blob SIZE\0" and the bytes. The blob "abc" is hashed as "blob
// 3\0abc": f2ba8f84…. So the size must be known beforehand, as it is from the list.
func newHasher(f File) *hasher {
	h := &hasher{want: f.Digest, sum: sha256.New()}
	if f.Digest.SHA256 == "" {
		h.git = sha1.New()
		fmt.Fprintf(h.git, "blob %d\x00", f.Size)
	}
	return h
}

// Write feeds both hashes; it never fails, as hashes do not.
func (h *hasher) Write(b []byte) (int, error) {
	if h.git != nil {
		h.git.Write(b)
	}
	return h.sum.Write(b)
}

// sha256 is of the bytes so far; asking does not end the count.
func (h *hasher) sha256() string { return hex.EncodeToString(h.sum.Sum(nil)) }

// matches compares with what was announced: by git's hash where that is all that is known, else by SHA-256. Nothing
// announced matches nothing: the empty Digest is no licence.
func (h *hasher) matches() bool {
	if h.git != nil {
		return h.want.Git != "" && hex.EncodeToString(h.git.Sum(nil)) == h.want.Git
	}
	return h.sha256() == h.want.SHA256
}

// verify reads all of r and tells the bytes' SHA-256, and whether size and hash are those announced. One byte more
// than announced is asked for, so that a longer file is noticed and not taken for its beginning.
func verify(ctx context.Context, r io.Reader, f File) (sum string, ok bool, err error) {
	h := newHasher(f)
	n, err := io.Copy(h, io.LimitReader(stoppable{ctx, r}, f.Size+1))
	return h.sha256(), n == f.Size && h.matches(), err
}

// stoppable ends a long read of the disk when the context ends.
type stoppable struct {
	ctx context.Context
	r   io.Reader
}

// Read looks at the context before each piece: hashing gigabytes takes a while, and Ctrl-C should not.
func (s stoppable) Read(b []byte) (int, error) {
	if s.ctx.Err() != nil {
		return 0, context.Cause(s.ctx)
	}
	return s.r.Read(b)
}

// maxFile is the largest size of a file that is believed, so that sums and states of parts stay small. At 32 MB a
// segment the state of the largest has 131,072 numbers.
const maxFile = 4 << 40 // bytes

// checkAnnounced refuses what cannot be verified later. It is asked before the first byte of any file is fetched.
func checkAnnounced(f File) error {
	if f.Size > maxFile {
		return fault.New(fault.Corrupt, "%s: announced with %d bytes, at most %d are taken", f.Name, f.Size,
			int64(maxFile))
	}
	if f.Size < 0 || f.Digest == (Digest{}) {
		return fault.New(fault.Corrupt, "%s: no size or no hash (SHA-256 or git) is known of it, so it could not "+
			"be verified", f.Name)
	}
	return nil
}
