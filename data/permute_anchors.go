package data

import "math/rand/v2"

// PermuteAnchors returns a copy of rows in which both anchor ids have been dealt out anew among the texts of each
// corpus: the control of Stage 2, whose rows keep every id's frequency and no id's meaning. What is dealt is one id
// of one text, so that rows of a text that shared an id still do, and as many texts bear each id as before. A row
// without an id stays without. It is a function of the rows' order and the seed.
func PermuteAnchors(rows []Row, seed uint64) []Row {
	out := append([]Row(nil), rows...)
	permuteColumn(out, seed, 0x696e646976, func(r *Row) *int32 { return &r.IndividualAnchor })
	permuteColumn(out, seed, 0x7468656f72, func(r *Row) *int32 { return &r.TheoryAnchor })
	return out
}

// permuteColumn deals one column in place, with a stream of random numbers of its own. What is dealt is a unit,
// one id of one text: two rows of text A with id 7 are one unit and get one new id; rows of A with 7 and with 9
// are two.
//
//	text   A    A    B    C
//	id     7    9    7    –
//	dealt  9    7    7    –      three units, (A 7) (A 9) (B 7), exchange their ids; a row without one stays without
func permuteColumn(rows []Row, seed, stream uint64, column func(*Row) *int32) {
	type unit struct {
		text string
		id   int32
	}
	units := map[string][]unit{} // by corpus, in order of appearance
	var corpora []string
	seen := map[unit]bool{} // a text counts for the corpus of its first row
	for i := range rows {
		u := unit{rows[i].TextID, *column(&rows[i])}
		if u.id == NoAnchor || seen[u] {
			continue
		}
		seen[u] = true
		if units[rows[i].Corpus] == nil {
			corpora = append(corpora, rows[i].Corpus)
		}
		units[rows[i].Corpus] = append(units[rows[i].Corpus], u)
	}
	draw := rand.New(rand.NewPCG(seed, stream))
	dealt := map[unit]int32{}
	for _, corpus := range corpora {
		list := units[corpus]
		for to, from := range draw.Perm(len(list)) {
			dealt[list[to]] = list[from].id
		}
	}
	for i := range rows {
		if id := column(&rows[i]); *id != NoAnchor {
			*id = dealt[unit{rows[i].TextID, *id}]
		}
	}
}
