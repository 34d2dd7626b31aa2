package vidb

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/judge"
)

// errNoRating is why an answer is no rating.
var errNoRating = errors.New("the answer's last JSON object has no whole number from -10 to 10 as its rating")

// ratingPrompt is the prompt that asks for a number in the words of one that asks for an order.
//
//	plain.v1     plain-rating.v1
func ratingPrompt(name string) string {
	base, version, _ := strings.Cut(name, ".")
	return base + "-rating." + version
}

// rater asks for a number for one text.
type rater struct {
	valueID string
	forms   []*judge.Form // one a voter
}

// newRater renders every voter's form. The words are those of the prompt that asks for an order, as far as they go: a
// difference between methods must not be one between wordings.
func newRater(v *Value, voters []judge.Voter) (*rater, error) {
	d, err := define(v.ValueID, v.known)
	if err != nil {
		return nil, err
	}
	tree, _ := v.known.Get(d.theory)
	r := &rater{valueID: v.ValueID}
	for _, voter := range voters {
		t, err := prompts.Load(ratingPrompt(voter.Prompt))
		if err != nil {
			return nil, fault.Usage(fmt.Errorf("judge %q, prompt %s: no prompt asks for ratings in its words: %w", voter.Name,
				voter.Prompt, err))
		}
		form, err := t.Render("rating", view{Theory: tree.Name, Value: d.name, Definition: d.text, Texts: judge.Mark},
			ratingSchema)
		if err != nil {
			return nil, err
		}
		r.forms = append(r.forms, form)
	}
	return r, nil
}

// ratingSchema is for endpoints that keep to one.
var ratingSchema = map[string]any{
	"type": "object", "required": []string{"rating"}, "additionalProperties": false,
	"properties": map[string]any{"rating": map[string]any{
		"type": "integer", "minimum": -intensity.Limit, "maximum": intensity.Limit,
	}},
}

// question is closed: 21 answers, of which a local model's likeliest is taken.
// Choices are ordered from -10: of equally likely ones the first is taken, so a model without any preference would look
// opposed. Such a one shows in the table as a judge that gives all items one score.
func (r *rater) question(voter int, text string) judge.Question {
	q := r.forms[voter].Question(judge.Item{ID: judge.Hash(asJSON(text))[:32], Text: text}, text)
	q.About = "rating " + r.valueID
	q.Parse = func(raw string) (string, error) { return parseRating(raw, text) }
	q.Prefix = `{"rating": `
	for n := -intensity.Limit; n <= intensity.Limit; n++ {
		q.Choices = append(q.Choices, strconv.Itoa(n)+"}")
	}
	return q
}

// parseRating reads a whole number within the scale. Nothing is rounded and nothing is cut: a judge that answers 12 or
// 7.5 has not kept to the scale.
//
//	{"rating": 7}      7
//	{"rating": 7.5}    unusable
//	{"rating": 12}     unusable
func parseRating(raw, text string) (string, error) {
	answer, err := spoken(raw)
	if err != nil {
		return "", err
	}
	object, err := lastObject(withoutEcho(answer, []string{text}))
	if err != nil {
		return "", err
	}
	said, _ := object["rating"].(string)
	n, err := strconv.Atoi(strings.TrimSpace(said))
	if err != nil || n < -intensity.Limit || n > intensity.Limit {
		return "", errNoRating
	}
	return strconv.Itoa(n), nil
}

// rate asks every voter for a number for every text: [voter][text], NaN where no answer can be used.
// A pair of voter and text is one item of work, so a local model gets its batches full.
func (y *jury) rate(ctx context.Context, v *Value, r *rater, bar Bar) ([][]float64, error) {
	voters, n := len(y.cfg.Voters), len(v.Texts)
	out := make([][]float64, voters)
	var items []judge.Item
	for voter := range out {
		out[voter] = make([]float64, n)
	}
	for _, t := range v.Texts {
		items = append(items, r.question(0, t.Text).Item)
	}
	if err := y.judge.Put(ctx, items); err != nil {
		return nil, judge.Resumable(err)
	}
	var mu sync.Mutex
	err := y.judge.Each(voters*n, func(i int, t *judge.Turn) error {
		voter, text := i/n, i%n
		vote, err := t.Ask(ctx, voter, r.question(voter, v.Texts[text].Text))
		if err != nil {
			return err
		}
		number, err := strconv.Atoi(vote.Parsed)
		out[voter][text] = float64(number)
		if err != nil {
			out[voter][text] = math.NaN()
		}
		return nil
	}, counted(bar, y.judge, &mu))
	if err != nil {
		return nil, judge.Resumable(err)
	}
	return out, nil
}

// counted shows each answer on a bar, whoever brings it.
func counted(bar Bar, j *judge.Judge, mu *sync.Mutex) func(asked bool) {
	return func(asked bool) {
		mu.Lock()
		defer mu.Unlock()
		bar.Suffix(j.Spent())
		if asked {
			bar.Add(1)
		} else {
			bar.Replay(1)
		}
	}
}
