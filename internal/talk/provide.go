package talk

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/llm"
)

// SmallModel is where scripts/download_smollm2.sh puts the small model that answers when none is named.
const SmallModel = "out/SmolLM2-135M-Instruct"

// Which says what answers where a command was told dir: that folder, or the small model where dir is empty. note goes
// to the person: a small model's answers must not be taken for the program's best.
func Which(dir string) (path, note string, err error) {
	if dir != "" {
		return dir, "", nil
	}
	if _, err := os.Stat(SmallModel); errors.Is(err, os.ErrNotExist) {
		return "", "", fault.New(fault.NotFound, "no --model, and nothing in %s: bring the small model by "+
			"scripts/download_smollm2.sh, or name a folder", filepath.FromSlash(SmallModel))
	}
	return SmallModel, "a small model, whose answers are a small model's: --model takes another", nil
}

// Provide opens a local model of a configuration. It is a llm.Opener.
func Provide(ctx context.Context, dir string, l llm.Local) (llm.Provider, error) {
	m, err := Open(ctx, dir, Options{
		Engine:    engine.Options{Kind: engine.Kind(l.Engine), Threads: l.Threads},
		Precision: l.Precision, Rows: l.Batch, Template: l.Template,
	})
	if err != nil {
		return nil, err // a nil *Model in an interface would not be nil
	}
	return m, nil
}

// CacheBytes implements llm.Cached.
func (m *Model) CacheBytes(prompt, answer int) (int64, error) {
	return m.runner.CacheBytes(prompt, answer)
}

// Plan is what a request would take: tokens of its prompt, and bytes of cache until its longest answer has ended.
func (m *Model) Plan(r llm.Request) (prompt int, cache int64, err error) {
	ids, err := m.render(r.Messages, r.Prefix)
	if err != nil {
		return 0, 0, err
	}
	answer := r.Sampling.Length()
	if r.Choices != nil {
		answer = 1
	}
	cache, err = m.CacheBytes(len(ids), answer)
	return len(ids), cache, err
}
