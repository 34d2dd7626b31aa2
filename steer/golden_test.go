package steer_test

import (
	"strconv"
	"testing"

	"hives/internal/rig/goldentest"
	"hives/steer"
)

// TestGoldenGains holds gains, refusals, asymmetry and dose to numpy's and scipy's numbers.
func TestGoldenGains(t *testing.T) {
	var set struct {
		Rows []struct {
			Query            string
			Target           int
			Default, Steered *float64
			Refused          bool
		}
		Expected struct {
			By map[string]struct {
				N, Dropped int
				Mean, SE   *float64
				Without    *float64   `json:"mean_without_refusals"`
				Rate       *float64   `json:"refusal_rate"`
				Wilson     []*float64 `json:"refusal_wilson95"`
			} `json:"by_target"`
			Asymmetry *float64
			Dose      *float64 `json:"spearman_target_gain"`
		}
	}
	goldentest.ReadJSON(t, &set, "g_valueflow", "steering.json")
	number := map[string]int{}
	var rows []steer.Row
	for _, r := range set.Rows {
		if _, known := number[r.Query]; !known {
			number[r.Query] = len(number)
		}
		row := steer.Row{Query: number[r.Query], Target: r.Target, Default: goldentest.Number(r.Default),
			Steered: goldentest.Number(r.Steered), Refused: steer.No}
		if r.Refused {
			row.Refused = steer.Yes
		}
		rows = append(rows, row)
	}
	c := steer.CurveOf(rows, 100, 1)
	if len(c.Targets) != len(set.Expected.By) {
		t.Errorf("targets %v, want %d", c.Targets, len(set.Expected.By))
	}
	for at, target := range c.Targets {
		name := strconv.Itoa(target)
		g, want := c.Gains[at], set.Expected.By[name]
		if g.N != want.N || g.Dropped != want.Dropped {
			t.Errorf("target %s: %d pairs, %d dropped, want %d, %d", name, g.N, g.Dropped, want.N, want.Dropped)
		}
		goldentest.Same(t, name+" mean", g.Mean, goldentest.Number(want.Mean), 1e-9)
		goldentest.Same(t, name+" se", g.SE, goldentest.Number(want.SE), 1e-9)
		goldentest.Same(t, name+" without refusals", g.WithoutRefusals, goldentest.Number(want.Without), 1e-9)
		goldentest.Same(t, name+" refusals", g.Refusals.Rate, goldentest.Number(want.Rate), 1e-9)
		goldentest.Same(t, name+" low", g.Refusals.Low, goldentest.Number(want.Wilson[0]), 1e-9)
		goldentest.Same(t, name+" high", g.Refusals.High, goldentest.Number(want.Wilson[1]), 1e-9)
	}
	goldentest.Same(t, "asymmetry", c.Asymmetry.Value, goldentest.Number(set.Expected.Asymmetry), 1e-9)
	goldentest.Same(t, "dose", c.Dose.Value, goldentest.Number(set.Expected.Dose), 1e-9)
}
