package panel

import (
	"embed"
	"strings"

	"hives/data/theories"
	"hives/internal/judge"
)

//go:embed prompts/*.tmpl
var promptFiles embed.FS

var prompts = judge.Prompts{Files: promptFiles}

// PromptNames lists the embedded prompts.
func PromptNames() []string { return prompts.Names() }

// Define returns a node's definition, "" where there is none.
type Define func(theories.Path) string

// option is a choice as a template sees it. A definition may be empty: not every theory of one's own has them.
type option struct{ Name, Definition string }

// view is what a template sees. Nothing of it depends on the text but Text, which is a mark until a text is put in:
// so a prompt's hash is the same for all texts, and one row of the votes file holds it.
type view struct {
	Theory, Level, Path, Definition string
	Options                         []option
	Neutral                         bool
	Text                            string
}

// render writes a query for a voter. The order of the choices turns with the voter, since models favour the
// first: turn of every N choices begins with another one. A file that defines "because" wants a reason before the
// choice.
//
//	3 choices a b c, 7 voters      turn 0 1 2 a b c    turn 3 4 b c a    turn 5 6 c a b
//	the first of turn t is choice ⌊3t/7⌋
//
// The same voter sees the same order each time: its prompt's hash must not change, or stored answers would be lost.
func render(p *judge.Template, tree *theories.Tree, define Define, q query, turn, voters int) (*judge.Form, error) {
	v := view{Theory: tree.Name, Path: strings.Join(q.path, " → "), Neutral: q.neutral, Text: judge.Mark}
	var node theories.Path
	copy(node[:], q.path)
	if len(q.path) > 0 {
		v.Definition = define(node)
	}
	block := "direction"
	if !q.direction {
		block = "choose"
		v.Level = tree.LevelNames[len(q.path)]
		for i := range q.options {
			name := q.options[(i+turn*len(q.options)/voters)%len(q.options)]
			child := node
			child[len(q.path)] = name
			v.Options = append(v.Options, option{name, define(child)})
		}
	}
	return p.Render(block, v, q.answer(p.Has("because")).Schema())
}
