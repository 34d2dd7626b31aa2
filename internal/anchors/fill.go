package anchors

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	bank "hives/data/anchors"
	"hives/data/theories"
	"hives/internal/fault"
)

// Summariser says in one neutral sentence what the exemplars of a cluster have in common. A build without one takes
// the medoid, the text nearest to all others on average: it says what the cluster is like, though not what it is
// about. LLM is one; a test's is a function.
type Summariser interface {
	// Name is put into the bank beside each sentence, as "llm:MODEL".
	Name() string
	// Summarise returns one sentence, or "" where it found none: the medoid's text stands in then. An error
	// ends the build. The exemplars are texts of strangers and to be treated as data.
	Summarise(ctx context.Context, exemplars []string) (string, error)
}

// medoidName is the provenance of a sentence that is the medoid's text.
const medoidName = "medoid"

// Detail is what is known of an anchor beyond the columns of a bank; Meta holds one for each.
//
//	{"id": 12, "theories": {"mft": 60, "svt": 31}, "values": {"mft/care-harm": 44, …},
//	 "corpora": {"social-chem": 71, "valueeval": 13}, "mean_cosine": .83, "min_cosine": .61, "parts": 3}
//
// Of 84 texts 60 have a value of mft and 31 one of svt, so some have both: an anchor across theories.
type Detail struct {
	ID         int32          `json:"id"`
	Theories   map[string]int `json:"theories"` // texts with a value of the theory
	Values     map[string]int `json:"values"`   // texts with the value
	Corpora    map[string]int `json:"corpora"`
	MeanCosine float64        `json:"mean_cosine"` // of members with the centre
	MinCosine  float64        `json:"min_cosine"`
	Parts      int            `json:"parts"` // clusters of k-means it was merged from
}

// Across counts the anchors whose texts hold values of several theories. The others are clusters of one theory: they
// stand in the bank as well, but they do not stand across theories.
func Across(details []Detail) int {
	n := 0
	for _, d := range details {
		if len(d.Theories) > 1 {
			n++
		}
	}
	return n
}

// fill writes the anchors, ordered by id. A sentence that people have let stand stays; the others are made anew
// and give way to it. No sentence may stand twice (Bank.Check), so each is noted as said before the next is made.
func (b *Built) fill(ctx context.Context, all []*cluster, ids []int32, reviewed map[int32]bank.Anchor,
	o Options) error {
	b.Bank = &bank.Bank{Meta: map[string]string{}, Theories: o.Theories}
	said := map[string]bool{}
	for _, a := range reviewed {
		said[a.Text] = true
	}
	for _, at := range byID(ids) {
		c := all[at]
		d := b.detail(c, ids[at])
		// A reviewed sentence is taken as it stands, with who wrote it; the zero Anchor has neither.
		text, from := reviewed[ids[at]].Text, reviewed[ids[at]].Provenance
		if text == "" {
			var err error
			if text, from, err = b.sentence(ctx, c, o.Summariser, said); err != nil {
				return fault.New(fault.Of(err), "anchors: sentence of cluster %d: %w", ids[at], err)
			}
		}
		if said[text] = true; from == medoidName {
			b.Report.Medoids++
		}
		a := bank.Anchor{
			ID: ids[at], Bank: bank.Theory, Kind: bank.KindCluster, Text: text, Provenance: from,
			ValueIDs: mainValues(b.corpus.known, d.Values, len(c.members)), Count: int32(len(c.members)),
		}
		for _, i := range c.exemplars {
			a.Exemplars = append(a.Exemplars, b.corpus.Texts[i].ID)
		}
		for _, x := range c.centre {
			a.Vector = append(a.Vector, float32(x))
		}
		b.Bank.Anchors = append(b.Bank.Anchors, a)
		b.details = append(b.details, d)
	}
	return nil
}

// byID lists positions in the order of their ids.
//
//	ids 4 0 7     positions 1 0 2
func byID(ids []int32) []int {
	order := make([]int, len(ids))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(ids[a], ids[b]) })
	return order
}

// sentence asks the summariser; the medoid's text stands in where there is none, where it has no sentence, or
// where another anchor has the same one already.
func (b *Built) sentence(ctx context.Context, c *cluster, s Summariser, said map[string]bool) (text, from string,
	err error) {
	if s != nil {
		texts := make([]string, len(c.exemplars))
		for k, i := range c.exemplars {
			texts[k] = b.corpus.Texts[i].Text
		}
		if text, err = s.Summarise(ctx, texts); err != nil {
			return "", "", err
		}
		if text = strings.Join(strings.Fields(text), " "); text != "" && !said[text] {
			return text, s.Name(), nil
		}
	}
	for _, i := range c.exemplars { // a sentence of an LLM may by chance be a text
		if text = b.corpus.Texts[i].Text; !said[text] {
			return text, medoidName, nil
		}
	}
	return "", "", fault.New(fault.Invalid, "all its exemplars are sentences of other anchors")
}

// detail counts what the members of a cluster are. A text counts once for each of its values and theories, so the
// counts may add up to more than the members. MinCosine says how far the cluster reaches: near its MeanCosine it is
// round, far below it has a tail.
func (b *Built) detail(c *cluster, id int32) Detail {
	d := Detail{
		ID: id, Parts: c.parts, MinCosine: 1,
		Theories: map[string]int{}, Values: map[string]int{}, Corpora: map[string]int{},
	}
	for _, i := range c.members {
		t := &b.corpus.Texts[i]
		for _, theory := range b.corpus.theories(t) {
			d.Theories[theory]++
		}
		for _, value := range t.Values {
			d.Values[value]++
		}
		d.Corpora[t.Corpus]++
		cosine := c.cosine(b.points, i)
		d.MeanCosine += cosine / float64(len(c.members))
		d.MinCosine = min(d.MinCosine, cosine)
	}
	return d
}

// A cluster stands for the values of at least a fifth of its texts, at most 8 of them. They are what pages and
// prompts show; Detail.Values has all of them.
const mainShare, maxValues = .2, 8

// mainValues lists those values, the most frequent first. Of 20 texts with care 12, fairness 5 and loyalty 2:
// care and fairness.
func mainValues(known theories.Set, counts map[string]int, members int) []string {
	out := slices.DeleteFunc(ranked(known, counts), func(id string) bool {
		return float64(counts[id]) < mainShare*float64(members)
	})
	return out[:min(maxValues, len(out))]
}

// ranked lists names by their counts, the highest first, equals in the order of theories and then of names.
func ranked(known theories.Set, counts map[string]int) []string {
	names := known.Names()
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]),
			cmp.Compare(slices.Index(names, theoryOf(a)), slices.Index(names, theoryOf(b))), cmp.Compare(a, b))
	})
}
