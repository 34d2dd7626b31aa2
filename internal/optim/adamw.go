package optim

import (
	"math"

	"github.com/gomlx/compute/dtypes"
	. "github.com/gomlx/gomlx/core/graph"
	"github.com/gomlx/gomlx/ml/model"
	"github.com/gomlx/gomlx/ml/model/initializer"
	"github.com/gomlx/gomlx/support/exceptions"

	"hives/internal/engine"
	"hives/internal/fault"
)

// MomentScope holds the optimiser's variables: MomentScope/m/<path> and MomentScope/v/<path>.
const MomentScope = "/optimizer"

// clipEpsilon is in PyTorch's clip_grad_norm_.
const clipEpsilon = 1e-6

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019, arXiv:1711.05101) after a clip
// of the gradients' global norm, in the order and with the constants of PyTorch.
type AdamW struct {
	Beta1, Beta2 float64 // decay of the first and second moment
	Epsilon      float64 // added outside the root
	MaxGradNorm  float64 // the global norm is clipped to this; 0 does not clip
	Groups       []Group
	Moments      MomentType
}

// Default is the authors' optimiser: β .9 and .999, ε 1e-8, clip 1.0; they had no weight decay.
func Default(weightDecay float64) *AdamW {
	return &AdamW{Beta1: .9, Beta2: .999, Epsilon: 1e-8, MaxGradNorm: 1, Groups: DefaultGroups(weightDecay),
		Moments: MomentsF32}
}

// Validate refuses settings that make no optimiser.
func (o *AdamW) Validate() error {
	inUnit := func(b float64) bool { return b >= 0 && b < 1 }
	if !inUnit(o.Beta1) || !inUnit(o.Beta2) {
		return fault.New(fault.Invalid, "optim: betas %g and %g, want 0 ≤ β < 1", o.Beta1, o.Beta2)
	}
	if !(o.Epsilon > 0) || math.IsInf(o.Epsilon, 0) || !(o.MaxGradNorm >= 0) || math.IsInf(o.MaxGradNorm, 0) {
		return fault.New(fault.Invalid, "optim: epsilon %g and clip %g, want epsilon > 0 and clip ≥ 0",
			o.Epsilon, o.MaxGradNorm)
	}
	if _, err := ParseMoments(string(o.Moments)); err != nil {
		return err
	}
	for _, g := range o.Groups {
		if !(g.RateMultiplier >= 0) || !(g.WeightDecay >= 0) || math.IsInf(g.RateMultiplier+g.WeightDecay, 0) ||
			g.Match == nil {
			return fault.New(fault.Invalid, "optim: group %q has rate × %g and decay %g, want 0 or more, and a Match",
				g.Name, g.RateMultiplier, g.WeightDecay)
		}
	}
	return nil
}

// Update sets new values of params and of their moments in grads' graph, and returns the global norm of
// grads before the clip and the factor of the clip, both Float64 scalars.
//
// With g scaled by the clip and t = step + 1, in this order:
//
//	p ← p·(1 − rate·λ)    m ← m + (1−β₁)(g − m)    v ← β₂v + (1−β₂)g²
//	p ← p − rate/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε)
//
// When the norm is not finite nothing changes, neither parameters nor moments: the caller reads the norm
// and still holds the weights of the step before.
//
//	grads: one a parameter, of its shape    lr: scalar, rate of this step before multipliers
//	step: scalar, updates done so far, from 0
//
// Arithmetic is f32, f64 for f64 parameters; the scalars are f64, for 1 − .999¹ loses four digits in
// f32. Pass lr as Float64.
func (o *AdamW) Update(store *model.Store, grads []*Node, params []*model.Variable,
	lr, step *Node) (gradNorm, clip *Node) {
	return o.UpdateScaled(store, grads, params, lr, step, nil)
}

// UpdateScaled is Update for gradients of a loss that was multiplied by lossScale, a scalar (nil for 1):
// the norm, the clip and the update are those of the loss itself.
func (o *AdamW) UpdateScaled(store *model.Store, grads []*Node, params []*model.Variable,
	lr, step, lossScale *Node) (gradNorm, clip *Node) {
	var scale []*Node
	if lossScale != nil {
		scale = []*Node{lossScale}
	}
	gradNorm, clip, factor := o.Norm(grads, scale...)
	o.Apply(store, grads, params, lr, step, factor, gradNorm)
	return gradNorm, clip
}

// Norm is the part of an update that needs all gradients at once: their global norm and the factor of the
// clip, as Update returns them, and the factor that Apply is to multiply the gradients by. lossScale is
// that of UpdateScaled, or left out. All are Float64 scalars.
func (o *AdamW) Norm(grads []*Node, lossScale ...*Node) (gradNorm, clip, factor *Node) {
	if err := o.Validate(); err != nil {
		panic(err)
	}
	gradNorm = globalNorm(grads)
	factor = OnesLike(gradNorm)
	for _, scale := range lossScale {
		factor = Reciprocal(ConvertDType(scale, dtypes.Float64))
		gradNorm = Mul(gradNorm, factor)
	}
	clip = o.clipFactor(gradNorm)
	return gradNorm, clip, Mul(clip, factor)
}

