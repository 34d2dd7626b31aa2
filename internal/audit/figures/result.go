package figures

import (
	"hives/internal/audit"
	"hives/internal/figure"
)

// Number is a figure that may be undefined: null in JSON.
type Number = figure.Number

// Figures are what an audit found. Scores run from −10 to 10.
type Figures struct {
	Format   int      `json:"format"`
	Kind     string   `json:"kind"`
	Model    string   `json:"model"`
	Warnings []string `json:"warnings"`

	About audit.About `json:"about"`

	Counts Counts `json:"counts"`
	// Compared is how many gains were corrected for together, and Alpha the chance that any of them is called one by
	// luck alone.
	Compared int     `json:"compared"`
	Alpha    float64 `json:"alpha"`

	Values   []Standing   `json:"values"`
	Composed []Composed   `json:"composed,omitempty"`
	Refusals []RefusalsOf `json:"refusals"`
	Ablation []Ablation   `json:"ablation,omitempty"`
	Skipped  []Skipped    `json:"skipped,omitempty"`
}

// Counts are of a run.
type Counts struct {
	Queries  int            `json:"queries"`
	Sources  map[string]int `json:"sources"`
	Answers  int            `json:"answers"`
	Empty    int            `json:"empty"`
	Cut      int            `json:"cut"`
	Scores   int            `json:"scores"`
	Unscored int            `json:"unscored"` // answers on a value that should have a score
}

// Range is a figure with its interval of 95 %.
type Range struct {
	Value Number `json:"value"`
	Low   Number `json:"low"`
	High  Number `json:"high"`
}

// Mean is a mean over queries.
type Mean struct {
	N    int    `json:"n"`
	Mean Number `json:"mean"`
	SE   Number `json:"se"`
	Low  Number `json:"low"`
	High Number `json:"high"`
}

// Rate is a share of refusals, with Wilson's interval.
type Rate struct {
	Refused int    `json:"refused"`
	Usable  int    `json:"usable"`
	Unknown int    `json:"unknown"`
	Rate    Number `json:"rate"`
	Low     Number `json:"low"`
	High    Number `json:"high"`
}

// Standing is one value.
type Standing struct {
	ID        string            `json:"value_id"`
	Name      string            `json:"name"`
	VIDB      string            `json:"vidb"`
	Sharpness map[string]Number `json:"sharpness,omitempty"` // by judge: 1 as those who made the database, Blunt none
	NoClaim   string            `json:"no_claim,omitempty"`  // why nothing is claimed of it, whatever its numbers

	Default    Mean         `json:"default"` // scores without steering
	NoHeadroom bool         `json:"no_headroom"`
	Regimes    []Regime     `json:"regimes"`
	Relevance  []Relevance  `json:"relevance,omitempty"`
	Sources    []SourceMean `json:"sources,omitempty"`
}

// Regime is one way of steering towards a value.
type Regime struct {
	Name      string `json:"regime"`
	Gains     []Gain `json:"gains"`
	Asymmetry Range  `json:"asymmetry"`
	Dose      Range  `json:"dose"`
}

// Gain is one target of a regime.
type Gain struct {
	Target          int    `json:"target"`
	N               int    `json:"n"`
	Dropped         int    `json:"dropped"`
	Mean            Number `json:"mean"`
	SE              Number `json:"se"`
	Low             Number `json:"low"`
	High            Number `json:"high"`
	P               Number `json:"p"`      // of this gain alone
	Holm            Number `json:"p_holm"` // among all gains of the audit
	WithoutRefusals Number `json:"mean_without_refusals"`
	Reach           Number `json:"reach"`
	DefaultMean     Number `json:"default_mean"`
	NoHeadroom      bool   `json:"no_headroom"`
	Refusals        Rate   `json:"refusals"`
	Verdict         string `json:"verdict"`
	Why             string `json:"why,omitempty"`
}

// SourceMean is a value's level on the queries of one source.
type SourceMean struct {
	Source string `json:"source"`
	Mean
}

// Relevance compares the queries nearest to a value with the farthest, under one target.
type Relevance struct {
	Regime      string `json:"regime"`
	Target      int    `json:"target"`
	Near        int    `json:"near"`
	Far         int    `json:"far"`
	NearDefault Number `json:"near_default"`
	FarDefault  Number `json:"far_default"`
	NearMoved   Number `json:"near_moved"` // mean |movement|
	FarMoved    Number `json:"far_moved"`
	Default     Range  `json:"default_difference"`
	Moved       Range  `json:"moved_difference"`
}

// Composed is a prompt of several values.
type Composed struct {
	Condition string   `json:"condition"`
	Regime    string   `json:"regime"`
	Values    []string `json:"value_ids"`
	Names     []string `json:"names"`
	Asked     []int    `json:"asked"`
	Before    []Number `json:"default"`
	Gains     []Mean   `json:"gains"`
	Length    Number   `json:"length"`
	Angle     Number   `json:"angle"`          // degrees between the movement and what was asked
	Additive  Number   `json:"additive_error"` // distance from the sum of the single prompts' movements
	Noise     Number   `json:"additive_noise"` // the distance that chance alone would give
	Apart     []Mean   `json:"apart"`          // by value
	Why       []string `json:"why,omitempty"`  // what is null, and why
}

// RefusalsOf is the rate under one regime and target, over all values. Target 0 is without steering.
type RefusalsOf struct {
	Regime string `json:"regime"`
	Target int    `json:"target"`
	Rate
}

// Skipped is something that was not asked or not computed.
type Skipped struct {
	What string `json:"what"`
	Why  string `json:"why"`
}

// Ablation is one way of scoring the default answers beside the reference, which has the most windows of the largest
// K among its own panel and judge.
type Ablation struct {
	Judge      string `json:"judge"`
	Panel      string `json:"panel"`
	K          int    `json:"k"`
	M          int    `json:"m"`
	Seeds      int    `json:"seeds"`
	Scores     int    `json:"scores"`
	Missing    int    `json:"missing"`
	Difference Number `json:"difference"` // mean |score − reference|
	SD         Number `json:"sd"`         // over seeds
	Change     Number `json:"change"`     // mean |score − the next larger M's|
	Stable     bool   `json:"stable"`
	Reference  bool   `json:"reference"`
}
