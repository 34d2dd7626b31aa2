package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
)

// errNoRanges says that a server sent the whole file where a range was asked for.
var errNoRanges = errors.New("the server knows no ranges")

// transfer fetches files of one commit over at most cap(gate) connections. One serves all files of a download; a slot
// of gate is held for one segment's whole transfer, its pauses included.
type transfer struct {
	*client
	id, commit string
	segment    int64 // bytes of a range
	gate       chan struct{}
	meter      *meter
	sink       func(*os.File) io.WriterAt // nil but in tests
}

// fetch brings a file into the staging folder and returns its SHA-256. Bytes whose hash is wrong are asked for once
// more: a proxy may have spoilt them, and a second wrong copy will not be the last.
func (t *transfer) fetch(ctx context.Context, s *staging, f File) (string, error) {
	for range 2 {
		sum, ok, err := t.once(ctx, s, f)
		if err != nil {
			return "", fault.New(fault.Of(err), "fetch %s: %w", f.Name, err)
		}
		if ok {
			return sum, nil
		}
	}
	return "", fault.New(fault.Corrupt, "fetch %s: the bytes do not have the announced hash %.12s…, twice: check "+
		"the proxy or mirror between here and the hub", f.Name, f.Digest)
}

// once brings the file one time; ok says that its hash is the announced one. The hash is taken over the disk's bytes
// and not over the wire's: ranges come in any order, and what an earlier start wrote counts too. Not ok, all of its
// bytes are forgotten: nobody can say which are wrong.
func (t *transfer) once(ctx context.Context, s *staging, f File) (sum string, ok bool, err error) {
	p, err := s.openPart(f, t.segment)
	if err != nil {
		return "", false, err
	}
	defer p.file.Close()
	if t.sink != nil {
		p.sink = t.sink(p.file)
	}
	// What an earlier start brought is shown at once, and is no part of the speed.
	t.meter.count(p.have(), true)
	if err := t.fill(ctx, p); err != nil {
		return "", false, err
	}
	sum, ok, err = verify(ctx, io.NewSectionReader(p.file, 0, f.Size+1), f)
	if err != nil || ok {
		return sum, ok, errors.Join(err, s.finish(p, ok))
	}
	t.meter.back(f.Size)
	return "", false, p.reset(t.segment)
}

// fill gets every byte that is missing, by ranges where the server knows them. A server without ranges sends all of
// it whatever is asked for; then there is one segment, from the beginning, on one connection. What came by then is
// worth nothing, since it would be sent again, and the display pays it off.
func (t *transfer) fill(ctx context.Context, p *part) error {
	err := t.segments(ctx, p)
	if !errors.Is(err, errNoRanges) {
		return err
	}
	t.meter.back(p.have())
	p.whole = true
	if err := p.reset(max(p.Size, 1)); err != nil {
		return err
	}
	return t.segments(ctx, p)
}

// segments fetches in parallel; the first error ends the others, and each writes down how far it came. Segments ask
// for the gate themselves, since other files want it too. Those that are there already return at once.
func (t *transfer) segments(ctx context.Context, p *part) error {
	group, ctx := errgroup.WithContext(ctx)
	// More goroutines than connections would only wait.
	group.SetLimit(cap(t.gate))
	for i := range p.state.Done {
		group.Go(func() error { return t.piece(ctx, p, i) })
	}
	return group.Wait()
}

// piece brings one segment, over as many tries as it takes, and writes down how far it came. The state is saved
// after an error too: that is what the next start goes on from.
func (t *transfer) piece(ctx context.Context, p *part, i int) error {
	if begin, end := p.missing(i); begin == end {
		return nil
	}
	select {
	case t.gate <- struct{}{}:
		defer func() { <-t.gate }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	err := t.again(ctx, func() (int64, error) { return t.pull(ctx, p, i) })
	if errors.Is(err, errNoRanges) {
		return err // the state is about to be reset
	}
	return errors.Join(err, p.save())
}

// pull asks for what segment i lacks. Of a file that comes without ranges every try begins anew, so that none of its
// bytes count as progress. The range names bytes from begin to end−1, both included; a whole file is asked for
// without one, so that servers that know no ranges answer as they like.
//
//	segment [32, 64) MB, 5 there     Range: bytes=38797312-67108863     206, written from byte 38797312 on
func (t *transfer) pull(ctx context.Context, p *part, i int) (moved int64, err error) {
	begin, end := p.missing(i)
	if p.whole {
		t.meter.back(begin)
		p.advance(i, -begin)
		begin = 0
	}
	span := fmt.Sprintf("bytes=%d-%d", begin, end-1)
	if begin == 0 && end == p.Size {
		span = ""
	}
	resp, err := t.do(ctx, http.MethodGet, t.fileURL(t.id, t.commit, p.Name), span)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if err := checkReply(resp, t.Endpoint, t.commit, p.File, begin, end); err != nil {
		return 0, err
	}
	moved, err = t.pour(resp.Body, p, i, begin, end)
	if p.whole {
		moved = 0
	}
	return moved, err
}

// checkReply holds a reply's headers to what was announced and asked for, before a byte of it is written. A 200
// where a range was asked for is the whole file, not an error: the caller begins again without ranges. A 206 must be
// of exactly the bytes that were asked for, or they would be written to the wrong place.
func checkReply(resp *http.Response, endpoint *url.URL, commit string, f File, begin, end int64) error {
	h := told(resp, endpoint)
	if err := errors.Join(h.checkCommit(commit), h.checkFile(f)); err != nil {
		return fault.New(fault.Mismatch, "%w", err)
	}
	if resp.StatusCode == http.StatusOK {
		if begin != 0 || end != f.Size {
			return errNoRanges
		}
		if resp.ContentLength >= 0 && resp.ContentLength != f.Size {
			return fault.New(fault.Corrupt, "announced with %d bytes, sent with %d", f.Size, resp.ContentLength)
		}
		return nil
	}
	var from, to, size int64
	if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-%d/%d", &from, &to, &size); err != nil ||
		from != begin || to != end-1 {
		return fault.New(fault.Corrupt, "asked for bytes %d to %d, the server sends others", begin, end-1)
	}
	if size != f.Size {
		return fault.New(fault.Corrupt, "announced with %d bytes, sent with %d", f.Size, size)
	}
	return nil
}

// pour writes [begin, end) of the file from body and no byte more. Every byte is written before it is counted. One
// more byte is read at the end: more than announced is a lie, also if the hash of the beginning fits.
func (t *transfer) pour(body io.Reader, p *part, i int, begin, end int64) (moved int64, err error) {
	buf := make([]byte, 256<<10)
	for begin+moved < end {
		// Never more than is left of the segment: the next one is another goroutine's.
		n, err := body.Read(buf[:min(int64(len(buf)), end-begin-moved)])
		if n > 0 {
			if _, err := p.sink.WriteAt(buf[:n], begin+moved); err != nil {
				return moved, writeFault(err, p.Name)
			}
			moved += int64(n)
			p.advance(i, int64(n))
			t.meter.count(int64(n), false)
		}
		if err != nil && begin+moved < end {
			return moved, t.broken(err) // the end of the body too: it came too early
		}
	}
	if n, _ := io.ReadFull(body, buf[:1]); n > 0 {
		return moved, fault.New(fault.Corrupt, "the server sends more than the announced %d bytes", p.Size)
	}
	return moved, nil
}
