package evaluate

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"hives/data"
	"hives/metrics"
)

// Bounds of the examples shown in a report: two texts a corpus with four neighbours each, before and after, are a page
// that somebody reads. Texts of a few words say too little to judge by, those of paragraphs nobody reads.
const (
	examplesACorpus  = 2
	exampleNeighbour = 4
	minExampleRunes  = 30
	maxExampleRunes  = 220
)

// Example is a text with the texts nearest to it before and after training. A page shows a few per corpus, chosen
// by hash and not by how well they came out. Texts stand on the page alone: the document of figures may be shared where
// the rows may not.
type Example struct {
	Shown         Shown
	Before, After []Shown
}

// Shown is a text as the report shows it; the text is hostile. Cosine and Shares are of the example it stands
// beside; of the example itself they are empty.
type Shown struct {
	Text   string
	Corpus string
	Labels []string
	Cosine float64
	Shares bool // it has a label (path and direction) in common with the example
}

// examples picks for each corpus the texts of readable length with the lowest text ids, which are hashes and so
// favour nothing. They are the same for every model on these rows, so that two pages can be laid beside each
// other.
func (b *Bench) examples(before, after *metrics.Vectors) []Example {
	first := b.texts.First()
	perCorpus := map[int32][]int{}
	for at, i := range first {
		if n := utf8.RuneCountInString(b.rows[i].Text); n >= minExampleRunes && n <= maxExampleRunes {
			perCorpus[b.labels.Corpus[i]] = append(perCorpus[b.labels.Corpus[i]], at)
		}
	}
	labels := b.labelsOfTexts()
	var out []Example
	for corpus := range int32(len(b.labels.CorpusNames)) {
		texts := perCorpus[corpus]
		slices.SortFunc(texts, func(x, y int) int { return cmp.Compare(b.rows[first[x]].TextID, b.rows[first[y]].TextID) })
		for _, at := range texts[:min(len(texts), examplesACorpus)] {
			e := Example{Shown: b.show(at, labels)}
			e.Before = b.nearestTexts(at, before, labels)
			e.After = b.nearestTexts(at, after, labels)
			out = append(out, e)
		}
	}
	return out
}

// nearestTexts finds the closest other texts, the earlier of equals first. All texts are candidates, of other corpora
// too: that neighbours come from one corpus is among the things to see. It is done for a handful of texts, so every
// cosine is computed and sorted.
func (b *Bench) nearestTexts(at int, v *metrics.Vectors, labels map[string][]string) []Shown {
	first := b.texts.First()
	type found struct {
		at     int
		cosine float64
	}
	var all []found
	for x, i := range first {
		if x != at {
			all = append(all, found{x, v.Cosine(first[at], i)})
		}
	}
	slices.SortStableFunc(all, func(x, y found) int { return cmp.Compare(y.cosine, x.cosine) })
	// A neighbour is marked if it shares a whole label, direction included. Half a label (the same value, the other side)
	// is what the loss pushes away, and marking it would show training as better than it is.
	own := labels[b.rows[first[at]].TextID]
	var out []Shown
	for _, f := range all[:min(len(all), exampleNeighbour)] {
		s := b.show(f.at, labels)
		s.Cosine = f.cosine
		s.Shares = slices.ContainsFunc(s.Labels, func(label string) bool { return slices.Contains(own, label) })
		out = append(out, s)
	}
	return out
}

// show takes the text from the first of its rows. at counts texts, not rows. Labels are those of all its rows: a text
// of two values shows both, whichever row came first.
func (b *Bench) show(at int, labels map[string][]string) Shown {
	r := &b.rows[b.texts.First()[at]]
	return Shown{Text: r.Text, Corpus: r.Corpus, Labels: labels[r.TextID]}
}

// labelsOfTexts writes the labels of each text: the finest node of the path with a sign for the direction, as in
// "mft: caring +". A label stands once, in the order of the rows.
//
//	rows mft care/harm / caring +1 and svt power, not judged     "mft: caring +", "svt: power"
func (b *Bench) labelsOfTexts() map[string][]string {
	out := map[string][]string{}
	for i := range b.rows {
		r := &b.rows[i]
		name := ""
		for _, level := range r.Levels() {
			if level != "" {
				name = level
			}
		}
		switch {
		case r.Direction == data.Supports:
			name += " +"
		case r.Direction == data.Opposes:
			name += " −"
		}
		if label := r.Theory + ": " + name; !slices.Contains(out[r.TextID], label) {
			out[r.TextID] = append(out[r.TextID], label)
		}
	}
	return out
}
