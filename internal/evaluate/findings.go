package evaluate

import (
	"fmt"
	"math"
	"strings"

	"hives/metrics"
)

// Verdicts of a finding.
const (
	Learned    = "learned"     // above both the untrained model and the permuted-label control
	NotShown   = "not shown"   // an interval reaches zero
	Worse      = "worse"       // below one of them
	Undefined  = "undefined"   // the data does not define the figure
	Shortcut   = "shortcut"    // a control that knows no values does as well
	NoShortcut = "no shortcut" // it does not
	Note       = "note"        // something to know when reading
)

// Finding is one conclusion, drawn from intervals alone.
type Finding struct {
	Topic    string `json:"topic"`
	Verdict  string `json:"verdict"`
	Sentence string `json:"sentence"`
}

// claim is a figure that training is meant to raise.
type claim struct {
	topic         string
	after         Number
	overUntrained Estimate
	overPermuted  Estimate
}

// findings says what was learned and what was not.
func findings(d *Demo) []Finding {
	untrained, permuted := d.Compared["after_minus_before"], d.Compared["after_minus_control"]
	corpus := metrics.WithinCorpus
	claims := []claim{
		{"direction of the text towards a value, within its corpus", d.After.DirectionByScope.At(corpus), untrained.DirectionByScope.At(corpus), permuted.DirectionByScope.At(corpus)},
		{"ranking by the value tree, within a corpus", d.After.RankingAccuracy.At(corpus), untrained.RankingAccuracy.At(corpus), permuted.RankingAccuracy.At(corpus)},
		{"similarity following shared labels, mean over corpora", d.After.CorrelationCorpusMean.Value, untrained.CorrelationMean, permuted.CorrelationMean},
	}
	for _, theory := range []string{"svt", "mft", "duty", "right"} {
		if figures, ok := d.After.TextLevel.ByTheory[theory]; ok {
			claims = append(claims, claim{
				"ranking of whole texts by " + theory + " values, within a corpus", figures.Ranking.At(corpus),
				untrained.TextLevel.ByTheory[theory].Ranking.At(corpus), permuted.TextLevel.ByTheory[theory].Ranking.At(corpus),
			})
		}
	}
	var out []Finding
	for _, c := range claims {
		out = append(out, c.judge())
	}
	out = append(out, adds("what Stage 2 adds to Stage 1", "Stage 2 costs", d.Compared["after_minus_stage_1"])...)
	out = append(out, adds("what the training of random weights gives", "it costs", d.Compared["random_minus_random_before"])...)
	out = append(out, adds("what a pretrained base gives beyond random weights", "it costs", d.Compared["after_minus_random"])...)
	out = append(out, shortcut(d.After, d.Controls)...)
	return append(out, pushedAway(d.Before, d.After)...)
}

// judge calls a figure learned only if both paired intervals lie above zero.
func (c claim) judge() Finding {
	f := Finding{Topic: c.topic}
	gains := fmt.Sprintf("%s after training; %s over the untrained model, %s over the model trained on permuted labels",
		strings.TrimPrefix(Signed(float64(c.after)), "+"), gain(c.overUntrained), gain(c.overPermuted))
	u, p := c.overUntrained.Interval, c.overPermuted.Interval
	switch {
	case !c.after.Known() || !u.Known() || !p.Known():
		f.Verdict = Undefined
		f.Sentence = "The held-out rows do not define this figure or its interval."
	case u.Low > 0 && p.Low > 0:
		f.Verdict = Learned
		f.Sentence = "Learned: " + gains + ". Both paired intervals lie above zero."
	case u.High < 0 || p.High < 0:
		f.Verdict = Worse
		f.Sentence = "Worse than without training or with permuted labels: " + gains + "."
	default:
		f.Verdict = NotShown
		f.Sentence = "Not shown: " + gains + ". An interval reaches zero, so this may be chance."
	}
	return f
}

// adds says what one way of training added to another, or cost; nothing without a comparison.
func adds(topic, costs string, over *Difference) []Finding {
	if over == nil {
		return nil
	}
	corpus := metrics.WithinCorpus
	var out []Finding
	for _, c := range []struct {
		figure string
		gain   Estimate
	}{
		{"direction within a corpus", over.DirectionByScope.At(corpus)},
		{"ranking within a corpus", over.RankingAccuracy.At(corpus)},
		{"similarity, mean over corpora", over.CorrelationMean},
	} {
		f := Finding{Topic: topic + ": " + c.figure, Verdict: NotShown}
		switch i := c.gain.Interval; {
		case !i.Known():
			f.Verdict, f.Sentence = Undefined, "The held-out rows do not define this figure or its interval."
		case i.Low > 0:
			f.Verdict, f.Sentence = Learned, gain(c.gain)+". The paired interval lies above zero."
		case i.High < 0:
			f.Verdict, f.Sentence = Worse, gain(c.gain)+": "+costs+"."
		default:
			f.Sentence = gain(c.gain) + ": the interval reaches zero, so this may be chance."
		}
		out = append(out, f)
	}
	return out
}

// gain writes a difference with its interval.
func gain(e Estimate) string {
	return fmt.Sprintf("%s [%s, %s]", Signed(float64(e.Value)), Signed(e.Interval.Low), Signed(e.Interval.High))
}

// Signed writes a difference with three decimals, its sign, and a real minus.
func Signed(x float64) string {
	if math.Abs(x) < 5e-4 {
		return "0.000"
	}
	return strings.Replace(fmt.Sprintf("%+.3f", x), "-", "−", 1)
}

// shortcut compares the figures over all rows with the vectors that say only a theory or a corpus.
func shortcut(after *System, controls map[string]*System) []Finding {
	best, name := math.Inf(-1), ""
	for _, control := range []string{ControlTheory, ControlCorpus} {
		if s := controls[control]; s != nil && float64(s.RankingTiesHalf.All) > best {
			best, name = float64(s.RankingTiesHalf.All), map[string]string{ControlTheory: "theory", ControlCorpus: "corpus"}[control]
		}
	}
	ranking := after.RankingTiesHalf.All
	if name == "" || !ranking.Known() {
		return nil
	}
	f := Finding{Topic: "ranking over all rows", Verdict: NoShortcut}
	figures := fmt.Sprintf("%.3f against %.3f for a vector that says only which %s a row is from (ties counted half)", float64(ranking), best, name)
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
				Sentence: fmt.Sprintf("Texts of the same value but the other direction stand farther away than bin %d more often than not (%.3f, %.3f before training). The loss pushes them away like any negative; it is reported, not mended.", q, float64(x), float64(before[1][q])),
			})
		}
	}
	return out
}
