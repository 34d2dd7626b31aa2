package profiles

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// Counted says which of an author's texts make a score.
type Counted string

// The two rules. docs/decisions/profiles-of-many-texts.md has the figures of both.
const (
	// CountAll takes all texts that are about the value, one like another. The interval is that of the mean.
	CountAll Counted = "all"
	// CountSure takes those whose own interval is narrow enough, as the method was specified, weighted.
	CountSure Counted = "sure"
)

// normal95 is the 97.5 % quantile of the normal distribution: an interval of 95 % is so many standard deviations wide
// on either side.
const normal95 = 1.959963984540054

// ManyFit says how far the mean of many predictions lies from the mean of the scores that people would give. It is
// taken from calibration texts that are about the value.
//
// A ridge draws its predictions to the middle: where R² is a fourth, a text of score 8 is predicted 2. What that does
// to a mean hangs on how the author's texts came to be these, which nobody knows. Two readings are the ends:
//
//	other texts    The author writes of other things, and of each as people do (covariate shift). Then errors
//	               cancel, and the mean is that of the predictions.
//	other choice   The author chose texts by the value (label shift). Then all are drawn to the middle alike, and
//	               the mean must be stretched back: Mean + (mean prediction − Predicted)/Slope.
//
// The interval holds both, each with its own chance. Example, with means 0, slope ¼ and 50 texts predicted 1.2 on
// average: 1.2 ± .9 by the first reading, 4.8 ± 1.7 by the second, so [.3, 6.5].
type ManyFit struct {
	Texts     int     `json:"texts"`
	Mean      float64 `json:"mean_score"`
	Predicted float64 `json:"mean_prediction"`
	Slope     float64 `json:"slope"`        // of predictions on scores
	Spread    float64 `json:"spread"`       // standard deviation of scores
	Other     float64 `json:"other_texts"`  // standard deviation of a text's error by the first reading
	Choice    float64 `json:"other_choice"` // and by the second
	// Factor widens both, so that the interval holds the mean of 95 % of calibration sets of the worst kind.
	Factor float64 `json:"factor"`
	// Like is how like the calibration set least like the training texts is to them. Of texts that are surely less like
	// them (two standard errors) nobody has measured what their scores are worth: they come from elsewhere.
	Like float64 `json:"least_like"`
}

// Sets that intervals of many texts are calibrated and measured on. No interval is narrower than that of mostMeasured
// texts: nobody has measured what more of them are worth, since their topic errs with all of them.
const (
	mostMeasured   = 80
	leastMeasured  = 20
	fewestForMany  = 60 // calibration texts about the value
	setsOfAKind    = 100
	leastSlopeSure = 3 // standard errors that the slope must lie above 0
)

// fitMany takes everything but Factor from calibration texts: scores y [N] and predictions p [N]. why says that nothing
// can be said of means.
func fitMany(y, p []float64) (f *ManyFit, why string) {
	n := float64(len(y))
	if len(y) < fewestForMany {
		return nil, fmt.Sprintf("%d texts about it of other groups: a mean of many needs %d", len(y), fewestForMany)
	}
	f = &ManyFit{Texts: len(y), Mean: stat.Mean(y, nil), Predicted: stat.Mean(p, nil), Factor: 1}
	variance := stat.PopVariance(y, nil)
	if variance == 0 {
		return nil, "all texts about it of other groups have one score"
	}
	f.Spread = math.Sqrt(variance)
	for i := range y {
		f.Slope += (p[i] - f.Predicted) * (y[i] - f.Mean) / (n * variance)
	}
	var first, second float64
	for i := range y {
		rest := p[i] - f.Predicted - f.Slope*(y[i]-f.Mean)
		first, second = first+(y[i]-p[i])*(y[i]-p[i]), second+rest*rest
	}
	if !(f.Slope > leastSlopeSure*math.Sqrt(second/n)/(f.Spread*math.Sqrt(n))) {
		return nil, "predictions do not rise with the scores of texts about it"
	}
	// A model without error would leave nothing to divide by.
	f.Other = max(math.Sqrt(first/n), 1e-9)
	f.Choice = max(math.Sqrt(second/n)/f.Slope, 1e-9)
	return f, ""
}

// stretched is a prediction's place by the reading of another choice.
func (f *ManyFit) stretched(p float64) float64 { return f.Mean + (p-f.Predicted)/f.Slope }

// means are what both readings make of the texts, with the standard deviations of their errors. chance is what the
// number of texts alone leaves open by the second.
type means struct {
	near, nearOff float64
	far, farOff   float64
	chance        float64
}

