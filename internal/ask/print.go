package ask

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	hivesv1 "hives/proto/hives/v1"
)

// ordered puts answers before doubts, each by the probability that the text is about the value, and keeps the top
// (0: all). The sort keeps the server's order among equals.
//
//	supports .83, about .60, unsure .90     in this order: .90 of a doubt is no answer
func ordered(scores []*hivesv1.ValueScore, top int) []*hivesv1.ValueScore {
	out := slices.Clone(scores)
	slices.SortStableFunc(out, func(a, b *hivesv1.ValueScore) int {
		return cmp.Or(cmp.Compare(open(a), open(b)), cmp.Compare(b.GetAbout().GetValue(), a.GetAbout().GetValue()))
	})
	if top > 0 {
		out = out[:min(top, len(out))]
	}
	return out
}

// open is 1 for a value that nothing is said of. A number, so that it can be compared.
func open(s *hivesv1.ValueScore) int {
	if answerName(s.Answer) == "unsure" {
		return 1
	}
	return 0
}

// printer writes lines, which the program's output fits to the terminal, and keeps the first error. It knows no gRPC:
// what it is given has come.
type printer struct {
	out io.Writer
	top int
	err error
}

// line writes one line. Callers need not look at errors: the first is kept and returned at the end.
func (p *printer) line(text string) {
	if _, err := fmt.Fprintln(p.out, text); p.err == nil {
		p.err = err
	}
}

// abilities says what the vectors can and cannot tell. Three kinds of values: those with a side, those without, and
// those of which nothing may be said. Each is decided by intervals on held-out texts, as the server decides it. They
// are listed once, before the texts, as they hold for all of them.
func (p *printer) abilities(listed *hivesv1.ListValuesResponse) {
	var sides, about []string
	for _, v := range listed.Values {
		switch e := v.Evidence; {
		case !aboveChance(e.GetAbout()):
		case aboveChance(e.GetSupports()):
			sides = append(sides, v.ValueId)
		default:
			about = append(about, v.ValueId)
		}
	}
	silent := len(listed.Values) - len(sides) - len(about)
	switch {
	case len(sides)+len(about) == 0:
		p.line(fmt.Sprintf("This model can tell none of %d values: on held-out texts it does no better than "+
			"chance, or there are too few to say. Every answer is \"unsure\".", silent))
	default:
		if len(sides) > 0 {
			p.line("It can tell whether a text is about these values, and which side it takes: " +
				strings.Join(sides, ", ") + ".")
		}
		if len(about) > 0 {
			p.line("It can tell whether a text is about these values, but no side: " + strings.Join(about, ", ") + ".")
		}
		p.line(fmt.Sprintf("It cannot tell %d others: on held-out texts it does no better than chance, or there "+
			"are too few to say.", silent))
	}
	p.line("")
}

// aboveChance is the server's own floor. An AUC of .5 is a coin; the lower end of its interval must lie above that.
//
//	[.52, .61] above     [.49, .66] not, though its middle is higher     absent: too few texts to say
func aboveChance(a *hivesv1.Auc) bool { return a != nil && a.Low > .5 }

// text prints a text and what is said of it. It says "unsure of every value" rather than nothing: an empty answer
// looks like a fault.
func (p *printer) text(text string, r *hivesv1.TextScores) {
	p.line(text)
	said := 0
	for _, s := range ordered(r.Scores, p.top) {
		// Answers stand before doubts (ordered), so the first doubt ends the list.
		if open(s) == 1 {
			break
		}
		said++
		p.line("    " + sentence(s))
	}
	switch {
	case !r.Sense:
		p.line("    unsure of every value: the text is unlike those that the probabilities hold for, or cannot be " +
			"told from nonsense")
	case said == 0:
		p.line("    unsure of every value")
	}
}

// sentence is "supports mft/care-harm: about it 83 % [78, 87], for it 91 % [80, 96]". The server tells the
// probability of support. "Against" is what is left of 1, and the interval's ends change places: for [.80, .96] it
// is [.04, .20].
func sentence(s *hivesv1.ValueScore) string {
	out := fmt.Sprintf("%s %s: about it %s", answerName(s.Answer), s.ValueId, percent(s.About))
	switch s.Answer {
	case hivesv1.Answer_ANSWER_SUPPORTS:
		out += ", for it " + percent(s.Supports)
	case hivesv1.Answer_ANSWER_OPPOSES:
		p := s.Supports
		out += ", against it " +
			percent(&hivesv1.Probability{Value: 1 - p.GetValue(), Low: 1 - p.GetHigh(), High: 1 - p.GetLow()})
	}
	return out
}

// percent is a probability with its interval, as whole percents.
func percent(p *hivesv1.Probability) string {
	return fmt.Sprintf("%.0f %% [%.0f, %.0f]", 100*p.GetValue(), 100*p.GetLow(), 100*p.GetHigh())
}
