package embedfiles

import (
	"context"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"hives/encoder"
)

// fake embeds a text as four numbers from its hash, and counts.
type fake struct {
	id    encoder.Identity
	texts int                                     // embedded
	calls int                                     // of Encode
	each  func(call int) error                    // before a call, from 1
	bend  func(encoder.Identity) encoder.Identity // of an answer
}

func newFake(weights string) *fake {
	return &fake{id: encoder.Identity{Name: "fake", WeightsSHA256: weights, TokenizerSHA256: "t", Dimension: 4,
		MaxLength: 8, Pooling: "last", Engine: "go"}}
}

func (f *fake) Identity() encoder.Identity { return f.id }

func (f *fake) Encode(ctx context.Context, in []encoder.Input) ([][]float32, encoder.Identity, error) {
	f.calls++
	if f.each != nil {
		if err := f.each(f.calls); err != nil {
			return nil, f.id, err
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, f.id, err
	}
	var out [][]float32
	for _, i := range in {
		out = append(out, fakeVector(i.Prompt+i.Text))
	}
	f.texts += len(in)
	id := f.id
	if f.bend != nil {
		id = f.bend(id)
	}
	return out, id, nil
}

func fakeVector(text string) []float32 {
	h := fnv.New64a()
	h.Write([]byte(text))
	v := make([]float32, 4)
	for k := range v {
		v[k] = float32(int16(h.Sum64()>>(16*k))) / 32768
	}
	return v
}

// source is a row of a test's input, with a column that nobody reads and an optional one.
type source struct {
	Note   string  `parquet:"note"`
	TextID *string `parquet:"text_id"`
	Text   string  `parquet:"text"`
}

// corpus writes n rows in small row groups; each text stands in two rows that follow each other.
func corpus(t testing.TB, n int) (path string, rows []source) {
	t.Helper()
	for i := range n {
		id := fmt.Sprintf("id-%d", i/2)
		rows = append(rows, source{Note: "n", TextID: &id, Text: fmt.Sprintf("Text number %d of the corpus.", i/2)})
	}
	return writeParquet(t, rows), rows
}

func writeParquet[T any](t testing.TB, rows []T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := parquet.NewGenericWriter[T](f, parquet.MaxRowsPerRowGroup(7))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// job is a small shard's work.
func job(in, out string, i, n int) Job {
	return Job{In: in, Out: out, Shard: Shard{i, n}, BlockRows: 4, Prompt: "p: "}
}

func mustRun(t *testing.T, m Model, j Job) Result {
	t.Helper()
	r, err := Run(context.Background(), m, j)
	if err != nil {
		t.Fatalf("shard %s: %v", j.Shard, err)
	}
	return r
}

// tree reads every file below root but locks.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		raw, err := os.ReadFile(path)
		rel, _ := filepath.Rel(root, path)
		out[rel] = string(raw)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// same fails unless two folders hold the same bytes.
func same(t *testing.T, a, b string) {
	t.Helper()
	if diff := cmp.Diff(tree(t, a), tree(t, b)); diff != "" {
		t.Errorf("the folders differ:\n%.600s", diff)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 2000 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}
