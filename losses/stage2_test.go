package losses

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
)

// goldenStage2 is one case of stage2.json.
type goldenStage2 struct {
	Name              string                       `json:"name"`
	Fractions         [3]float64                   `json:"fractions"`
	Sizes             [3]int                       `json:"sizes"`
	TauHier           float64                      `json:"tau_hier"`
	TauIndividual     float64                      `json:"tau_ind"`
	TauTheory         float64                      `json:"tau_theory"`
	WeightIndividual  float64                      `json:"lambda_ind"`
	WeightTheory      float64                      `json:"lambda_theory"`
	Z                 [][]float64                  `json:"z"`
	Theory            []int32                      `json:"theory"`
	Levels            [][]int32                    `json:"levels"`
	Direction         []int32                      `json:"direction"`
	IndividualID      []int32                      `json:"individual_id"`
	TheoryID          []int32                      `json:"theory_anchor_id"`
	IndividualAnchors [][]float64                  `json:"individual_anchors"`
	TheoryAnchors     [][]float64                  `json:"theory_anchors"`
	Variants          map[string]goldenStage2Value `json:"variants"`
}

type goldenStage2Value struct {
	Loss           float64     `json:"loss"`
	Hier           float64     `json:"L_hier"`
	Individual     float64     `json:"L_ind"`
	Theory         float64     `json:"L_theory"`
	GradZ          [][]float64 `json:"grad_z"`
	GradIndividual [][]float64 `json:"grad_individual_anchors"`
	GradTheory     [][]float64 `json:"grad_theory_anchors"`
}

func TestGoldenStage2(t *testing.T) {
	var golden struct{ Cases []goldenStage2 }
	goldentest.ReadJSON(t, &golden, "c_loss", "stage2.json")
	for _, c := range golden.Cases {
		for name, want := range c.Variants {
			for _, dtype := range []dtypes.DType{dtypes.Float64, dtypes.Float32} {
				t.Run(fmt.Sprintf("%s/%s/%s", c.Name, name, dtype), func(t *testing.T) {
					c.check(t, c.config(t, name), want, dtype)
				})
			}
		}
	}
}

func (c goldenStage2) config(t *testing.T, name string) Stage2Config {
	cfg, err := Stage2Named(name)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Hierarchical.Temperature, cfg.TemperatureIndividual, cfg.TemperatureTheory = c.TauHier, c.TauIndividual,
		c.TauTheory
	cfg.WeightIndividual, cfg.WeightTheory, cfg.Fractions = c.WeightIndividual, c.WeightTheory, c.Fractions
	hier, individual, theory := cfg.Split(len(c.Z))
	if got := [3]int{hier, individual, theory}; got != c.Sizes {
		t.Errorf("batch of %d splits into %v, want %v", len(c.Z), got, c.Sizes)
	}
	return cfg
}

func (c goldenStage2) check(t *testing.T, cfg Stage2Config, want goldenStage2Value, dtype dtypes.DType) {
	out := evaluate(t, dtype, func(in []*Node) []*Node {
		inputs := Stage2Inputs{Z: in[0], Labels: labelsOf(in[1:4]),
			IndividualIDs: in[4], TheoryIDs: in[5], IndividualBank: in[6], TheoryBank: in[7]}
		wrt := []*Node{in[0], in[6], in[7]}
		if cfg.AnchorFree {
			inputs.IndividualBank, inputs.TheoryBank = nil, nil
			wrt = wrt[:1]
		}
		r := Stage2(cfg, inputs)
		return append([]*Node{r.Loss, r.Hierarchical.Loss, r.Individual, r.Theory}, Gradient(r.Loss, wrt...)...)
	}, c.Z, c.Theory, c.Levels, c.Direction, c.IndividualID, c.TheoryID, c.IndividualAnchors, c.TheoryAnchors)
	near(t, dtype, "loss", out[0], []float64{want.Loss})
	near(t, dtype, "L_hier", out[1], []float64{want.Hier})
	near(t, dtype, "L_ind", out[2], []float64{want.Individual})
	near(t, dtype, "L_theory", out[3], []float64{want.Theory})
	near(t, dtype, "grad_z", out[4], flatten(want.GradZ))
	if !cfg.AnchorFree {
		near(t, dtype, "grad_individual_anchors", out[5], flatten(want.GradIndividual))
		near(t, dtype, "grad_theory_anchors", out[6], flatten(want.GradTheory))
	}
}

func TestStage2ConfigIsRefused(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Stage2Config)
		want   string
	}{
		{"fractions that leave rows out", func(c *Stage2Config) { c.Fractions = [3]float64{.5, .25, .2} }, "add up to 0.95"},
		{"a part without rows", func(c *Stage2Config) { c.Fractions = [3]float64{1, 0, 0} }, "each above 0"},
		{"a weight that pushes anchors away", func(c *Stage2Config) { c.WeightTheory = -1 }, "-1"},
		{"NaN in a weight", func(c *Stage2Config) { c.WeightIndividual = math.NaN() }, "NaN"},
		{"temperature 0", func(c *Stage2Config) { c.TemperatureIndividual = 0 }, "individual temperature 0"},
		{"infinite temperature", func(c *Stage2Config) { c.TemperatureTheory = math.Inf(1) }, "theory temperature +Inf"},
		{"an unset hierarchical variant", func(c *Stage2Config) { c.Hierarchical.Variant = "" }, "unknown variant"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cfg := DefaultStage2()
			if err := cfg.Validate(); err != nil {
				t.Fatalf("the default is refused: %v", err)
			}
			test.change(&cfg)
			wantInvalid(t, cfg.Validate(), test.want)
		})
	}
	_, err := Stage2Named("paper_sub_batch")
	wantInvalid(t, err, "paper_sub_batches")
}

// wantInvalid asserts an error of kind Invalid that holds text.
func wantInvalid(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), text) {
		t.Errorf("error %v, want an invalid one with %q", err, text)
	}
}

func TestSplitRoundsDown(t *testing.T) {
	cfg := DefaultStage2()
	for batch, want := range map[int][3]int{64: {32, 16, 16}, 10: {5, 2, 3}, 7: {3, 1, 3}} {
		hier, individual, theory := cfg.Split(batch)
		if got := [3]int{hier, individual, theory}; got != want {
			t.Errorf("Split(%d) = %v, want %v", batch, got, want)
		}
	}
}
