// Command kmeans fits the vectors of a .npy file with internal/kmeans and prints the costs as JSON, to be set
// beside those of scikit_learn.py on the same file. It is a measurement, not a part of HiVES.
//
// Three fits of the same vectors: spherical (as anchors build has it), with means as centres (as scikit-learn has
// it), and spherical with mini-batches. docs/BENCHMARKS.md has what came of it: no worse than scikit-learn by more
// than a seed decides.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"time"

	"hives/internal/kmeans"
)

// outcome is one way to fit; costs are Σ |x−c|².
//
// Two costs for one labelling, since the two programs minimise different ones: scikit-learn the distance to means,
// spherical k-means that to unit centres. Each fit is judged by both.
type outcome struct {
	Fit     string    `json:"fit"`
	Means   float64   `json:"cost_at_means"`        // of the labels, with means as centres: scikit-learn's inertia
	Units   float64   `json:"cost_at_unit_centres"` // of the labels, with unit centres
	Worst   float64   `json:"worst_restart"`
	Costs   []float64 `json:"costs"`
	Passes  int       `json:"passes_of_best"`
	Seconds float64   `json:"seconds"`
}

// main prints a line of JSON for each fit as it is done: three fits of 13,000 texts take minutes.
func main() {
	path := flag.String("vectors", "", "float32 [N, d] of hives embed")
	k := flag.Int("k", 500, "clusters")
	restarts := flag.Int("restarts", 10, "restarts")
	seed := flag.Uint64("seed", 1, "seed")
	batch := flag.Int("batch", 4096, "rows of a mini-batch in the third fit")
	tolerance := flag.Float64("tolerance", kmeans.Defaults(1).Tolerance,
		"share of the cost below which a pass ends a restart; 0 waits for no change at all")
	centre := flag.Bool("centre", false, "subtract the mean vector and normalise again")
	flag.Parse()
	// Points are float32 in one piece, [N·D]: what a fit reads again and again lies together.
	p, err := read(*path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Before the fits, so that all three have the same points.
	// The flag is for vectors that all point one way.
	if *centre {
		recentre(p)
	}
	// The same seed and the same restarts for all three.
	for _, fit := range []string{"spherical", "euclidean", "spherical, mini-batches"} {
		// Defaults as anchors build has them, but for what the flags say.
		o := kmeans.Defaults(*k)
		o.Restarts, o.Seed, o.Spherical, o.Tolerance = *restarts, *seed, fit != "euclidean", *tolerance
		if fit == "spherical, mini-batches" {
			o.BatchSize = *batch
		}
		begin := time.Now()
		r, err := kmeans.Fit(context.Background(), p, o)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		// Costs are taken anew from the labels and not from the fit: both programs are judged by one function.
		json.NewEncoder(os.Stdout).Encode(outcome{
			Fit: fit, Means: kmeans.Cost(p, r.Label, *k, false), Units: kmeans.Cost(p, r.Label, *k, true),
			Worst: slices.Max(r.Costs), Costs: r.Costs, Passes: r.Passes, Seconds: time.Since(begin).Seconds(),
		})
	}
}

// read takes the files that hives embed writes: version 1.0, little-endian float32 in C order. It reads the header
// by its exact words: any other writer's file is refused rather than guessed at.
func read(path string) (kmeans.Points, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return kmeans.Points{}, err
	}
	const before = 10 // magic, version, length of the header
	if len(raw) < before || !bytes.HasPrefix(raw, []byte("\x93NUMPY\x01\x00")) {
		return kmeans.Points{}, fmt.Errorf("%s: not a file of hives embed", path)
	}
	end := before + int(binary.LittleEndian.Uint16(raw[8:]))
	var n, d int
	header := string(raw[before:min(end, len(raw))])
	if _, err := fmt.Sscanf(header, "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d)", &n, &d); err != nil {
		return kmeans.Points{}, fmt.Errorf("%s: not float32 [N, d]: %w", path, err)
	}
	p := kmeans.NewPoints(n, d)
	return p, binary.Read(bytes.NewReader(raw[end:]), binary.LittleEndian, p.Data)
}

// recentre takes the mean vector out and makes unit vectors again: vectors of some models all point into one
// direction, and clusters are then told apart by what is left.
func recentre(p kmeans.Points) {
	mean := make([]float64, p.D)
	for i := range p.N {
		for j, x := range p.Row(i) {
			mean[j] += float64(x) / float64(p.N)
		}
	}
	for i := range p.N {
		row, square := p.Row(i), 0.0
		for j := range row {
			row[j] -= float32(mean[j])
			square += float64(row[j]) * float64(row[j])
		}
		for j := range row {
			row[j] /= float32(math.Sqrt(square))
		}
	}
}
