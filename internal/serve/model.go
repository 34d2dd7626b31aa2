package serve

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"hives/internal/serve/schedule"
	"hives/internal/serve/share"
	"hives/profiles"
	hivesv1 "hives/proto/hives/v1"
	"hives/tokenizer"
	"hives/values"
)

// Model is what a Loader brings: an engine with weights, and what surrounds them. Whoever loads it hands over Close,
// which frees the weights; the server calls it once, after the last request.
type Model struct {
	Runner     schedule.Runner
	Framed     *tokenizer.Framed // nil where the folder has no tokenizer: only ids can be embedded
	Version    *hivesv1.ModelVersion
	Engine     *hivesv1.Engine
	Prompts    map[string]string
	Aliases    []string // names that requests may call it by, beside Version.Name
	Vocabulary int
	MaxLength  int      // tokens of a text, the end token included
	Positions  int      // that the model was made for; 0 where it does not say
	Exact      bool     // float32, or the same bits in any company: the self-check is strict
	Warnings   []string // what whoever runs the server should know of the model

	// Loaded and switched together with the model; nil for none.
	Values  *values.Set
	Profile *profiles.TextModel
	Trim    func() // gives memory back that the engine has freed; nil for nothing to do
	// TrimBeyond does so each time that the process has grown by so many bytes, until stop is called; nil as above.
	TrimBeyond func(growth int64) (stop func())
	Close      func()
}

// Loader loads a model; a swap calls it again while the old model serves. It must not keep what it loads: whatever
// it returns is closed by the server, and loaded anew the next time.
type Loader func(ctx context.Context) (*Model, error)

// Generation is a model that serves. It stays usable until the release that came with it is called. users counts the
// requests that acquired it; the scheduler, the check and the times belong to it alone, so that nothing of the old
// model is left when a new one serves.
type Generation struct {
	*Model
	sched   *schedule.Scheduler
	users   sync.WaitGroup
	compile atomic.Int64 // nanoseconds that its shapes took so far
	check   *selfCheck
	life    context.Context // ends when another generation takes its place
	over    context.CancelFunc
	observe Observer
	turns   *share.Pool // to tokenise
	admit   Admit
}

// vectorsSHA256 is empty without value vectors.
func (g *Generation) vectorsSHA256() string {
	if g.Values == nil {
		return ""
	}
	return g.Values.SHA256
}

// Stats are the scheduler's counters.
func (g *Generation) Stats() schedule.Stats { return g.sched.Stats() }

// keyer returns what makes keys for texts under one prompt: a hash of weights, tokenizer, prompt, rule for long texts
// and ids. The ids alone decide the vector; with the rest in it, requests that reach the same ids by other ways do not
// share, which is safe and rare. The prompt's length stands before it, so that it cannot run into the ids.
//
// Invariant: equal keys have equal vectors; every part of the question is in the key (TestKeysTellApart).
func (g *Generation) keyer(prompt string, overlong hivesv1.Overlong) func(ids []int32) schedule.Key {
	prefix := []byte(g.Version.WeightsSha256 + "\x00" + g.Version.TokenizerSha256 + "\x00")
	prefix = binary.AppendUvarint(prefix, uint64(len(prompt)))
	prefix = append(prefix, prompt...)
	prefix = append(prefix, byte(overlong))
	return func(ids []int32) schedule.Key {
		b := prefix[:len(prefix):len(prefix)]
		for _, id := range ids {
			b = binary.LittleEndian.AppendUint32(b, uint32(id))
		}
		return sha256.Sum256(b)
	}
}
