package evaluate

import "strings"

// Geometry is the verdict on a gain that centring and scaling the base's vectors give too.
const Geometry = "only geometry"

// claims are what the page may say of a finalist's figures. A claim is compared with the base in every reading
// and with the control; what it is over another finalist is a claim of its own (adds).
func (e *Experiment) claims(f *Finalist, unlike string) []claim {
	var out []claim
	for _, figure := range Claims(e.Runs[f.Name]) {
		over := map[string]*gap{}
		c := claim{topic: f.Name + ": " + figure.Title(), after: figure.Of(e.Runs[f.Name]).Value}
		for _, against := range f.Contrasts() {
			if against.Words == f.Over {
				continue
			}
			over[against.Key] = &gap{Estimate: figure.Gap(e.Compared[against.Key]), over: against.Words}
			c.gaps = append(c.gaps, over[against.Key])
		}
		c.judge = func(c *claim) (string, string) { return verdict(f, over, unlike, c) }
		out = append(out, c)
	}
	over := []compared{{e.Compared[f.overBase(BaseRaw)], "the raw base"}}
	if f.Control != "" {
		over = append(over, compared{e.Compared[f.over(f.Control)], "permuted labels"})
	}
	return append(out, spread(f.Name+": ", e.Runs[f.Name], over...)...)
}

// verdict is the rule: learned is what lies above the base in every reading without labels, and above a control
// that was trained as long on permuted labels; unlike says why it was not.
//
//	over raw  centred  scaled   permuted        verdict
//	below     …        …        …               worse (so is below permuted)
//	above     above    above    above           learned; higher if the control was trained another length
//	above     above    above    no such run     higher
//	above     one of the two not                only geometry
//	else                                        not shown
//
// The classifier on the base is no hurdle: it has seen the same labels. It stands beside the gain in words.
func verdict(f *Finalist, over map[string]*gap, unlike string, c *claim) (string, string) {
	figures := c.figures() + "."
	raw, centred, scaled, probe := over[f.overBase(BaseRaw)], over[f.overBase(BaseCentred)], over[f.overBase(BaseScaled)],
		over[f.overBase(BaseLogistic)]
	permuted := over[f.over(f.Control)] // nil without a control
	switch base := raw.above() && centred.above() && scaled.above(); {
	case raw.below() || permuted != nil && permuted.below():
		return Worse, "Worse than the base or than permuted labels: " + figures
	case base && permuted == nil:
		return Higher, "Above the base however it is read, but not called learned, since there is no run on permuted " +
			"labels: " + figures
	case base && permuted.above() && unlike != "":
		return Higher, "Above the base however it is read, and above permuted labels, but not called learned, since " +
			unlike + ": " + figures
	case base && permuted.above():
		return Learned, "Gained over the base however it is read and over permuted labels" + beside(probe.above(),
			probe.below()) + ": " + figures
	case raw.above() && !(centred.above() && scaled.above()):
		return Geometry, "Above the raw base, but centring or scaling its vectors may give as much: " + figures
	}
	return NotShown, "Not shown, " + strings.TrimSuffix(c.chance(), ", so this may be chance") + ": " + figures
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
