package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"hives/internal/fsutil"
	"hives/values"
)

const (
	searchWidth  = 1024
	searchAsked  = 16 // vectors at the end of the file that are asked for, all in a turn; peers/search.py agrees
	searchWanted = 10
)

// vectors writes random unit vectors, the asked ones last. A file that is there has the same ones.
func (b *bench) vectors(path string, count int) error {
	if info, err := os.Stat(path); err == nil && info.Size() == int64(count+searchAsked)*searchWidth*4 {
		return nil
	}
	return fsutil.WriteFile(path, func(w io.Writer) error {
		r, v := rand.New(rand.NewPCG(22, 1)), make([]float32, searchWidth)
		for range count + searchAsked {
			square := 0.0
			for i := range v {
				v[i] = float32(r.NormFloat64())
				square += float64(v[i]) * float64(v[i])
			}
			for i := range v {
				v[i] /= float32(math.Sqrt(square))
			}
			if err := binary.Write(w, binary.LittleEndian, v); err != nil {
				return err
			}
		}
		return nil
	})
}

// searchWorker searches the first COUNT vectors of a file for those at its end: FILE [COUNT].
func searchWorker(_ context.Context, args []string) error {
	rows, err := readVectors(args[0])
	if err != nil {
		return err
	}
	stored := len(rows) - searchAsked
	asked := rows[stored:]
	if len(args) > 1 {
		if stored, err = strconv.Atoi(args[1]); err != nil {
			return err
		}
	}
	set := &values.Set{Anchors: make([]values.Anchor, stored)}
	set.Model.Dimension = searchWidth
	for i := range set.Anchors {
		set.Anchors[i] = values.Anchor{ID: int32(i), Vector: rows[i]}
	}
	return turns(func() (a answer, err error) {
		for _, q := range asked {
			near, err := set.NearestAnchors(values.Query{Text: q}, nil, values.Search{TopK: searchWanted})
			if err != nil {
				return a, err
			}
			for _, n := range near {
				a.Output = append(a.Output, float32(n.Anchor.ID))
			}
		}
		return a, nil
	})
}

// readVectors keeps all rows in one piece of memory, as NumPy does.
func readVectors(path string) ([][]float32, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	all := make([]float32, info.Size()/4)
	if err := binary.Read(bufio.NewReaderSize(f, 1<<20), binary.LittleEndian, all); err != nil {
		return nil, err
	}
	rows := make([][]float32, len(all)/searchWidth)
	for i := range rows {
		rows[i] = all[i*searchWidth : (i+1)*searchWidth]
	}
	return rows, nil
}

// searchRows are values.NearestAnchors, which answers the gRPC call of that name, beside NumPy.
func (b *bench) searchRows() (out []row) {
	for _, x := range []struct {
		name    string
		count   int
		threads int
		goal    goal
	}{
		{"search", 100_000, 1, goal{atMost: 24}},
		{"search-all-cores", 100_000, 0, goal{}},
		{"search-million", 1_000_000, 1, goal{}},
	} {
		file := filepath.Join(b.work, fmt.Sprintf("vectors-%d.f32", x.count))
		work := fmt.Sprintf("%d nearest of %s × %s", searchWanted, figure(float64(x.count)), figure(searchWidth))
		if x.threads == 0 {
			work += ", all cores"
		}
		r := row{
			name: x.name, work: work, full: x.name != "search", unit: "ms", amount: searchAsked, threads: x.threads,
			prepare: func() error { return b.vectors(file, x.count) },
			ours:    b.worker("search", file), peer: b.python("NumPy", "search.py", file),
			agree: agreement{same: 1}, goal: x.goal,
		}
		if x.name == "search-million" {
			r.scratch = file // 4.1 GB, and twice as much memory while both sides hold it
		}
		out = append(out, r)
	}
	return out
}
