package panel

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"text/template"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/llm"
)

//go:embed prompts/*.tmpl
var promptFiles embed.FS

// textMark stands where the text will be; no template and no definition can hold the control character.
const textMark = "\x00text\x00"

// Define returns a node's definition, "" where there is none.
type Define func(theories.Path) string

// prompt is one versioned way to ask. Changing a file's words changes the hash of what it renders, so an
// edited prompt never passes for the old one; a new wording still gets a new version in its name.
type prompt struct {
	name    string
	t       *template.Template
	because bool // the answer has a reason before the choice
}

// PromptNames lists the embedded prompts.
func PromptNames() []string {
	files, _ := fs.Glob(promptFiles, "prompts/*.tmpl") // the pattern is well formed
	for i, f := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(f, "prompts/"), ".tmpl")
	}
	return files
}

func loadPrompt(name string) (*prompt, error) {
	if !slices.Contains(PromptNames(), name) {
		return nil, fault.New(fault.NotFound, "prompt %q: there are %s", name, strings.Join(PromptNames(), ", "))
	}
	t, err := template.ParseFS(promptFiles, "prompts/"+name+".tmpl")
	if err != nil {
		return nil, fmt.Errorf("prompt %s: %w", name, err)
	}
	return &prompt{name: name, t: t, because: t.Lookup("because") != nil}, nil
}

// option is a choice as a template sees it.
type option struct{ Name, Definition string }

// view is what a template sees.
type view struct {
	Theory, Level, Path, Definition string
	Options                         []option
	Neutral                         bool
	Text                            string
}

// rendered is a prompt with the text's place left open.
type rendered struct {
	system, user string
	schema       map[string]any
	stored       llm.Prompt
}

// render writes a query for a voter. The order of the choices turns with the voter, since models favour the
// first: turn of every N choices begins with another one.
func (p *prompt) render(tree *theories.Tree, define Define, q query, turn, voters int) (*rendered, error) {
	v := view{Theory: tree.Name, Path: strings.Join(q.path, " → "), Neutral: q.neutral, Text: textMark}
	var node theories.Path
	copy(node[:], q.path)
	if len(q.path) > 0 {
		v.Definition = define(node)
	}
	if !q.direction {
		v.Level = tree.LevelNames[len(q.path)]
		for i := range q.options {
			name := q.options[(i+turn*len(q.options)/voters)%len(q.options)]
			child := node
			child[len(q.path)] = name
			v.Options = append(v.Options, option{name, define(child)})
		}
	}
	r := &rendered{schema: answerSchema(q.choices(), p.because)}
	block := "choose"
	if q.direction {
		block = "direction"
	}
	var err error
	if r.system, err = p.execute("system", v); err != nil {
		return nil, err
	}
	if r.user, err = p.execute(block, v); err != nil {
		return nil, err
	}
	if strings.Count(r.user, textMark) != 1 {
		return nil, fault.New(fault.Corrupt, "prompt %s: %s must hold the text once", p.name, block)
	}
	schema, _ := json.Marshal(r.schema) // strings, lists and maps of them always marshal
	r.stored = llm.Prompt{Name: p.name, Text: r.system + "\n\n" + strings.Replace(r.user, textMark, "⟦text⟧", 1) + "\n\n" + string(schema)}
	return r, nil
}

func (p *prompt) execute(block string, v view) (string, error) {
	var b strings.Builder
	if err := p.t.ExecuteTemplate(&b, block, v); err != nil {
		return "", fmt.Errorf("prompt %s: %w", p.name, err)
	}
	return b.String(), nil
}

// request puts the text in. As a JSON string it has no line break, no quotation mark that could end it and,
// since the encoder escapes them, no < or >: nothing in it can look like the prompt's own words ending.
func (r *rendered) request(m llm.Model, text string) llm.Request {
	quoted, _ := json.Marshal(text) // a string always marshals
	return llm.Request{Model: m, System: r.system, User: strings.Replace(r.user, textMark, string(quoted), 1), Schema: r.schema}
}

// answerSchema allows the choices and nothing else. "because" comes before "choice" in the encoder's order,
// so that a reason is given before the choice and not for it.
func answerSchema(choices []string, because bool) map[string]any {
	properties := map[string]any{"choice": map[string]any{"type": "string", "enum": choices}}
	required := []string{"choice"}
	if because {
		properties["because"] = map[string]any{"type": "string"}
		required = []string{"because", "choice"}
	}
	return map[string]any{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}
