package opinion

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"hives/data/survey"
	"hives/encoder"
	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/fsutil"
	"hives/internal/nearest"
	"hives/internal/strictjson"
	"hives/profiles"
)

// Number is a figure that may be undefined.
type Number = figure.Number

// Question is one that makes profiles, with all that they are computed from.
type Question struct {
	survey.Question
	Statements []string    `json:"statements"` // an option each
	Intensity  [][]Number  `json:"intensity"`  // [O][V]
	Similarity [][]Number  `json:"similarity"` // [O][V]
	Shares     [][]float64 `json:"shares"`     // [G][O], null of a group that was not asked
}

// Out is a question that makes no profile, and why.
type Out struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Reason string `json:"reason"`
}

// Value is one that profiles speak of.
type Value struct {
	ID         string `json:"id"`
	Theory     string `json:"theory"`
	Name       string `json:"name"`
	Definition string `json:"definition"`
}

// Phrase is the value in a prompt's sentence: its definition, which is a noun phrase, without capital and full stop.
func (v Value) Phrase() string {
	text := strings.TrimSuffix(v.Definition, ".")
	if text == "" {
		return v.Name
	}
	return strings.ToLower(text[:1]) + text[1:]
}

// Figure is one group's and one value's.
type Figure struct {
	Questions int    `json:"questions"`
	Strength  Number `json:"strength"`
	Lo        Number `json:"lo"` // 95 %, over questions
	Hi        Number `json:"hi"`
	Apart     Number `json:"apart"` // from the mean of the other groups
	ApartLo   Number `json:"apart_lo"`
	ApartHi   Number `json:"apart_hi"`
	// Effect tells that the interval of Apart leaves out 0: only then does the figure say something of the group.
	Effect bool                      `json:"effect"`
	Scales map[profiles.Scale]Number `json:"scales"`
	Level  profiles.Level            `json:"level,omitempty"` // of the hybrid scale
}

// Profile is a group's.
type Profile struct {
	survey.Group
	Slug      string   `json:"slug"`
	Questions int      `json:"questions"` // that it was asked
	Values    []Figure `json:"values"`
}

// Profiles is profiles.json.
type Profiles struct {
	Format    int                `json:"format"` // 1
	Kind      string             `json:"kind"`   // profiles
	Warning   string             `json:"warning"`
	Layout    string             `json:"layout"`
	Weighting profiles.Weighting `json:"weighting"`
	Seed      uint64             `json:"seed"`
	Division  survey.Division    `json:"division"`
	Model     encoder.Identity   `json:"model"`
	VIDB      string             `json:"vidb"` // hashes of the values' texts and scores
	Runs      map[string]string  `json:"runs"` // of the votes file: who wrote statements, who judged
	Values    []Value            `json:"values"`
	Groups    []Profile          `json:"groups"`
	Questions []*Question        `json:"questions"`
	Out       []Out              `json:"out"`
	Skipped   []survey.Skip      `json:"skipped"` // rows of the survey
	Notes     []string           `json:"notes"`
}

// Warning is what stands above every profile.
const Warning = "These figures describe answers to a survey, weighed by a language model's sentences, judges and " +
	"vectors. They are no traits of any person in a group, and nobody may be judged by them"

// compute fills in the groups' figures from questions alone.
func (p *Profiles) compute(groups []survey.Group) error {
	var questions []profiles.Question
	for _, q := range p.Questions {
		questions = append(questions, profiles.Question{Intensity: plain(q.Intensity), Similarity: plain(q.Similarity),
			Shares: q.Shares})
	}
	terms := profiles.NewTerms(questions, len(groups), len(p.Values), p.Weighting)
	s, doubt := terms.Strengths(), terms.Doubt()
	asked := 0
	p.Groups = nil
	for g, group := range groups {
		own := Profile{Group: group, Slug: group.Slug(), Values: make([]Figure, len(p.Values))}
		for _, q := range p.Questions {
			if q.Shares[g] != nil {
				own.Questions++
			}
		}
		for v := range own.Values {
			f, i, a := &own.Values[v], doubt.Strength[g][v], doubt.ApartInterval[g][v]
			f.Questions, f.Strength, f.Lo, f.Hi = s.N[g][v], Number(s.S[g][v]), Number(i.Lo), Number(i.Hi)
			f.Apart, f.ApartLo, f.ApartHi = Number(doubt.Apart[g][v]), Number(a.Lo), Number(a.Hi)
			f.Effect, f.Scales = a.Effect(), map[profiles.Scale]Number{}
		}
		if own.Questions > 0 {
			asked++
		}
		p.Groups = append(p.Groups, own)
	}
	if asked < 2 {
		return fault.New(fault.Invalid, "%d group has answers: a profile compares groups, so it needs two or more", asked)
	}
	if asked < profiles.FewGroups {
		p.Notes = append(p.Notes, fmt.Sprintf("only %d groups have answers: ranks between groups say little below %d", asked,
			profiles.FewGroups))
	}
	return p.scale(s.S)
}

