package decoder

import (
	"slices"
	"strings"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
)

// Families of decoders, under the names of config.json's model_type.
const (
	Llama = "llama"
	Qwen2 = "qwen2"
	Qwen3 = "qwen3"
)

// family is a row of the table: all in which one kind of decoder differs from the others. What all of them share, as
// the names of tensors in both formats, stands in tensors; sizes stand in a Config.
type family struct {
	name  string // of config.json's model_type, and of general.architecture in a GGUF file
	class string // transformers' bare decoder

	norm       norm       // before attention, before the feed-forward, and of what leaves the last layer
	activation activation // of the feed-forward's gate
	qkNorm     bool       // queries and keys are normed per head before they are turned
	qkvBias    bool       // queries, keys and values have a bias; the product behind attention has none

	// pairedRows is of families whose q and k llama.cpp keeps for its other pairing, see pairRow.
	pairedRows bool
	// windowSwitch is of families whose config has use_sliding_window, off unless it is named: a sliding_window by
	// itself asks for nothing there.
	windowSwitch bool
}

// families is the table. A further family is a row, and a function where it norms or activates in a way of its own.
var families = []family{
	{name: Llama, class: "LlamaModel", norm: rms, activation: silu, pairedRows: true},
	{name: Qwen2, class: "Qwen2Model", norm: rms, activation: silu, qkvBias: true, windowSwitch: true},
	{name: Qwen3, class: "Qwen3Model", norm: rms, activation: silu, qkNorm: true, windowSwitch: true},
}

// Families lists the names of the table's rows.
func Families() (names []string) {
	for i := range families {
		names = append(names, families[i].name)
	}
	return names
}

// known finds a row. An empty name is Qwen3's: files that hives wrote before there was another family name none.
func known(name string) (family, bool) {
	if name == "" {
		name = Qwen3
	}
	at := slices.IndexFunc(families, func(f family) bool { return f.name == name })
	if at < 0 {
		return family{}, false
	}
	return families[at], true
}

// family is the config's row; Validate has refused a config without one.
func (c *Config) family() family {
	row, _ := known(c.ModelType)
	return row
}

// anyFamily says in an error what could have stood there.
func anyFamily() string {
	names := Families()
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// activation is a function of each number of the gate, in the type of what must not be rounded.
type activation struct {
	names []string // of config.json's hidden_act, the one that is written first
	of    func(gate *Node) *Node
}

var silu = activation{[]string{SiLU, "swish"}, func(gate *Node) *Node { return Mul(gate, Sigmoid(gate)) }}

// norm scales rows over their last axis by a statistic of their own, in the type of what must not be rounded.
type norm struct {
	name string
	of   func(x *Node, epsilon float64) *Node
}

// Names of what a family norms and activates with, for who computes it otherwise than by this package's graph.
const (
	RMS  = "rms"
	SiLU = "silu"
)

// Norm and Activation are the family's, by name.
func (c *Config) Norm() string       { return c.family().norm.name }
func (c *Config) Activation() string { return c.family().activation.names[0] }

// rms is x / sqrt(mean(x²) + ε). Worked example, with ε 0: of (3, 4) the mean square is 12.5 and its root 3.54, so
// that (.85, 1.13) is left, whose mean square is 1. Twice the row gives the same: a norm takes the length away and
// keeps the direction.
var rms = norm{RMS, func(x *Node, epsilon float64) *Node {
	mean := ReduceAndKeep(Square(x), ReduceMean, -1)
	return Div(x, Sqrt(AddScalar(mean, epsilon)))
}}
