package answers

import (
	"context"
	"fmt"
	"path/filepath"

	"hives/internal/judge"
	"hives/internal/llm"
)

// Tokens that a forecast reckons with, where nobody knows better: a short question, and a word of JSON.
const (
	aroundQuestion = 30
	aroundWord     = 12
)

// forecast prints what the run would take at the least, where every first answer is near enough, and at the most, where
// none ever is. It stops unless somebody has agreed to pay, or all is computed here.
//
//	one question, five levels, k 5, n 7, eight rewrites
//	least   5 · (1 + 35)         =   180 requests
//	most    5 · 9 · (1 + 35)     = 1,620
func (b *builder) forecast(ctx context.Context, run judge.Run) (stop bool, err error) {
	asked, judging, parts := b.sizes()
	f := judge.Forecast{Items: asked * len(b.job.Levels), Noun: "answers", Budget: b.cfg.Budget}
	w, r := b.cfg.Voters[writer], b.cfg.Voters[reader]
	for _, way := range []struct {
		name     string
		attempts int64
	}{{"least", 1}, {"most", int64(b.job.Rewrites) + 1}} {
		c := judge.Course{Name: way.name}
		if n := int64(len(b.statements)); n > 0 {
			c.Questions += n
			c.Ask(w, n, n*(judging+aroundQuestion), n*aroundQuestion)
		}
		answers := way.attempts * int64(len(b.job.Levels)*asked)
		judgements := way.attempts * int64(len(b.job.Levels)*b.job.Roles*parts)
		c.Questions += answers + judgements
		c.Ask(w, answers, answers*(judging+aroundQuestion), answers*int64(w.MaxTokens))
		c.Ask(r, judgements, judgements*(judging+int64(w.MaxTokens)), judgements*min(aroundWord, int64(r.MaxTokens)))
		f.Courses = append(f.Courses, c)
	}
	if f.Stored, _, err = judge.Before(ctx, filepath.Join(b.job.Out, VotesFile), run.ID, nil); err != nil {
		return true, err
	}
	paid := !w.AtHome() || !r.AtHome()
	if b.job.DryRun {
		return true, b.printForecast(f, paid, int(judging)+w.MaxTokens)
	}
	// How many calls a search takes is known when it has ended: what is stored may be far fewer than the dearest course.
	err = f.Agreed(b.cfg.Voters, b.job.Yes || b.finished(run, f.Stored), "give fewer questions")
	return err != nil, err
}

// sizes are the questions, the tokens of a prompt, and the parts of all questions' values together. One judgement's
// prompt stands for all: they differ by a role's and an indicator's words, and the writer's are about as long.
//
//	two questions on power (7 parts), one on hedonism (6)     3 questions, 20 parts
func (b *builder) sizes() (questions int, tokens int64, parts int) {
	for _, q := range b.questions {
		parts += len(q.value.Parts)
	}
	for _, s := range b.statements {
		parts += len(s.value.Parts)
	}
	v := b.values[0]
	if q, err := b.judging(&b.pool[0], v, &v.Parts[0], "", &Question{}); err == nil {
		tokens = llm.EstimateTokens(q.System + q.User)
	}
	return len(b.questions) + len(b.statements), tokens, parts
}

func (b *builder) printForecast(f judge.Forecast, paid bool, prompt int) error {
	out := b.job.Stdout
	if err := f.Write(out); err != nil {
		return err
	}
	for _, v := range b.cfg.Voters {
		line, err := b.cfg.CacheOf(v, prompt)
		if err != nil {
			return err
		}
		if line != "" {
			fmt.Fprintf(out, "%s: %s\n", v.Name, line)
		}
	}
	if paid {
		hours := 0.
		for _, v := range b.cfg.Voters {
			n := f.Courses[0].Requests
			if v.Name == Writer {
				n = int64(f.Items)
			}
			hours += b.cfg.Wait(v, n).Hours()
		}
		fmt.Fprintf(out, "at the least about %.1f hours, if a call takes %v and the endpoints' rates hold\n", hours,
			judge.GuessedWait)
	}
	return nil
}
