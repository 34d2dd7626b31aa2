package optim

// The constants of PyTorch's GradScaler.
const (
	initialLossScale = 1 << 16
	growthInterval   = 2000 // good steps before the scale doubles
	minLossScale     = 1
	maxLossScale     = 1 << 24
)

// LossScale is the dynamic factor of the loss that keeps small f16 gradients above zero. A step whose
// gradients overflow is skipped and halves it; growthInterval good steps double it. It is part of a run's
// state: equal states go on equally.
type LossScale struct {
	Scale   float64 `json:"scale"`
	Good    int     `json:"good"`    // steps since the last change
	Skipped int     `json:"skipped"` // steps that overflowed so far
}

// NewLossScale starts at 65,536, for f16; without scaling a caller uses the zero value with Scale 1.
func NewLossScale() LossScale { return LossScale{Scale: initialLossScale} }

// Step records one step and reports whether training may go on: it may not once the smallest scale
// overflows, for then the gradients themselves are not finite.
func (s *LossScale) Step(finite bool) (goOn bool) {
	if finite {
		s.Good++
		if s.Good >= growthInterval && s.Scale < maxLossScale {
			s.Scale, s.Good = 2*s.Scale, 0
		}
		return true
	}
	if s.Scale <= minLossScale {
		return false
	}
	s.Scale, s.Good, s.Skipped = s.Scale/2, 0, s.Skipped+1
	return true
}
