package contrast

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/safetensorsio"
	"hives/losses"
)

// anchorScope is the folder of the store that holds the banks' vectors. They are part of a run's state:
// those of encoded banks are older than the weights beside them.
const anchorScope = "/anchors"

// Banks are the two sets of anchor sentences of Stage 2 and their vectors.
type Banks struct {
	// Learned banks are trainable tables that start from the encoded sentences. Otherwise the sentences
	// of a batch's ids are encoded with the batch, with gradient, and all others stand as they were at
	// the last Refresh.
	Learned            bool
	Individual, Theory Bank
}

// Bank is one set of sentences.
type Bank struct {
	ids   [][]int32       // tokens of each sentence
	table *model.Variable // [K, H] unit rows (learned ones only at the start)
}

// NewBanks makes banks of tokenised sentences, with zeros for vectors until the first Refresh. The tables live in the
// model's store, so a checkpoint holds them like weights. A bank of one sentence is refused: InfoNCE over one column
// is 0 for any vector.
func NewBanks(store *model.Store, hidden int, individual, theory [][]int32, learned bool) (*Banks, error) {
	b := &Banks{Learned: learned, Individual: Bank{ids: individual}, Theory: Bank{ids: theory}}
	for name, bank := range map[string]*Bank{"individual": &b.Individual, "theory": &b.Theory} {
		if len(bank.ids) < 2 {
			return nil, fault.New(fault.Invalid, "the %s bank has %d sentences: a contrast needs 2", name, len(bank.ids))
		}
		// Zeros until the first step's refresh. A learned table that stayed 0 would have no direction to be pulled in.
		table, err := store.CreateVariable(model.JoinPath(anchorScope, name),
			tensors.FromScalarAndDimensions(float32(0), len(bank.ids), hidden))
		if err != nil {
			return nil, err
		}
		bank.table = table.SetTrainable(learned)
	}
	return b, nil
}

// learned lists the trainable tables; a nil Banks has none.
func (b *Banks) learned() []*model.Variable {
	if b == nil || !b.Learned {
		return nil
	}
	return b.tables()
}

// tables are both, in the order in which gradients and checkpoints have them.
func (b *Banks) tables() []*model.Variable {
	return []*model.Variable{b.Individual.table, b.Theory.table}
}

// Refresh encodes all sentences with the weights as they are. It costs one embedding of 2 banks, without gradient;
// between two of them the vectors grow older than the weights.
func (b *Banks) Refresh(ctx context.Context, enc encoder.Encoder) error {
	for _, bank := range []*Bank{&b.Individual, &b.Theory} {
		inputs := make([]encoder.Input, len(bank.ids))
		for i, ids := range bank.ids {
			inputs[i].IDs = ids
		}
		vectors, _, err := enc.Encode(ctx, inputs)
		if err != nil {
			return fmt.Errorf("encode anchors: %w", err)
		}
		var flat []float32
		for _, v := range vectors {
			flat = append(flat, v...)
		}
		if err := bank.table.SetValue(tensors.FromFlatDataAndDimensions(flat, len(vectors), len(vectors[0]))); err != nil {
			return err
		}
	}
	return nil
}

// nodes are the two banks as the loss sees them, [K, H]. z: [B + E, H].
func (b *Banks) nodes(z *Node, l Labels[*Node]) (individual, theory *Node) {
	g := z.Graph()
	individual, theory = b.Individual.table.NodeValue(g), b.Theory.table.NodeValue(g)
	if b.Learned {
		return individual, theory
	}
	// Slots after the batch's rows are the fresh anchors. They are embedded with gradient; table rows are not.
	fresh := losses.Normalize(SliceAxis(z, 0, AxisRangeToEnd(l.Theory.Shape().Dim(0)))) // [E, H]
	return replace(individual, fresh, l.FreshIndividual), replace(theory, fresh, l.FreshTheory)
}

