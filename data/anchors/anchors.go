package anchors

import (
	"cmp"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
)

// The two banks.
const (
	Individual = "individual" // {v_k}: plain-language values, duties and rights
	Theory     = "theory"     // {u_t}: what training rows of several theories have in common
)

// What a sentence is. Cluster is the only kind of a theory bank.
const (
	KindValue   = "value"
	KindDuty    = "duty"
	KindRight   = "right"
	KindCluster = "cluster"
)

// Keys of Meta that training asks for.
const (
	MetaWeights = "weights_sha256" // digest of the weights that the bank was fitted or rows assigned with
	MetaRows    = "rows_sha256"    // digest of the file of rows that it was fitted on
)

// Anchor is one sentence of a bank. The Parquet columns bear the names in the tags.
//
//	ID 43, Bank individual, Kind value, ValueIDs [svt/conservation/humility]
//	  Text       "Staying modest after a great success."       Provenance written
//	ID 7, Bank theory, Kind cluster, Count 84, Exemplars [three text_ids]
//	  Text       what those 84 texts have in common            Provenance medoid or llm:MODEL
//
// Rows name an anchor by ID, never by its place: a theory bank that is built again keeps the ids of clusters that
// it finds again, and leaves out those that are gone.
type Anchor struct {
	ID   int32  `parquet:"id"`
	Bank string `parquet:"bank"` // individual, theory
	Kind string `parquet:"kind"` // value, duty, right, cluster
	Text string `parquet:"text"`
	// nodes it stands for, the main one first; may be empty in a theory bank
	ValueIDs   []string `parquet:"value_ids,list"`
	Exemplars  []string `parquet:"exemplars,list"` // text_ids of the rows a cluster is described by, most central first
	Count      int32    `parquet:"count"`          // training texts in the cluster; 0 where none were counted
	Provenance string   `parquet:"provenance"`     // who wrote the sentence: "written", "medoid", "llm:MODEL", …

	// Vector is the unit centre of a cluster, [d], in the space of the embedder that Meta names; a bank has one
	// for every anchor or for none.
	Vector []float32 `parquet:"vector,list"`
}

// Bank is a whole file.
type Bank struct {
	Anchors []Anchor
	// Meta describes the bank as a whole: the embedder, the seed, hashes of the rows. It is kept in the file's
	// key-values under "hives.anchors." plus the key. No time of writing belongs here.
	Meta map[string]string

	// Theories are those whose nodes anchors may stand for; the zero Set is the built-in four. The file does not hold
	// them: Read is told, and whoever makes a bank says it.
	Theories theories.Set
}

// Texts returns the sentences in the bank's order.
func (b *Bank) Texts() []string {
	texts := make([]string, len(b.Anchors))
	for i := range b.Anchors {
		texts[i] = b.Anchors[i].Text
	}
	return texts
}

// Positions maps an anchor's id to its place in the bank: with ids 0, 2, 5 the places are 0, 1, 2. Losses want
// places, rows hold ids.
func (b *Bank) Positions() map[int32]int {
	at := make(map[int32]int, len(b.Anchors))
	for i := range b.Anchors {
		at[b.Anchors[i].ID] = i
	}
	return at
}

// kinds lists what a bank may hold.
var kinds = map[string][]string{
	Individual: {KindValue, KindDuty, KindRight},
	Theory:     {KindCluster},
}

// Check refuses a bank that a row or a loss could misread. The anchors must be ordered by id.
//
// Two equal sentences are refused since InfoNCE would pull a row to one and push it from the other, whose vector
// is the same.
//
// Invariant: ids ascend strictly, so a bank has one order and the same bank gives the same bytes.
func (b *Bank) Check() error {
	if len(b.Anchors) == 0 {
		return fault.New(fault.Invalid, "anchors: the bank is empty")
	}
	// Each anchor by itself first, then what holds of the bank as a whole.
	said := make(map[string]int32, len(b.Anchors))
	for i := range b.Anchors {
		a := &b.Anchors[i]
		if err := a.check(b.Theories); err != nil {
			return err
		}
		if a.Bank != b.Anchors[0].Bank {
			return fault.New(fault.Invalid, "anchors: id %d is of bank %q, id %d of %q; one file holds one bank", a.ID, a.Bank,
				b.Anchors[0].ID, b.Anchors[0].Bank)
		}
		if i > 0 && a.ID <= b.Anchors[i-1].ID {
			return fault.New(fault.Invalid, "anchors: id %d follows id %d; ids must ascend", a.ID, b.Anchors[i-1].ID)
		}
		if first, again := said[a.Text]; again {
			return fault.New(fault.Invalid, "anchors: ids %d and %d are the same sentence", first, a.ID)
		}
		said[a.Text] = a.ID
		if len(a.Vector) != len(b.Anchors[0].Vector) {
			return fault.New(fault.Invalid, "anchors: id %d has a vector of %d numbers, id %d one of %d", a.ID, len(a.Vector),
				b.Anchors[0].ID, len(b.Anchors[0].Vector))
		}
	}
	return nil
}

// check refuses one anchor that cannot be used. x − x is 0 for every finite number, NaN for the others.
func (a *Anchor) check(known theories.Set) error {
	allowed, ok := kinds[a.Bank]
	switch {
	case a.ID < 0:
		return fault.New(fault.Invalid, "anchors: id %d is negative; -1 means no anchor", a.ID)
	case !ok:
		return fault.New(fault.Invalid, "anchors: id %d is of bank %q, want %q or %q", a.ID, a.Bank, Individual, Theory)
	case !slices.Contains(allowed, a.Kind):
		return fault.New(fault.Invalid, "anchors: id %d is of kind %q, bank %q has %s", a.ID, a.Kind, a.Bank,
			strings.Join(allowed, ", "))
	case strings.TrimSpace(a.Text) == "":
		return fault.New(fault.Invalid, "anchors: id %d has no sentence", a.ID)
	case a.Bank == Individual && len(a.ValueIDs) == 0:
		return fault.New(fault.Invalid, "anchors: id %d is tied to no node", a.ID)
	}
	for _, x := range a.Vector {
		if x-x != 0 {
			return fault.New(fault.Invalid, "anchors: the vector of id %d is not finite", a.ID)
		}
	}
	for _, id := range a.ValueIDs {
		if _, _, err := known.ParseID(id); err != nil {
			return fault.New(fault.Invalid, "anchors: id %d: %w", a.ID, err)
		}
	}
	return nil
}

// Sort orders the bank by id, as Check and Write want it.
func (b *Bank) Sort() {
	slices.SortStableFunc(b.Anchors, func(x, y Anchor) int { return cmp.Compare(x.ID, y.ID) })
}
