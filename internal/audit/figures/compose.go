package figures

import (
	"fmt"
	"math"
	"slices"

	"hives/internal/audit"
	"hives/steer"
)

// composed are the prompts of several values.
func (m *material) composed() (out []Composed) {
	for at, c := range m.many {
		out = append(out, m.compose(c, m.under[at]))
	}
	return out
}

// compose holds one such prompt to what was asked, and to the sum of what the single prompts do. The single prompts are
// those of the first regime that has all of them on all of the values: an answer to a prompt for care must have been
// scored on fairness too.
func (m *material) compose(c audit.Condition, answers []*answer) Composed {
	out := Composed{Condition: c.ID, Regime: c.Regime, Values: c.Values, Asked: c.Targets}
	var asked, gain []float64
	var joint [][]float64 // [value][query]
	for at, value := range c.Values {
		moved := m.deltas(answers, value)
		g := meanOf(moved)
		out.Names, out.Gains = append(out.Names, Name(value)), append(out.Gains, g)
		out.Before = append(out.Before, meanOf(m.levels(m.plain, value)).Mean)
		joint, asked, gain = append(joint, moved), append(asked, float64(c.Targets[at])), append(gain, float64(g.Mean))
	}
	alone, why := m.alone(c)
	s := steer.Compose(asked, gain, alone)
	out.Length, out.Angle, out.Additive = Number(s.Length), Number(s.Angle), Number(s.Additive)
	if !moved(out.Gains) {
		out.Angle = Number(math.NaN())
		out.Why = append(out.Why, "angle: no value moved beyond its interval, so there is no direction")
	}
	out.apart(m, c, joint, why)
	return out
}

// moved tells whether any of the gains has an interval without 0.
func moved(gains []Mean) bool {
	return slices.ContainsFunc(gains, func(m Mean) bool { return m.Low > 0 || m.High < 0 })
}

// alone are what the single prompts do, and they need more than was steered: what a prompt for care does to fairness.
// They are the mean gains [prompt][value] of the single prompts, or why there are none.
func (m *material) alone(c audit.Condition) (gains [][]float64, why string) {
	regime := m.singles(c)
	if regime == "" {
		return nil, "a single prompt of one of the values was not asked"
	}
	for at, own := range c.Values {
		var row []float64
		for _, other := range c.Values {
			mean := float64(meanOf(m.deltas(m.single[single{regime, own, c.Targets[at]}], other)).Mean)
			if math.IsNaN(mean) {
				why = fmt.Sprintf("answers for %s were not scored on %s", Name(own), Name(other))
			}
			row = append(row, mean)
		}
		gains = append(gains, row)
	}
	return gains, why
}

// singles is the first regime with a single prompt of every asked value and target; "" where there is none.
func (m *material) singles(c audit.Condition) string {
	for _, regime := range m.order {
		whole := true
		for at, value := range c.Values {
			whole = whole && m.single[single{regime, value, c.Targets[at]}] != nil
		}
		if whole {
			return regime
		}
	}
	return ""
}

// apart is how far the common prompt lies from the sum, value by value and query by query: its movement less those of
// all single prompts. A distance is never below 0, so chance alone makes one: that of independent errors is the root of
// their summed squares.
func (out *Composed) apart(m *material, c audit.Condition, joint [][]float64, why string) {
	regime, noise := m.singles(c), 0.
	for j, other := range c.Values {
		gap := slices.Clone(joint[j])
		for at, own := range c.Values {
			alone := m.deltas(m.single[single{regime, own, c.Targets[at]}], other)
			for i := range gap {
				gap[i] -= alone[i]
			}
		}
		g := meanOf(gap)
		out.Apart, noise = append(out.Apart, g), noise+float64(g.SE*g.SE)
	}
	out.Noise = Number(math.Sqrt(noise))
	if why != "" {
		out.Additive, out.Noise = Number(math.NaN()), Number(math.NaN())
		out.Why = append(out.Why, "additive error: "+why)
	}
}
