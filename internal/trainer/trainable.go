package trainer

import (
	"crypto/sha256"
	"fmt"

	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/optim"
	"hives/model/transformer"
)

// trainables tells a run's variables apart by whether steps change them. What is fixed takes no gradient,
// has no moments and stands in no checkpoint: it is read again from where the run began.
type trainables struct {
	params   []*model.Variable // trained: of the model or its adapters, then learned banks
	adapters []*model.Variable // those of params that are no part of the model itself
	fixed    []*model.Variable // weights of the model that stay as they are
}

// newTrainables marks the variables of m by it: embeddings and the first frozen layers are fixed, and where
// there are adapters all weights.
func newTrainables(m transformer.Model, frozen int, banks *Banks) trainables {
	t := trainables{adapters: m.AdapterVariables()}
	for _, spec := range m.Layout() {
		v := m.Variable(spec.Name)
		if len(t.adapters) > 0 || spec.Lower(frozen) {
			t.fixed = append(t.fixed, v.SetTrainable(false))
		} else {
			t.params = append(t.params, v.SetTrainable(true))
		}
	}
	t.params = append(append(t.params, t.adapters...), banks.learned()...)
	return t
}

// lowerVariables are those that states after a number of layers are made from.
func lowerVariables(m transformer.Model, layers int) (below []*model.Variable) {
	for _, spec := range m.Layout() {
		if spec.Lower(layers) {
			below = append(below, m.Variable(spec.Name))
		}
	}
	return below
}

// account refuses an optimiser whose groups do not add up to exactly the trained variables, and variables that
// do not add up to the whole model, its adapters and its learned banks.
func (t *trainables) account(o *optim.AdamW, arch transformer.Architecture, banks *Banks) error {
	groups, err := o.Account(t.params)
	if err != nil {
		return err
	}
	held := int64(0)
	for _, g := range groups {
		held += int64(g.Parameters)
	}
	want := transformer.Parameters(arch) + numbersIn(t.adapters) + numbersIn(banks.learned())
	if trained, fixed := numbersIn(t.params), numbersIn(t.fixed); held != trained || trained+fixed != want {
		return fmt.Errorf("optimiser groups hold %d of %d trained parameters, %d are fixed, %d there are", held, trained, fixed, want)
	}
	return nil
}

func numbersIn(variables []*model.Variable) (total int64) {
	for _, v := range variables {
		total += int64(v.Shape().Size())
	}
	return total
}

// hashOf is the SHA-256 of variables' names, types, shapes and values, "" of none.
func hashOf(variables []*model.Variable) (string, error) {
	if len(variables) == 0 {
		return "", nil
	}
	h := sha256.New()
	for _, v := range variables {
		fmt.Fprintf(h, "%s %s\n", v.Path(), v.Shape())
		if err := withBytes(v, func(b []byte) { h.Write(b) }); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
