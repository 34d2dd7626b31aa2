package ranking_test

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/ranking"
)

func parse(text string, into any) (int, error) { return fmt.Sscan(text, into) }

type estimate struct {
	U, LogLik, SE number
	Lo            number `json:"u_lo"`
	Hi            number `json:"u_hi"`
	Status        string
}

type evaluatorFile struct {
	Pool struct {
		Theta, Final, Utility []float64
	}
	Cases []struct {
		Name    string
		Windows []struct {
			Anchors []int `json:"anchors_best_first"`
			Rank    int
		}
		Logit, Score estimate
		Posterior    struct{ U, SD float64 }
		Shrunk       struct {
			U         float64
			Penalised float64 `json:"loglik_penalised"`
		} `json:"score_map_prior_1e3"`
	}
	ScaleFit struct {
		Windows string
		N       int
		Beta    float64
	} `json:"scale_fit"`
}

func TestGoldenResponse(t *testing.T) {
	var file evaluatorFile
	goldentest.ReadJSON(t, &file, "g_valueflow", "evaluator.json")
	for _, c := range file.Cases {
		t.Run(c.Name, func(t *testing.T) {
			windows := func(utility []float64) (out []ranking.Window) {
				for _, w := range c.Windows {
					window := ranking.Window{Rank: w.Rank}
					for _, anchor := range w.Anchors {
						window.Anchors = append(window.Anchors, utility[anchor])
					}
					out = append(out, window)
				}
				return out
			}
			checkEstimate(t, windows(file.Pool.Utility), c.Logit)
			checkEstimate(t, windows(file.Pool.Final), c.Score)
			u, sd, err := ranking.Posterior(windows(file.Pool.Utility), file.Pool.Theta)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "posterior mean", u, c.Posterior.U, 1e-8)
			near(t, "posterior sd", sd, c.Posterior.SD, 1e-8)
			u, penalised, err := ranking.EstimateShrunk(windows(file.Pool.Final), 1e-3)
			if err != nil {
				t.Fatal(err)
			}
			near(t, "shrunk u", u, c.Shrunk.U, 1e-8)
			near(t, "its penalised log-likelihood", penalised, c.Shrunk.Penalised, 1e-9)
		})
	}
}

func checkEstimate(t *testing.T, windows []ranking.Window, want estimate) {
	t.Helper()
	got, err := ranking.Estimate(windows)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "loglik", got.LogLik, float64(want.LogLik), 1e-9)
	for _, pair := range []struct {
		what      string
		got, want float64
		tolerance float64
	}{
		{"u", got.U, float64(want.U), 1e-8}, {"se", got.SE, float64(want.SE), 1e-8},
		{"lo", got.Lo, float64(want.Lo), 1e-7}, {"hi", got.Hi, float64(want.Hi), 1e-7},
	} {
		if math.IsNaN(pair.want) {
			if !math.IsInf(pair.got, 0) {
				t.Errorf("%s is %v, want infinite", pair.what, pair.got)
			}
			continue
		}
		near(t, pair.what, pair.got, pair.want, pair.tolerance)
	}
	if want.Status != "" {
		place := map[string]ranking.Place{"below": ranking.Below, "above": ranking.Above}[want.Status]
		if got.Place != place {
			t.Errorf("place %v, want %s", got.Place, want.Status)
		}
	}
}

func TestGoldenScale(t *testing.T) {
	var file evaluatorFile
	goldentest.ReadJSON(t, &file, "g_valueflow", "evaluator.json")
	prefixes := regexp.MustCompile(`\w+_\b`).FindAllString(file.ScaleFit.Windows, -1)
	var orders [][]float64
	for _, c := range file.Cases {
		for _, prefix := range prefixes {
			if !strings.HasPrefix(c.Name, prefix) {
				continue
			}
			for _, w := range c.Windows {
				var order []float64
				for _, anchor := range w.Anchors {
					order = append(order, file.Pool.Utility[anchor])
				}
				if len(order) > 1 {
					orders = append(orders, order)
				}
			}
		}
	}
	if len(orders) != file.ScaleFit.N {
		t.Fatalf("%d windows, want %d (%q)", len(orders), file.ScaleFit.N, prefixes)
	}
	beta, err := ranking.FitScale(orders)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "beta", beta, file.ScaleFit.Beta, 1e-7)
}
