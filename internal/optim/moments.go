package optim

import (
	"hash/fnv"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/fault"
)

// MomentType says how the two moments are kept between steps; arithmetic is f32 in any case.
type MomentType string

const (
	// MomentsF32 is exact: 8 bytes a parameter.
	MomentsF32 MomentType = "f32"
	// MomentsBF16 takes 4 bytes a parameter. A step changes v by a thousandth of itself, less than half
	// a bf16 digit, so rounding to nearest would freeze it: v is rounded up or down at random, right on
	// average, with noise that is a function of the parameter and the step.
	MomentsBF16 MomentType = "bf16"
)

// ParseMoments reads "f32" or "bf16"; empty is MomentsF32.
func ParseMoments(name string) (MomentType, error) {
	switch t := MomentType(name); t {
	case "":
		return MomentsF32, nil
	case MomentsF32, MomentsBF16:
		return t, nil
	}
	return "", fault.New(fault.Invalid, "optim: moments %q: want f32 or bf16", name)
}

// narrow brings a new value into the variable's type, with stochastic rounding where that is bf16.
func narrow(x *Node, v *model.Variable, step *Node) *Node {
	if v.DType() != dtypes.BFloat16 {
		return ConvertDType(x, v.DType())
	}
	return stochasticBF16(ConvertDType(x, dtypes.Float32), noise(x, v.Path(), step))
}

// noise is 16 random bits an element, Uint32 of x's shape: a function of name and step only.
//
// The generator's state is three words, and the step has to stand where the engine looks. XLA's Philox takes the first
// as its key and counts in the other two. The Go engine seeds its generator with the first two and never reads the
// third: with the step there every step drew the same bits, an element was rounded the same way each time, and a mean
// that should have fallen to 2.34 stood at 2.84.
func noise(x *Node, name string, step *Node) *Node {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	g := x.Graph()
	word := func(w uint64) *Node { return Const(g, []uint64{w}) }
	key, salt, count := word(hash.Sum64()), word(0x6d6f6d656e7473), Reshape(ConvertDType(step, dtypes.Uint64), 1)
	words := []*Node{key, salt, count}
	if g.Backend().String() == "go" { // the name of GoMLX's own backend
		words = []*Node{key, count, salt}
	}
	shape := x.Shape().Clone()
	shape.DType = dtypes.Float32
	_, uniform := RandomUniform(Concatenate(words, 0), shape)
	return ConvertDType(Floor(MulScalar(uniform, 1<<16)), dtypes.Uint32)
}

// stochasticBF16 rounds positive f32 to one of the two bf16 numbers around it, up with the probability of
// what is cut off: random bits are added below the 16 that stay, and the carry decides.
func stochasticBF16(x, bits *Node) *Node {
	sum := Add(Bitcast(x, dtypes.Uint32), bits)
	cut := BitwiseAnd(sum, Const(x.Graph(), uint32(0xffff0000)))
	return ConvertDType(Bitcast(cut, dtypes.Float32), dtypes.BFloat16)
}
