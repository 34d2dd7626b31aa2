package evaluate

import "strings"

// Geometry is the verdict on a gain that centring and scaling the base's vectors give too.
const Geometry = "only geometry"

// judge says of every claim what a finalist gained, from the paired intervals alone.
func (e *Experiment) judge(f *Finalist) []Finding {
	var out []Finding
	for _, c := range Claims(e.Runs[f.Name]) {
		over := map[string]Estimate{}
		var said []string
		for _, against := range f.Contrasts() {
			if against.Words == f.Over {
				continue
			}
			over[against.Key] = c.Gap(e.Compared[against.Key])
			said = append(said, gain(over[against.Key])+" over "+against.Words)
		}
		figure := strings.TrimPrefix(Signed(float64(c.Of(e.Runs[f.Name]).Value)), "+")
		out = append(out, verdict(f, over, f.Name+": "+c.Title(), figure+": "+strings.Join(said, ", ")+"."))
	}
	return out
}

// verdict is the rule: learned is what lies above the base in every reading without labels, and above permuted labels.
func verdict(f *Finalist, over map[string]Estimate, topic, figures string) Finding {
	above := func(name string) bool { return over[name].Interval.Low > 0 }
	below := func(name string) bool { return over[name].Interval.High < 0 }
	for _, x := range over {
		if !x.Value.Known() || !x.Interval.Known() {
			return Finding{topic, Undefined, "The rows do not define this figure or its interval."}
		}
	}
	raw, centred, scaled, probe := f.overBase(BaseRaw), f.overBase(BaseCentred), f.overBase(BaseScaled), f.overBase(BaseLogistic)
	permuted := f.Control == "" || above(f.over(f.Control))
	switch {
	case below(raw) || f.Control != "" && below(f.over(f.Control)):
		return Finding{topic, Worse, "Worse than the base or than permuted labels: " + figures}
	case above(raw) && above(centred) && above(scaled) && permuted:
		return Finding{topic, Learned, "Gained over the base however it is read" + control(f) + beside(above(probe), below(probe)) + ": " + figures}
	case above(raw) && !(above(centred) && above(scaled)):
		return Finding{topic, Geometry, "Above the raw base, but centring or scaling its vectors may give as much: " + figures}
	}
	return Finding{topic, NotShown, "Not shown, an interval reaches zero: " + figures}
}

func control(f *Finalist) string {
	if f.Control == "" {
		return " (no run on permuted labels to compare with)"
	}
	return " and over permuted labels"
}

// beside places a gain next to the classifier, which has seen the same labels.
func beside(above, below bool) string {
	switch {
	case above:
		return ", and more than logistic regression on the frozen base"
	case below:
		return ", but less than logistic regression on the frozen base"
	}
	return ", not told apart from logistic regression on the frozen base"
}
