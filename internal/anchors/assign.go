package anchors

import (
	"context"
	"math"
	"slices"

	"hives/data"
	bank "hives/data/anchors"
	"hives/encoder"
	"hives/internal/fault"
)

// Assigned accounts for an assignment. Rows and texts are both counted, since a text of many labels is many rows and
// has one anchor.
type Assigned struct {
	Bank        string    `json:"bank"` // theory, individual
	Rows        int       `json:"rows"`
	RowsWith    int       `json:"rows_with_anchor"`
	Texts       int       `json:"texts"`
	TextsWith   int       `json:"texts_with_anchor"`
	Anchors     int       `json:"anchors"`
	Used        int       `json:"anchors_used"`
	ByTheory    []Share   `json:"by_theory"`
	Distance    []float64 `json:"distance_quantiles"` // 5, 25, 50, 75, 95 % of the texts' distances, in spreads
	Lead        []float64 `json:"lead_quantiles"`     // the same of the leads over the second nearest
	PerAnchor   []float64 `json:"texts_per_anchor"`   // quantiles over the anchors in use
	Limits      Limits    `json:"limits"`
	Overwritten int       `json:"overwritten"` // rows that named another anchor before
}

// Share is a part of a whole.
//
//	{"name": "mft", "rows": 9000, "rows_with_anchor": 7100}
type Share struct {
	Name string `json:"name"`
	Rows int    `json:"rows"`
	With int    `json:"rows_with_anchor"`
}

// Limits refuse an anchor to a text, in units of the spread of the bank's texts. A lead of 0 lets every text have the
// nearest, however near the second is.
type Limits struct {
	Margin      float64 `json:"margin"`       // least lead of the nearest centre over the second nearest
	MaxDistance float64 `json:"max_distance"` // of the nearest centre
}

// DefaultLimits leave out texts between two anchors, and those no nearer to any than half of what two texts are
// apart. docs/ANCHORS.md says what they cost in coverage.
func DefaultLimits() Limits { return Limits{Margin: .005, MaxDistance: .5} }

// cosines turns the limits into those of the search: with a spread of .4, .5 spreads are .2 in distance, a cosine of
// .8. NaN is refused with the negative numbers: it compares with nothing and would let everything pass.
func (l Limits) cosines(spread float64) (bank.Limits, error) {
	if !(l.Margin >= 0 && l.MaxDistance > 0) {
		return bank.Limits{}, fault.New(fault.Invalid, "anchors: a margin of %v and a distance of at most %v; "+
			"want at least 0, and more than 0", l.Margin, l.MaxDistance)
	}
	return bank.Limits{MinCosine: 1 - l.MaxDistance*spread, MinLead: l.Margin * spread}, nil
}

// Assign copies the rows of in to out with theory_anchor set: the id of the anchor whose centre is nearest to the
// text, data.NoAnchor where the limits refuse it. The embedder must be the bank's own, and rows are of the theories
// that the bank was read with.
//
//	spread .4, limits .005 and .5 spreads: a lead of .002 in cosine, a cosine of .8 or more
//	cosines .91  .84  …     the first anchor
//	cosines .910 .909 …     none: between two
//	cosines .74  .60  …     none: far from all
//
// The centre and not the sentence is what texts are compared with: a sentence is one way of saying what eighty
// texts share.
func Assign(ctx context.Context, in, out string, b *bank.Bank, enc encoder.Encoder, limits Limits) (*Assigned, error) {
	if b.Anchors[0].Bank != bank.Theory || len(b.Anchors[0].Vector) == 0 {
		return nil, fault.New(fault.Mismatch, "anchors: the bank has no centres to assign rows by; "+
			"give one that hives anchors build made")
	}
	// The bank says who made its centres and how far its texts are apart; without either nothing can be compared.
	want, err := Embedder(b)
	if err != nil {
		return nil, err
	}
	width, err := spreadOf(b)
	if err != nil {
		return nil, err
	}
	near, err := limits.cosines(width)
	if err != nil {
		return nil, err
	}
	a := &assigner{bank: b, asked: limits, limits: near, spread: width, of: map[string]int32{}, perAnchor: map[int32]int{}}
	for i := range b.Anchors {
		a.vectors = append(a.vectors, b.Anchors[i].Vector)
	}
	extra, err := a.search(ctx, in, enc, refuseOther(want))
	if err != nil {
		return nil, err
	}
	return a.write(in, out, extra)
}

// assigner holds the answer for every text, not the texts: rows stream by twice, once to be embedded, once to be
// written.
//
// Invariant: of has every text of the file, whether it got an anchor or not, so no text is embedded twice.
type assigner struct {
	bank    *bank.Bank
	vectors [][]float32
	asked   Limits
	limits  bank.Limits
	spread  float64
	of      map[string]int32 // text_id → anchor

	distances, leads []float64     // in spreads
	perAnchor        map[int32]int // texts
}

// search embeds every distinct text once, chunk by chunk, and returns the names of the rows' extra columns. Of
// several spellings of a text the first is embedded; the answer is the text's, by its id.
func (a *assigner) search(ctx context.Context, in string, enc encoder.Encoder,
	accept func(encoder.Identity) error) ([]string, error) {
	extra := map[string]bool{}
	// Texts wait until a chunk is full; ids and texts are the same length throughout.
	var ids, texts []string
	flush := func() error {
		p, _, err := embed(ctx, enc, len(texts), func(i int) string { return texts[i] }, accept)
		if err != nil {
			return err
		}
		for i, id := range ids {
			a.note(id, bank.Nearest(p.Row(i), a.vectors, nil, a.limits))
		}
		ids, texts = ids[:0], texts[:0]
		return nil
	}
	_, err := data.Scan(in, data.ReadOptions{Theories: a.bank.Theories}, func(r *data.Row) error {
		for name := range r.Extra {
			extra[name] = true
		}
		if _, known := a.of[r.TextID]; known {
			return nil
		}
		// Noted before it is embedded, so that the text's next rows do not ask for it again.
		a.of[r.TextID] = data.NoAnchor
		ids, texts = append(ids, r.TextID), append(texts, r.Text)
		if len(texts) < embedChunk {
			return nil
		}
		return flush()
	})
	if err == nil && len(a.of) == 0 {
		err = fault.New(fault.Invalid, "anchors: %s holds no rows", in)
	}
	if err == nil && len(texts) > 0 {
		err = flush()
	}
	// The writer needs the names of further columns before the first row.
	var names []string
	for name := range extra {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, err
}

// note keeps a text's answer and how clear it was; with one anchor there is no lead to keep. Distance and lead are
// kept of refused texts too: the account is to show where the limits cut.
func (a *assigner) note(textID string, m bank.Match) {
	a.distances = append(a.distances, (1-m.Cosine)/a.spread)
	if !math.IsInf(m.Lead, 0) {
		a.leads = append(a.leads, m.Lead/a.spread)
	}
	if m.At != bank.None {
		id := a.bank.Anchors[m.At].ID
		a.of[textID] = id
		a.perAnchor[id]++
	}
}
