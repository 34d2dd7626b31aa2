package profiles

import (
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/figure"
)

// TextModel turns vectors of texts into scores of values. It is fitted once, kept in one file, and shared by any number
// of goroutines. It holds vectors and ids of the texts it was fitted on, and no text.
type TextModel struct {
	Model  encoder.Identity `json:"model"` // Engine is empty: it changes no vector beyond rounding
	VIDB   TextSource       `json:"vidb"`
	Rows   []TextSource     `json:"rows"`
	Rules  TextRules        `json:"rules"`
	Values []TextValue      `json:"values"` // by value_id
	Nodes  []TextNode       `json:"nodes"`  // values that a text is compared with, by theory and level
	Texts  [][]float64      `json:"-"`      // [T][D] training texts of all values
	IDs    []string         `json:"-"`      // [T]

	// SHA256 is that of the file that OpenTextModel read; empty in a model that was just fitted.
	SHA256 string `json:"-"`
}

// TextSource is a file that a model rests on.
type TextSource struct {
	File   string `json:"file"` // its own name, without a folder
	SHA256 string `json:"sha256"`
}

// TextNode is a value's place in the model's space: unit(unit(its name) + unit(its definition)).
type TextNode struct {
	ID     string    `json:"value_id"`
	Theory string    `json:"theory"`
	Level  int       `json:"level"`
	Vector []float64 `json:"-"`
}

// TextValue is what was fitted for one value.
type TextValue struct {
	ID        string    `json:"value_id"`
	Name      string    `json:"name"`
	Hash      string    `json:"scores_sha256"` // of the value's texts and scores in the VIDB
	Texts     int       `json:"texts"`         // with a decided score
	Groups    int       `json:"groups"`
	Why       string    `json:"unsupported,omitempty"` // why nothing is said of the value; empty: it is supported
	Relevance Relevance `json:"relevance"`
	// Neutral is the score at which supporting and opposing texts of the database are as likely; null where it cannot
	// tell. A score of 0 is the middle of the database's pool, and in a pool of mostly supporting texts the middle
	// supports.
	Neutral figure.Number `json:"neutral"`
	Held    TextHeld      `json:"held_out"`

	// Many makes a score of many texts; nil where it cannot, and NotMany says why. Old files have neither.
	Many    *ManyFit `json:"many,omitempty"`
	NotMany string   `json:"no_score_of_many,omitempty"`

	Fit  *TextFit `json:"-"` // nil where it is unsupported
	Rows []int    `json:"-"` // [N] places in TextModel.Texts

	nodes []int // of its theory and level, in TextModel.Nodes
	node  int   // its own among them
}

// TextReading is what a model says of a text and a value.
type TextReading struct {
	Estimate
	Rho    float64
	Answer Answer // empty where the value is unsupported
}

// told is the reading as a text that counts.
func (r TextReading) told(id string) Told {
	return Told{ID: id, Value: r.Value, Sum: Weight(r.Rho, r.Sigma), Like: r.Like}
}

// CheckModel refuses vectors of another model.
func (m *TextModel) CheckModel(id encoder.Identity) error {
	if difference := m.Model.Unlike(id); difference != "" {
		return fault.New(fault.Mismatch, "the profile model and the model do not belong together: %s; fit it with this "+
			"model (hives profile fit --model DIR)", difference)
	}
	return nil
}

// Count chooses which texts make a score; a file that was fitted before there was a choice has CountSure alone.
func (m *TextModel) Count(by Counted) error {
	switch {
	case by != CountAll && by != CountSure:
		return fault.Usage(fault.New(fault.Invalid, "--counted %q: want %s or %s", by, CountAll, CountSure))
	case by == CountAll && m.Rules.Counted == "":
		return fault.New(fault.Mismatch, "the profile model was fitted by an older program, which knew no scores of all "+
			"texts: fit it again (hives profile fit)")
	}
	m.Rules.Counted = by
	return nil
}

