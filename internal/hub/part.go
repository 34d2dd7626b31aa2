package hub

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// segmentBytes is the length of a range: what one connection asks for at a time, and what a kill can cost each.
const segmentBytes = 32 << 20

const partKind = "partial download"

// partState stands beside the bytes of a file that is not whole; FORMAT.md draws it.
//
// A file of 70 MB in segments of 32, after a kill, in MB:
//
//	segment      0            1            2
//	[begin, end) [0, 32)      [32, 64)     [64, 70)
//	done         32           5            0
//	next asked   nothing      [37, 64)     [64, 70)
//
// The bytes of all segments lie in one file of that length, with holes where nothing came yet.
//
// Invariant: what done claims was written before it was claimed. It may claim less than is there, never more.
type partState struct {
	Format  int     `json:"format"` // 1
	Kind    string  `json:"kind"`
	ETag    string  `json:"etag"`    // the announced hash
	Size    int64   `json:"size"`    // bytes
	Segment int64   `json:"segment"` // bytes
	Done    []int64 `json:"done"`    // bytes of each segment, from its begin
}

// newState has no byte of f; an empty file has no segments.
func newState(f File, segment int64) partState {
	return partState{Format: 1, Kind: partKind, ETag: f.Digest.String(), Size: f.Size, Segment: segment,
		Done: make([]int64, (f.Size+segment-1)/segment)}
}

// span is segment i, [begin, end).
func (s *partState) span(i int) (begin, end int64) {
	begin = int64(i) * s.Segment
	return begin, min(begin+s.Segment, s.Size)
}

// fits tells whether a stored state speaks of file f and of no more bytes than are there. A state of another hash is
// of another version of the file, whose bytes would not fit these. there is the length of the file of bytes: shorter
// than claimed, it was cut by something else.
func (s *partState) fits(f File, there int64) bool {
	if s.Format != 1 || s.Kind != partKind || s.ETag != f.Digest.String() || s.Size != f.Size || s.Segment <= 0 ||
		int64(len(s.Done)) != (f.Size+s.Segment-1)/s.Segment {
		return false
	}
	for i, done := range s.Done {
		begin, end := s.span(i)
		if done < 0 || done > end-begin || (done > 0 && begin+done > there) {
			return false
		}
	}
	return true
}

// part is a file on its way. Its segments are written by one goroutine each; mu guards the state.
//
// Whoever opens one owes its file a Close; the bytes and the state stay.
type part struct {
	File
	file  *os.File
	sink  io.WriterAt // file, but in tests of full disks
	name  string      // below the staging folder, without ending
	root  *os.Root
	whole bool // the server knows no ranges
	mu    sync.Mutex
	state partState
}

// openPart goes on with what an earlier start left, if that was of the same bytes. The name on disk is a hash of the
// file's name: a server that lists "lock" cannot hit ours.
func (s *staging) openPart(f File, segment int64) (*part, error) {
	sum := sha256.Sum256([]byte(f.Name)) // so that no name of the server's collides with one of ours
	p := &part{File: f, root: s.root, name: filepath.Join(partsDir, hex.EncodeToString(sum[:16]))}
	for _, name := range []string{p.name + ".part", p.name + ".json", p.name + ".new"} {
		if err := plainBelow(s.root, name); err != nil {
			return nil, err
		}
	}
	var err error
	if p.file, err = s.root.OpenFile(p.name+".part", os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, writeFault(err, f.Name)
	}
	p.sink = p.file
	info, err := p.file.Stat()
	raw, _ := fsutil.ReadRegularIn(s.root, p.name+".json") // absent or unreadable: from the beginning
	if err != nil || json.Unmarshal(raw, &p.state) != nil || !p.state.fits(f, info.Size()) {
		err = p.reset(segment)
	}
	return p, err
}

// reset forgets all bytes. The state goes first: a kill in between leaves bytes without a state, which count for
// nothing.
func (p *part) reset(segment int64) error {
	p.mu.Lock()
	p.state = newState(p.File, segment)
	p.mu.Unlock()
	if err := p.root.Remove(p.name + ".json"); err != nil && !os.IsNotExist(err) {
		return fsutil.Classify(err, p.Name)
	}
	return writeFault(p.file.Truncate(0), p.Name)
}

// have counts the bytes that are there.
func (p *part) have() (n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, done := range p.state.Done {
		n += done
	}
	return n
}

// missing is what segment i lacks, [begin, end). Both are places in the file, not in the segment; begin = end where
// nothing is missing.
func (p *part) missing(i int) (begin, end int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	begin, end = p.state.span(i)
	return begin + p.state.Done[i], end
}

// advance is called after the bytes were written, so that a state never claims more than there is. A negative n takes
// bytes back, of a file that comes without ranges.
func (p *part) advance(i int, n int64) {
	p.mu.Lock()
	p.state.Done[i] += n
	p.mu.Unlock()
}

// save writes the state down, whole. Neither it nor the bytes are synced: after a power cut the file's hash decides.
// It is written by each connection at the end of its segment, so a kill costs at most the segments under way.
func (p *part) save() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	raw, err := json.Marshal(p.state)
	if err != nil {
		return err
	}
	if err := p.root.WriteFile(p.name+".new", raw, 0o644); err != nil {
		return writeFault(err, p.Name)
	}
	return writeFault(p.root.Rename(p.name+".new", p.name+".json"), p.Name)
}

// writeFault gives a full disk its remedy; nothing is undone then, unlike elsewhere.
func writeFault(err error, name string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fault.New(fault.Exhausted,
			"write %s: %w; what came is kept: free space and run the same command again", name, err)
	}
	return fsutil.Classify(err, name)
}
