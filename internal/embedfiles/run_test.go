package embedfiles

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"hives/data"
	"hives/encoder"
	"hives/internal/fault"
)

// TestShardsCoverEveryBlockOnce for awkward counts, those with more shards than blocks included.
func TestShardsCoverEveryBlockOnce(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 16, 100} {
		for _, total := range []int{0, 1, 5, 16, 97} {
			next, longest, shortest := 0, 0, total
			for i := range n {
				from, to := (Shard{i, n}).blocks(total)
				if from != next {
					t.Fatalf("shard %d/%d of %d blocks begins at %d, want %d", i, n, total, from, next)
				}
				next, longest, shortest = to, max(longest, to-from), min(shortest, to-from)
			}
			if next != total || longest-shortest > 1 {
				t.Errorf("%d shards of %d blocks end at %d, with %d to %d blocks each", n, total, next, shortest, longest)
			}
		}
	}
}

func TestParseShard(t *testing.T) {
	if s, err := ParseShard("3/16"); err != nil || s != (Shard{3, 16}) {
		t.Errorf("%v, %v", s, err)
	}
	for _, bad := range []string{"", "3", "3/", "/3", "3/3", "-1/3", "0/0", "a/b", "1/2/3", "0/100000", "0x1/3"} {
		if _, err := ParseShard(bad); fault.Of(err) != fault.Invalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestMergedShardsAreTheRowsInOrder(t *testing.T) {
	in, rows := corpus(t, 41)
	out := filepath.Join(t.TempDir(), "vectors")
	m := newFake("w")
	for _, i := range []int{2, 0, 1} { // in any order
		mustRun(t, m, job(in, out, i, 3))
	}
	if m.texts >= len(rows) || m.texts < 21 {
		t.Errorf("%d texts embedded for 41 rows of 21 texts: those that share a text in a block should share the work",
			m.texts)
	}
	merged := filepath.Join(t.TempDir(), "all.parquet")
	c, err := Merge(out, merged)
	if err != nil || c.Input.Rows != 41 {
		t.Fatalf("%d rows, %v", c.Input.Rows, err)
	}
	found, err := parquet.ReadFile[Vector](merged)
	if err != nil {
		t.Fatal(err)
	}
	var want []Vector
	for i, r := range rows {
		want = append(want, Vector{int64(i), *r.TextID, fakeVector("p: " + r.Text)})
	}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("merged (-want +found):\n%s", diff)
	}
	for name, content := range tree(t, out) {
		if strings.Contains(content, "Text number") {
			t.Errorf("%s holds a text", name)
		}
	}
}

func TestFinishedShardDoesNothing(t *testing.T) {
	in, _ := corpus(t, 10)
	out := t.TempDir()
	first := mustRun(t, newFake("w"), job(in, out, 0, 1))
	before := tree(t, out)
	m := newFake("w")
	m.id.Engine, m.id.Name = "cuda", "other folder" // the same model elsewhere
	again := mustRun(t, m, job(in, out, 0, 1))
	if first.Already || !again.Already || m.calls != 0 || again.Rows != 10 {
		t.Errorf("first %v; again %v after %d calls", first, again, m.calls)
	}
	if diff := cmp.Diff(before, tree(t, out)); diff != "" {
		t.Errorf("the second start changed files:\n%s", diff)
	}
}

func TestStoppedShardGoesOnWithItsNextBlock(t *testing.T) {
	in, _ := corpus(t, 30) // 8 blocks
	whole, torn := t.TempDir(), t.TempDir()
	mustRun(t, newFake("w"), job(in, whole, 0, 1))
	ctx, cancel := context.WithCancel(context.Background())
	m := newFake("w")
	m.each = func(call int) error {
		if call == 4 {
			cancel()
		}
		return nil
	}
	_, err := Run(ctx, m, job(in, torn, 0, 1))
	if fault.Of(err) != fault.Canceled || fault.ExitCode(err) != fault.ExitInterrupted ||
		!strings.Contains(err.Error(), "block 3") {
		t.Fatalf("%v", err)
	}
	if _, err := Verify(torn); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), "1 of 1 shards") {
		t.Errorf("verify of a stopped shard: %v", err)
	}
	m = newFake("w")
	var before, now int
	j := job(in, torn, 0, 1)
	j.Progress = func(rows int, earlier bool) {
		if earlier {
			before += rows
		} else {
			now += rows
		}
	}
	r := mustRun(t, m, j)
	if m.calls != 5 || r.Embedded != 18 || before != 12 || now != 18 {
		t.Errorf("%d calls for %d rows, told %d before and %d now; want 5 for 18, 12 and 18", m.calls, r.Embedded,
			before, now)
	}
	same(t, whole, torn)
}

