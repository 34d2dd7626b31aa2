package embedfiles

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Model is an encoder that tells its identity before the first text. The identity must come first: a shard that
// learnt its model with its first vectors could not be compared with the others before it had computed.
type Model interface {
	encoder.Encoder
	Identity() encoder.Identity
}

// DefaultBlock is how many rows a part has: 16 MiB with 1,024 numbers a vector, half a minute of a 0.6B model's work
// on a GPU and what a kill can cost. It is part of the corpus: another number is another division, refused in the
// same folder.
const DefaultBlock = 4096

// Job is one shard's work. Several processes may have the same job but for Shard, on as many machines as see one
// folder.
type Job struct {
	In, Out   string
	Shard     Shard
	BlockRows int
	Prompt    string // put before every text
	Precision string // of a model folder: vectors of one precision only stand under one Out
	// Pause before a block is tried again when the daemons are full or away; it grows to a minute. 0 for 5 seconds.
	Pause time.Duration
	// Progress, if set, hears of rows as they are done; those of an earlier start come with before set.
	Progress func(rows int, before bool)
}

// Result says what a start did.
//
// Rows of the Manifest = Embedded + rows of earlier starts.
type Result struct {
	Manifest
	Embedded int  // rows embedded by this start
	Already  bool // the shard had been finished before
}

// String is the line that a shard ends with. A start that found everything done says so, and is no failure.
func (r Result) String() string {
	if r.Already {
		return fmt.Sprintf("shard %s was done already: %d rows in %d parts", r.Shard, r.Rows, len(r.Parts))
	}
	return fmt.Sprintf("shard %s is done: %d rows in %d parts, %d rows embedded now", r.Shard, r.Rows, len(r.Parts),
		r.Embedded)
}

// Run embeds a shard, from where an earlier start of it stopped. On an error, a cancelled context included, every
// part that was finished stays and the shard has no manifest.
//
//	identity → input → claim the folder → hold the shard → done already? → blocks → manifest
//
// Each step is of one shard alone, but for the claim: corpus.json is what shards agree about, without talking.
//
// Errors say what to do next: Mismatch wants another --out, Exists another process's end, Corrupt a file removed;
// after Canceled, Exhausted and Unavailable the same command goes on.
func Run(ctx context.Context, m Model, j Job) (Result, error) {
	if j.BlockRows < 1 || j.Shard.Of < 1 || j.Shard.Index < 0 || j.Shard.Index >= j.Shard.Of {
		return Result{}, fault.New(fault.Invalid, "shard %s with blocks of %d rows: want i/n with 0 ≤ i < n, and "+
			"a row at least", j.Shard, j.BlockRows)
	}
	j.Pause = cmp.Or(j.Pause, 5*time.Second)
	id := m.Identity()
	if id.WeightsSHA256 == "" {
		return Result{}, fault.New(fault.Invalid, "the endpoint does not tell its weights' hash, so shards could "+
			"not be held to one model: give --model, or a grpc endpoint")
	}
	in, about, err := openInput(j.In)
	if err != nil {
		return Result{}, err
	}
	defer in.close()
	c := Corpus{Format: format, Kind: kindCorpus, Input: about, Model: id, Prompt: j.Prompt, Precision: j.Precision,
		BlockRows: j.BlockRows, Shards: j.Shard.Of}
	digest, err := c.claim(j.Out)
	if err != nil {
		return Result{}, err
	}
	release, err := hold(filepath.Join(j.Out, j.Shard.folder()))
	if err != nil {
		return Result{}, err
	}
	defer release()
	if done, err := finished(j.Out, digest, c, j.Shard); done != nil || err != nil {
		if err == nil && j.Progress != nil {
			j.Progress(done.Rows, true)
		}
		return finishedResult(done, err)
	}
	w := &worker{job: j, corpus: c, digest: digest, model: m, in: in}
	if err := w.blocks(ctx); err != nil {
		return Result{Embedded: w.embedded}, err
	}
	return w.finish()
}

// finishedResult is that of a start that found everything done.
func finishedResult(m *Manifest, err error) (Result, error) {
	if err != nil {
		return Result{}, err
	}
	return Result{Manifest: *m, Already: true}, nil
}

// hold keeps a second process of this machine out of a shard and clears what a killed one left. Across machines
// nobody is kept out where the file system knows no locks between them: parts are written as a whole, so that costs
// work, and a part that does not fit the manifest is found by Verify. The kernel frees the lock of a process that
// dies.
func hold(dir string) (release func(), err error) {
	if err := fsutil.MakeFolders(dir); err != nil {
		return nil, fsutil.Classify(err, dir)
	}
	lock := flock.New(filepath.Join(dir, "lock"))
	held, err := lock.TryLock()
	if err == nil && !held {
		err = fault.New(fault.Exists, "%s: another process works on this shard: wait for it", dir)
	}
	if err == nil {
		err = fsutil.Restore(dir)
	}
	if err != nil {
		lock.Close()
		return nil, fsutil.Classify(err, dir)
	}
	return func() { lock.Close() }, nil
}
