package lora

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/safetensorsio"
	"hives/model/transformer"
)

// Pair is what an adapter adds to one linear layer: Scale·B·A, of the shape [Out, In] that the layer's weight has. A
// and B are in float32, which holds float16 and bfloat16 exactly.
type Pair struct {
	Module        string // as the base names it, without ".weight"
	Rank, In, Out int
	Scale         float64
	A, B          []float32 // [Rank, In] and [Out, Rank]
}

// Pairs reads the adapters of the folder dir, and the SHA-256 of the base that they were made for, where the folder
// says it. All of them are small beside their base: 40 MB of rank 16 for the 0.6B shape.
func Pairs(dir string) (pairs []Pair, baseSHA256 string, err error) {
	c, err := readConfig(dir)
	if err != nil {
		return nil, "", err
	}
	path := filepath.Join(dir, WeightsFile)
	// Pickle runs code when it is read, so such files are refused by name rather than opened.
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return nil, "", fault.New(fault.NotFound, "%s is not there; pickled weights are not read: save with "+
			"safe_serialization=True", path)
	}
	file, err := safetensorsio.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	err = file.Guard(func() (err error) {
		pairs, err = readPairs(file, c)
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", path, err)
	}
	return pairs, file.Metadata()[baseKey], nil
}

// readPairs finds each A's B. wanting counts B's up and A's down: with as many of each it ends at 0, and a B whose A is
// missing is noticed.
//
//	layers.0.q_proj.lora_A, layers.0.q_proj.lora_B     one pair
//	layers.0.q_proj.lora_A alone                       refused: its B is missing
//	embed_tokens.weight                                refused by name
func readPairs(file *safetensorsio.File, c *config) (pairs []Pair, err error) {
	wanting := 0
	for _, name := range file.Names() {
		if strings.HasSuffix(name, endingB) {
			wanting++
			continue // with its A
		}
		stem, ok := strings.CutSuffix(name, endingA)
		if !ok {
			return nil, fault.New(fault.Invalid, "tensor %s is neither …%s nor …%s: only linear layers' adapters are "+
				"supported", name, endingA, endingB)
		}
		p, err := readPair(file, stem, c)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, p)
		wanting--
	}
	if len(file.Names()) == 0 || wanting != 0 {
		return nil, fault.New(fault.Corrupt, "%d tensors, which are not as many …%s as …%s", len(file.Names()),
			endingA, endingB)
	}
	return pairs, nil
}

// readPair checks the shapes, A [rank, in] and B [out, rank], before a number is read, and gives the product the
// factor that this rank has.
//
//	A [16, 1024] and B [2048, 16]     rank 16, in 1024, out 2048
//	A [16, 1024] and B [2048, 8]      refused: two ranks
func readPair(file *safetensorsio.File, stem string, c *config) (p Pair, err error) {
	a, err := file.Tensor(stem + endingA)
	if err != nil {
		return p, err
	}
	b, err := file.Tensor(stem + endingB)
	if err != nil {
		return p, err
	}
	if len(a.Shape) != 2 || len(b.Shape) != 2 || a.Shape[0] != b.Shape[1] || a.Shape[0] < 1 {
		return p, fault.New(fault.Corrupt, "%s: A %v and B %v: want [rank, in] and [out, rank]", stem, a.Shape, b.Shape)
	}
	module, ok := strings.CutPrefix(stem, prefix)
	if !ok {
		return p, fault.New(fault.Invalid, "tensor %s: want names that begin with %s", a.Name, prefix)
	}
	p = Pair{Module: module, Rank: a.Shape[0], In: a.Shape[1], Out: b.Shape[0], Scale: c.scale(a.Shape[0])}
	if p.A, err = transformer.Floats(a); err != nil {
		return p, err
	}
	p.B, err = transformer.Floats(b)
	return p, err
}