// TestBusyDaemonIsAskedAgain: full or away is worth a pause, a wrong request is not, and patience ends.
func TestBusyDaemonIsAskedAgain(t *testing.T) {
	in, _ := corpus(t, 4)
	for _, c := range []struct {
		kind  fault.Kind
		fails int
		calls int
		done  bool
	}{
		{fault.Exhausted, 3, 4, true}, {fault.Unavailable, 1, 2, true}, {fault.Exhausted, 100, tries, false},
		{fault.Invalid, 1, 1, false},
	} {
		m := newFake("w")
		m.each = func(call int) error {
			if call <= c.fails {
				return fault.New(c.kind, "not now")
			}
			return nil
		}
		j := job(in, t.TempDir(), 0, 1)
		j.Pause = time.Microsecond
		_, err := Run(context.Background(), m, j)
		if m.calls != c.calls || (err == nil) != c.done || (err != nil && fault.Of(err) != c.kind) {
			t.Errorf("%v %d times: %d calls, %v; want %d", c.kind, c.fails, m.calls, err, c.calls)
		}
	}
}

func TestMoreShardsThanBlocks(t *testing.T) {
	in, _ := corpus(t, 5)
	out := t.TempDir()
	for i := range 4 {
		mustRun(t, newFake("w"), job(in, out, i, 4))
	}
	if c, err := Verify(out); err != nil || c.Shards != 4 {
		t.Error(err)
	}
}

func TestRefusals(t *testing.T) {
	in, _ := corpus(t, 10)
	other, _ := corpus(t, 12)
	out := t.TempDir()
	mustRun(t, newFake("w"), job(in, out, 0, 2))
	foreign := t.TempDir()
	os.WriteFile(filepath.Join(foreign, "thesis.txt"), nil, 0o644)
	nameless := newFake("")
	swapped := newFake("w")
	swapped.bend = func(id encoder.Identity) encoder.Identity { id.WeightsSHA256 = "v"; return id }
	change := func(f func(*Job)) Job { j := job(in, out, 1, 2); f(&j); return j }
	for _, c := range []struct {
		name string
		m    Model
		j    Job
		kind fault.Kind
		says string
	}{
		{"another model", newFake("v"), job(in, out, 1, 2), fault.Mismatch, "another model"},
		{"another input", newFake("w"), job(other, out, 1, 2), fault.Mismatch, "another input"},
		{"another prompt", newFake("w"), change(func(j *Job) { j.Prompt = "q" }), fault.Mismatch, "prompt"},
		{"another precision", newFake("w"), change(func(j *Job) { j.Precision = "bf16" }), fault.Mismatch, "precision"},
		{"another block", newFake("w"), change(func(j *Job) { j.BlockRows = 5 }), fault.Mismatch, "block size"},
		{"another n", newFake("w"), job(in, out, 1, 3), fault.Mismatch, "number of shards"},
		{"no such shard", newFake("w"), job(in, out, 2, 2), fault.Invalid, "0 ≤ i < n"},
		{"a model without hashes", nameless, job(in, out, 1, 2), fault.Invalid, "hash"},
		{"a model that is swapped", swapped, job(in, out, 1, 2), fault.Mismatch, "replaced on the way"},
		{"a folder of others", newFake("w"), job(in, foreign, 0, 1), fault.Exists, "thesis.txt"},
		{"no file", newFake("w"), job(in+"x", out, 1, 2), fault.NotFound, "rows.parquetx"},
	} {
		_, err := Run(context.Background(), c.m, c.j)
		if err == nil || fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v (%v), want %v that says %q", c.name, err, fault.Of(err), c.kind, c.says)
		}
	}
	mustRun(t, newFake("w"), job(in, out, 1, 2)) // none of them was in the way
	if _, err := Verify(out); err != nil {
		t.Error(err)
	}
}

