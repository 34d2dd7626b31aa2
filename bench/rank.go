package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"hives/ranking"
)

const pairsEach = 30 // a text, as hives vidb build has them

// drawPairs lets each text meet 30 others; it wins with probability 1 / (1 + exp(−difference of utilities)).
func drawPairs(texts int, spread float64) [][]int {
	r := rand.New(rand.NewPCG(4, uint64(texts)))
	theta := make([]float64, texts)
	for i := range theta {
		theta[i] = spread * r.NormFloat64()
	}
	var out [][]int
	for a := range texts {
		for range pairsEach {
			b := (a + 1 + r.IntN(texts-1)) % texts
			if r.Float64() < 1/(1+math.Exp(theta[b]-theta[a])) {
				out = append(out, []int{a, b})
			} else {
				out = append(out, []int{b, a})
			}
		}
	}
	return out
}

// rankWorker fits drawn pairs: PRIOR SPREAD TEXTS.
func rankWorker(_ context.Context, args []string) error {
	prior, err := ranking.ParsePrior(args[0])
	if err != nil {
		return err
	}
	spread, err := strconv.ParseFloat(args[1], 64)
	if err != nil {
		return err
	}
	texts, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	orders := drawPairs(texts, spread)
	return turns(func() (a answer, err error) {
		r, err := ranking.New(texts, orders, nil)
		if err != nil {
			return a, err
		}
		fit, err := ranking.Fit(r, prior)
		if err != nil {
			return a, err
		}
		if prior != ranking.None() { // errors of the fit, as hives vidb fit makes them
			fit.Diagonal()
		}
		for _, x := range fit.Theta {
			a.Output = append(a.Output, float32(x))
		}
		return a, nil
	})
}

// rankRows are 1,000 texts beside choix. Without a prior the texts lie so near each other that none wins or loses all
// of its pairs. choix's opt_pairwise has a ridge of α Σθ², ours α/2 Σθ²: the same number is given to both.
func (b *bench) rankRows() (out []row) {
	const texts = 1000
	python := filepath.Join(b.cache, "python-choix", "bin", "python")
	for _, x := range []struct{ name, work, prior, spread, method string }{
		{"rank", "ranking: 30,000 pairs of 1,000 texts", "none", ".4", "mm_pairwise"},
		{"rank-ridge", "ranking with a ridge of .01", "ridge:0.01", "1.6", "opt_pairwise"},
	} {
		file := filepath.Join(b.work, x.name+".pairs")
		out = append(out, row{
			name: x.name, work: x.work, full: true, unit: "s", amount: 1, threads: 1,
			prepare: func() error {
				spread, err := strconv.ParseFloat(x.spread, 64)
				if err != nil {
					return err
				}
				return writePairs(file, drawPairs(texts, spread))
			},
			ours: b.worker("rank", x.prior, x.spread, fmt.Sprint(texts)),
			peer: side{name: "choix",
				command: []string{python, "bench/peers/rank.py", file, fmt.Sprint(texts), x.method},
				needs:   []need{{python, "bench/peers/install.sh choix"}}},
			agree: agreement{apart: within(1e-3)}, peak: &goal{},
		})
	}
	return out
}

func writePairs(path string, pairs [][]int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	var flat []int32
	for _, p := range pairs {
		flat = append(flat, int32(p[0]), int32(p[1]))
	}
	if err := binary.Write(f, binary.LittleEndian, flat); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
