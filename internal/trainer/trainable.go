package trainer

import (
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/optim"
	"hives/model/qwen3embed"
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
func newTrainables(m *qwen3embed.Model, frozen int, banks *Banks) trainables {
	t := trainables{adapters: m.AdapterVariables()}
	for _, spec := range m.Config.Layout() {
		v := m.Variable(spec.Name)
		if len(t.adapters) > 0 || isLower(spec.Name, frozen) {
			t.fixed = append(t.fixed, v.SetTrainable(false))
		} else {
			t.params = append(t.params, v.SetTrainable(true))
		}
	}
	t.params = append(append(t.params, t.adapters...), banks.learned()...)
	return t
}

// isLower tells the tensors that states after a number of layers are made from; of 0 layers there are none.
func isLower(name string, layers int) bool {
	if rest, ok := strings.CutPrefix(name, "layers."); ok {
		number, _, _ := strings.Cut(rest, ".")
		l, err := strconv.Atoi(number)
		return err == nil && l < layers
	}
	return layers > 0 && strings.HasPrefix(name, "embed_tokens.")
}

// lowerVariables are those that states after a number of layers are made from.
func lowerVariables(m *qwen3embed.Model, layers int) (below []*model.Variable) {
	for _, spec := range m.Config.Layout() {
		if isLower(spec.Name, layers) {
			below = append(below, m.Variable(spec.Name))
		}
	}
	return below
}

// account refuses an optimiser whose groups do not add up to exactly the trained variables, and variables that
// do not add up to the whole model, its adapters and its learned banks.
func (t *trainables) account(o *optim.AdamW, c *qwen3embed.Config, banks *Banks) error {
	groups, err := o.Account(t.params)
	if err != nil {
		return err
	}
	held := int64(0)
	for _, g := range groups {
		held += int64(g.Parameters)
	}
	want := c.Parameters() + numbersIn(t.adapters) + numbersIn(banks.learned())
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
