package values

import (
	"cmp"
	"slices"
	"strings"

	"hives/encoder"
	"hives/internal/fault"
)

// Kind says what a value's vector is.
type Kind string

// The kinds; doc.go has the formulas.
const (
	Directional Kind = "directional"
	Prototype   Kind = "prototype"
	Unsupported Kind = "unsupported" // it has rows, and held-out ones do not bear its vector out
	Absent      Kind = "absent"
)

// vectorless tells whether a value of the kind has no vector. It may have a head all the same: regressions ask more of
// the rows than a difference of means, and sometimes they find it.
func (k Kind) vectorless() bool { return k == Unsupported || k == Absent }

// Set is the vectors of all values in one model's space, and of anchor sentences. It is whole in memory: the few
// hundred values and sentences of the four theories take some megabytes.
type Set struct {
	Model     encoder.Identity `json:"model"` // Engine is empty: it changes no vector beyond rounding
	Source    Source           `json:"data"`
	Seed      uint64           `json:"seed"`
	Resamples int              `json:"resamples"`
	MinSide   int              `json:"min_side"`
	Sides     Sides            `json:"sides,omitempty"`      // empty in files of version 1, which knew Pooled only
	Held      *Source          `json:"validation,omitempty"` // nil where nothing was held out
	OwnSplit  bool             `json:"own_split,omitempty"`  // the build held validation rows out of data itself
	Theories  []Theory         `json:"theories"`             // in the trees' order
	Values    []Value          `json:"values"`               // by theory, parents before children
	Anchors   []Anchor         `json:"-"`                    // by bank and id

	// SHA256 is that of the file that Open read; empty in a set that was just built.
	SHA256 string `json:"-"`

	at map[string]int // value_id → place in Values
}

// Source is the rows that the vectors rest on. By its hash an evaluation on the same file is refused.
type Source struct {
	File   string `json:"file"`   // its own name, without a folder
	SHA256 string `json:"sha256"` // of the file
	Rows   int    `json:"rows"`
	Texts  int    `json:"texts"`
}

// Theory is one tree, and the mean of its rows that prototypes are centred by.
type Theory struct {
	Theory     string    `json:"theory"`
	Name       string    `json:"name"`
	LevelNames []string  `json:"level_names"`
	Rows       int       `json:"rows"`
	Mean       []float32 `json:"-"`               // [D], not of unit length; nil without rows
	Guard      *Guard    `json:"guard,omitempty"` // nil where nothing may be said of the theory's values
}

// Value is one node of a theory's tree. Counts are of training rows; figures (Evidence, the heads' AUC) of
// held-out rows.
//
//	kind         Vector   sign   About, Support
//	directional  yes      yes    whatever the rows allow, independently of the vector
//	prototype    yes      no     the same
//	unsupported  no       –      the same: a head may be borne out where a vector is not
//	absent       no       –      the same, where it has rows at all
type Value struct {
	ID         string         `json:"value_id"`
	Theory     string         `json:"theory"`
	Level      int            `json:"level"` // 1 is the coarsest
	Path       []string       `json:"path"`  // names, coarse to fine
	Definition string         `json:"definition"`
	Works      []string       `json:"works"` // what the definition rests on
	Kind       Kind           `json:"kind"`
	Note       string         `json:"note,omitempty"` // why it is not directional
	Supports   int            `json:"supports"`       // rows with direction +1
	Opposes    int            `json:"opposes"`        // rows with direction −1
	Neither    int            `json:"neither"`        // rows with direction 0, judged or not
	Groups     int            `json:"groups"`         // of the rows that the vector is made of
	Corpora    map[string]int `json:"corpora"`        // rows by corpus
	Spread     *Spread        `json:"spread"`         // nil where there are too few groups to say
	Vector     []float32      `json:"-"`              // [D] unit; nil where absent or unsupported

	Rests      []Rest    `json:"rests_on,omitempty"` // corpora that a signed vector within corpora is made of
	Evidence   *Evidence `json:"evidence,omitempty"` // on held-out rows
	About      *Head     `json:"about,omitempty"`    // P(a text is about the value)
	Support    *Head     `json:"support,omitempty"`  // P(it supports the value, given that it is about it)
	Background []float32 `json:"-"`                  // quantiles of the cosine over held-out texts; nil: none
}

