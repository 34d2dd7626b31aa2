package state

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/safetensorsio"
)

// list names the state's variables that have values, in the order of their paths. Moments have none before a step.
func (p *Parameters) list() (byName map[string]*model.Variable, infos []safetensorsio.Info, err error) {
	byName = map[string]*model.Variable{}
	// The store is asked, not the list: moments are in it once the first step made them.
	for v := range p.Store.IterVariables() {
		if !p.Holds(v.Path()) || !v.HasValue() {
			continue
		}
		dtype, ok := fileTypes[v.DType()]
		if !ok {
			return nil, nil, fmt.Errorf("variable %s is of type %s, which a checkpoint has no name for", v.Path(), v.DType())
		}
		byName[v.Path()] = v
		infos = append(infos, safetensorsio.Info{Name: v.Path(), DType: dtype, Shape: v.Shape().Dimensions})
	}
	// The store's order is that of a map. Equal states must be equal files, which the hashes of a checkpoint compare.
	slices.SortFunc(infos, func(a, b safetensorsio.Info) int { return strings.Compare(a.Name, b.Name) })
	return byName, infos, nil
}

// Source gives a checkpoint the state one tensor at a time; the store must not change until it is written.
func (p *Parameters) Source() (checkpoints.Source, error) {
	byName, infos, err := p.list()
	fetch := func(info safetensorsio.Info) (raw []byte, err error) {
		// One tensor at a time: a copy of the whole state would be 12 bytes a parameter.
		err = withBytes(byName[info.Name], func(b []byte) { raw = append(raw, b...) })
		return raw, err
	}
	return checkpoints.Source{Infos: infos, Fetch: fetch}, err
}

// CopyOf copies the state into host tensors, made where copies lacks one, and gives a checkpoint these: the
// store may change while they are written.
func (p *Parameters) CopyOf(copies map[string]*tensors.Tensor) (checkpoints.Source, error) {
	byName, infos, err := p.list()
	if err != nil {
		return checkpoints.Source{}, err
	}
	for name, v := range byName {
		value, err := valueOf(v)
		if err != nil {
			return checkpoints.Source{}, err
		}
		// Copies are kept from save to save: host memory that was found once is there the next time, too.
		if copies[name] == nil {
			copies[name] = tensors.FromShape(value.Shape())
		}
		if err := copies[name].CopyFrom(value); err != nil {
			return checkpoints.Source{}, fmt.Errorf("copy %s: %w", name, err)
		}
	}
	fetch := func(info safetensorsio.Info) (raw []byte, err error) {
		err = copies[info.Name].ConstBytes(func(b []byte) { raw = b }) // the copy outlives the write
		return raw, err
	}
	return checkpoints.Source{Infos: infos, Fetch: fetch}, nil
}

// Restore puts a checkpoint's tensors into the store, moments in the type that the run keeps them in. They must be the
// trained variables, all of them, and what belongs to these.
func (p *Parameters) Restore(c *checkpoints.Checkpoint, moments optim.MomentType) error {
	// Crossed off as they come. What stays was trained here and not there: a checkpoint of fewer layers, or
	// without banks.
	missing := map[string]bool{}
	for v := range p.Store.IterVariables() {
		if p.Holds(v.Path()) {
			missing[v.Path()] = true
		}
	}
	// The file is mapped: a page that the disk cannot bring is an error here, not a signal that ends the process.
	err := c.Tensors.Guard(func() error { return p.restoreAll(c, moments, missing) })
	if err != nil {
		return err
	}
	for name := range missing {
		return fault.New(fault.Mismatch,
			"checkpoint %s lacks %d of the model's tensors, %s among them", c.Path, len(missing), name)
	}
	return nil
}

// restoreAll restores the tensors that c has and crosses them off.
func (p *Parameters) restoreAll(c *checkpoints.Checkpoint, moments optim.MomentType, missing map[string]bool) error {
	for _, name := range c.Tensors.Names() {
		t, err := c.Tensors.Tensor(name)
		if err == nil {
			err = p.belongs(name)
		}
		if err == nil {
			err = Set(p.Store, asMoments(t, moments))
		}
		if err != nil {
			return fmt.Errorf("checkpoint %s: tensor %s: %w", c.Path, name, err)
		}
		delete(missing, name)
	}
	return nil
}

// belongs refuses a tensor that this run's steps would not have made.
func (p *Parameters) belongs(name string) error {
	switch {
	case p.Holds(name):
		return nil
	case has(p.Fixed, name):
		return fault.New(fault.Mismatch, "trained there and frozen here; begin a new run --from it")
	}
	return fault.New(fault.Mismatch, "neither a weight, nor an adapter, nor a moment")
}
