package prompts

import (
	"bytes"
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"hives/internal/audit"
	"hives/internal/fault"
	"hives/ranking"
	"hives/vidb"
)

//go:embed prompts/*.tmpl
var files embed.FS

var templates = template.Must(template.ParseFS(files, "prompts/*.tmpl"))

// Whether user texts are drawn for each query.
const (
	TextsDrawn = "drawn"
	TextsFixed = "fixed" // one draw for each value and target
)

// textsShown is how many texts of a user a prompt quotes.
const textsShown = 3

// Options say which cells there are, and how they speak.
type Options struct {
	Regimes []string // beside the default
	Values  []string // value ids
	Targets []int
	Words   string // Slightly or Weakly
	Texts   string // TextsDrawn or TextsFixed
	Bins    string
	Profile *Profile // of regime profile
	Seed    uint64
}

// Regimes are all that can be asked for.
var Regimes = []string{audit.RegimeAnchor, audit.RegimeTexts, audit.RegimeTwo, audit.RegimeFive, audit.RegimeProfile}

// Defaults steer by anchors to all four targets.
func Defaults() Options {
	return Options{Regimes: []string{audit.RegimeAnchor}, Targets: Targets, Words: Slightly, Texts: TextsDrawn,
		Bins: BinsMain}
}

// Cell is a condition that can be asked.
type Cell struct {
	audit.Condition
	o        Options
	template string
	texts    []vidb.Text // that may be quoted
}

// Cells are the default and all cells of the regimes, those of a value together. db has the texts of each value; only
// regime texts needs it. A regime that no chosen value fills is refused: the user has asked for something that would
// not be there.
func Cells(o Options, db func(value string) (*vidb.Value, error)) ([]Cell, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	out := []Cell{o.cell(audit.RegimeDefault, nil, nil)}
	for _, regime := range o.Regimes {
		before := len(out)
		for _, sets := range o.sets(regime) {
			for _, targets := range sets.targets {
				c := o.cell(regime, sets.values, targets)
				if regime == audit.RegimeTexts {
					v, err := db(sets.values[0])
					if err != nil {
						return nil, err
					}
					c.texts = eligible(v, o.Bins, targets[0])
					if n := len(c.texts); n < textsShown {
						c.Skipped = fmt.Sprintf("the database has %d texts in this part of the scale, and %d are shown", n, textsShown)
					}
				}
				out = append(out, c)
			}
		}
		if len(out) == before {
			return nil, fault.Usage(fault.New(fault.Invalid, "regime %s: the chosen values fill none of its sets: two needs "+
				"both values of a pair, five needs five values of a theory", regime))
		}
	}
	return out, nil
}

// Check refuses options by name, before anything is opened.
func (o Options) Check() error {
	for _, c := range []struct {
		flag, value string
		choices     []string
	}{
		{"--words", o.Words, []string{Slightly, Weakly}}, {"--texts", o.Texts, []string{TextsDrawn, TextsFixed}},
		{"--bins", o.Bins, AllBins},
	} {
		if !slices.Contains(c.choices, c.value) {
			return fault.Usage(fault.New(fault.Invalid, "%s %q: want one of %v", c.flag, c.value, c.choices))
		}
	}
	for at, r := range o.Regimes {
		if !slices.Contains(Regimes, r) || slices.Contains(o.Regimes[:at], r) {
			return fault.Usage(fault.New(fault.Invalid, "--regimes %q: want some of %v, each once; the default is always asked",
				r, Regimes))
		}
	}
	if slices.Contains(o.Regimes, audit.RegimeProfile) && o.Profile == nil {
		return fault.Usage(fault.New(fault.Invalid, "regime profile needs --profile, a file with scores of values"))
	}
	for at, v := range o.Values {
		if slices.Contains(o.Values[:at], v) {
			return fault.Usage(fault.New(fault.Invalid, "value %s stands twice", v))
		}
		if _, err := Phrase(v); err != nil {
			return err
		}
	}
	return checkTargets(o.Targets)
}

// set is values that are steered together, and to what.
type set struct {
	values  []string
	targets [][]int
}