// Apply is the rest of an update, which may be done for some parameters after the others: factor and gradNorm
// are those that Norm made of all of them.
func (o *AdamW) Apply(store *model.Store, grads []*Node, params []*model.Variable, lr, step, factor, gradNorm *Node) {
	if len(params) == 0 || len(grads) != len(params) {
		exceptions.Panicf("optim: %d gradients for %d parameters, want one each", len(grads), len(params))
	}
	s := o.newScalars(lr, step, factor, IsFinite(gradNorm))
	for i, p := range params {
		group, err := o.groupOf(p)
		if err != nil {
			panic(err)
		}
		if !grads[i].Shape().EqualDimensions(p.Shape()) {
			exceptions.Panicf("optim: gradient %s for %s %s", grads[i].Shape(), p.Path(), p.Shape())
		}
		o.updateOne(store, p, grads[i], o.Groups[group], s)
	}
}

// scalars are what all parameters of a step share, Float64 but for finite.
type scalars struct {
	rate                     *Node
	factor                   *Node // of the gradients: the clip, and 1/loss scale
	step                     *Node
	correction1, correction2 *Node // 1 − β₁ᵗ and √(1 − β₂ᵗ)
	finite                   *Node // Bool
}

func (o *AdamW) newScalars(lr, step, factor, finite *Node) scalars {
	g := lr.Graph()
	t := AddScalar(ConvertDType(step, dtypes.Float64), 1)
	unbias := func(beta float64) *Node { return OneMinus(Pow(Scalar(g, dtypes.Float64, beta), t)) }
	return scalars{
		rate:        ConvertDType(lr, dtypes.Float64),
		factor:      factor,
		step:        step,
		correction1: unbias(o.Beta1),
		correction2: Sqrt(unbias(o.Beta2)),
		finite:      finite,
	}
}

// updateOne writes one parameter and its two moments.
func (o *AdamW) updateOne(store *model.Store, p *model.Variable, grad *Node, group Group, s scalars) {
	g := grad.Graph()
	dtype := workType(p.DType())
	as := func(x *Node) *Node { return ConvertDType(x, dtype) }

	grad = Mul(as(grad), as(s.factor))
	mVar, vVar := o.moments(store, p, dtype)
	oldM, oldV, old := mVar.NodeValue(g), vVar.NodeValue(g), p.NodeValue(g)
	next := func(m, v *Node) (newM, newV *Node) {
		return Add(m, MulScalar(Sub(grad, m), 1-o.Beta1)), Add(MulScalar(v, o.Beta2), MulScalar(Square(grad), 1-o.Beta2))
	}
	newM, newV := next(as(oldM), as(oldV))
	set := func(v *model.Variable, old, value *Node) *Node {
		value = Where(s.finite, value, old)
		engine.Overwrite(old, value) // or weights and moments would be held twice while they change
		v.SetNodeValue(value)
		return value
	}
	// What is written over must be read by nobody afterwards, or XLA keeps a copy of it. Where the norm is not finite the
	// parameter stays as it is, whatever it would be made of.
	if mVar.DType() == dtype { // moments first; the parameter is made of them as they are kept
		apart := engine.Apart(set(mVar, oldM, newM), set(vVar, oldV, newV))
		set(p, old, ConvertDType(s.updated(as(old), apart[0], apart[1], group, o.Epsilon), p.DType()))
		return
	}
	// Narrow moments lose digits that the parameter is owed: it comes first, and they are computed once more.
	kept := set(p, old, ConvertDType(s.updated(as(old), newM, newV, group, o.Epsilon), p.DType()))
	apart := engine.Apart(kept, oldM, oldV)
	newM, newV = next(as(apart[1]), as(apart[2]))
	set(mVar, oldM, ConvertDType(newM, mVar.DType()))
	set(vVar, oldV, narrow(newV, vVar, s.step))
}

// updated is a parameter after decay and step, of its new moments.
func (s *scalars) updated(p, m, v *Node, group Group, epsilon float64) *Node {
	as := func(x *Node) *Node { return ConvertDType(x, p.DType()) }
	rate := MulScalar(s.rate, group.RateMultiplier)
	if group.WeightDecay != 0 {
		p = Mul(p, as(OneMinus(MulScalar(rate, group.WeightDecay))))
	}
	denominator := AddScalar(Div(Sqrt(v), as(s.correction2)), epsilon)
	return Sub(p, Mul(as(Div(rate, s.correction1)), Div(m, denominator)))
}

// moments returns the parameter's moment variables, made of zeros where they are not there yet.
func (o *AdamW) moments(store *model.Store, p *model.Variable, dtype dtypes.DType) (m, v *model.Variable) {
	shape := p.Shape().Clone()
	shape.DType = dtype
	if o.Moments == MomentsBF16 {
		shape.DType = dtypes.BFloat16
	}
	at := func(name string) *model.Variable {
		path := model.JoinPath(MomentScope, name, p.Path())
		return store.VariableWithShape(path, shape, initializer.Zero).SetTrainable(false)
	}
	return at("m"), at("v")
}

// workType is the dtype of arithmetic, and of moments unless they are narrower, for a parameter of the given one.
func workType(dtype dtypes.DType) dtypes.DType {
	if dtype == dtypes.Float64 {
		return dtypes.Float64
	}
	return dtypes.Float32
}
