package samplers

import "hives/data"

// seating gives each row of the anchor parts a text of its own. It is a matching of ids and texts that grows by
// augmenting paths, a flow of texts through ids and parts: a text in use is freed by moving its holder to another
// of the holder's rows, or at last by letting another id of the holder's part stand in its place. So it stops
// short only where no choice of ids and rows would do, and every search ends: it looks at a text once.
//
// An example. Individual id 5 has rows of the texts X and Y, theory id 9 one row, of text X:
//
//	fill(individual)   5 takes X                      X:5
//	fill(theory)       9 wants X, and 5 holds it
//	  settle(9)        may 5 do without X? its other row has Y, which is free
//	                   5 moves to Y, 9 takes X        X:9 Y:5
//
// Were X the only text of id 5, only an exchange would help: another individual id takes the place of 5 in the
// batch, and X is free. Exchanges cost turns, so fill tries them after all else.
//
// Why greed is not enough: the individual part would take X for good, the batch would be a row short, and a
// sampler that refuses such labels would refuse data that can be seated. Why this is enough: it is the search of
// Ford and Fulkerson for a maximal flow, which ends only at a least cut (TestTripleAgainstTwin compares with the
// cut found by trying every subset of the ids).
//
// Invariant: no two seats hold rows of one text, and holder names exactly the texts of the seats.
// Invariant: used counts the seats of each id, count those of each part, at most size. No id has more than most
// seats: the seat that is being filled counts from the start, so an exchange that it sets off cannot give its id
// another one.
// Invariant: a text that is held stays held, by whichever seat: each success adds one text and loses none.
//
// Who owes what: the parts say which id is whose turn (candidate); seating decides only which row of it, and
// departs from the turns only where texts collide.
type seating struct {
	labels *data.Labels
	parts  [2]*anchorPart
	step   int
	seats  []seat             // in the order of the batch's rows: individual, then theory
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

// wish is the k-th row that the seat would have: the one whose turn it is, then the others in their order, round
// to the beginning.
func (s *seat) wish(k int) int32 { return s.rows[(s.first+k)%len(s.rows)] }

// newSeating is an empty table for a step's batch.
func newSeating(labels *data.Labels, parts [2]*anchorPart, step int) *seating {
	return &seating{
		labels: labels, parts: parts, step: step, holder: map[int32]int{},
		used: [2]map[int32]int{{}, {}},
	}
}

// fill seats a part: the step's candidates in their order, and only if these do not suffice any exchange.
//
// The first sweep moves seats between rows of their own ids, so every id that had its turn keeps it. The second
// may give an id's turn to another id (swap). On usual data the first size candidates of the first sweep fill the
// part, and nothing moves at all.
func (g *seating) fill(part int) {
	p := g.parts[part]
	for _, g.swap = range []bool{false, true} {
		for c := 0; c < p.turns() && g.count[part] < p.size; c++ {
			g.add(part, p.candidate(g.step, c))
		}
	}
}

// add seats one more row of the candidate's id, if that can be done. A candidate that cannot be seated now may be
// at a later call, when an exchange has become allowed; it leaves no trace.
func (g *seating) add(part int, s seat) {
	if g.used[part][s.place] == g.parts[part].most {
		return
	}
	s.part = part
	g.seats = append(g.seats, s)
	g.used[part][s.place]++
	g.seen, g.swept = map[int32]struct{}{}, [2]bool{}
	if !g.settle(len(g.seats) - 1) {
		g.seats = g.seats[:len(g.seats)-1]
		g.used[part][s.place]--
		return
	}
	g.count[part]++
}

// settle finds a row for a seat: one whose text is free, or else one whose holder can do without. Nothing has
// changed when it finds none.
//
// All free texts are tried before any holder is asked to move: moving costs a search, and a row moved is a row
// out of its turn. seen makes the search end: a text whose holder could not move does not become free by being
// asked again on the way.
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

// replace lets another id of its part have a seat, which frees the seat's text. Each part is swept once a search:
// an id that found no text when one seat was to be freed finds none for the next seat either, since the search
// has looked at its texts.
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

// take gives a seat its row. If the seat held another text before, whoever asked for that text takes it next, so
// holder never keeps a stale entry.
func (g *seating) take(i int, row int32) {
	g.seats[i].row = row
	g.holder[g.text(row)] = i
}
