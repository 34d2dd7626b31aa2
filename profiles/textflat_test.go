package profiles_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"hives/profiles"
)

// manyPosts writes a Parquet file of posts, author after author, or one post of each in turn.
func manyPosts(t *testing.T, authors, each int, together bool) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "posts.parquet")
	f, err := os.Create(path)
	must(t, err)
	defer f.Close()
	w := parquet.NewGenericWriter[post](f, parquet.MaxRowsPerRowGroup(10_000))
	rows := make([]post, 0, 1000)
	for i := range authors * each {
		author := i / each
		if !together {
			author = i % authors
		}
		about := []string{"care", "fairness", "loyalty"}[i%3]
		rows = append(rows, post{fmt.Sprintf("author-%06d", author), "", said(i, about, float64(i%17)/17-.3)})
		if len(rows) == cap(rows) || i == authors*each-1 {
			_, err := w.Write(rows)
			must(t, err)
			rows = rows[:0]
		}
	}
	must(t, w.Close())
	return path
}

// live reads a file into profiles, and returns the most memory that was in use at any of many moments.
func live(t *testing.T, path string) (most uint64, sum *profiles.Summary) {
	t.Helper()
	total, n := 0, 0
	look := func() {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		most = max(most, m.HeapAlloc)
	}
	job := profiles.ReadJob{In: profiles.TextFile{Path: path}, Model: model(t), Out: filepath.Join(t.TempDir(), "o.jsonl")}
	enc := &made{}
	enc.fail = func(texts int) error {
		if enc.seen = nil; texts/5_000 > total {
			total++
			look()
		}
		return nil
	}
	job.Each = func(profiles.TextProfile) error { n++; return nil }
	sum, err := profiles.Read(context.Background(), job, enc)
	must(t, err)
	look()
	return most, sum
}

// TestMemoryIsFlat: four times as many authors take no more memory, but for pages of the file. Control: where the posts
// of all authors are mixed, all are open, and memory grows. HIVES_PROFILE_TEXTS=1000000 reads so many texts instead, of
// a hundredth as many authors, and prints what it took; embedding takes nothing of it, since the encoder is a formula.
func TestMemoryIsFlat(t *testing.T) {
	model(t)
	if n, _ := strconv.Atoi(os.Getenv("HIVES_PROFILE_TEXTS")); n > 0 {
		path := manyPosts(t, n/100, 100, true)
		began := time.Now()
		most, sum := live(t, path)
		t.Logf("%d texts of %d authors: %.0f MB live at most, %s, %s", sum.Texts, sum.Authors, float64(most)/1e6,
			time.Since(began).Round(time.Second), highest(t))
		return
	}
	small, _ := live(t, manyPosts(t, 200, 100, true))
	large, sum := live(t, manyPosts(t, 800, 100, true))
	if sum.Authors != 800 || sum.Texts != 80_000 {
		t.Fatalf("%+v", sum)
	}
	// Pages of the file are held a few at a time: some megabytes, whatever the file holds.
	if large > small+4<<20 {
		t.Errorf("%d kB for 20,000 texts, %d kB for 80,000", small>>10, large>>10)
	}
	if mixed, _ := live(t, manyPosts(t, 800, 100, false)); mixed < large+4<<20 {
		t.Errorf("control: %d kB where all authors are open, %d kB where one is", mixed>>10, large>>10)
	}
}

// highest is the process's peak, as the system counts it.
func highest(t *testing.T) string {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return "peak not known"
	}
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if strings.HasPrefix(in.Text(), "VmHWM") {
			return strings.Join(strings.Fields(in.Text()), " ")
		}
	}
	return "peak not known"
}
