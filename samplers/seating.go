package samplers

import "hives/data"

// seating gives each row of the anchor parts a text of its own. It is a matching of ids and texts that grows
// by augmenting paths, a flow of texts through ids and parts: a text in use is freed by moving its holder to
// another of the holder's rows, or at last by letting another id of the holder's part stand in its place. So it
// stops short only where no choice of ids and rows would do, and every search ends: it looks at a text once.
type seating struct {
	labels *data.Labels
	parts  [2]*anchorPart
	step   int
	seats  []seat
	holder map[int32]int      // text → its place in seats
	used   [2]map[int32]int   // by part: place of an id → its rows in the batch
	count  [2]int             // rows of each part
	seen   map[int32]struct{} // texts that the present search has looked at
	swap   bool               // ids may stand in for one another
	swept  [2]bool            // by part: the present search has tried its ids
}

// seat is one row of an anchor part.
type seat struct {
	part  int
	place int32   // of its id
	rows  []int32 // the id's, to be tried in turn from first on
	first int
	row   int32 // the one it has
}

// wish is the k-th row that the seat would have.
func (s *seat) wish(k int) int32 { return s.rows[(s.first+k)%len(s.rows)] }

func newSeating(labels *data.Labels, parts [2]*anchorPart, step int) *seating {
	return &seating{
		labels: labels, parts: parts, step: step, holder: map[int32]int{},
		used: [2]map[int32]int{{}, {}},
	}
}

// fill seats a part: the step's candidates in their order, and only if these do not suffice any exchange.
func (g *seating) fill(part int) {
	p := g.parts[part]
	for _, g.swap = range []bool{false, true} {
		for c := 0; c < p.turns() && g.count[part] < p.size; c++ {
			g.add(part, p.candidate(g.step, c))
		}
	}
}

// add seats one more row of the candidate's id, if that can be done.
func (g *seating) add(part int, s seat) {
	if g.used[part][s.place] == g.parts[part].most {
		return
	}
	s.part = part
	g.seats = append(g.seats, s)
	g.seen, g.swept = map[int32]struct{}{}, [2]bool{}
	if !g.settle(len(g.seats) - 1) {
		g.seats = g.seats[:len(g.seats)-1]
		return
	}
	g.used[part][s.place]++
	g.count[part]++
}

// settle finds a row for a seat: one whose text is free, or else one whose holder can do without. Nothing has
// changed when it finds none.
func (g *seating) settle(i int) bool {
	s := g.seats[i]
	for k := range s.rows {
		if _, held := g.holder[g.text(s.wish(k))]; !held {
			g.take(i, s.wish(k))
			return true
		}
	}
	for k := range s.rows {
		text := g.text(s.wish(k))
		if _, again := g.seen[text]; again {
			continue
		}
		g.seen[text] = struct{}{}
		if j := g.holder[text]; g.settle(j) || g.swap && g.replace(j) {
			g.take(i, s.wish(k))
			return true
		}
	}
	return false
}

// replace lets another id of its part have a seat, which frees the seat's text.
func (g *seating) replace(j int) bool {
	old := g.seats[j]
	if g.swept[old.part] {
		return false
	}
	g.swept[old.part] = true
	p, used := g.parts[old.part], g.used[old.part]
	for c := range p.turns() {
		s := p.candidate(g.step, c)
		if used[s.place] == p.most {
			continue
		}
		s.part = old.part
		if g.seats[j] = s; g.settle(j) {
			used[old.place]--
			used[s.place]++
			return true
		}
	}
	g.seats[j] = old
	return false
}

func (g *seating) text(row int32) int32 { return g.labels.Text[row] }

func (g *seating) take(i int, row int32) {
	g.seats[i].row = row
	g.holder[g.text(row)] = i
}