// of adds texts up. A judged text has its own score and error by both readings: nobody drew it to the middle.
func (f *ManyFit) of(told []Told) means {
	var m means
	var nearVariance, farVariance, predicted, ahead float64
	n := float64(len(told))
	for _, t := range told {
		if t.Judged {
			m.near, m.far = m.near+t.Value/n, m.far+t.Value/n
			nearVariance, farVariance = nearVariance+t.Off*t.Off/n, farVariance+t.Off*t.Off/n
			continue
		}
		predicted += 1 / n
		ahead += (f.stretched(t.Value) - f.Mean) / n
		m.near, m.far = m.near+t.Value/n, m.far+f.stretched(t.Value)/n
		nearVariance, farVariance = nearVariance+f.Other*f.Other/n, farVariance+f.Choice*f.Choice/n
	}
	// Means of n texts, and the line itself, which so many calibration texts have drawn.
	as := min(n, mostMeasured)
	line := predicted * predicted / float64(f.Texts)
	m.nearOff = math.Sqrt(nearVariance/as + f.Other*f.Other*line)
	m.chance = math.Sqrt(farVariance/as + f.Choice*f.Choice*line)
	m.farOff = math.Sqrt(m.chance*m.chance + math.Pow(f.Choice*ahead/f.Spread, 2)/float64(f.Texts))
	return m
}

// needed is the least factor with which the interval holds the truth.
//
//	near 1 ± .5, far 4 ± 1, truth 6     up to far + 2: 2
//	truth 2                             between the readings: 0
func (m means) needed(truth float64) float64 {
	above := min((truth-m.near)/m.nearOff, (truth-m.far)/m.farOff)
	below := min((m.near-truth)/m.nearOff, (m.far-truth)/m.farOff)
	return max(above, below, 0) / normal95
}

// Pool makes one score of texts that are about the value: the mean of their predictions, and of judged ones their
// scores. It is null with too few texts, where they are unlike all that was measured, and where chance alone makes the
// interval wider than the limit of one text; why says so. The number of texts limits it and not the whole interval,
// which is widest for those who stand out most.
func (f *ManyFit) Pool(r TextRules, told []Told) (out TextScore, why string) {
	told = slices.Clone(told)
	slices.SortFunc(told, func(a, b Told) int { return cmp.Compare(a.ID, b.ID) })
	nan := math.NaN()
	out = TextScore{Score: nan, Lo: nan, Hi: nan, N: len(told), Effective: float64(len(told)), Most: f.pull(r, told)}
	if !(out.Effective >= r.Effective) {
		return out, fewEffective(out.Effective, r)
	}
	if like, off := likeness(told); like+2*off < f.Like {
		return out, fmt.Sprintf("unlike the texts that the model was measured on: cosine %.2f to the nearest, %.2f is the "+
			"least", like, f.Like)
	}
	m := f.of(told)
	wide := normal95 * f.Factor
	if half := wide * m.chance; !(half <= r.HalfWidth) {
		return out, fmt.Sprintf("chance alone makes ±%.1f of %d texts, ±%v is the limit%s", half, len(told), r.HalfWidth,
			f.remedy(r))
	}
	out.Score = cut(m.near)
	out.Lo = cut(min(m.near-wide*m.nearOff, m.far-wide*m.farOff))
	out.Hi = cut(max(m.near+wide*m.nearOff, m.far+wide*m.farOff))
	return out, ""
}

// likeness is how like texts are to the training texts nearest to them, on average, and that mean's standard error: a
// few texts may be unlike by chance. Judged texts are left out, since what is said of them does not rest on vectors;
// without others both are NaN.
func likeness(told []Told) (mean, off float64) {
	var like []float64
	for _, t := range told {
		if !t.Judged {
			like = append(like, t.Like)
		}
	}
	if len(like) == 0 {
		return math.NaN(), math.NaN()
	}
	mean, spread := stat.PopMeanStdDev(like, nil)
	return mean, spread / math.Sqrt(float64(len(like)))
}

// remedy says how many texts would do.
func (f *ManyFit) remedy(r TextRules) string {
	each := math.Pow(r.HalfWidth/(normal95*f.Factor*f.Choice), 2) - 1/float64(f.Texts)
	if n := math.Ceil(1 / each); each > 0 && n <= mostMeasured {
		return fmt.Sprintf(": about %.0f texts about the value are needed", n)
	}
	return ": no number of texts is enough"
}

// pull are the texts that move the score most from the middle of predictions, each with its share of all that pull.
func (f *ManyFit) pull(r TextRules, told []Told) []Share {
	var sum float64
	pulls := slices.Clone(told)
	for i := range pulls {
		pulls[i].Sum = math.Abs(pulls[i].Value - f.Predicted)
		sum += pulls[i].Sum
	}
	return r.most(pulls, max(sum, 1e-12))
}

// fewEffective is the reason of a score that too few texts would make.
func fewEffective(n float64, r TextRules) string {
	return fmt.Sprintf("%.1f effective texts: %v are needed", n, r.Effective)
}

// judgedOff is the standard deviation of a judged score's error, from its doubt, which is a mean error.
func judgedOff(sigma float64) float64 { return math.Sqrt(math.Pi/2) * (sigma - doubtFloor) }
