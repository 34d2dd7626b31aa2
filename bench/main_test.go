package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A figure stands where a later run had less: its peer was missing, or the disk was full. It goes where outputs differ.
func TestWhatAFigureOutlives(t *testing.T) {
	one, two, three := 1.0, 2.0, 3.0
	beside, only := result{Name: "sft", Ours: &one, Peer: &two}, result{Name: "sft", Ours: &one}
	for _, x := range []struct {
		name       string
		old, later result
		stays      bool
	}{
		{"skipped", beside, result{Why: "skipped, needs x"}, true},
		{"not prepared", beside, result{Why: "prepare: no space left on device"}, true},
		{"its peer is missing", beside, result{Ours: &three, Why: alone + "skipped, needs x"}, true},
		{"nor had it one before", only, result{Ours: &three, Why: alone + "skipped, needs x"}, false},
		{"measured anew", beside, result{Ours: &three, Peer: &two}, false},
		{"outputs differ", beside, result{Why: "outputs differ: least cosine .1"}, false},
	} {
		b := testBench(t)
		x.later.Name = "sft"
		for _, line := range []result{x.old, x.later} {
			if err := b.write([]result{line}); err != nil {
				t.Fatal(err)
			}
		}
		all, err := b.read()
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(all, func(y result) bool { return y.Name == "sft" })
		if got := all[at].Ours != nil && *all[at].Ours == one; got != x.stays {
			t.Errorf("%s: it stayed %v, want %v", x.name, got, x.stays)
		}
	}
}

// A failed row is told at the end, the others are written, and a file that is too large to be kept is gone.
func TestMeasureAllGoesOn(t *testing.T) {
	b := testBench(t)
	large := filepath.Join(b.work, "large")
	good := row{name: "sft", unit: "s", ours: says(`{"amount":1}`), scratch: large,
		prepare: func() error { return os.WriteFile(large, nil, 0o644) }}
	bad := row{name: "search", unit: "s", prepare: func() error { return errors.New("no space") }}
	if err := b.measureAll(t.Context(), []row{bad, good}); err == nil || !strings.HasPrefix(err.Error(), "1 of 2 rows") {
		t.Errorf("one of two rows failed: %v", err)
	}
	if _, err := os.Stat(large); err == nil {
		t.Error("a large file stayed")
	}
	all, err := b.read()
	if err != nil {
		t.Fatal(err)
	}
	for name, measured := range map[string]bool{"sft": true, "search": false} {
		at := slices.IndexFunc(all, func(x result) bool { return x.Name == name })
		if got := all[at].Ours != nil; got != measured {
			t.Errorf("row %s is measured: %v", name, got)
		}
	}
}

func TestDigest(t *testing.T) {
	less, more := .9, 1.1
	got := digest([]result{{Work: "a", Goal: "≥ 1 ×", Verdict: reached, Ratio: &more}, {Work: "b", Goal: "≥ 1 ×"},
		{Work: "c", Ratio: &less},
		{Work: "d", Goal: "≤ 1 s", Verdict: undecided}, {Work: "its peak memory", Goal: "≥ 1 ×", Verdict: missed}})
	want := "Of 4 goals 1 are reached, 1 missed, 1 undecided, 1 without a figure. " +
		"Not reached: d; d: its peak memory. Behind the peer: c."
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestLackingSaysEachRemedyOnce(t *testing.T) {
	peer := side{name: "peer", needs: []need{{filepath.Join(t.TempDir(), "gone"), "bring.sh"}}}
	got := lacking([]row{{peer: peer}, {peer: peer}, {peer: side{name: "here", needs: []need{{t.TempDir(), "x"}}}}})
	if len(got) != 1 || !strings.Contains(got[0], "peer is left out: it needs bring.sh") {
		t.Errorf("%q", got)
	}
}

func TestChooseCore(t *testing.T) {
	last, err := chooseCore(-1)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := chooseCore(last); err != nil || got != last {
		t.Errorf("the last core, %d: %d, %v", last, got, err)
	}
	if _, err := chooseCore(1 << 20); err == nil {
		t.Error("a core that there is not was taken")
	}
}

// One turn that is not counted, and then rounds; a curve has no such turn, and at most three rounds.
func TestMinutes(t *testing.T) {
	for want, x := range map[string]result{
		"36s": {Wall: [2]float64{2, 4}},
		"12s": {Curve: []point{{10, 1, 0}, {100, 3, 0}}, Wall: [2]float64{3, 0}},
		"":    {},
	} {
		if got := x.minutes(5); got != want {
			t.Errorf("%+v: %q, want %q", x, got, want)
		}
	}
}
