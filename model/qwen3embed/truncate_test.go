package qwen3embed_test

import (
	"slices"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"hives/internal/fault"
	"hives/model/qwen3embed"
)

// TestTruncatedModelIsASmallerOne: a random model draws each tensor from its name, so the first layers of a
// model of five are the model of two.
func TestTruncatedModelIsASmallerOne(t *testing.T) {
	large, small := oddModel(t, 7, 5), oddModel(t, 7, 2)
	if err := large.Truncate(2); err != nil {
		t.Fatal(err)
	}
	if large.Config.NumLayers != 2 || large.Config.Parameters() != small.Config.Parameters() ||
		large.Store.NumVariables() != len(small.Config.Layout()) {
		t.Fatalf("%d layers, %d parameters, %d variables", large.Config.NumLayers, large.Config.Parameters(),
			large.Store.NumVariables())
	}
	for _, spec := range small.Config.Layout() {
		a := tensors.MustCopyFlatData[float32](large.Variable(spec.Name).MustValue())
		b := tensors.MustCopyFlatData[float32](small.Variable(spec.Name).MustValue())
		if !slices.Equal(a, b) {
			t.Errorf("%s differs", spec.Name)
		}
	}
	raw, err := large.Config.JSON("float32")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := qwen3embed.ParseConfig(raw); err != nil || again.NumLayers != 2 {
		t.Errorf("its config read again: %v, %v", again, err)
	}
	for _, layers := range []int{0, 3} {
		if err := large.Truncate(layers); fault.Of(err) != fault.Invalid {
			t.Errorf("%d layers of 2: %v", layers, err)
		}
	}
}