// index finds each value's theory among the nodes.
func (m *TextModel) index() error {
	place := map[string]int{}
	for i, n := range m.Nodes {
		place[n.ID] = i
	}
	for i := range m.Values {
		v := &m.Values[i]
		own, known := place[v.ID]
		if !known {
			return fault.New(fault.Corrupt, "value %s is not among the nodes", v.ID)
		}
		v.nodes = nil
		for at, n := range m.Nodes {
			if n.Theory == m.Nodes[own].Theory && n.Level == m.Nodes[own].Level {
				if at == own {
					v.node = len(v.nodes)
				}
				v.nodes = append(v.nodes, at)
			}
		}
	}
	return nil
}

// features are a text's for one value, from its cosines to all nodes.
func (v *TextValue) features(cosines []float64) [3]float64 {
	own := make([]float64, len(v.nodes))
	for k, at := range v.nodes {
		own[k] = cosines[at]
	}
	return RelevanceFeatures(own, v.node)
}

// Read is what the model says of texts, unit vectors [N][D], for each value: [N][V]. What is said of a text hangs on
// nothing but its vector: not on the texts beside it, nor on the number of processors.
func (m *TextModel) Read(vectors [][]float32) [][]TextReading {
	out := make([][]TextReading, len(vectors))
	nodes := make([][]float64, len(m.Nodes))
	for i := range m.Nodes {
		nodes[i] = m.Nodes[i].Vector
	}
	var pool errgroup.Group
	pool.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < len(vectors); from += readBlock {
		pool.Go(func() error {
			var x [][]float64
			for _, v := range vectors[from:min(from+readBlock, len(vectors))] {
				x = append(x, wide(v))
			}
			cosines, near := products(nodes, x), products(m.Texts, x)
			for i := range x {
				out[from+i] = m.read(x[i], cosines[i], near[i])
			}
			return nil
		})
	}
	pool.Wait() //nolint:errcheck // reading cannot fail
	return out
}

// readBlock is how many texts meet the training texts together.
const readBlock = 16

// read is Read of one text, from its products with all nodes and all training texts.
func (m *TextModel) read(x, cosines, near []float64) []TextReading {
	out := make([]TextReading, len(m.Values))
	for i := range m.Values {
		v := &m.Values[i]
		if v.Why != "" {
			continue
		}
		own := make([]float64, len(v.Rows))
		for k, at := range v.Rows {
			own[k] = near[at]
		}
		r := &out[i]
		r.Estimate, r.Rho = v.Fit.At(x, own, m.Rules.Neighbours), v.Relevance.At(v.features(cosines))
		r.Answer = m.Rules.Decide(r.Estimate, r.Rho)
	}
	return out
}

// Find is a value's place.
func (m *TextModel) Find(id string) (int, bool) {
	return slices.BinarySearchFunc(m.Values, id, func(v TextValue, id string) int { return strings.Compare(v.ID, id) })
}

// wide is a vector in float64.
func wide(x []float32) []float64 {
	out := make([]float64, len(x))
	for d, v := range x {
		out[d] = float64(v)
	}
	return out
}

// TextFigures are a method's on texts of groups that it has not seen. A figure is null where there is nothing to count.
type TextFigures struct {
	R2       figure.Number `json:"r2"`
	Coverage figure.Number `json:"coverage"`          // share of all texts that their interval holds; promised is 1 − α
	Answered figure.Number `json:"answered"`          // share of texts that are answered
	Of       figure.Number `json:"coverage_answered"` // share of the answered ones that their interval holds
	Unsure   figure.Number `json:"unsure"`
	Beside   figure.Number `json:"not_about"`
	Error    figure.Number `json:"mean_absolute_error"`
	Half     figure.Number `json:"median_half_width"`
}

// TextHeld is a value's model beside its controls.
type TextHeld struct {
	Model    TextFigures `json:"model"`
	Mean     TextFigures `json:"constant_mean"`    // the mean score, whatever the text
	Shuffled TextFigures `json:"shuffled_vectors"` // vectors dealt out anew among the texts

	About     int           `json:"rows_about"` // texts of the rows that are about the value
	Rows      int           `json:"rows"`
	Kept      figure.Number `json:"relevant_of_about"` // share of them whose relevance reaches the floor
	Precision figure.Number `json:"about_of_relevant"` // share of texts that reach the floor that are about it

	// Many are sets of 20 to 80 texts, scored by each rule and by controls.
	Many []ManyHeld `json:"many,omitempty"`
}
