package contrast

import (
	"fmt"
	"strings"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"

	"hives/encoder/local"
	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/trainer/start"
	"hives/internal/trainer/state"
	"hives/internal/trainer/step"
	"hives/model/transformer"
	"hives/pack"
)

// Objective is the contrast as a step sees it: an encoder's vectors, and a loss of them and of the rows' labels.
type Objective struct {
	Model      transformer.Model
	Pooling    transformer.Pooling
	Arithmetic transformer.Arithmetic
	Of         Loss
	Ignores    bool   // batches say which pairs are to be left out of the loss
	Banks      *Banks // of Stage 2
	// LearnedRate is the learning rate of learned banks, times the model's.
	LearnedRate float64
	// Frozen layers, the lowest ones, and the embeddings below them are not trained.
	Frozen int
	// States, if set, are those after the frozen layers, in place of computing them.
	States local.States

	params *state.Parameters
}

// inputStates names the states of a micro-batch, [R, S, H]. They stand among its own inputs, since states are laid
// out as its tokens are.
const inputStates = "states"

// Forward embeds a micro-batch: raw vectors [T, H]. They are not of length 1: normalising is the loss's.
func (o *Objective) Forward(p transformer.Packed, in step.Values[*Node]) *Node {
	p.Frozen = o.Frozen
	// Kept states come as an input; without them the lower layers are computed, and the gradient ends above them.
	// Either way no gradient reaches a frozen weight.
	if states, kept := in.Find(inputStates); kept {
		p.States = states
	} else if o.Frozen > 0 {
		p.States = StopGradient(o.Model.Lower(p, o.Arithmetic))
	}
	return o.Model.Packed(p, o.Pooling, o.Arithmetic)
}

// Loss is that of the batch. z: [B + E, H] raw vectors.
func (o *Objective) Loss(z *Node, in step.Values[*Node]) step.Terms[*Node] {
	return o.Of(z, labelsOf(in))
}

// Parameters are the model's, then learned banks; the vectors of encoded banks are kept. It is made once: gradients,
// moments and checkpoints all go by its order.
func (o *Objective) Parameters() *state.Parameters {
	if o.params != nil {
		return o.params
	}
	o.params = start.Parameters(o.Model, o.Frozen)
	// Learned tables stand last: their gradients come from the loss and not through the network
	// (Parameters.OfLoss). Encoded tables are kept: they are older than the weights beside them, and a resumed
	// run must not renew them early.
	switch b := o.Banks; {
	case b == nil:
	case b.Learned:
		o.params.Trained, o.params.OfLoss = append(o.params.Trained, b.tables()...), len(b.tables())
		o.params.Own = []optim.Group{{Name: "anchors", RateMultiplier: o.LearnedRate, Match: IsTable}}
	default:
		o.params.Kept = b.tables()
	}
	return o.params
}

// IsTable tells a bank's vectors from the model's weights.
func IsTable(p *model.Variable) bool { return strings.HasPrefix(p.Path(), anchorScope+"/") }

// Check refuses to freeze more than there is below the last layer, states after other layers than the frozen ones, and
// variables that do not add up to the whole model, its adapters and its banks.
func (o *Objective) Check() error {
	if err := start.CheckFrozen(o.Model.Sizes(), o.Frozen); err != nil {
		return err
	}
	if o.States != nil && o.States.Layers() != o.Frozen {
		return fault.New(fault.Invalid, "states after %d layers for %d frozen ones", o.States.Layers(), o.Frozen)
	}
	// Account for every parameter: a tensor that is neither trained nor fixed would be in no checkpoint and in no hash.
	p := o.Parameters()
	want := transformer.Parameters(o.Model.Architecture()) + state.Numbers(o.Model.AdapterVariables()) +
		state.Numbers(p.Trained[len(p.OfNetwork()):])
	if trained, fixed := state.Numbers(p.Trained), state.Numbers(p.Fixed); trained+fixed != want {
		return fmt.Errorf("%d parameters are trained and %d fixed, %d there are", trained, fixed, want)
	}
	return nil
}

// micro is a micro-batch of p. Its states are read when it is computed: those of a whole batch may not fit the
// memory. Each has a closure of its own over its pack.
func (o *Objective) micro(p pack.Batch) step.Micro {
	m := step.Micro{Batch: p}
	if o.States != nil {
		gather := step.Late(func() (any, error) { return o.States.Gather(&p) })
		m.Inputs = step.Values[any]{{Name: inputStates, Rows: true, Value: gather}}
	}
	return m
}
