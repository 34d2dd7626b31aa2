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
func noise(x *Node, name string, step *Node) *Node {
	hash := fnv.New64a()
	hash.Write([]byte(name))
	key := Const(x.Graph(), []uint64{hash.Sum64(), 0x6d6f6d656e7473})
	state := Concatenate([]*Node{key, Reshape(ConvertDType(step, dtypes.Uint64), 1)}, 0)
	shape := x.Shape().Clone()
	shape.DType = dtypes.Float32
	_, uniform := RandomUniform(state, shape)
	return ConvertDType(Floor(MulScalar(uniform, 1<<16)), dtypes.Uint32)
}

// stochasticBF16 rounds positive f32 to one of the two bf16 numbers around it, up with the probability of
// what is cut off: random bits are added below the 16 that stay, and the carry decides.
func stochasticBF16(x, bits *Node) *Node {
	sum := Add(Bitcast(x, dtypes.Uint32), bits)
	cut := BitwiseAnd(sum, Const(x.Graph(), uint32(0xffff0000)))
	return ConvertDType(Bitcast(cut, dtypes.Float32), dtypes.BFloat16)
}
