package vidb

import (
	"embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"hives/internal/fault"
	"hives/internal/judge"
)

// Formats of a question.
const (
	FormatBinary  = "binary"  // which of two supports the value more
	FormatDefault = "default" // all texts in order
	FormatOneShot = "oneshot" // the same, with a worked example
)

// Formats are all of them, the default first.
var Formats = []string{FormatBinary, FormatDefault, FormatOneShot}

// The wordings. Ours is the prompt that each judge names; the paper's asks for a bare number.
const (
	WordingOurs  = "ours"
	WordingPaper = "paper"
	paperPrompt  = "paper.v1"
)

//go:embed prompts/*.tmpl prompts/examples.json
var promptFiles embed.FS

var prompts = judge.Prompts{Files: promptFiles}

// PromptNames lists the embedded prompts.
func PromptNames() []string { return prompts.Names() }

// example is a worked example of one theory: five texts and their order.
type example struct {
	Value string   `json:"value"`
	Texts []string `json:"texts"`
	Order []string `json:"order"`
}

// examples are embedded: a fault in them is found by any test, and panics.
var examples = sync.OnceValue(func() map[string]example {
	raw, err := promptFiles.ReadFile("prompts/examples.json")
	var out map[string]example
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	if err != nil {
		panic(err)
	}
	return out
})

// view is what a template sees. Nothing of it depends on the texts but Texts, which is a mark until they are put in.
// So one form serves all windows of a value, and its hash names the prompt.
type view struct {
	Theory, Value, Definition string
	Labels, Texts             string
	Example                   struct{ Value, Texts, Order string }
}

// labels are the letters of k texts. Never numbers: a list of numbers can be read as an order of texts and as a rank
// for each, and both parse.
func labels(k int) []string {
	out := make([]string, k)
	for i := range out {
		out[i] = string(rune('A' + i))
	}
	return out
}

// mostLabels is how many letters there are.
const mostLabels = 26

// asker puts windows of one value to judges in one format.
type asker struct {
	k       int
	format  string
	numbers bool // the paper's wording: 1 and 2 in place of letters
	valueID string
	forms   []*judge.Form // one a voter
}

// newAsker renders the form of every voter: all that is the same for every window.
//
// Nothing of a form depends on the texts. So the hash of a prompt is the same for all windows of a value, and the votes
// file holds each prompt once.
func newAsker(v *Value, k int, format, wording string, voters []judge.Voter) (*asker, error) {
	d, err := define(v.ValueID, v.known)
	if err != nil {
		return nil, err
	}
	tree, _ := v.known.Get(d.theory)
	see := view{Theory: tree.Name, Value: d.name, Definition: d.text, Labels: strings.Join(labels(k), ", "),
		Texts: judge.Mark}
	if format == FormatOneShot {
		e, ok := examples()[d.theory]
		if !ok {
			return nil, invalid("--format %s: there is no example for the theory %q: want another format", format, d.theory)
		}
		see.Example.Value, see.Example.Texts, see.Example.Order = e.Value, asJSON(e.Texts), asJSON(e.Order)
	}
	a := &asker{k: k, format: format, numbers: wording == WordingPaper, valueID: v.ValueID}
	for _, voter := range voters {
		name := voter.Prompt
		if a.numbers {
			name = paperPrompt
		}
		t, err := prompts.Load(name)
		if err != nil {
			return nil, fault.Usage(err)
		}
		if !t.Has(format) {
			return nil, invalid("judge %q: prompt %s has no form for --format %s", voter.Name, name, format)
		}
		form, err := t.Render(format, see, a.schema())
		if err != nil {
			return nil, err
		}
		a.forms = append(a.forms, form)
	}
	return a, nil
}

// schema is the answer's form, for endpoints that keep to one. The paper's bare number has none.
func (a *asker) schema() map[string]any {
	if a.numbers {
		return nil
	}
	key, property := "order", map[string]any{
		"type": "array", "items": map[string]any{"type": "string", "enum": labels(a.k)}, "minItems": a.k, "maxItems": a.k,
	}
	if a.format == FormatBinary {
		key, property = "more", map[string]any{"type": "string", "enum": append(labels(a.k), tieWord)}
	}
	return map[string]any{
		"type": "object", "properties": map[string]any{key: property}, "required": []string{key},
		"additionalProperties": false,
	}
}

// tieWord is the answer of a judge that sees no difference.
const tieWord = "tie"

// question is one window for one voter. The texts stand in the prompt as one JSON list: they are data, whatever they
// say. The item is named by the texts in their order, so another order is another item, and the same window drawn twice
// is asked once.
func (a *asker) question(voter int, texts []string) judge.Question {
	shown := asJSON(texts)
	q := a.forms[voter].Question(judge.Item{ID: judge.Hash(shown)[:32], Text: shown}, texts)
	q.About = a.valueID
	q.Parse = func(raw string) (string, error) { return a.parse(raw, texts) }
	if a.format == FormatBinary && !a.numbers {
		q.Prefix = `{"more": "`
		for _, label := range labels(a.k) {
			q.Choices = append(q.Choices, label+`"}`)
		}
	}
	return q
}

// places turns a parsed answer back into places of the window; a tie has none.
//
//	["B","A","C"]     1 0 2
//	[]                a tie
func places(parsed string) (order []int, tie bool) {
	var said []string
	if json.Unmarshal([]byte(parsed), &said) != nil || len(said) == 0 {
		return nil, true
	}
	for _, label := range said {
		order = append(order, int(label[0]-'A'))
	}
	return order, false
}

// built notes what the windows were made by.
func (v *Value) built(o DesignOptions, jurors []Juror, format, wording string) {
	v.Seed, v.K, v.M, v.Format, v.Order, v.Judges = o.Seed, o.K, o.M, format, o.Order, jurors
	v.Settings.Pairing, v.Settings.Rotation = o.Pairing, o.Rotation
	v.Settings.Overlap, v.Settings.Wording = o.Overlap, wording
	v.Report.Check = nil // the scores that voters looked at are gone
	for i := range v.Scores {
		v.Scores[i] = unscored()
	}
}

// checkFormat refuses windows that a format cannot ask about.
//
//	binary, k 2        {"more": "B"}
//	default, k 5       {"order": ["B", "A", "C", "E", "D"]}
//	paper, k 2         2
func checkFormat(format, wording string, k int) error {
	switch {
	case !slices.Contains(Formats, format):
		return invalid("--format %q: want one of %v", format, Formats)
	case wording != WordingOurs && wording != WordingPaper:
		return invalid("--wording %q: want %s or %s", wording, WordingOurs, WordingPaper)
	case k < 2 || k > mostLabels:
		return invalid("--k %d: a window holds 2 to %d texts", k, mostLabels)
	case format == FormatBinary && k != 2:
		return invalid("--format binary with --k %d: it compares two texts; want --format default for more", k)
	case wording == WordingPaper && format != FormatBinary:
		return invalid("--wording paper with --format %s: the paper's form compares two texts", format)
	}
	return nil
}
