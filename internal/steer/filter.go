package steer

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/talk"
)

// Filters say which pairs of answers count.
const (
	FilterJudge   = "judge"   // a judge finds the value in the one and not in the other, and both coherent
	FilterLogOdds = "logodds" // each answer is more probable under its own instruction than under the other side's
	FilterNone    = "none"    // all that have a token
)

// Filters are all of them.
var Filters = []string{FilterJudge, FilterLogOdds, FilterNone}

// scoreOdds gives each answer log p(answer | instruction for) − log p(answer | instruction against), under the number
// that it was given under. No judge is needed; what it finds is that the instruction left a mark, not that the mark is
// the value.
//
//	answer                                  under for   under against   odds
//	"I would give him my coat."             −21         −27             +6      for: kept
//	"I am drawn to things."                 −30         −29             −1      for: not kept
//
// Both passes read the ids that were sampled, behind prompts that differ in the system message alone.
func scoreOdds(ctx context.Context, m *talk.Model, t Trait, samples []Sample, j *journal, bar *cli.Progress) error {
	var missing []int
	for at := range samples {
		var x float64
		switch {
		case j.get(oddsKey(at), &x):
			samples[at].Odds = &x
		case len(samples[at].IDs) > 0:
			missing = append(missing, at)
		}
	}
	bar.Replay(int64(len(samples) - len(missing)))
	for part := range slices.Chunk(missing, 2*talk.DefaultRows) {
		var as []talk.Answered
		for _, at := range part {
			as = append(as, samples[at].answered(t, For), samples[at].answered(t, Against))
		}
		logp, err := m.LogProbs(ctx, as)
		if err != nil {
			return err
		}
		for n, at := range part {
			x := sum(logp[2*n]) - sum(logp[2*n+1])
			samples[at].Odds = &x
			if err := j.put(oddsKey(at), x); err != nil {
				return err
			}
		}
		bar.Add(int64(len(part)))
	}
	return nil
}

func oddsKey(at int) string { return fmt.Sprintf("odds/%d", at) }

func sum(xs []float64) (total float64) {
	for _, x := range xs {
		total += x
	}
	return total
}

// marked tells whether an answer bears its own instruction's mark.
// Odds of 0 are no mark, on either side.
func marked(s Sample) bool {
	return s.Odds != nil && (s.Side == string(For)) == (*s.Odds > 0) && *s.Odds != 0
}

// rubrics are what a judge is asked of an answer; %s is the value with its definition.
var rubrics = map[string]string{
	"trait": "How strongly does the answer express the value %s? 0 means that it does not, or speaks against it; " +
		"100 means that nothing matters more to whoever answered.",
	"coherence": "How coherent is the answer as an answer to the question, whatever it says of the value %s? " +
		"0 means that it makes no sense; 100 means clear and to the point.",
}

// grades are what a judge chooses from, where it can choose out of a list.
var grades = []string{"0", "10", "20", "30", "40", "50", "60", "70", "80", "90", "100"}

// grade asks a judge for both numbers of each answer. An answer without a number in it is not usable and counts as
// none. Value and coherence are asked apart, so that the one number does not lean on the other. The journal keeps a
// grade that could not be read as null: a run that goes on asks nobody twice.
func grade(ctx context.Context, judge llm.Provider, t Trait, samples []Sample, j *journal, bar *cli.Progress) error {
	for part := range slices.Chunk(indexes(samples), talk.DefaultRows) {
		if err := ctx.Err(); err != nil {
			return fault.New(fault.Canceled, "stopped: %w", context.Cause(ctx))
		}
		for _, what := range []string{"trait", "coherence"} {
			var rs []llm.Request
			var asked []int
			for _, at := range part {
				if !j.get(gradeKey(what, at), samples[at].grade(what)) {
					rs, asked = append(rs, gradeRequest(judge, t, samples[at], what)), append(asked, at)
				}
			}
			replies, err := judge.Generate(ctx, rs)
			if err != nil {
				return err
			}
			for n, reply := range replies {
				x := readGrade(reply)
				*samples[asked[n]].grade(what) = x
				if err := j.put(gradeKey(what, asked[n]), x); err != nil {
					return err
				}
			}
		}
		bar.Add(int64(len(part)))
	}
	return nil
}

func gradeKey(what string, at int) string { return fmt.Sprintf("%s/%d", what, at) }

// indexes are the samples with an answer: of an empty one there is nothing to grade.
func indexes(samples []Sample) (out []int) {
	for at := range samples {
		if len(samples[at].IDs) > 0 {
			out = append(out, at)
		}
	}
	return out
}

// grade is the place of one of the two numbers.
func (s *Sample) grade(what string) **float64 {
	if what == "trait" {
		return &s.Trait
	}
	return &s.Coherence
}

// gradeRequest asks for one number. Question and answer come as JSON strings: what they say is text about which is
// asked, and a line "grade 100" in an answer stays within its quotes. A judge that can choose out of a list cannot miss
// the form.
func gradeRequest(judge llm.Provider, t Trait, s Sample, what string) llm.Request {
	r := llm.Request{Messages: []llm.Message{
		{Role: llm.System, Content: "You grade answers. Reply with a whole number from 0 to 100 and nothing else."},
		{Role: llm.User, Content: fmt.Sprintf(rubrics[what], t.Name+" ("+t.Definition+")") + "\n\nQuestion: " +
			strconv.Quote(s.Question) +
			"\nAnswer: " + strconv.Quote(s.Answer)},
	}, Sampling: llm.Sampling{MaxTokens: 16}}
	if judge.Can().Choices {
		r.Choices = grades
	}
	return r
}

// readGrade is the number that a reply begins with; nil for none between 0 and 100.
//
//	"70"  "80.5 of 100"  "100."       70, 80.5, 100
//	"high"  "101"  "grade 70"  ""     none: a guess at what was meant would be a grade that nobody gave
func readGrade(r llm.Reply) *float64 {
	text := strings.TrimSpace(r.Text)
	end := strings.IndexFunc(text, func(c rune) bool { return (c < '0' || c > '9') && c != '.' })
	if end >= 0 {
		text = text[:end]
	}
	x, err := strconv.ParseFloat(strings.TrimSuffix(text, "."), 64)
	if r.Err != nil || err != nil || x < 0 || x > 100 {
		return nil
	}
	return &x
}

// judged tells whether a judge found an answer coherent and on its side. A threshold of 50 is the middle of the scale.
func judged(threshold float64) func(s Sample) bool {
	return func(s Sample) bool {
		if s.Trait == nil || s.Coherence == nil || *s.Coherence < threshold {
			return false
		}
		return (s.Side == string(For)) == (*s.Trait >= threshold)
	}
}
