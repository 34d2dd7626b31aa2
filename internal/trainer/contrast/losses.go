package contrast

import (
	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas

	"hives/internal/fault"
	"hives/internal/trainer/step"
	"hives/losses"
)

// Loss is what a step minimises, as a function of raw vectors z [B + E, H] and what is said of the batch's rows.
// It names its parts, any number of them; they reach metrics.jsonl, replay, Prometheus and pages by these names.
type Loss func(z *Node, of Labels[*Node]) step.Terms[*Node]

// table lists the losses; the first of a run's stage that --loss can name is taken. A further loss is a file with its
// function, and a line here.
//
// A further loss, say one that also keeps vectors apart from their mean, is this and a line in table:
//
//	func uniform(s *Settings, _ *Banks) (Loss, error) {
//		cfg, err := s.hierarchical()
//		return func(z *Node, of Labels[*Node]) step.Terms[*Node] {
//			r := losses.Hierarchical(cfg, z, of.rows())
//			spread := … of z                                     // a scalar
//			return hierarchical(Add(r.Loss, spread), r, step.Values[*Node]{{Name: "uniformity", Value: spread}})
//		}, err
//	}
//
// With {1, []string{"uniform"}, uniform} the flag --loss and the setting loss.variant know it, its held-out value
// is that of the same function, and metrics.jsonl has "terms": {"hierarchical": …, "uniformity": …}.
var table = []struct {
	stage int
	names []string // that --loss gives it
	of    func(*Settings, *Banks) (Loss, error)
}{
	{1, losses.Variants(), func(s *Settings, _ *Banks) (Loss, error) {
		cfg, err := s.hierarchical()
		return Hierarchical(cfg), err
	}},
	{2, losses.Variants(), func(s *Settings, b *Banks) (Loss, error) {
		cfg, err := s.stage2()
		return Aligned(cfg, b), err
	}},
}

// LossNames are the names that --loss knows in a stage. In the table's order, which is that of --help.
func LossNames(stage int) (names []string) {
	for _, line := range table {
		if line.stage == stage {
			names = append(names, line.names...)
		}
	}
	return names
}

// lossOf is the loss that the settings name in a stage: not always the run's own, for held-out rows have no anchors.
func (s *Settings) lossOf(stage int, b *Banks) (Loss, error) {
	// By hand and not by a map: the table is read by people, and its order is the order of --help.
	for _, line := range table {
		if line.stage != stage {
			continue
		}
		for _, name := range line.names {
			if name == s.Loss.Variant {
				return line.of(s, b)
			}
		}
	}
	return nil, fault.New(fault.Invalid, "loss.variant %q: Stage %d has no such loss", s.Loss.Variant, stage)
}

// Names of the hierarchical loss's figures, [L] each.
const (
	figureLevels  = "loss_level"    // loss by level, 0 where no anchor has a positive
	figureAnchors = "level_anchors" // share of the batch's anchors that have a positive
)

// Hierarchical is the loss of Stage 1: one part, and its figures by level.
func Hierarchical(cfg losses.HierarchicalConfig) Loss {
	return func(z *Node, of Labels[*Node]) step.Terms[*Node] {
		r := losses.Hierarchical(cfg, z, of.rows())
		return hierarchical(r.Loss, r, nil)
	}
}

// Aligned is the loss of Stage 2: the hierarchical one, and InfoNCE against the two banks of anchors.
func Aligned(cfg losses.Stage2Config, banks *Banks) Loss {
	return func(z *Node, of Labels[*Node]) step.Terms[*Node] {
		// Banks are taken apart from z here, for the loss wants columns of the whole bank and rows of the batch alone.
		individual, theory := banks.nodes(z, of)
		r := losses.Stage2(cfg, losses.Stage2Inputs{
			Z: SliceAxis(z, 0, AxisRangeFromStart(of.Theory.Shape().Dim(0))), Labels: of.rows(),
			IndividualIDs: of.IndividualAnchor, TheoryIDs: of.TheoryAnchor, IndividualBank: individual, TheoryBank: theory,
		})
		return hierarchical(r.Loss, r.Hierarchical, step.Values[*Node]{
			{Name: "individual", Value: r.Individual}, {Name: "theory", Value: r.Theory},
		})
	}
}

// hierarchical are the terms of a loss whose first part is h.
func hierarchical(loss *Node, h losses.Result, more step.Values[*Node]) step.Terms[*Node] {
	return step.Terms[*Node]{
		Loss:    loss,
		Parts:   append(step.Values[*Node]{{Name: "hierarchical", Value: h.Loss}}, more...),
		Figures: step.Values[*Node]{{Name: figureLevels, Value: h.Levels}, {Name: figureAnchors, Value: h.LevelAnchors}},
	}
}
