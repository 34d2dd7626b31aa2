package answers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/strictjson"
	"hives/internal/textfile"
	"hives/ranking"
)

// Question is what is answered at several levels. In a file of questions it is a line:
//
//	{"question": "What does a customer owe a shop?", "value": "benevolence", "question_id": "q17", "group": "shops"}
//
// Only question and value are needed.
type Question struct {
	Text    string `json:"question"`
	Value   string `json:"value"` // name or value_id
	ID      string `json:"question_id"`
	Group   string `json:"group"`   // what must not cross a split: the question_id where it is left out
	TextID  string `json:"text_id"` // of the statement that it was made from, else of itself
	Corpus  string `json:"corpus"`
	Licence string `json:"licence"`

	value *Value
}

// longestQuestion, in runes: beyond it a "question" is an essay, or a file of something else.
const longestQuestion = 500

// readQuestions reads a file of questions, of which it keeps those of the values. A question of no value in the
// decomposition is refused; one of a value that was not asked for is left aside. A question that stands twice for its
// value is refused too: its answers would be the same words, twice in a set to train on.
func readQuestions(path string, d *Decomposition, values []*Value) (out []Question, err error) {
	seen := map[string]int{}
	err = textfile.EachLine(path, func(n int, line []byte) error {
		if len(line) == 0 {
			return nil
		}
		q, err := parseQuestion(line, d)
		if err != nil {
			return fault.New(max(fault.Of(err), fault.Invalid), "%s, line %d: %w", path, n, err)
		}
		for _, key := range []string{"id " + q.ID, q.value.ID + " " + fold(q.Text)} {
			if at, twice := seen[key]; twice {
				return fault.New(fault.Invalid, "%s, line %d: the question_id, or the question for its value, stands in line %d "+
					"too", path, n, at)
			}
			seen[key] = n
		}
		if slices.Contains(values, q.value) {
			out = append(out, q)
		}
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fault.New(fault.Invalid, "%s: no question of the values asked for", path)
	}
	return out, err
}

func parseQuestion(line []byte, d *Decomposition) (q Question, err error) {
	if err = strictjson.DecodeOnly(line, &q); err != nil {
		return q, err
	}
	q.Text = strings.TrimSpace(q.Text)
	switch n := utf8.RuneCountInString(q.Text); {
	case n == 0:
		return q, errors.New("the question is empty")
	case n > longestQuestion:
		return q, fmt.Errorf("the question has %d letters, at most %d are taken", n, longestQuestion)
	}
	if q.value, err = d.Find(q.Value); err != nil {
		return q, err
	}
	q.ID = cmp.Or(q.ID, questionID(q.value, q.Text))
	q.Group, q.TextID = cmp.Or(q.Group, q.ID), cmp.Or(q.TextID, data.TextID(q.Text))
	q.Corpus, q.Licence = cmp.Or(q.Corpus, "own"), cmp.Or(q.Licence, "own")
	return q, nil
}

// questionID names a question by its value and the text that it is, or was made from: 64 bits of a hash.
func questionID(v *Value, text string) string { return judge.Hash(v.ID + "\x00" + text)[:16] }

// fold makes texts alike that differ in case and white space.
func fold(text string) string { return strings.ToLower(strings.Join(strings.Fields(text), " ")) }

// statement is a text about a value, of which a question is to be made.
type statement struct {
	row   data.Row
	value *Value
}

// readStatements takes rows about the values, each text once a value. number bounds how many a value has, 0: all. Which
// those are is drawn by seed, value and text, so that more of them begin with the same.
//
//	row svt, conservation / security / security:personal     a statement about security
//	row mft, care/harm                                       none of ours
func readStatements(path string, known theories.Set, values []*Value, number int, seed uint64) ([]statement, error) {
	byValue := map[*Value][]statement{}
	seen := map[string]bool{}
	bad, err := data.Scan(path, data.ReadOptions{Theories: known}, func(r *data.Row) error {
		id := theories.ValueID(r.Theory, known.Canonical(r.Theory, theories.Path(r.Levels())))
		for _, v := range values {
			key := v.ID + " " + r.TextID
			if (id == v.ID || strings.HasPrefix(id, v.ID+"/")) && !seen[key] {
				seen[key] = true
				byValue[v] = append(byValue[v], statement{*r, v})
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	_ = bad // empty without SkipBad: a bad row has failed
	var out []statement
	for _, v := range values {
		list := byValue[v]
		if len(list) == 0 {
			return nil, fault.New(fault.Invalid, "%s: no row is about %s (%s): leave it out with --values", path, v.Name, v.ID)
		}
		slices.SortFunc(list, func(a, b statement) int { return cmp.Compare(a.row.TextID, b.row.TextID) })
		rank := map[string]uint64{} // a draw of each text's own, so that it does not hang on which others there are
		for _, s := range list {
			rank[s.row.TextID] = ranking.Stream("vcai statements", seed, v.ID, s.row.TextID).Uint64()
		}
		slices.SortStableFunc(list, func(a, b statement) int { return cmp.Compare(rank[a.row.TextID], rank[b.row.TextID]) })
		if number > 0 {
			list = list[:min(number, len(list))]
		}
		out = append(out, list...)
	}
	return out, nil
}

// question is the statement's, once it has a text. Its id is of the statement and not of its own words, so that a
// writer who asks otherwise has asked the same question anew.
func (s statement) question(text string) Question {
	r := &s.row
	return Question{
		Text: text, Value: s.value.Name, ID: questionID(s.value, r.TextID), Group: cmp.Or(r.Group, r.TextID),
		TextID: r.TextID, Corpus: r.Corpus, Licence: r.Licence, value: s.value,
	}
}

// none lists a statement that there is no question of.
func (b *builder) none(q Question, why string) {
	b.failed = append(b.failed, Failure{QuestionID: q.ID, ValueID: q.value.ID, Why: map[string]int{why: 1}})
}

// askQuestions has the writer make a question of each statement. A statement without one, or whose question another
// statement of its value has too, is listed as failed.
func (b *builder) askQuestions(ctx context.Context, j *judge.Judge, all []statement, done func(bool)) error {
	texts := make([]string, len(all))
	err := j.Each(len(all), func(i int, t *judge.Turn) error {
		q, err := b.asking(all[i])
		if err != nil {
			return err
		}
		vote, err := t.Ask(ctx, writer, q)
		if err != nil {
			return err
		}
		texts[i], err = b.spoken(vote)
		return err
	}, done)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i, s := range all {
		key := s.value.ID + " " + fold(texts[i])
		switch q := s.question(texts[i]); {
		case texts[i] == "":
			b.none(q, "no question")
		case seen[key]:
			b.none(q, "another statement's question")
		default:
			b.questions = append(b.questions, q)
		}
		seen[key] = true
	}
	if len(b.questions) == 0 {
		return fault.New(fault.Invalid, "%d statements, and the writer made a question of none: look at its answers in %s",
			len(all), VotesFile)
	}
	return nil
}
