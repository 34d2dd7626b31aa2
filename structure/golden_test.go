package structure_test

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mat"

	"hives/internal/rig/goldentest"
	"hives/structure"
)

const folder = "h_vcai/b_stats"

func TestGoldenKendall(t *testing.T) {
	var set struct {
		Cases []struct {
			Case                   string
			X, Y                   []float64
			Tau                    *float64 `json:"tau_b"`
			Concordant, Discordant int
			TiesX                  int      `json:"ties_x_only"`
			TiesY                  int      `json:"ties_y_only"`
			Exact                  *float64 `json:"p_exact"`
			Normal                 *float64 `json:"p_asymptotic_scipy"`
		}
	}
	goldentest.ReadJSON(t, &set, folder, "kendall.json")
	for _, c := range set.Cases {
		k := structure.KendallOf(c.X, c.Y)
		goldentest.Same(t, c.Case+" τ", k.Tau, goldentest.Number(c.Tau), 1e-12)
		if k.Concordant != c.Concordant || k.Discordant != c.Discordant || k.TiesX != c.TiesX || k.TiesY != c.TiesY {
			t.Errorf("%s: %+v, want %d %d %d %d", c.Case, k, c.Concordant, c.Discordant, c.TiesX, c.TiesY)
		}
		goldentest.Same(t, c.Case+" exact p", k.Exact(len(c.X)), goldentest.Number(c.Exact), 1e-12)
		if c.Normal != nil {
			goldentest.Same(t, c.Case+" normal p", k.Normal(c.X, c.Y), *c.Normal, 1e-10)
		}
	}
}

// table reads rows of numbers with gaps.
func table(rows [][]*float64) (out [][]float64) {
	for _, row := range rows {
		var r []float64
		for _, x := range row {
			r = append(r, goldentest.Number(x))
		}
		out = append(out, r)
	}
	return out
}

func TestGoldenCorrelations(t *testing.T) {
	var set map[string]struct {
		Scores, Pearson, Spearman [][]*float64
		Mean                      *float64        `json:"mean_off_diagonal"`
		Fisher                    [][][2]*float64 `json:"fisher_95"`
	}
	goldentest.ReadJSON(t, &set, folder, "correlation.json")
	for name, c := range set {
		scores := table(c.Scores)
		got := structure.Correlate(scores)
		for i, row := range table(c.Pearson) {
			for j, want := range row {
				goldentest.Same(t, name+" Pearson", got.Pearson[i][j], want, 1e-12)
				goldentest.Same(t, name+" Spearman", got.Spearman[i][j], goldentest.Number(c.Spearman[i][j]), 1e-12)
				if c.Fisher != nil && i != j {
					low, high := structure.Interval(got.Pearson[i][j], got.N[i][j])
					goldentest.Same(t, name+" low", low, goldentest.Number(c.Fisher[i][j][0]), 1e-5)
					goldentest.Same(t, name+" high", high, goldentest.Number(c.Fisher[i][j][1]), 1e-5)
				}
			}
		}
		goldentest.Same(t, name+" mean", got.MeanOff(), goldentest.Number(c.Mean), 1e-12)
	}
	centred := structure.Centre(table(set["full"].Scores))
	for i, row := range table(set["centred"].Scores) {
		for j, want := range row {
			goldentest.Same(t, "centred", centred[i][j], want, 1e-12)
		}
	}
}

func TestGoldenMaps(t *testing.T) {
	var set struct {
		Cases []struct {
			Case        string
			D           [][]float64
			Eigenvalues []float64
			Classical   [][]float64 `json:"pair_distances_classical"`
			Smacof      [][]float64 `json:"pair_distances_smacof"`
			Raw         float64     `json:"raw_stress"`
			Stress      float64     `json:"stress1"`
			Iterations  int
			Trace       []float64 `json:"stress_trace"`
			Start       [][2]float64
			FromRaw     float64 `json:"from_start_raw"`
		}
		Procrustes struct {
			A, B      [][2]float64
			Fitted    [][2]float64 `json:"fitted_unit"`
			Disparity float64
		}
	}
	goldentest.ReadJSON(t, &set, folder, "mds.json")
	for _, c := range set.Cases {
		given := mat.NewSymDense(len(c.D), nil)
		for i := range c.D {
			for j := range i {
				given.SetSym(i, j, c.D[i][j])
			}
		}
		first, eigenvalues := structure.Classical(given)
		for i, want := range c.Eigenvalues {
			goldentest.Same(t, c.Case+" eigenvalue", eigenvalues[i], want, 1e-10)
		}
		// Equal eigenvalues leave the axes open, so that no map is the map: its distances are compared where two of the
		// first three differ.
		if eigenvalues[0]-eigenvalues[1] > 1e-9 && (len(eigenvalues) < 3 || eigenvalues[1]-eigenvalues[2] > 1e-9) {
			compare(t, c.Case+" classical", first, c.Classical, 1e-9)
			m, trace := structure.Smacof(given, first)
			goldentest.Same(t, c.Case+" raw stress", m.Raw(given), c.Raw, 1e-6)
			goldentest.Same(t, c.Case+" stress", m.Stress(given), c.Stress, 1e-4)
			for i := 0; c.Raw > 1e-6 && i < min(len(trace), len(c.Trace)-1); i++ {
				goldentest.Same(t, c.Case+" trace", trace[i], c.Trace[i+1], 1e-9)
			}
			if c.Raw > 1e-6 {
				compare(t, c.Case+" smacof", m, c.Smacof, 1e-4)
			}
		}
		if c.Start != nil {
			m, _ := structure.Smacof(given, c.Start)
			goldentest.Same(t, c.Case+" from a start", m.Raw(given), c.FromRaw, 1e-6)
		}
	}
	fitted, disparity := structure.Procrustes(set.Procrustes.A, set.Procrustes.B)
	goldentest.Same(t, "disparity", disparity, set.Procrustes.Disparity, 1e-12)
	for i, want := range set.Procrustes.Fitted {
		goldentest.Same(t, "fitted x", fitted[i][0], want[0], 1e-12)
		goldentest.Same(t, "fitted y", fitted[i][1], want[1], 1e-12)
	}
}

func compare(t *testing.T, what string, m structure.Map, want [][]float64, tolerance float64) {
	t.Helper()
	for i := range want {
		for j := range want {
			goldentest.Same(t, what, math.Hypot(m[i][0]-m[j][0], m[i][1]-m[j][1]), want[i][j], tolerance)
		}
	}
}
