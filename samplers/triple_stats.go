package samplers

import "slices"

// TripleStats describes what the sampler of Stage 2 will draw; everything in it is exact.
type TripleStats struct {
	Mode         string      `json:"mode"`
	Parts        [3]int      `json:"parts"` // rows of each part in a batch
	Hierarchical Stats       `json:"hierarchical"`
	Individual   AnchorStats `json:"individual"`
	Theory       AnchorStats `json:"theory"`
}

// AnchorStats describes an anchor part. With 407 ids and 16 rows PassSteps is 26: so often an id has its turn.
// Crowded 0 means that no id ever loses one.
type AnchorStats struct {
	IDs       int `json:"ids"`        // with a row; the others of the bank are negatives only
	Rows      int `json:"rows"`       // with an id
	PassSteps int `json:"pass_steps"` // in which every id has its turn
	Most      int `json:"most_rows"`  // of one id in a batch
	Fewest    int `json:"fewest_texts"`
	Median    int `json:"median_texts"` // of an id
	// Crowded counts the ids with fewer texts than both anchor parts have rows: only these can lose a turn.
	Crowded int `json:"crowded_ids"`
}

// Stats returns the description.
func (t *Triple) Stats() TripleStats {
	beside := t.sizes[PartIndividual] + t.sizes[PartTheory]
	return TripleStats{
		Mode: t.cfg.Mode, Parts: t.sizes, Hierarchical: t.hier.Stats(),
		Individual: t.anchors[0].stats(beside), Theory: t.anchors[1].stats(beside),
	}
}

// stats counts; beside is the rows of both anchor parts. An id with that many texts always finds a free one: the
// other rows of the batch can hold at most beside − 1 of them.
func (p *anchorPart) stats(beside int) AnchorStats {
	texts := slices.Sorted(slices.Values(p.texts))
	st := AnchorStats{
		IDs: len(p.ids), PassSteps: p.steps, Most: p.most,
		Fewest: texts[0], Median: texts[len(texts)/2],
	}
	for _, rows := range p.rows {
		st.Rows += len(rows)
	}
	st.Crowded, _ = slices.BinarySearch(texts, beside)
	return st
}
