package evaluate

import (
	"hives/encoder"
	"hives/metrics"
)

// System is everything measured about one way of turning texts into vectors. The exported part is the document
// (docs/metrics.schema.json); the rest is what Compare needs and what a page draws.
type System struct {
	Name  string            `json:"name"`
	Model *encoder.Identity `json:"model"` // null for controls without a model

	RankingAccuracy     ByScope[Number] `json:"ranking_accuracy"` // exact expectation, macro, ties wrong
	RankingTiesHalf     ByScope[Number] `json:"ranking_accuracy_ties_half"`
	RankingMicro        ByScope[Number] `json:"ranking_accuracy_micro"`
	Correlation         ByScope[Number] `json:"similarity_correlation"` // Pearson, columns
	CorrelationSpearman ByScope[Number] `json:"similarity_correlation_spearman"`
	CorrelationPrefix   ByScope[Number] `json:"similarity_correlation_prefix"` // Pearson, prefix_present
	// Pooled over corpora the correlation also sees how corpora differ in mean; these do not.
	CorrelationByCorpus   map[string]Estimate `json:"similarity_correlation_by_corpus"`
	CorrelationCorpusMean Estimate            `json:"similarity_correlation_corpus_mean"`
	Direction             Number              `json:"direction_accuracy"`
	DirectionByScope      ByScope[Number]     `json:"direction_accuracy_by_scope"`
	DirectionTiesHalf     ByScope[Number]     `json:"direction_accuracy_ties_half"`
	DirectionAnchors      ByScope[int]        `json:"direction_anchors"`
	Orthogonality         ByTheory            `json:"orthogonality"`
	OrthogonalityDetails  []OrthoDetail       `json:"orthogonality_details"`
	Intervals             Intervals           `json:"intervals"`
	TextLevel             TextLevel           `json:"text_level"`

	BinPairs        ByScope[[metrics.Bins][metrics.Bins]Number] `json:"bin_pairs"`
	BinPairAnchors  ByScope[[metrics.Bins][metrics.Bins]int]    `json:"bin_pair_anchors"`
	Neighbours      map[string]ByScope[Accuracy]                `json:"neighbours"` // by "k1", "k10"
	CosineDistances ByScope[Distances]                          `json:"mean_cosine_distance"`
	Values          []ValueRow                                  `json:"values"`
	Maps            []HeatMap                                   `json:"heat_maps"`

	vectors *metrics.Vectors // [N, D]
	rows    *metrics.Measurement
	texts   *metrics.Measurement
	part    map[string]*metrics.Measurement // text level by theory
	corpus  map[string]metrics.Correlation  // of each corpus alone
	mean    metrics.Correlation             // mean over corpora of the correlation in each
	ortho   map[string][]float64            // each theory's orthogonality at the headline level, draw by draw
	half    bool                            // tables and differences count its ties half: see ties.go
	reasons map[string]string               // why a figure is undefined, by its path
}

// Intervals of the headline figures, 95 %, by bootstrap over groups. They stand apart from the figures, so that a
// program that reads only figures finds plain numbers. An interval of a system says how sure its own figure is; whether
// two systems differ is told by their Difference alone.
type Intervals struct {
	RankingAccuracy   ByScope[Range]   `json:"ranking_accuracy"`
	RankingTiesHalf   ByScope[Range]   `json:"ranking_accuracy_ties_half"`
	Correlation       ByScope[Range]   `json:"similarity_correlation"`
	Direction         Range            `json:"direction_accuracy"`
	DirectionByScope  ByScope[Range]   `json:"direction_accuracy_by_scope"`
	DirectionTiesHalf ByScope[Range]   `json:"direction_accuracy_ties_half"`
	Orthogonality     map[string]Range `json:"orthogonality"`
}

// TextLevel measures whole texts: closest relation over their labels, and overlap of label sets. A text of
// several values cannot sit with each of them alone, which holds row-level figures down; here it counts once, as
// near to another text as their nearest labels are.
type TextLevel struct {
	TextFigures
	ByTheory map[string]TextFigures `json:"by_theory"` // the rows of one theory alone
}

// TextFigures are the text-level figures of one set of texts. Two texts are as near as their nearest labels for
// Ranking, and as the share of labels that they have in common for Jaccard: of {caring +, fidelity} and {caring +} a
// half.
type TextFigures struct {
	Texts           int             `json:"texts"`
	Ranking         ByScope[Number] `json:"ranking_accuracy"`
	RankingTiesHalf ByScope[Number] `json:"ranking_accuracy_ties_half"`
	Jaccard         ByScope[Number] `json:"jaccard_correlation"`
	Intervals       struct {
		Ranking         ByScope[Range] `json:"ranking_accuracy"`
		RankingTiesHalf ByScope[Range] `json:"ranking_accuracy_ties_half"`
		Jaccard         ByScope[Range] `json:"jaccard_correlation"`
	} `json:"intervals"`
}

// Accuracy is the share of rows whose label their nearest neighbours vote for. Each level is its own election: a row
// may be right at level 1 and wrong at level 2, and rows whose path has ended above a level take no part in it.
type Accuracy struct {
	Level1    Number `json:"level_1"`
	Level2    Number `json:"level_2"`
	Level3    Number `json:"level_3"`
	Direction Number `json:"direction"`
}

// Distances are mean cosine distances by the depth at which two rows agree. They are not scaled: in a narrow space all
// of them are small, and what counts is their order and how far they lie apart from each other.
type Distances struct {
	SamePath  Number `json:"same_path"`
	SameDir   Number `json:"same_path_same_direction"`
	OtherDir  Number `json:"same_path_other_direction"`
	SameL1L2  Number `json:"same_level_1_2"`
	SameL1    Number `json:"same_level_1"`
	OtherPath Number `json:"other_level_1"`
}

// OrthoDetail is the orthogonality of one theory at one level. Values are those with a vector, Skipped those
// without one for too few rows a side.
type OrthoDetail struct {
	Theory   string `json:"theory"`
	Level    int    `json:"level"`
	Values   int    `json:"values"`
	Pairs    int    `json:"pairs"`
	Mean     Number `json:"mean"`
	Median   Number `json:"median"`
	Interval Range  `json:"interval"`
	Skipped  int    `json:"values_skipped"`
}

// ValueRow says what stands behind a value vector, also where there is none: a reader should see which values the
// rows cannot show.
//
//	{"theory": "mft", "level": 1, "path": "care/harm", "supports": 412, "opposes": 96}
//	{"theory": "mft", "level": 1, "path": "sanctity/degradation", "supports": 31, "opposes": 2, "skipped": "…"}
type ValueRow struct {
	Theory   string `json:"theory"`
	Level    int    `json:"level"`
	Path     string `json:"path"`
	Supports int    `json:"supports"`
	Opposes  int    `json:"opposes"`
	Skipped  string `json:"skipped,omitempty"` // why it has no vector
}

// HeatMap holds mean cosines between the rows of values: Cells[r][c] of Rows[r] with Columns[c], null where they
// have no pair of rows from different texts.
type HeatMap struct {
	Name     string     `json:"name"`
	Rows     []string   `json:"rows"`
	Columns  []string   `json:"columns"`
	RowCount []int      `json:"row_counts"`
	ColCount []int      `json:"column_counts"`
	Cells    [][]Number `json:"cells"`
}
