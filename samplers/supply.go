package samplers

// cell counts, for one class and one pool, the texts and rows around the class's own texts.
//
// A class is a label as the sampler sees it, a pool the rows that negatives come from (index.go). Say the class
// is "care, supports" and the pool holds the rows
//
//	text A: care    text B: care, loyalty    text C: loyalty, loyalty    text D: fairness
//
// Then A and B carry the class (carriers 2), B also has a row of another label (carriersUnlike 1), the rows that
// match are two (likeRows 2), and B's row of loyalty is the one false negative (unlikeRows 1): a row of another
// label whose text is about care all the same.
type cell struct {
	carriers       int // texts with a row in the pool that carry the class
	carriersUnlike int // those of them that have a row in the pool with another label
	likeRows       int // rows of the pool that match the class
	unlikeRows     int // the other rows of its carriers: the false negatives
}

// supply tells how many positives and negatives each anchor finds, in time linear in the rows.
//
// Counting pair by pair would take N² steps: 10¹⁰ for 100,000 rows. Everything asked for depends only on the
// anchor's class and pool but for what the anchor's own text adds, and that text has a handful of rows. So the
// counts are made once a (class, pool), and each anchor corrects them for itself.
//
// Invariant: every number equals that of nested loops over all pairs (TestAgainstTwin, TestLimitAgainstTwin).
type supply struct {
	x     *index
	cfg   *IntraTheoryConfig
	cells []map[int32]*cell // by class, then pool
	texts []int             // by class: distinct texts of the rows that match it
}

// newSupply counts each text once for every class that it carries.
func newSupply(x *index, cfg *IntraTheoryConfig) *supply {
	s := &supply{x: x, cfg: cfg, cells: make([]map[int32]*cell, len(x.members)), texts: make([]int, len(x.members))}
	for c := range x.members {
		s.cells[c] = map[int32]*cell{}
		seen := map[int32]bool{}
		for _, r := range x.members[c] {
			if t := x.labels.Text[r]; !seen[t] {
				seen[t] = true
				s.addText(int32(c), t)
			}
		}
		s.texts[c] = len(seen)
	}
	return s
}

// addText counts a text that carries the class. Its rows may lie in several pools: a text that two corpora hold,
// with SameCorpus, or that two theories annotate.
func (s *supply) addText(class, text int32) {
	type tally struct{ like, unlike int }
	pools := map[int32]*tally{}
	for _, r := range s.x.textRows[text] {
		p := s.x.pool[r]
		if pools[p] == nil {
			pools[p] = &tally{}
		}
		if s.x.matches(r, class) {
			pools[p].like++
		} else {
			pools[p].unlike++
		}
	}
	for p, t := range pools { // sums: the order of the map does not matter
		at := s.cells[class][p]
		if at == nil {
			at = &cell{}
			s.cells[class][p] = at
		}
		at.carriers++
		at.likeRows += t.like
		at.unlikeRows += t.unlike
		if t.unlike > 0 {
			at.carriersUnlike++
		}
	}
}

// positives is the number that the row is given as an anchor: one for each further text that carries the class,
// of whichever corpus, but no more than the configuration asks for.
func (s *supply) positives(row int32) int {
	return min(s.cfg.Positives, s.texts[s.x.class[row]]-1)
}

// negatives is the number of texts the row can have as negatives, whichever positives are drawn.
//
// Unless false negatives are kept, that is every text of the pool that does not carry the class, and no positive
// can use one of them up. Kept, a carrier can be a negative by its row of another label, while it may also be
// drawn as a positive, and a text stands in a batch once. So the worst draw counts. Example: 10 texts, of which A
// (the anchor's), B, C and D carry the class, B and C with another row. Free are 10 − 4 + 2 = 8; three positives
// are drawn, at worst B and C among them: 6.
func (s *supply) negatives(row int32) int {
	at, pool := s.at(row)
	if s.cfg.FalseNegatives != Keep {
		return s.x.poolTexts[pool] - at.carriers
	}
	// A carrier's other row may be a negative, but neither the anchor's text nor, at worst, those of
	// the positives are free.
	own := min(1, s.ownUnlike(row))
	free := s.x.poolTexts[pool] - at.carriers + at.carriersUnlike - own
	return free - min(s.positives(row), at.carriersUnlike-own)
}

// candidates counts the rows of other texts in the anchor's pool whose label is unlike its own, and those among
// them whose text carries its label all the same. Stats divides the two: the rate of false negatives that a
// uniform draw of negatives would have.
func (s *supply) candidates(row int32) (unlike, falseNegatives int) {
	at, pool := s.at(row)
	own := s.ownUnlike(row)
	return len(s.x.pools[pool]) - at.likeRows - own, at.unlikeRows - own
}

// at is the cell of the row's class in the row's pool. It exists: the row's own text is one of its carriers.
func (s *supply) at(row int32) (*cell, int32) {
	pool := s.x.pool[row]
	return s.cells[s.x.class[row]][pool], pool
}

// ownUnlike counts the rows of the anchor's own text in its pool that do not match it.
func (s *supply) ownUnlike(row int32) (n int) {
	for _, r := range s.x.textRows[s.x.labels.Text[row]] {
		if s.x.pool[r] == s.x.pool[row] && !s.x.matches(r, s.x.class[row]) {
			n++
		}
	}
	return n
}
