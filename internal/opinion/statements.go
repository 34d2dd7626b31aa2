package opinion

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"hives/data"
	"hives/data/survey"
	"hives/internal/fault"
	"hives/internal/judge"
)

//go:embed prompts/*.tmpl
var files embed.FS

var prompts = judge.Prompts{Files: files}

// KindStatements marks runs of statements in a votes file.
const KindStatements = "survey-statements"

// writer has a language model put options into sentences: once a question, whatever the groups.
type writer struct {
	voter judge.Voter
	form  map[int]*judge.Form // by number of options
	t     *judge.Template
}

func newWriter(v judge.Voter) (*writer, error) {
	t, err := prompts.Load(v.Prompt)
	return &writer{v, map[int]*judge.Form{}, t}, err
}

// question asks for as many sentences as there are options.
func (w *writer) question(q survey.Question) (judge.Question, error) {
	n := len(q.Options)
	if w.form[n] == nil {
		text := map[string]any{"type": "string"}
		schema := map[string]any{"type": "object", "required": []string{"statements"}, "additionalProperties": false,
			"properties": map[string]any{"statements": map[string]any{"type": "array", "items": text, "minItems": n,
				"maxItems": n}}}
		form, err := w.t.Render("statements", struct {
			Options int
			Text    string
		}{n, judge.Mark}, schema)
		if err != nil {
			return judge.Question{}, err
		}
		w.form[n] = form
	}
	out := w.form[n].Question(judge.Item{ID: q.ID, Text: q.Asked(nil)}, append([]string{q.Text}, q.Options...))
	out.About, out.Parse = "statements", func(raw string) (string, error) { return parseStatements(raw, q) }
	return out, nil
}

// written is the stored form.
type written struct {
	Statements []string `json:"statements"`
}

// parseStatements wants one sentence an option, all of them unlike. A list that is too short is never cut or filled:
// then sentences would stand for options that they are not of. Nor may it hold the question's own words or an option's.
// A small model was seen to repeat what it was given, which has the right length and the wrong places:
//
//	given [question, A, B, C, D], wanted 4      [question, A, B, C]
func parseStatements(raw string, q survey.Question) (string, error) {
	n, given := len(q.Options), map[string]bool{data.NormaliseText(q.Text): true}
	for _, option := range q.Options {
		given[data.NormaliseText(option)] = true
	}
	object, err := judge.Repair(raw)
	if err != nil {
		return "", err
	}
	list, _ := object["statements"].([]any)
	if len(list) != n {
		return "", fmt.Errorf("%d statements of %d options", len(list), n)
	}
	var out written
	seen := map[string]bool{}
	for _, item := range list {
		text, isText := item.(string)
		text = strings.Join(strings.Fields(text), " ")
		switch {
		case !isText || text == "":
			return "", errors.New("a statement that is no text")
		case given[data.NormaliseText(text)]:
			return "", errors.New("a statement only repeats the question or an option")
		case seen[text]:
			return "", errors.New("two options have the same statement")
		}
		seen[text] = true
		out.Statements = append(out.Statements, text)
	}
	kept, err := json.Marshal(out)
	return string(kept), err
}

// all asks about every question that is not answered yet. A question whose statements cannot be used is out, with the
// reason; the others go on.
func (w *writer) all(ctx context.Context, asked *judge.Judge, questions []survey.Question, bar Bar) ([]*Question, []Out,
	error) {
	votes := make([]judge.Vote, len(questions))
	put := make([]judge.Question, len(questions))
	for i, q := range questions {
		var err error
		if put[i], err = w.question(q); err != nil {
			return nil, nil, err
		}
	}
	err := asked.Each(len(questions), func(i int, t *judge.Turn) (err error) {
		votes[i], err = t.Ask(ctx, 0, put[i])
		return err
	}, func(new bool) {
		if bar.Suffix(asked.Spent()); new {
			bar.Add(1)
		} else {
			bar.Replay(1)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	var kept []*Question
	var out []Out
	for i, v := range votes {
		if v.Parsed == "" {
			out = append(out, Out{questions[i].ID, questions[i].Text, v.Error})
			continue
		}
		var said written
		if err := json.Unmarshal([]byte(v.Parsed), &said); err != nil {
			return nil, nil, fault.New(fault.Corrupt, "votes file: the statements of question %s: %w", questions[i].ID, err)
		}
		// Answers may be older than the rules: what is stored is held to them again.
		if _, err := parseStatements(v.Parsed, questions[i]); err != nil {
			out = append(out, Out{questions[i].ID, questions[i].Text, err.Error()})
			continue
		}
		kept = append(kept, &Question{Question: questions[i], Statements: said.Statements})
	}
	return kept, out, nil
}