// replace puts fresh rows in the place of a bank's: bank [K, H] without gradient, fresh [E, H], ids [E]
// distinct, −1 where the row belongs elsewhere. Products with zeros and ones are exact.
//
// Example, K = 4 sentences and E = 2 slots, of which the second belongs to the other bank:
//
//	ids   2 −1          rows  0 0 1 0        put  0 0 f₀ 0      kept  1 1 0 1
//	                          0 0 0 0
//
// so the bank that the loss sees is b₀ b₁ f₀ b₃: f₀ with gradient, the others as numbers.
func replace(bank, fresh, ids *Node) *Node {
	// [E, K] with a single 1 a row, and none for −1: a fresh vector lands in its own column or nowhere.
	rows := OneHot(ids, bank.Shape().Dim(0), fresh.DType())                     // [E, K]
	put := Einsum("ek,eh->kh", rows, fresh)                                     // [K, H]
	kept := OneMinus(Reshape(ReduceSum(rows, 0), -1, 1))                        // [K, 1]
	return Add(Mul(kept, ConvertDType(StopGradient(bank), fresh.DType())), put) // [K, H]
}

// tensor copies a bank's unit vectors to the host as a float32 tensor of a file. The table itself is not changed.
func (b *Bank) tensor(name string) (safetensorsio.Tensor, error) {
	t := safetensorsio.Tensor{Name: name, DType: "F32", Shape: b.table.Shape().Dimensions}
	value, err := b.table.Value()
	if err != nil {
		return t, err
	}
	flat, err := tensors.CopyFlatData[float32](value)
	if err != nil {
		return t, err
	}
	h := value.Shape().Dim(1)
	for row := range b.ids {
		// Learned rows have any length; who reads the file takes cosines by products.
		unit(flat[row*h : (row+1)*h])
	}
	t.Data, err = binary.Append(nil, binary.LittleEndian, flat)
	return t, err
}

// unit divides a row by its L2 norm; a row of zeros stays. The sum is in float64, so that vectors of any width come
// out as 1 to float32's last digit.
func unit(row []float32) {
	sum := 0.0
	for _, v := range row {
		sum += float64(v) * float64(v)
	}
	if norm := math.Sqrt(sum); norm > 0 {
		for i := range row {
			row[i] = float32(float64(row[i]) / norm)
		}
	}
}

// fresh chooses the sentences that are encoded with a batch, the distinct ids of its rows, at most slots of
// them; it writes their ids into a and returns their tokens, filling up with the first sentence.
//
//	individual ids of the batch 7 2 7 −1, theory −1 −1 −1 3, slots 4
//	texts            v7  v2  u3  v0
//	FreshIndividual   7   2  −1  −1
//	FreshTheory      −1  −1   3  −1        v0 fills up: it is put nowhere
//
// len(texts) = slots, and both lists of ids are as long.
func (b *Banks) fresh(a *AnchorBatch, slots int) (texts [][]int32) {
	if slots == 0 {
		return nil
	}
	add := func(bank *Bank, ids []int32, own, other *[]int32) {
		seen := map[int32]bool{}
		for _, id := range ids {
			// Several rows of a batch may have one anchor. It is encoded once; its gradient is the sum over them.
			if id < 0 || seen[id] || len(texts) == slots {
				continue
			}
			seen[id] = true
			texts = append(texts, bank.ids[id])
			*own, *other = append(*own, id), append(*other, -1)
		}
	}
	add(&b.Individual, a.Individual, &a.FreshIndividual, &a.FreshTheory)
	add(&b.Theory, a.Theory, &a.FreshTheory, &a.FreshIndividual)
	// A step has one shape whatever ids were drawn, so the rest is filled with a sentence whose
	// vector is put into no column: it is computed, and no loss reads it.
	for len(texts) < slots {
		texts = append(texts, b.Individual.ids[0])
		a.FreshIndividual, a.FreshTheory = append(a.FreshIndividual, -1), append(a.FreshTheory, -1)
	}
	return texts
}