// scale adds every scale, and the level.
func (p *Profiles) scale(strengths [][]float64) error {
	var theory []string
	for _, v := range p.Values {
		theory = append(theory, v.Theory)
	}
	for _, by := range profiles.Scales {
		scaled, err := profiles.Normalise(strengths, theory, by)
		if err != nil {
			return err
		}
		for g := range p.Groups {
			for v := range p.Values {
				p.Groups[g].Values[v].Scales[by] = Number(scaled[g][v])
				if by == profiles.Hybrid {
					p.Groups[g].Values[v].Level = profiles.Grade(scaled[g][v])
				}
			}
		}
	}
	return nil
}

func plain(x [][]Number) (out [][]float64) {
	for _, row := range x {
		var r []float64
		for _, v := range row {
			r = append(r, float64(v))
		}
		out = append(out, r)
	}
	return out
}

// Files of a build's folder.
const (
	VotesFile    = "votes.db"
	ProfilesFile = "profiles.json"
	TableFile    = "profiles.csv"
	PageFile     = "profiles.html"
)

// Open reads the profiles of a build's folder, or of the file itself. What was made of leaked questions is Corrupt.
func Open(path string) (*Profiles, error) {
	if !strings.HasSuffix(path, ".json") {
		path = filepath.Join(path, ProfilesFile)
	}
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return nil, fault.New(fault.Of(err), "%w: hives profile build makes it", err)
	}
	p := &Profiles{}
	if err := strictjson.DecodeOnly(raw, p); err != nil {
		return nil, fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	if p.Kind != "profiles" || p.Format != 1 {
		return nil, fault.New(fault.Mismatch, "%s: kind %q, format %d: want profiles of format 1: build them again",
			path, p.Kind, p.Format)
	}
	if err := p.check(); err != nil {
		return nil, fault.New(max(fault.Of(err), fault.Invalid), "%s: %w", path, err)
	}
	return p, nil
}

// check holds a file to what a build writes: no leaked question, and as many figures as values.
func (p *Profiles) check() error {
	if err := p.Division.Check(); err != nil {
		return err
	}
	for _, q := range p.Questions {
		if !p.Division.Made(q.Question) {
			return fault.New(fault.Corrupt, "question %s makes the profile, and the division does not say so: build it again",
				q.ID)
		}
	}
	for _, g := range p.Groups {
		if len(g.Values) != len(p.Values) {
			return fault.New(fault.Corrupt, "group %s has %d figures of %d values", g.Slug, len(g.Values), len(p.Values))
		}
	}
	return nil
}

// Find is a group by its slug or attribute.
func (p *Profiles) Find(name string) (*Profile, error) {
	var slugs []string
	for i, g := range p.Groups {
		if g.Slug == name || g.Attribute() == name {
			return &p.Groups[i], nil
		}
		slugs = append(slugs, g.Slug)
	}
	return nil, fault.Usage(fault.New(fault.NotFound, "there is no group %q: %s", name, nearest.Hint(name, slugs)))
}

// scaled are a group's numbers on one scale.
func (g *Profile) scaled(by profiles.Scale) []float64 {
	var out []float64
	for _, f := range g.Values {
		x, there := f.Scales[by]
		if !there {
			x = Number(math.NaN())
		}
		out = append(out, float64(x))
	}
	return out
}

// aloud restores what a file does not hold: how a group is addressed.
func aloud(g survey.Group) survey.Group {
	all := survey.Groups()
	at := slices.IndexFunc(all, func(o survey.Group) bool { return o.Attribute() == g.Attribute() })
	if at >= 0 {
		return all[at]
	}
	return g
}

// indented is a value as a file.
func indented(v any) ([]byte, error) {
	raw, err := json.MarshalIndent(v, "", " ")
	return append(raw, '\n'), err
}

// WriteText prints each group's values that differ from the other groups' by more than noise, the largest difference
// first.
func (p *Profiles) WriteText(out io.Writer) error {
	fmt.Fprintf(out, "%s.\n", p.Warning)
	w := columns.NewTable(out)
	fmt.Fprintln(w, "group\tquestions\tmore than others\tless than others\twithin noise")
	for _, g := range p.Groups {
		order := make([]int, len(g.Values))
		for v := range order {
			order[v] = v
		}
		slices.SortStableFunc(order, func(a, b int) int {
			return cmp.Compare(math.Abs(float64(g.Values[b].Apart)), math.Abs(float64(g.Values[a].Apart)))
		})
		var more, less []string
		for _, v := range order {
			switch f := g.Values[v]; {
			case f.Effect && f.Apart > 0:
				more = append(more, spoken(p.Values[v].Name)+" "+signed(f.Apart))
			case f.Effect:
				less = append(less, spoken(p.Values[v].Name)+" "+signed(f.Apart))
			}
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%d\n", g.Slug, g.Questions, listed(more), listed(less),
			len(g.Values)-len(more)-len(less))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for _, note := range p.Notes {
		fmt.Fprintf(out, "note: %s\n", note)
	}
	if len(p.Out) > 0 {
		fmt.Fprintf(out, "%d questions are out (first: %s)\n", len(p.Out), p.Out[0].Reason)
	}
	return nil
}

// listed is a list for a cell.
func listed(words []string) string {
	if len(words) == 0 {
		return "–"
	}
	return strings.Join(words, ", ")
}
