package trainer

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/tensors"
	"github.com/gomlx/gomlx/ml/model"

	"hives/checkpoints"
	"hives/internal/fault"
	"hives/internal/optim"
	"hives/internal/safetensorsio"
	"hives/model/transformer"
)

// fileTypes are safetensors' names of the types that a training state holds.
var fileTypes = map[dtypes.DType]string{
	dtypes.Float32: "F32", dtypes.Float64: "F64", dtypes.BFloat16: "BF16", dtypes.Float16: "F16",
}

// inState tells the variables that make a run's future: trained weights or adapters, moments and the vectors of
// anchor banks. Weights that a run leaves alone are those it began with.
func inState(v *model.Variable) bool {
	return mayBeState(v.Path()) && (v.Trainable || !strings.HasPrefix(v.Path(), transformer.Scope+"/"))
}

// mayBeState goes by the name, of a variable that need not be there yet.
func mayBeState(path string) bool {
	for _, scope := range []string{transformer.Scope, transformer.AdapterScope, optim.MomentScope, anchorScope} {
		if strings.HasPrefix(path, scope+"/") {
			return true
		}
	}
	return false
}

// listState lists weights and moments in the order of their paths.
func listState(store *model.Store) (byName map[string]*model.Variable, infos []safetensorsio.Info, err error) {
	byName = map[string]*model.Variable{}
	for v := range store.IterVariables() {
		if !inState(v) || !v.HasValue() {
			continue
		}
		dtype, ok := fileTypes[v.DType()]
		if !ok {
			return nil, nil, fmt.Errorf("variable %s is of type %s, which a checkpoint has no name for", v.Path(), v.DType())
		}
		byName[v.Path()] = v
		infos = append(infos, safetensorsio.Info{Name: v.Path(), DType: dtype, Shape: v.Shape().Dimensions})
	}
	slices.SortFunc(infos, func(a, b safetensorsio.Info) int { return strings.Compare(a.Name, b.Name) })
	return byName, infos, nil
}

// stateOf gives a checkpoint the state one tensor at a time; the store must not change until it is written.
func stateOf(store *model.Store) (checkpoints.Source, error) {
	byName, infos, err := listState(store)
	fetch := func(info safetensorsio.Info) (raw []byte, err error) {
		err = withBytes(byName[info.Name], func(b []byte) { raw = append(raw, b...) })
		return raw, err
	}
	return checkpoints.Source{Infos: infos, Fetch: fetch}, err
}

// withBytes shows a variable's value, little-endian row-major.
func withBytes(v *model.Variable, look func([]byte)) error {
	value, err := valueOf(v)
	if err != nil {
		return err
	}
	local := value.IsLocal()
	err = value.ConstBytes(look)
	if !local && value.IsOnAnyDevice() {
		value.FinalizeLocal() // ConstBytes leaves a copy of every tensor behind otherwise
	}
	return err
}

// copyOf copies the state into host tensors, made where copies lacks one, and gives a checkpoint these: the
// store may change while they are written.
func copyOf(store *model.Store, copies map[string]*tensors.Tensor) (checkpoints.Source, error) {
	byName, infos, err := listState(store)
	if err != nil {
		return checkpoints.Source{}, err
	}
	for name, v := range byName {
		value, err := valueOf(v)
		if err != nil {
			return checkpoints.Source{}, err
		}
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

// restore puts a checkpoint's tensors into the store, moments in the type that the run keeps them in. They must be the
// trained weights, all of them, and what belongs to these.
func restore(store *model.Store, c *checkpoints.Checkpoint, moments optim.MomentType) error {
	missing := map[string]bool{}
	for v := range store.IterVariables() {
		if inState(v) {
			missing[v.Path()] = true
		}
	}
	err := c.Tensors.Guard(func() error { return restoreAll(store, c, moments, missing) })
	if err != nil {
		return err
	}
	for name := range missing {
		return fault.New(fault.Mismatch, "checkpoint %s lacks %d of the model's tensors, %s among them", c.Path, len(missing), name)
	}
	return nil
}

// restoreAll restores the tensors that c has and crosses them off.
func restoreAll(store *model.Store, c *checkpoints.Checkpoint, moments optim.MomentType, missing map[string]bool) error {
	for _, name := range c.Tensors.Names() {
		t, err := c.Tensors.Tensor(name)
		if v := store.GetVariable(name); err == nil && v != nil && !inState(v) {
			err = fault.New(fault.Mismatch, "trained there and frozen here; begin a new run --from it")
		}
		if err == nil {
			err = setVariable(store, asMoments(t, moments))
		}
		if err != nil {
			return fmt.Errorf("checkpoint %s: tensor %s: %w", c.Path, name, err)
		}
		delete(missing, name)
	}
	return nil
}

func setVariable(store *model.Store, t safetensorsio.Tensor) error {
	if !mayBeState(t.Name) {
		return fault.New(fault.Mismatch, "neither a weight, nor an adapter, nor a moment")
	}
	for dtype, name := range fileTypes {
		if name != t.DType {
			continue
		}
		value := tensors.FromShape(shapes.Make(dtype, t.Shape...))
		if err := value.MutableBytes(func(raw []byte) { copy(raw, t.Data) }); err != nil {
			return err
		}
		if v := store.GetVariable(t.Name); v != nil {
			if !v.Shape().Equal(value.Shape()) {
				return fault.New(fault.Mismatch, "%s, the model has %s", value.Shape(), v.Shape())
			}
			return v.SetValue(value)
		}
		v, err := store.CreateVariable(t.Name, value)
		if err == nil {
			v.SetTrainable(false) // only moments are not there before the first step
		}
		return err
	}
	return fault.New(fault.Mismatch, "type %s", t.DType)
}
