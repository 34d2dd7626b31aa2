package evaluate

import (
	"fmt"
	"math"

	"hives/metrics"
)

// Verdicts of a finding.
const (
	Learned    = "learned"     // above both the untrained model and the control, trained as long on permuted labels
	Higher     = "higher"      // above what it is compared with, which is not enough to call it learned
	NotShown   = "not shown"   // an interval reaches zero, or the p after Holm's correction is too large
	Worse      = "worse"       // below one of them; or fallen
	Undefined  = "undefined"   // the data does not define the figure
	Shortcut   = "shortcut"    // a control that knows no values does as well
	NoShortcut = "no shortcut" // it does not
	Note       = "note"        // something to know when reading
)

// Finding is one conclusion, drawn from intervals alone. Nobody writes these sentences by hand for a run: the
// same figures give the same words, the disappointing ones too.
type Finding struct {
	Topic    string `json:"topic"`
	Verdict  string `json:"verdict"`
	Sentence string `json:"sentence"`
}

// findings says what was learned and what was not. The claims of all questions are corrected together (conclude);
// the last two findings compare without an interval and are no claims.
func findings(d *Demo) []Finding {
	untrained, permuted := d.Compared["after_minus_before"], d.Compared["after_minus_control"]
	corpus := metrics.WithinCorpus
	var claims []claim
	// A question is a figure and what it gained over both: training as such, and labels that mean something.
	ask := func(topic string, after Number, overUntrained, overPermuted Estimate) {
		gaps := []*gap{{Estimate: overUntrained, over: "the untrained model"},
			{Estimate: overPermuted, over: "the model trained on permuted labels"}}
		claims = append(claims, claim{topic, after, gaps, learned(d.after.unlike(d.control))})
	}
	ask("direction of the text towards a value, within its corpus", d.After.DirectionByScope.At(corpus),
		untrained.DirectionByScope.At(corpus), permuted.DirectionByScope.At(corpus))
	ask("ranking by the value tree, within a corpus", d.After.RankingAccuracy.At(corpus),
		untrained.RankingAccuracy.At(corpus), permuted.RankingAccuracy.At(corpus))
	ask("similarity following shared labels, mean over corpora", d.After.CorrelationCorpusMean.Value,
		untrained.CorrelationMean, permuted.CorrelationMean)
	for _, theory := range TheoryOrder(d.After.TextLevel.ByTheory) {
		ask("ranking of whole texts by "+theory+" values, within a corpus",
			d.After.TextLevel.ByTheory[theory].Ranking.At(corpus), untrained.TextLevel.ByTheory[theory].Ranking.At(corpus),
			permuted.TextLevel.ByTheory[theory].Ranking.At(corpus))
	}
	claims = append(claims, adds("what Stage 2 adds to Stage 1", "Stage 2 costs", "the model after Stage 1",
		d.Compared["after_minus_stage_1"])...)
	claims = append(claims, adds("what the training of random weights gives", "it costs", "random weights",
		d.Compared["random_minus_random_before"])...)
	claims = append(claims, adds("what a pretrained base gives beyond random weights", "it costs",
		"the trained random weights", d.Compared["after_minus_random"])...)
	claims = append(claims, spread("", d.After, compared{untrained, "the untrained model"},
		compared{permuted, "the model trained on permuted labels"})...)
	// All questions are judged together; what follows compares without an interval.
	out := append(conclude(claims), together(claims)...)
	out = append(out, shortcut(d.After, d.Controls)...)
	return append(out, pushedAway(d.Before, d.After)...)
}

// learned judges by the page's rule: above both the untrained model and the one on permuted labels, which was
// trained as long; unlike says why it was not.
//
//	over untrained   over permuted   trained as long   verdict
//	below            or below                          worse
//	above            above           yes               learned
//	above            above           no, or unknown    higher
//	else                                               not shown
//
// The permuted control has seen the same texts as often, so what it gains, such as a space that is spread out,
// owes nothing to the labels.
func learned(unlike string) func(*claim) (string, string) {
	return func(c *claim) (string, string) {
		untrained, permuted := c.gaps[0], c.gaps[1]
		switch {
		case untrained.below() || permuted.below():
			return Worse, "Worse than without training or with permuted labels: " + c.figures() + "."
		case untrained.above() && permuted.above() && unlike != "":
			return Higher, "Above both, but not called learned, since " + unlike + ": " + c.figures() + "."
		case untrained.above() && permuted.above():
			return Learned, "Learned: " + c.figures() + ". Both paired intervals lie above zero."
		}
		return NotShown, "Not shown: " + c.figures() + "; " + c.chance() + "."
	}
}

// shortcut compares the figures over all rows with the vectors that say only a theory or a corpus. They know no
// value, so a model that does no better over all rows has shown none there. Ties count half on both sides:
// one-hot vectors have hardly anything else.
func shortcut(after *System, controls map[string]*System) []Finding {
	// The better of the two one-hot vectors is what a model that only knows sources could reach.
	best, name := math.Inf(-1), ""
	for _, control := range []string{ControlTheory, ControlCorpus} {
		if s := controls[control]; s != nil && float64(s.RankingTiesHalf.All) > best {
			best, name = float64(s.RankingTiesHalf.All), map[string]string{ControlTheory: "theory",
				ControlCorpus: "corpus"}[control]
		}
	}
	ranking := after.RankingTiesHalf.All
	if name == "" || !ranking.Known() {
		return nil
	}
	f := Finding{Topic: "ranking over all rows", Verdict: NoShortcut}
	figures := fmt.Sprintf("%.3f against %.3f for a vector that says only which %s a row is from (ties counted half)",
		float64(ranking), best, name)
	f.Sentence = "The model does better than knowing the source alone: " + figures + "."
	if best >= float64(ranking) {
		f.Verdict = Shortcut
		f.Sentence = "No evidence of values: " + figures + ". Read the figures within a corpus instead."
	}
	return []Finding{f}
}

// pushedAway notes bin pairs that the loss is known to turn round: it treats the same value with the
// other direction like any negative, while the ranking wants it right after the positives.
func pushedAway(untrained, trained *System) []Finding {
	var out []Finding
	matrix := trained.BinPairs.At(metrics.WithinCorpus)
	before := untrained.BinPairs.At(metrics.WithinCorpus)
	for q := 2; q < metrics.Bins; q++ {
		if x := matrix[1][q]; x.Known() && x < .5 {
			out = append(out, Finding{
				Topic: fmt.Sprintf("bin pair (1, %d)", q), Verdict: Note,
				Sentence: fmt.Sprintf("Texts of the same value but the other direction stand farther away than bin %d more often "+
					"than not (%.3f, %.3f before training). The loss pushes them away like any negative; it is reported, not mended.",
					q, float64(x), float64(before[1][q])),
			})
		}
	}
	return out
}
