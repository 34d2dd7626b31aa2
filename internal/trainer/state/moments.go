package state

import (
	"encoding/binary"
	"math"
	"strings"

	"github.com/gomlx/compute/dtypes/bfloat16"

	"hives/internal/optim"
	"hives/internal/safetensorsio"
)

// asMoments brings a moment of a checkpoint into the type that the run keeps moments in: a run that is resumed with
// --allow-changed may keep them in another than before. Other tensors stay as they are. Narrowing rounds to nearest,
// once; widening is exact.
//
// Why rounding to nearest is right here and not in a step: a step changes v by a thousandth of itself, which
// nearest would swallow every time; one rounding in a run's life is an error of at most 2⁻⁹ of each moment, once.
func asMoments(t safetensorsio.Tensor, kind optim.MomentType) safetensorsio.Tensor {
	if !strings.HasPrefix(t.Name, optim.MomentScope+"/") {
		return t
	}
	// What is read is what a run with other settings wrote; numbers stay those of that run but for one rounding.
	switch {
	case t.DType == "F32" && kind == optim.MomentsBF16:
		out := make([]byte, 0, len(t.Data)/2)
		for at := 0; at < len(t.Data); at += 4 {
			x := math.Float32frombits(binary.LittleEndian.Uint32(t.Data[at:]))
			out = binary.LittleEndian.AppendUint16(out, bfloat16.FromFloat32(x).Bits())
		}
		t.DType, t.Data = "BF16", out
	case t.DType == "BF16" && kind == optim.MomentsF32:
		out := make([]byte, 0, 2*len(t.Data))
		for at := 0; at < len(t.Data); at += 2 {
			out = append(out, 0, 0, t.Data[at], t.Data[at+1]) // the upper half of a float32, little-endian
		}
		t.DType, t.Data = "F32", out
	}
	return t
}
