package hub

import (
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
)

// DefaultJobs is the number of connections at a time, and of files that are worked on.
const DefaultJobs = 8

// Request says what to download and where to.
type Request struct {
	ID       string   // OWNER/NAME; DefaultModel where empty
	Revision string   // commit, tag or branch; the pinned one, else main, where empty
	Out      string   // model folder
	Include  []string // patterns; Wanted where empty
	Exclude  []string
	Jobs     int  // connections at a time
	DryRun   bool // plan only
	// Progress starts a display of bytes out of total; before says that they were not fetched now. May be nil.
	Progress func(total int64) (add func(n int64, before bool), end func())
	Say      func(format string, args ...any) // lines for people; may be nil
}

// Result tells what stands in the folder, or would.
type Result struct {
	Record
	Out  string    `json:"out"`
	Plan []Planned `json:"plan"`
}

// Bytes sums the plan's sizes. Files that stand already are in it: a display counts them at once, as brought before.
func (r Result) Bytes() (n int64) {
	for _, p := range r.Plan {
		n += p.Size
	}
	return n
}

// download is a Request under way.
//
// Its client says whether the hub may be asked (Offline may be switched on under way), its target whether a folder
// stands.
type download struct {
	Request
	client   *client
	cache    cached
	target   target
	commit   string
	segment  int64                      // bytes of a range
	sink     func(*os.File) io.WriterAt // nil but in tests
	finished sync.Mutex                 // guards done and staged
	done     []RecordFile
	staged   []string
}

// Run downloads. A stop by the context is marked as saved: the same request goes on from there.
//
//	list       the hub's answer, or the cache's: names, sizes, hashes, one commit
//	plan       which files, and where each lies: here, in the cache, on the hub
//	obtain     each into .NAME.partial/files, verified
//	install    all of them appear under their names; the record is the last
//
// Invariant: a file is under its name in the target only after all its bytes had the announced hash (TestWrongByte,
// TestStaleOrDamagedPart, TestSpoiltCacheIsNotBelieved).
func Run(ctx context.Context, s Settings, r Request) (Result, error) {
	d, err := newDownload(s, r, defaultPatience)
	if err != nil {
		return Result{}, err
	}
	return d.run(ctx)
}

// newDownload takes what was asked for and fills in the defaults; a mistake in it is one of usage.
func newDownload(s Settings, r Request, p patience) (*download, error) {
	r.ID = cmp.Or(r.ID, DefaultModel)
	r.Revision = cmp.Or(r.Revision, pins[r.ID].commit, "main")
	if err := checkAsked(r.ID, r.Revision); err != nil {
		return nil, fault.Usage(err)
	}
	if r.Jobs < 1 || r.Jobs > 64 {
		return nil, fault.Usage(fault.New(fault.Invalid, "%d connections: want 1 to 64", r.Jobs))
	}
	r.Out = filepath.Clean(cmp.Or(r.Out, filepath.Join("out", filepath.Base(r.ID))))
	return &download{Request: r, client: newClient(s, p, r.Jobs), cache: openCache(s.Cache, r.ID),
		segment: segmentBytes}, nil
}

// say tells people; without anybody listening it says nothing.
func (d *download) say(format string, args ...any) {
	if d.Say != nil {
		d.Say(format, args...)
	}
}

// run plans and, unless only the plan was asked for, works. Any error after a stop says that what came is kept. The
// cache's handle is open for the whole run, since plan and work both look into it.
func (d *download) run(ctx context.Context) (Result, error) {
	defer d.cache.close()
	plan, err := d.plan(ctx)
	if err != nil {
		return Result{}, d.stopped(ctx, err)
	}
	res := Result{Out: d.Out, Plan: plan,
		Record: Record{Format: 1, Kind: recordKind, ID: d.ID, Revision: d.Revision, Commit: d.commit}}
	if d.DryRun {
		return res, nil
	}
	if err := d.work(ctx, &res); err != nil {
		return Result{}, d.stopped(ctx, err)
	}
	return res, nil
}

