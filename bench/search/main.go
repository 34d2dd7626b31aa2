// Command search looks for the nearest stored sentences again and again on demand, for beside_numpy.py, which sets it
// beside NumPy. It is a measurement, not a part of HiVES.
//
//	search vectors.f32 D K
//
// The file holds vectors of D little-endian float32, of which the last ones are queries; see beside_numpy.py. Each line
// on stdin names a query by its place; the answer is wall seconds, processor seconds and the K places, nearest first.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"hives/values"
)

// queries is the number of vectors at the end of the file that are asked for, not stored; beside_numpy.py agrees.
const queries = 16

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("give a file of vectors, their width and how many neighbours are wanted")
	}
	d, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	k, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	rows, err := read(args[0], d)
	if err != nil {
		return err
	}
	stored := len(rows) - queries
	set := &values.Set{Anchors: make([]values.Anchor, stored)}
	set.Model.Dimension = d
	for i := range set.Anchors {
		set.Anchors[i] = values.Anchor{ID: int32(i), Vector: rows[i]}
	}
	fmt.Println("ready")
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		at, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		if err := answer(set, rows[stored+at], k); err != nil {
			return err
		}
	}
	return nil
}

// answer prints one search on one line.
func answer(set *values.Set, query []float32, k int) error {
	began, before := time.Now(), processor()
	near, err := set.NearestAnchors(values.Query{Text: query}, nil, values.Search{TopK: k})
	if err != nil {
		return err
	}
	wall, used := time.Since(began).Seconds(), processor()-before
	places := make([]string, len(near))
	for i, n := range near {
		places[i] = strconv.Itoa(int(n.Anchor.ID))
	}
	fmt.Println(wall, used, strings.Join(places, ","))
	return nil
}

// processor is the time in seconds that this process has had on processors, all threads together.
func processor() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		return math.NaN()
	}
	return float64(t.Nano()) / float64(time.Second)
}

// read keeps all rows in one piece of memory, as NumPy does.
func read(path string, d int) ([][]float32, error) {
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
	rows := make([][]float32, len(all)/d)
	for i := range rows {
		rows[i] = all[i*d : (i+1)*d]
	}
	return rows, nil
}
