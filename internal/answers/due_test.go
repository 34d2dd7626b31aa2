package answers

import (
	"math"
	"slices"
	"testing"

	"hives/ranking"
	"hives/vcai"
)

// TestDueIsTheLeastThatMayBeNeeded: what is asked at once is what asking one by one would come to in any case. The twin
// tries all ways in which the open judgements may turn out. The control, which believes that judgements are neutral,
// asks for too many.
func TestDueIsTheLeastThatMayBeNeeded(t *testing.T) {
	draw := ranking.Stream("test due", 3)
	beyond := 0
	for round := range 300 {
		roles, parts := 1+draw.IntN(2), 1+draw.IntN(3)
		j := DefaultJob()
		j.Aggregate = []string{All, Touched}[round%2]
		s := &search{b: &builder{job: j}, loop: vcai.NewLoop(float64(draw.IntN(5)-2), .5, 8)}
		a := &attempt{order: draw.Perm(roles * parts)}
		for range roles {
			a.value = append(a.value, slices.Repeat([]float64{math.NaN()}, parts))
			a.open = append(a.open, slices.Repeat([]bool{true}, parts))
		}
		outcomes := []float64{-1, 0, 1, math.NaN()}
		for _, at := range a.order[:draw.IntN(len(a.order))] {
			said := outcomes[draw.IntN(4)]
			a.put(at, said, !math.IsNaN(said))
		}
		limit := []float64{.5, 1, math.Inf(1)}[draw.IntN(3)]
		if s.ends(a, limit) {
			continue
		}
		least := func(outcomes []float64) int {
			var try func(a *attempt) int
			try = func(a *attempt) int {
				if a.asked == len(a.order) || s.ends(a, limit) {
					return 0
				}
				soonest := len(a.order)
				for _, said := range outcomes {
					next := a.clone()
					next.put(a.order[a.asked], said, !math.IsNaN(said))
					soonest = min(soonest, 1+try(next))
				}
				return soonest
			}
			return try(a)
		}
		if got, want := s.due(a, limit), least(outcomes); got != want {
			t.Fatalf("round %d, %s: %d are due, and %d would be asked", round, j.Aggregate, got, want)
		}
		if least([]float64{0}) > least(outcomes) {
			beyond++
		}
	}
	if beyond == 0 {
		t.Error("the control asks for no more than is due")
	}
}
