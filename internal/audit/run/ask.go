package run

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"hives/data"
	"hives/internal/audit"
	"hives/internal/audit/prompts"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/llm"
)

// asker puts the queries.
type asker struct {
	cells   []prompts.Cell // none that is skipped
	queries []audit.Query
	seed    uint64
	refusal *judge.Template
}

// pairs is how many answers there will be.
func (a *asker) pairs() int { return len(a.cells) * len(a.queries) }

// pair is the n-th of them: all queries of a cell come before the next cell.
func (a *asker) pair(n int) (*prompts.Cell, audit.Query) {
	return &a.cells[n/len(a.queries)], a.queries[n%len(a.queries)]
}

// said is a stored answer of the subject.
type said struct {
	Text   string     `json:"text"`
	Finish llm.Finish `json:"finish"`
	Tokens int64      `json:"tokens"`
}

// question is a query as a cell asks it, and the ids of the texts that it quotes. In the votes file the query is the
// item, and its place in the prompt is left open. A local model draws its words by a seed of the question's own: with
// one seed for all, all answers would begin with the same luck.
func (a *asker) question(c *prompts.Cell, q audit.Query) (judge.Question, []string) {
	prompt, quoted := c.Prompt(q)
	words := strings.TrimSpace(q.Text)
	open := strings.Replace(prompt, words, "⟦text⟧", 1)
	return judge.Question{
		Item:   judge.Item{ID: data.TextID(words), Text: words, Corpus: q.Source},
		Prompt: judge.Prompt{Name: c.Condition.Prompt, Text: open}, About: c.ID, User: prompt, Keep: keep,
		Draw: fmt.Sprintf("steer %d %s %s", a.seed, c.ID, q.ID),
	}, quoted
}

// keep stores a free text with why it ended. An empty one is kept too: it is an answer, and asking again would not
// help.
func keep(r llm.Reply) (string, error) {
	raw, err := json.Marshal(said{strings.TrimSpace(r.Text), r.Finish, r.Out})
	return string(raw), err
}

// rubricQuestion is what the rubric is asked of an answer. Equal answers to one query are one item.
func (a *asker) rubricQuestion(q audit.Query, text string) (judge.Question, error) {
	quoted, err := json.Marshal(strings.TrimSpace(q.Text))
	if err != nil {
		return judge.Question{}, err
	}
	form, err := a.refusal.Render("refusal", struct{ Question, Text string }{string(quoted), judge.Mark},
		map[string]any{
			"type": "object", "properties": map[string]any{"refused": map[string]any{"type": "boolean"}},
			"required": []string{"refused"}, "additionalProperties": false,
		})
	if err != nil {
		return judge.Question{}, err
	}
	out := form.Question(judge.Item{ID: judge.Hash(text)[:32], Text: text}, text)
	out.About, out.Parse = "refusal", refused
	out.Prefix, out.Choices = `{"refused": `, []string{"true}", "false}"}
	return out, nil
}

// refused reads the rubric's answer.
//
//	{"refused": true}      {"refused":true}
//	{"refused": "False"}   {"refused":false}
//	No, it did not.        no JSON object in the answer
func refused(raw string) (string, error) {
	object, err := judge.Repair(raw)
	if err != nil {
		return "", err
	}
	switch strings.ToLower(fmt.Sprint(object["refused"])) {
	case "true":
		return `{"refused":true}`, nil
	case "false":
		return `{"refused":false}`, nil
	}
	return "", errors.New(`"refused" is neither true nor false`)
}

// answer asks a query under a cell.
func (a *asker) answer(ctx context.Context, t *judge.Turn, c *prompts.Cell, q audit.Query) (audit.Answer, error) {
	question, quoted := a.question(c, q)
	out := audit.Answer{Query: q.ID, Condition: c.ID, Asked: question.User, Texts: quoted}
	vote, err := t.Ask(ctx, subject, question)
	if err != nil {
		return out, fmt.Errorf("query %s, %s: %w", q.ID, c.ID, err)
	}
	var answer said
	if err := json.Unmarshal([]byte(cmp.Or(vote.Parsed, "{}")), &answer); err != nil {
		return out, fault.New(fault.Corrupt, "votes file: an answer to query %s: %w", q.ID, err)
	}
	out.Text, out.Finish, out.Tokens, out.Model = answer.Text, answer.Finish, answer.Tokens, vote.Model
	if out.Text == "" {
		out.Error = cmp.Or(vote.Error, "empty")
	}
	return out, nil
}

// answers asks everything, cell by cell, and returns the answers in that order.
func (a *asker) answers(ctx context.Context, j *judge.Judge, done func(asked bool)) ([]audit.Answer, error) {
	out := make([]audit.Answer, a.pairs())
	err := j.Each(len(out), func(n int, t *judge.Turn) (err error) {
		c, q := a.pair(n)
		out[n], err = a.answer(ctx, t, c, q)
		return err
	}, done)
	return out, err
}

// refusals has the rubric read every answer that has a text. Equal answers to one query are read once: a model that
// always refuses does so in the same words, and two questions for one answer under way at once would both be paid for.
func (a *asker) refusals(ctx context.Context, j *judge.Judge, answers []audit.Answer, done func(asked bool)) error {
	type reading struct {
		query audit.Query
		text  string
		of    []int
	}
	place := map[[2]string]int{}
	var readings []reading
	for n, one := range answers {
		if one.Text == "" {
			done(false)
			continue
		}
		key := [2]string{one.Query, one.Text}
		at, known := place[key]
		if !known {
			at = len(readings)
			place[key] = at
			_, q := a.pair(n)
			readings = append(readings, reading{query: q, text: one.Text})
		} else {
			done(false)
		}
		readings[at].of = append(readings[at].of, n)
	}
	return j.Each(len(readings), func(n int, t *judge.Turn) error {
		r := readings[n]
		question, err := a.rubricQuestion(r.query, r.text)
		if err != nil {
			return err
		}
		vote, err := t.Ask(ctx, rubric, question)
		if err != nil {
			return fmt.Errorf("query %s, refusal: %w", r.query.ID, err)
		}
		for _, at := range r.of {
			answers[at].Refusal = verdict(vote)
		}
		return nil
	}, done)
}

// verdict is what the rubric's vote says of an answer.
func verdict(v judge.Vote) string {
	switch v.Parsed {
	case `{"refused":true}`:
		return audit.Refused
	case `{"refused":false}`:
		return audit.Answered
	}
	return audit.Unusable
}
