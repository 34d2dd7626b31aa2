package answers

import (
	"cmp"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"hives/internal/fault"
	"hives/internal/interview"
	"hives/internal/judge"
)

//go:embed prompts/*.tmpl
var files embed.FS

var prompts = judge.Prompts{Files: files}

// The two voters of a build, by their place in the completed configuration.
const (
	writer = iota
	reader
)

// promptHash names a prompt by its version and the SHA-256 of its file.
//
//	write.v1@5f0c…
func promptHash(name string) string {
	raw, _ := files.ReadFile("prompts/" + name + ".tmpl") // its name was loaded before
	return name + "@" + judge.Hash(string(raw))
}

// view is what the writer's templates see; Text is a mark until the text is put in.
type view struct {
	Value, Definition string
	Levels            []string
	Level, Tone       string
	Text              string
}

func newView(v *Value, l Level) view {
	return view{Value: v.Name, Definition: v.Definition, Levels: levelNames(), Level: l.Name(), Tone: l.Tone(),
		Text: judge.Mark}
}

// draw names one of several answers to the same request: those of other seeds and other attempts are others.
func (b *builder) draw(attempt int) string {
	return fmt.Sprintf("seed %d, attempt %d", b.job.Seed, attempt)
}

// asking is the writer's question about a statement.
func (b *builder) asking(s statement) (judge.Question, error) {
	schema := map[string]any{
		"type": "object", "properties": map[string]any{"question": map[string]any{"type": "string"}},
		"required": []string{"question"}, "additionalProperties": false,
	}
	form, err := b.write.Render("question", newView(s.value, 0), schema)
	if err != nil {
		return judge.Question{}, err
	}
	r := &s.row
	about := judge.Item{ID: r.TextID, Text: r.Text, Group: r.Group, Corpus: r.Corpus, Licence: r.Licence}
	q := form.Question(about, r.Text)
	q.About, q.Parse = "question "+s.value.Name, parseAsked
	return q.Drawn(b.draw(0)), nil
}

// parseAsked reads {"question": "…"}, which must be one: with a question mark, and in one line.
func parseAsked(raw string) (string, error) {
	object, err := judge.Repair(raw)
	if err != nil {
		return "", err
	}
	text, _ := object["question"].(string)
	text = strings.Join(strings.Fields(text), " ")
	if !strings.HasSuffix(text, "?") || utf8.RuneCountInString(text) > longestQuestion || len(text) < 2 {
		return "", errors.New("the answer holds no short question")
	}
	return asText(text), nil
}

// asText is the stored form of a text.
func asText(text string) string {
	out, _ := json.Marshal(map[string]string{"text": text}) // strings always marshal
	return string(out)
}

// spoken reads it back, "" of an unusable vote.
func (b *builder) spoken(v judge.Vote) (string, error) {
	var said struct{ Text string }
	if err := json.Unmarshal([]byte(cmp.Or(v.Parsed, "{}")), &said); err != nil {
		return "", fault.New(fault.Corrupt, "votes file: an answer about item %s: %w", v.Item, err)
	}
	return said.Text, nil
}

// answering is the request for an answer, or, where there is an answer before, for its rewriting. The material is the
// item, value and level stand in the prompt: so a votes file holds each prompt once and each text once.
//
//	attempt 0               prompt answer at +2, item "Would you lead?"
//	attempt 1, rewrite      prompt rewrite to +2, item ["Would you lead?", "Perhaps."]
//	attempt 1, resample     as attempt 0, but for its draw
func (b *builder) answering(q *Question, l Level, attempt int, before string) (judge.Question, error) {
	block, material, text := "answer", any(q.Text), q.Text
	if before != "" {
		list := []string{q.Text, before}
		raw, _ := json.Marshal(list)
		block, material, text = "rewrite", list, string(raw)
	}
	form, err := b.write.Render(block, newView(q.value, l), nil)
	if err != nil {
		return judge.Question{}, err
	}
	asked := form.Question(item(text, q), material)
	asked.About = fmt.Sprintf("%s %s", q.value.Name, l)
	// An empty text is kept too: asking again in the same words is the loop's business, which draws anew.
	asked.Parse = func(raw string) (string, error) { return asText(strings.TrimSpace(raw)), nil }
	return asked.Drawn(b.draw(attempt)), nil
}

// item is a text that is shown to a model, under the terms of what it was made from.
func item(text string, q *Question) judge.Item {
	return judge.Item{ID: judge.Hash(text)[:32], Text: text, Group: q.Group, Corpus: q.Corpus, Licence: q.Licence}
}

// declines are the words by which models refuse: the model speaks of itself, or of what it cannot do for whoever asks.
// "I cannot imagine a life without friends" is an answer.
var declines = regexp.MustCompile(`(?i)\bas an? (ai|artificial intelligence|language model)\b|` +
	`\bI('m| am) (sorry|afraid),? but I (can|am|'m|do)|` +
	`\bI (can ?not|can't|won't|am unable to|'m unable to|am not able to|'m not able to) ` +
	`(assist|answer (that|this)|provide|fulfil|comply|help you|help with (that|this))`)

// refused is the reason of a text by which the writer declines.
const refused = "refused"

// unfit says why a text is no answer, "" of one.
func unfit(text string, asked judge.Question, q *Question) string {
	switch {
	case text == "":
		return "empty"
	case declines.MatchString(text):
		return refused
	case fold(text) == fold(q.Text):
		return "repeats the prompt"
	// An answer that is to be rewritten stands in the prompt too, and may well stay as it is.
	case strings.Contains(fold(asked.User), fold(text)) && !strings.Contains(asked.Item.Text, text):
		return "repeats the prompt"
	}
	return ""
}

// The judge's three words, by the number that each stands for, plus one.
var stands = []string{"disagree", "neutral", "agree"}

// judging asks one role about one part of a value. The role stands in the prompt and the answer is the item, so equal
// answers are judged once.
func (b *builder) judging(
	role *interview.Persona, v *Value, p *Part, text string, q *Question,
) (judge.Question, error) {
	choice := judge.Choice{Names: []string{stands[2], stands[1], stands[0]}}
	form, err := b.judge.Render("part", struct{ Role, Part, Agrees, Disagrees, Text string }{
		role.Preamble, p.Name, p.Agrees, p.Disagrees, judge.Mark,
	}, choice.Schema())
	if err != nil {
		return judge.Question{}, err
	}
	asked := form.Question(item(text, q), text)
	asked.About, asked.Parse = v.Name+"/"+p.Name, choice.Parse
	asked.Prefix, asked.Choices = choice.Answers()
	return asked, nil
}

// judged is −1, 0 or 1, ok false of a vote that could not be used.
func judged(v judge.Vote) (j float64, ok bool) {
	at := slices.Index(stands, v.Choice())
	return float64(at - 1), at >= 0
}