// sets are what a regime asks about the chosen values.
func (o Options) sets(regime string) (out []set) {
	switch regime {
	case audit.RegimeTwo:
		for _, p := range Pairs {
			if slices.Contains(o.Values, p[0]) && slices.Contains(o.Values, p[1]) {
				out = append(out, set{p[:], Doses})
			}
		}
	case audit.RegimeFive:
		for _, theory := range []string{"svt", "mft", "duty", "right"} {
			var five []string
			for _, v := range o.Values {
				if strings.HasPrefix(v, theory+"/") && len(five) < 5 {
					five = append(five, v)
				}
			}
			if len(five) == 5 {
				out = append(out, set{five, Shifts()})
			}
		}
	case audit.RegimeProfile:
		values, targets := o.Profile.Steer()
		out = append(out, set{values, [][]int{targets}})
	default:
		for _, v := range o.Values {
			s := set{values: []string{v}}
			for _, t := range o.Targets {
				s.targets = append(s.targets, []int{t})
			}
			out = append(out, s)
		}
	}
	return out
}

// cell makes one; its id says what it is.
//
//	anchor:svt/self-enhancement/power:+2
//	two:duty/justice+duty/beneficence:+2,+1
func (o Options) cell(regime string, values []string, targets []int) Cell {
	c := Cell{o: o, template: map[string]string{
		audit.RegimeDefault: "default.v1", audit.RegimeAnchor: "anchor.v1", audit.RegimeTexts: "texts.v1",
	}[regime]}
	if c.template == "" {
		c.template = "several.v1"
	}
	c.Condition = audit.Condition{ID: regime, Regime: regime, Values: values, Targets: targets, Prompt: c.template}
	c.Hash = hash(c.template, len(values) > 0 && regime != audit.RegimeTexts)
	if len(values) > 0 {
		var signed []string
		for _, t := range targets {
			signed = append(signed, fmt.Sprintf("%+d", t))
		}
		c.ID += ":" + strings.Join(values, "+") + ":" + strings.Join(signed, ",")
	}
	return c
}

// Prompt is what is asked of a query, and the ids of the texts that it quotes. It panics on a cell that is skipped.
func (c Cell) Prompt(q audit.Query) (prompt string, quoted []string) {
	view := struct {
		Query  string
		Values []line
		Texts  []string
	}{Query: strings.TrimSpace(q.Text)}
	for at, v := range c.Values {
		view.Values = append(view.Values, line{words(c.o.Words, c.Targets[at]), phrases[v]})
	}
	if len(c.Values) > 1 { // by no order of strength
		random := ranking.Stream("steer order", c.o.Seed, c.ID, q.ID)
		random.Shuffle(len(view.Values), func(a, b int) { view.Values[a], view.Values[b] = view.Values[b], view.Values[a] })
	}
	if c.Regime == audit.RegimeTexts {
		for _, t := range c.draw(q) {
			view.Texts, quoted = append(view.Texts, strings.TrimSpace(t.Text)), append(quoted, t.ID)
		}
	}
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, c.template+".tmpl", view); err != nil {
		panic(err) // a template of the program and a struct of its own
	}
	return strings.TrimSuffix(b.String(), "\n"), quoted
}

// line is one value of a prompt.
type line struct{ Words, Phrase string }

// draw takes the texts of a query: the first of a shuffle that hangs on query, value and target.
func (c Cell) draw(q audit.Query) []vidb.Text {
	ids := []string{c.Values[0], fmt.Sprint(c.Targets[0])}
	if c.o.Texts == TextsDrawn {
		ids = append(ids, q.ID)
	}
	return pick(c.texts, ranking.Stream("steer texts", c.o.Seed, ids...).Perm(len(c.texts))[:textsShown])
}

func pick(texts []vidb.Text, at []int) (out []vidb.Text) {
	for _, i := range at {
		out = append(out, texts[i])
	}
	return out
}

// Asked is a query as a cell asks it, for people.
type Asked struct {
	Condition string   `json:"condition"`
	Query     string   `json:"query"`
	File      string   `json:"prompt"` // name and version
	Hash      string   `json:"hash"`
	Prompt    string   `json:"asked,omitempty"`
	Texts     []string `json:"texts,omitempty"`
	Skipped   string   `json:"skipped,omitempty"`
}

// Ask shows what the cell makes of a query, or why it asks nothing.
func (c Cell) Ask(q audit.Query) Asked {
	out := Asked{Condition: c.ID, Query: q.ID, File: c.Condition.Prompt, Hash: c.Hash, Skipped: c.Skipped}
	if c.Skipped == "" {
		out.Prompt, out.Texts = c.Prompt(q)
	}
	return out
}
