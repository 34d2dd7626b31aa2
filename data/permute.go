package data

import "math/rand/v2"

// PermuteLabels returns a copy of rows in which theory, path and direction have been dealt out anew among the
// rows of each corpus: the control that keeps every style and frequency and breaks the meaning. It is a function
// of the rows' order and the seed.
//
//	corpus a   text 1 care +    text 2 duty −    text 3 care −
//	dealt      text 1 care −    text 2 care +    text 3 duty −      as many of each, none where it belongs but by chance
//
// A model that scores as well on true labels after training on these has learned from texts and frequencies, not
// from what the labels say of the texts. Within corpora, since a corpus is told by its style: dealt over all
// rows, the control would also lose what corpora differ by, and seem worse than it should. Rows of one text may
// come to bear labels of unlike theories; anchor ids stay where they are.
func PermuteLabels(rows []Row, seed uint64) []Row {
	out := append([]Row(nil), rows...)
	byCorpus := map[string][]int{}
	var corpora []string
	for i, r := range rows {
		if _, seen := byCorpus[r.Corpus]; !seen {
			corpora = append(corpora, r.Corpus)
		}
		byCorpus[r.Corpus] = append(byCorpus[r.Corpus], i)
	}
	draw := rand.New(rand.NewPCG(seed, 0x7065726d757465)) // its own stream
	for _, corpus := range corpora {
		at := byCorpus[corpus]
		for to, from := range draw.Perm(len(at)) {
			src, dst := &rows[at[from]], &out[at[to]]
			dst.Theory, dst.Level1, dst.Level2, dst.Level3 = src.Theory, src.Level1, src.Level2, src.Level3
			dst.Direction, dst.DirectionSource = src.Direction, src.DirectionSource
		}
	}
	return out
}