func TestTwoProcessesOfOneShard(t *testing.T) {
	in, _ := corpus(t, 10)
	out := t.TempDir()
	m := newFake("w")
	m.each = func(call int) error {
		_, err := Run(context.Background(), newFake("w"), job(in, out, 0, 1))
		if fault.Of(err) != fault.Exists {
			t.Errorf("the second: %v", err)
		}
		return nil
	}
	mustRun(t, m, job(in, out, 0, 1))
}

func TestBadInputs(t *testing.T) {
	type noText struct{ Body string }
	type numbers struct {
		Text int64 `parquet:"text"`
	}
	type plain struct {
		Text string `parquet:"text"`
	}
	secret := "canary-7f3a"
	whole := writeParquet(t, []plain{{"a"}, {"b"}})
	raw, _ := os.ReadFile(whole)
	torn := filepath.Join(t.TempDir(), "torn.parquet")
	os.WriteFile(torn, raw[:len(raw)-9], 0o644)
	for _, c := range []struct{ name, path, says string }{
		{"no column text", writeParquet(t, []noText{{"a"}}), `"text"`},
		{"numbers", writeParquet(t, []numbers{{1}}), `"text"`},
		{"an empty text", writeParquet(t, []plain{{secret}, {""}}), "row 1: the text is empty"},
		{"not UTF-8", writeParquet(t, []plain{{secret + "\xff"}}), "row 0: the text is not UTF-8"},
		{"no rows", writeParquet(t, []plain{}), "no rows"},
		{"torn", torn, "damaged"},
	} {
		_, err := Run(context.Background(), newFake("w"), job(c.path, t.TempDir(), 0, 1))
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
	// Without the column the id is the one that rows have.
	in, err := Run(context.Background(), newFake("w"), job(whole, t.TempDir(), 0, 1))
	if err != nil || in.Rows != 2 {
		t.Fatal(err)
	}
	opened, _, err := openInput(whole)
	if err != nil {
		t.Fatal(err)
	}
	defer opened.close()
	if rows, err := opened.read(1, 2); err != nil || rows[0].TextID != data.TextID("b") {
		t.Errorf("%v, %v", rows, err)
	}
}

func TestDamageIsFound(t *testing.T) {
	in, _ := corpus(t, 10)
	for _, c := range []struct {
		name   string
		damage func(part string) error
	}{
		{"a flipped bit", func(part string) error {
			raw, err := os.ReadFile(part)
			raw[len(raw)/3] ^= 1
			return errors.Join(err, os.WriteFile(part, raw, 0o644))
		}},
		{"a part cut off", func(part string) error { return os.Truncate(part, 100) }},
		{"a part gone", os.Remove},
	} {
		out := t.TempDir()
		mustRun(t, newFake("w"), job(in, out, 0, 1))
		dir := filepath.Join(out, Shard{0, 1}.folder())
		if err := c.damage(filepath.Join(dir, partName(1))); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{"verify": second(Verify(out)),
			"run": second(Run(context.Background(), newFake("w"), job(in, out, 0, 1)))} {
			if fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), partName(1)) {
				t.Errorf("%s: %s: %v", c.name, what, err)
			}
		}
		os.Remove(filepath.Join(dir, partName(1))) // the remedy that the error names
		os.Remove(filepath.Join(dir, manifestFile))
		if r := mustRun(t, newFake("w"), job(in, out, 0, 1)); r.Embedded != 4 {
			t.Errorf("%s: %d rows embedded again, want 4", c.name, r.Embedded)
		}
		if _, err := Verify(out); err != nil {
			t.Errorf("%s: after the remedy: %v", c.name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// TestNewerFormatIsRefused with the remedy.
func TestNewerFormatIsRefused(t *testing.T) {
	in, _ := corpus(t, 4)
	out := t.TempDir()
	mustRun(t, newFake("w"), job(in, out, 0, 1))
	path := filepath.Join(out, corpusFile)
	raw, _ := os.ReadFile(path)
	os.WriteFile(path, []byte(strings.Replace(string(raw), `"format": 1`, `"format": 2`, 1)), 0o644)
	if _, err := Verify(out); fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "newer hives") {
		t.Error(err)
	}
}