// stopped marks an error after the context's end: nothing that came is lost.
func (d *download) stopped(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return fault.Saved(fault.New(fault.Canceled, "download of %s: %w; what came is kept", d.ID, context.Cause(ctx)))
}

// work obtains every file and lets them appear. Space is looked at only for a fresh folder: in one that stands most
// files are there already, and what they replace cannot be told from outside.
func (d *download) work(ctx context.Context, res *Result) error {
	if d.target.fresh {
		if err := checkSpace(d.Out, res.Plan); err != nil {
			return err
		}
	}
	s, err := openStaging(d.Out)
	if err != nil {
		return err
	}
	defer s.close()
	m := &meter{}
	if d.Progress != nil {
		show, end := d.Progress(res.Bytes())
		m.show = show
		defer end()
	}
	if err := d.obtainAll(ctx, s, m, res.Plan); err != nil {
		return err
	}
	// The record is written with the files and not before: it never names what is not there.
	res.Record = d.target.record(res.Record).with(d.done)
	if err := d.target.install(ctx, s, d.staged, res.Record); err != nil {
		return err
	}
	return s.remove()
}

// obtainAll works on several files at a time. The gate bounds the connections over all of them, as one file may take
// every one. The group's limit is on files, the gate's on connections: with one limit for both, eight files could
// wait for each other's ranges. The first error ends the rest; what they have is kept.
func (d *download) obtainAll(ctx context.Context, s *staging, m *meter, plan []Planned) error {
	t := &transfer{client: d.client, id: d.ID, commit: d.commit, segment: d.segment,
		gate: make(chan struct{}, d.Jobs), meter: m, sink: d.sink}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(d.Jobs)
	for _, p := range plan {
		group.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			sum, here, err := d.obtain(ctx, s, t, p.file)
			if err != nil {
				return err
			}
			d.finished.Lock()
			defer d.finished.Unlock()
			d.done = append(d.done, RecordFile{Name: p.Name, Size: p.Size, SHA256: sum, Git: p.file.Digest.Git})
			if !here {
				d.staged = append(d.staged, p.Name)
			}
			return nil
		})
	}
	return group.Wait()
}

// obtain looks for the file where it is nearest: in the target, in the staging folder, in the hub cache, on the hub.
// Wherever it lies, its hash decides. The order is that of the cost: reading a file that is here, then a copy, then
// the network.
func (d *download) obtain(ctx context.Context, s *staging, t *transfer, f File) (sum string, here bool, err error) {
	// A file of the right size may still be damaged: it is read, and its hash decides.
	if sum, ok, err := verified(ctx, d.target.open(f), f, t.meter); ok || err != nil {
		return sum, true, err
	}
	if sum, ok, err := verified(ctx, openPlain(s.root, filepath.Join(filesDir, filepath.FromSlash(f.Name)), f.Size),
		f, t.meter); ok || err != nil {
		return sum, false, err
	}
	if src := d.cache.open(f, d.commit); src != nil {
		defer src.Close()
		if sum, ok, err := s.copyInto(ctx, src, f, t.meter); ok || err != nil {
			return sum, false, err
		}
		d.say("%s in the hub cache does not have its hash: left alone", f.Name)
	}
	if d.client.Offline {
		return "", false, fault.New(fault.Corrupt, "%s is not whole in the hub cache: go without HF_HUB_OFFLINE",
			f.Name)
	}
	sum, err = t.fetch(ctx, s, f)
	return sum, false, err
}

// verified reads a file that lies here; nil is none. It closes the file. Not ok without an error means other bytes;
// an error means that the disk, or the caller, ended it.
func verified(ctx context.Context, file *os.File, f File, m *meter) (sum string, ok bool, err error) {
	if file == nil {
		return "", false, nil
	}
	defer file.Close()
	if sum, ok, err = verify(ctx, file, f); ok {
		m.count(f.Size, true)
	}
	return sum, ok, err
}
