package hub

import (
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// cached is a model's folder in a hub cache (blobs by etag, snapshots of links to them), which is read and never
// written. root follows its links and none that leads out of it. os.Root does that: a cache that somebody else
// filled cannot make us read /etc/passwd by a link.
//
//	models--OWNER--NAME/refs/main                        97b0…  the commit that the branch was
//	models--OWNER--NAME/snapshots/97b0…/config.json      → ../../blobs/HASH, or a copy
//	models--OWNER--NAME/blobs/HASH                       the bytes, by SHA-256 or git's hash
type cached struct{ root *os.Root }

// openCache returns a cached that finds nothing where the cache does not have the model. Whoever opens it owes close;
// a cached that finds nothing may be closed too. There is no error: a cache that cannot be read is as good as none.
func openCache(dir, id string) cached {
	root, err := os.OpenRoot(filepath.Join(dir, "models--"+strings.ReplaceAll(id, "/", "--")))
	if err != nil {
		return cached{}
	}
	return cached{root}
}

// cachedIDs are the models of which the cache holds anything. It is for hints at misspelt ids only, so errors are
// nobody's concern.
func (s Settings) cachedIDs() (ids []string) {
	folders, _ := filepath.Glob(filepath.Join(s.Cache, "models--*--*"))
	for _, f := range folders {
		ids = append(ids, strings.Replace(strings.TrimPrefix(filepath.Base(f), "models--"), "--", "/", 1))
	}
	return ids
}

// close frees the folder's handle, if there is one.
func (c cached) close() {
	if c.root != nil {
		c.root.Close()
	}
}

// open finds a file by its hash, or by its name in the commit's snapshot, if it has the announced size. The hash is
// not looked at here: reading gigabytes twice would cost as much as copying them. Whoever copies compares it.
func (c cached) open(f File, commit string) *os.File {
	if c.root == nil {
		return nil
	}
	// By its hash it is found whatever snapshot it belongs to; by its name where the cache holds copies and no
	// links.
	for _, name := range []string{path.Join("blobs", f.Digest.String()), path.Join("snapshots", commit, f.Name)} {
		file, err := fsutil.OpenRegularIn(c.root, filepath.FromSlash(name))
		if err != nil {
			continue
		}
		if info, err := file.Stat(); err == nil && info.Size() == f.Size {
			return file
		}
		file.Close()
	}
	return nil
}

// list reads a snapshot: what is known of a revision without the hub. Whoever filled the cache may have left files
// out, so the caller checks that a model is there. A branch is resolved by refs/BRANCH, which holds the commit that
// it was when the cache was last filled. The error is the same whatever is missing, of kind NotFound: each time the
// remedy is to ask the hub.
func (c cached) list(id, revision string) (listing, error) {
	absent := fault.New(fault.NotFound, "%s at %s is not in the hub cache: check HF_HOME and HF_HUB_CACHE, or go "+
		"without HF_HUB_OFFLINE", id, revision)
	if c.root == nil {
		return listing{}, absent
	}
	l := listing{commit: revision}
	// A commit is its own folder; a branch or tag is a small file that holds the commit.
	if !commitForm.MatchString(revision) {
		raw, err := fsutil.ReadRegularIn(c.root, filepath.Join("refs", filepath.FromSlash(revision)))
		if l.commit = strings.TrimSpace(string(raw)); err != nil || !commitForm.MatchString(l.commit) {
			return listing{}, absent
		}
	}
	base := path.Join("snapshots", l.commit)
	err := fs.WalkDir(c.root.FS(), base, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		l.files = append(l.files, c.file(name, strings.TrimPrefix(name, base+"/")))
		return nil
	})
	if err != nil {
		return listing{}, absent
	}
	return l, checkNames(l.files)
}

// file takes the hash from the name of the blob that a snapshot's entry links to; a copy has none. Without a hash the
// file is of no use offline (checkAnnounced), for nothing could be held against its bytes.
func (c cached) file(place, name string) File {
	f := File{Name: name, Size: -1}
	if link, err := c.root.Readlink(place); err == nil {
		f.Digest = parseDigest(path.Base(filepath.ToSlash(link)))
	}
	if info, err := c.root.Stat(place); err == nil && info.Mode().IsRegular() {
		f.Size = info.Size()
	}
	return f
}

// checkShards refuses a snapshot whose index names weights that it lacks. Without this a load would fail later, in
// the middle, with less to say.
func (c cached) checkShards(l listing) error {
	have := map[string]bool{}
	for _, f := range l.files {
		// A link whose target is gone has a size of −1 and counts as missing.
		have[f.Name] = f.Size >= 0
	}
	const index = "model.safetensors.index.json"
	if !have[index] {
		return nil
	}
	raw, err := fsutil.ReadRegularIn(c.root, filepath.Join("snapshots", l.commit, index))
	var got struct {
		Map map[string]string `json:"weight_map"`
	}
	if err != nil || json.Unmarshal(raw, &got) != nil {
		return fault.New(fault.Corrupt, "%s in the hub cache is no index of weights: go without HF_HUB_OFFLINE", index)
	}
	for _, shard := range got.Map {
		if !have[shard] {
			return fault.New(fault.NotFound, "the hub cache lacks %q, which the index names: go without "+
				"HF_HUB_OFFLINE", shard)
		}
	}
	return nil
}

// copyInto brings a file from the cache into the staging folder. It is a copy and not a link, so that nobody who
// works on the model folder changes the cache; bytes other than announced are told by ok. The meter goes forward as
// bytes come and back if they prove wrong. An error is the disk's or the context's; not ok means that the cache's
// file is spoilt and the hub must be asked.
func (s *staging) copyInto(ctx context.Context, src io.Reader, f File, m *meter) (sum string, ok bool, err error) {
	// A part like any other, begun anew: what an earlier start had of it came from somewhere else.
	p, err := s.openPart(f, segmentBytes)
	if err != nil {
		return "", false, err
	}
	defer p.file.Close()
	if err := p.reset(segmentBytes); err != nil {
		return "", false, err
	}
	h := newHasher(f)
	n, err := io.Copy(io.MultiWriter(p.file, h, shown{m}), io.LimitReader(stoppable{ctx, src}, f.Size))
	if err != nil {
		return "", false, writeFault(err, f.Name)
	}
	if n != f.Size || !h.matches() {
		m.back(n)
		return "", false, p.reset(segmentBytes)
	}
	return h.sha256(), true, s.finish(p, true)
}

// shown counts what is written to it. Beside the disk and the hash it is a third writer, so the copy is read once.
type shown struct{ *meter }

// Write counts bytes as they were here before: copying is no part of the download's speed.
func (s shown) Write(b []byte) (int, error) {
	s.count(int64(len(b)), true)
	return len(b), nil
}
