package anchors

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"hives/data/theories"
	web "hives/internal/page"
)

//go:embed page.html
var pageText string

// page holds all it needs; every text goes through the template's escaping.
var page = template.Must(template.New("anchors").Funcs(template.FuncMap{"style": web.Style}).Parse(pageText))

// Size of the picture, its margin, and the most texts and letters that are drawn.
//
// 2,000 spots are about what a picture of this size can show apart.
const (
	pictureWidth, pictureHeight = 1060.0, 640.0
	pictureMargin               = 48.0
	maxDots                     = 2000
	maxTitle                    = 160
)

// spot is a text or an anchor in the picture. X, Y are coordinates in the plane of the axes until fit makes them
// pixels. R is pixels at once, 2.2 for a text.
type spot struct {
	X, Y, R float64
	Class   string // of the style sheet: the theory most at home there
	Title   string // shown by a pointer that rests on it
}

// line is an anchor in the table. Numbers are written out already, so that the template only places them.
type line struct {
	ID                 int32
	Count              int32
	Cosine             string
	Mix, Corpora, Text string
	Class, From        string
	Values             []string
}

// legend is a colour and the theory that it stands for; only theories that are drawn have one.
type legend struct{ Class, Name string }

// view is what the template sees.
type view struct {
	Report        Report
	Across        int
	CSV           string // the picture's places
	Width, Height float64
	Tall          float64 // with the names of the axes
	Texts         []spot
	Anchors       []spot
	Drawn         int
	ShareX        string
	ShareY        string
	Legend        []legend
	Lines         []line
}

// WritePage draws the space, texts by theory and anchors upon them, with a table of the anchors. The texts drawn
// are every n-th by id: ids are hashes, so this is a fair sample and the same in every run. The CSV has the
// places as they are on the axes, before they are fitted into the picture.
func (b *Built) WritePage(w io.Writer) error {
	sample := even(b.points.N, maxDots)
	pr, err := principal(b.points, sample)
	if err != nil {
		return err
	}
	// Texts are fitted and drawn; anchors are only laid upon the plane that the texts span.
	v := view{Report: b.Report, Across: Across(b.details), Width: pictureWidth, Height: pictureHeight, Drawn: len(sample)}
	v.ShareX, v.ShareY = percent(pr.share[0]), percent(pr.share[1])
	for _, i := range sample {
		t := &b.corpus.Texts[i]
		x, y := pr.at(b.points.Row(i))
		v.Texts = append(v.Texts, spot{x, y, 2.2, b.corpus.theories(t)[0], clip(t.Text)})
	}
	for i, a := range b.Bank.Anchors {
		d := b.details[i]
		x, y := pr.at(a.Vector)
		// A cluster of a thousand texts is drawn some three times as wide as one of two, not five hundred times.
		radius := 3 + 1.1*math.Log2(float64(a.Count))
		v.Anchors = append(v.Anchors, spot{x, y, radius, b.leading(d.Theories), fmt.Sprintf("%d: %s", a.ID, clip(a.Text))})
		v.Lines = append(v.Lines, line{
			ID: a.ID, Count: a.Count, Cosine: fmt.Sprintf("%.2f", d.MeanCosine), Class: b.leading(d.Theories),
			Mix: Mix(b.corpus.known, d.Theories), Corpora: Mix(b.corpus.known, d.Corpora), Text: a.Text, From: a.Provenance,
			Values: a.ValueIDs,
		})
	}
	v.CSV = places(v.Texts, v.Anchors)
	fit(v.Texts, v.Anchors)
	for _, name := range b.corpus.known.Names() {
		drawn := func(s spot) bool { return s.Class == name }
		if slices.ContainsFunc(v.Texts, drawn) || slices.ContainsFunc(v.Anchors, drawn) {
			tree, _ := b.corpus.known.Get(name)
			v.Legend = append(v.Legend, legend{name, tree.Name})
		}
	}
	v.Tall = v.Height + 28
	return web.Write(w, page, v, web.About{Facts: b.facts()})
}

// places are those of texts and anchors on the two axes, as CSV: kind, place, theory and text, before fit makes
// pixels of them. A class of the picture's style sheet is the theory's own name.
func places(texts, anchors []spot) string {
	rows := [][]string{{"kind", "first axis", "second axis", "theory", "text"}}
	for k, spots := range [][]spot{texts, anchors} {
		for _, s := range spots {
			rows = append(rows, []string{[]string{"text", "anchor"}[k], fmt.Sprint(s.X), fmt.Sprint(s.Y), s.Class, s.Title})
		}
	}
	return web.CSV(rows)
}

// facts are what the page owes its reader: where all of it is from. With them and the rows anybody can make the page
// again.
func (b *Built) facts() []web.Fact {
	return []web.Fact{
		{Name: "weights of the embedder, SHA-256", Value: b.Bank.Meta[metaWeights]},
		{Name: "rows, SHA-256", Value: b.corpus.SHA256},
		{Name: "sentences by", Value: b.Bank.Meta[metaSummariser]},
		{Name: "spread", Value: fmt.Sprintf("%.3f", b.Report.Spread)},
	}
}

// even picks at most n of 0..all−1 at even distances: 3 of 10 are 0, 3, 6.
//
// Invariant: the places ascend and none comes twice, as i·all/n grows by one at least.
func even(all, n int) []int {
	n = min(all, n)
	out := make([]int, n)
	for i := range out {
		out[i] = i * all / n
	}
	return out
}

// fit moves and stretches places into the picture, y upwards. Both axes are stretched by themselves: distances to
// the right and upwards cannot be compared, which is why the axes state their shares of the variance.
func fit(groups ...[]spot) {
	left, right, low, high := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	for _, g := range groups {
		for _, s := range g {
			left, right = min(left, s.X), max(right, s.X)
			low, high = min(low, s.Y), max(high, s.Y)
		}
	}
	// A single place has no extent; it goes to the edge rather than to infinity.
	wide, tall := max(right-left, 1e-9), max(high-low, 1e-9)
	for _, g := range groups {
		for i := range g {
			g[i].X = pictureMargin + (g[i].X-left)/wide*(pictureWidth-2*pictureMargin)
			g[i].Y = pictureHeight - pictureMargin - (g[i].Y-low)/tall*(pictureHeight-2*pictureMargin)
		}
	}
}

// leading is the theory with most texts, of equals the first. It chooses a colour and claims nothing: Mix has all
// counts.
func (b *Built) leading(counts map[string]int) string {
	best := ""
	for _, theory := range b.corpus.known.Names() {
		if counts[theory] > counts[best] {
			best = theory
		}
	}
	return best
}

// Mix writes counts as "svt 12, mft 3", the most frequent first, of equal ones the first of the theories known.
func Mix(known theories.Set, counts map[string]int) string {
	var parts []string
	for _, name := range ranked(known, counts) {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return strings.Join(parts, ", ")
}

// percent is for shares of the variance, which are small: one decimal tells them apart.
func percent(x float64) string { return fmt.Sprintf("%.1f %%", 100*x) }

// clip shortens a text for a title. It counts letters and not bytes, so that none is cut in two.
func clip(text string) string {
	if r := []rune(text); len(r) > maxTitle {
		return string(r[:maxTitle]) + "…"
	}
	return text
}
