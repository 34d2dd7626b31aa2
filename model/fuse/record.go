package fuse

// Record is fusion.json. Who has the models and the record can make the folder again, to the last bit: the result
// hangs on nothing else.
type Record struct {
	Format  int       `json:"format"`
	Method  Method    `json:"method"`
	Of      string    `json:"of"` // models or deltas
	Base    *Model    `json:"base,omitempty"`
	Models  []Model   `json:"models"`
	Weights []float64 `json:"weights"` // as given
	Raw     bool      `json:"not_normalised,omitempty"`
	Tensors []Tensor  `json:"tensors"`
}

// Model is one that went in.
type Model struct {
	Path    string `json:"path"`
	Kind    string `json:"kind"` // model or adapter
	Weights string `json:"sha256"`
}

// Tensor tells how one tensor was fused.
//
//	{"name": "model.norm.weight", "shape": [576], "type": "BF16", "norms": […], "largest_angle": …, …}
type Tensor struct {
	Name  string `json:"name"`
	Shape []int  `json:"shape"`
	Type  string `json:"type"`
	*Report
}