// Rest is a corpus that a signed vector rests on.
type Rest struct {
	Corpus   string  `json:"corpus"`
	Supports int     `json:"supports"`
	Opposes  int     `json:"opposes"`
	Weight   float64 `json:"weight"` // of its difference; they add up to one
}

// Evidence is what held-out rows say of a vector; a figure is nil where they are too few. Sides and Corpora
// belong to a signed vector: it must tell sides apart and must not tell corpora apart. They stay on record when
// it was given up for that.
type Evidence struct {
	Sides   *Figure `json:"sides,omitempty"`   // tells supporting from opposing rows, within corpora
	Corpora *Figure `json:"corpora,omitempty"` // tells two corpora's supporting rows apart: the worst pair, .5 to 1
	About   *Figure `json:"about,omitempty"`   // tells texts about the value from others of its theory, within corpora
}

// Figure is an AUC with its 95 % interval by bootstrap over groups.
type Figure struct {
	AUC       float64 `json:"auc"`
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Positives int     `json:"positives"`
	Negatives int     `json:"negatives"`
	Groups    int     `json:"groups"`
}

// Spread is how far the vector moves when the groups of rows are drawn anew. A small spread says that other rows
// of the same corpora would give the same vector, not that the vector is right (docs/VALUES.md).
type Spread struct {
	Draws   int     `json:"draws"`         // resamples in which the vector exists
	Cosine  float64 `json:"mean_cosine"`   // of the redrawn vectors with the vector
	Low     float64 `json:"low_cosine"`    // 2.5 % of the draws lie below
	Degrees float64 `json:"angle_degrees"` // standard error of the angle: root of the mean squared angle
}

// Anchor is one sentence of a bank (package anchors).
type Anchor struct {
	Bank       string    `json:"bank"`
	ID         int32     `json:"id"`
	Kind       string    `json:"kind"`
	Text       string    `json:"text"`
	ValueIDs   []string  `json:"value_ids"`
	Count      int       `json:"count"` // training texts of a cluster
	Provenance string    `json:"provenance"`
	Vector     []float32 `json:"-"` // [D] unit
}

// SidesFrom says where the sides of signed vectors are from, of files of version 1 too.
func (s *Set) SidesFrom() Sides {
	if s.Sides == "" {
		return Pooled
	}
	return s.Sides
}

// index orders what Build and Open have filled, and makes it findable. Pointers into Values, which Find hands
// out, hold only as long as nobody appends to it.
func (s *Set) index() {
	slices.SortFunc(s.Anchors, func(a, b Anchor) int {
		return cmp.Or(cmp.Compare(a.Bank, b.Bank), cmp.Compare(a.ID, b.ID))
	})
	s.at = make(map[string]int, len(s.Values))
	for i := range s.Values {
		s.at[s.Values[i].ID] = i
	}
}

// Find returns the value with a value_id.
func (s *Set) Find(id string) (*Value, bool) {
	i, ok := s.at[id]
	if !ok {
		return nil, false
	}
	return &s.Values[i], true
}

// theory returns the tree of a value.
func (s *Set) theory(name string) *Theory {
	i := slices.IndexFunc(s.Theories, func(t Theory) bool { return t.Theory == name })
	if i < 0 {
		return nil
	}
	return &s.Theories[i]
}

// CheckModel refuses vectors that another model made: their cosines with this one's would mean nothing, and look
// like any others.
func (s *Set) CheckModel(model encoder.Identity) error {
	if difference := s.Model.Unlike(model); difference != "" {
		return fault.New(fault.Mismatch, "the value vectors and the model do not belong together: %s; "+
			"build the vectors with this model (hives vectors build --model DIR)", difference)
	}
	return nil
}

// Theories names the theories of the values that an anchor stands for.
func (a *Anchor) Theories() []string {
	var out []string
	for _, id := range a.ValueIDs {
		if theory, _, _ := strings.Cut(id, "/"); !slices.Contains(out, theory) {
			out = append(out, theory)
		}
	}
	return out
}
