package evaluate

import (
	"context"
	"fmt"
	"math"

	"hives/encoder"
	"hives/internal/fault"
)

// KindExperiment is the document of `hives report experiment`.
const KindExperiment = "hives.experiment"

// Roles of trained models in an experiment.
const (
	RoleFull     = "full"     // the main run
	RoleSeed     = "seed"     // one of several runs that differ in their seed alone
	RoleStage2   = "stage2"   // went on from the main run
	RolePermuted = "permuted" // control: trained as long on permuted labels
	RoleOther    = "other"
)

// Roles lists them; a file of an experiment may use no other.
var Roles = []string{RoleFull, RoleSeed, RoleStage2, RolePermuted, RoleOther}

// Experiment holds trained models beside their untrained base and a control, all on the same rows. Base is keyed
// by pooling and reading (mean_centred), Runs and Roles by the runs' names, differences by "run_minus_what".
type Experiment struct {
	Format   int                `json:"format"`
	Kind     string             `json:"kind"`
	Base     map[string]*System `json:"base"` // by pooling and way of reading: mean_raw, mean_centred …
	Runs     map[string]*System `json:"runs"`
	Roles    map[string]string  `json:"roles"` // of the runs
	Seeds    []SeedFigure       `json:"seeds"`
	Findings []Finding          `json:"findings"`
	Common
}

// SeedFigure is a claim over the runs of the role seed. An interval covers the choice of texts, not the seed of
// training; the spread from Least to Greatest is what the seed does. They differ in the seed alone, so that their
// spread is the seed's.
type SeedFigure struct {
	Figure   string         `json:"figure"`
	Runs     int            `json:"runs"`
	Mean     Number         `json:"mean"`
	Least    Number         `json:"least"`
	Greatest Number         `json:"greatest"`
	Above    map[string]int `json:"above"` // runs whose paired interval lies above zero, by what they are compared with
}

// Pooled are a base's vectors by one pooling, of the training texts, which the readings are fitted on, and of the
// measured ones. Pooling changes a base more than a little training does, so each is a base of its own.
type Pooled struct {
	Name            string // the pooling
	Train, Measured TextVectors
	Model           encoder.Identity
}

// Finalist is a trained model that is measured. "Finalist", since it is measured on rows that nothing was chosen
// by: settings are chosen among screening runs, by validation rows.
type Finalist struct {
	Name, Role string
	Pooling    string // that of the base it is compared with
	Control    string // name of the finalist trained on permuted labels; may be empty
	Over       string // another finalist it is compared with, such as that of Stage 1; may be empty
	Trained    Trained
	Vectors    TextVectors
	Model      encoder.Identity
}

// Trial is what an experiment is made of: bases in the order they are shown, and trained models, which may be
// none. Vectors are given, not models: measuring opens nothing, and may be done again without any.
type Trial struct {
	Base      []Pooled
	Finalists []Finalist
}

// Contrast names a paired difference of a finalist: its key among the differences, and its words. Page, claims and
// seeds go over the same list, so none of them can leave out what another shows.
type Contrast struct{ Key, Words string }

// Contrasts of a finalist, the base's ways of reading first.
//
//	run1, pooling mean, control permuted1
//	run1_minus_base_mean_raw       the raw base
//	…                              the base's three other readings
//	run1_minus_permuted1           permuted labels
func (f *Finalist) Contrasts() []Contrast {
	words := map[string]string{
		BaseRaw: "the raw base", BaseCentred: "the centred base", BaseScaled: "the base centred and scaled",
		BaseLogistic: "logistic regression on the base",
	}
	var out []Contrast
	for _, name := range BaseNames {
		out = append(out, Contrast{f.overBase(name), words[name]})
	}
	if f.Control != "" {
		out = append(out, Contrast{f.over(f.Control), "permuted labels"})
	}
	if f.Over != "" {
		out = append(out, Contrast{f.over(f.Over), f.Over})
	}
	return out
}

// overBase is the key of the difference from the base as one of BaseNames reads it, as in
// run1_minus_base_mean_centred. Keys stand in the document, so they keep their form.
func (f *Finalist) overBase(name string) string {
	return f.Name + "_minus_base_" + f.Pooling + "_" + name
}

// over is the key of the difference from another finalist.
func (f *Finalist) over(other string) string { return f.Name + "_minus_" + other }

// Experiment measures everything that a trial names: the base in four readings by each pooling, the finalists,
// the controls; then the differences, then what may be concluded from them.
//
//	base, mean pooling        mean_raw  mean_centred  mean_centred_scaled  mean_logistic
//	base, last-token pooling  last_raw  …
//	finalists                 full1  seed2  seed3  late  shuffled
//	differences               full1_minus_base_last_raw … full1_minus_shuffled, late_minus_full1 …
//
// Why four readings? A base's raw vectors lie in a cone, and centring them costs nothing. Whoever compares a trained
// model with the raw base alone sells the centring as training.
func (b *Bench) Experiment(ctx context.Context, t Trial) (*Experiment, error) {
	e := &Experiment{Format: Format, Kind: KindExperiment, Base: map[string]*System{}, Runs: map[string]*System{},
		Roles: map[string]string{}}
	systems := map[string]*System{}
	for _, p := range t.Base {
		fit, err := b.FitBase(p.Train)
		if err != nil {
			return nil, err
		}
		measured, err := b.Base(ctx, p.Name, fit, p.Measured, p.Model)
		if err != nil {
			return nil, err
		}
		for name, s := range measured {
			e.Base[name], systems["base."+name] = s, s
		}
	}
	for _, f := range t.Finalists {
		vectors, err := b.Spread(f.Vectors)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		s, err := b.Score(ctx, f.Name, vectors)
		if err != nil {
			return nil, err
		}
		s.Model = &f.Model
		e.Runs[f.Name], e.Roles[f.Name], systems["runs."+f.Name] = s, f.Role, s
	}
	var err error
	if e.Common, err = b.common(ctx); err != nil {
		return nil, err
	}
	if err := b.contrast(e, t); err != nil {
		return nil, err
	}
	e.conclude(t)
	return e, explain(e, &e.Common, systems)
}

// contrast fills the paired differences. A finalist is compared with the base by its own pooling: another pooling is
// another base. A name that nothing was measured under is a Mismatch: the trial's own fault, found before anything is
// written.
func (b *Bench) contrast(e *Experiment, t Trial) error {
	for _, f := range t.Finalists {
		for _, name := range BaseNames {
			base := e.Base[f.Pooling+"_"+name]
			if base == nil {
				return fault.New(fault.Mismatch, "evaluate: %s is pooled by %q, and the base was not measured with that pooling",
					f.Name, f.Pooling)
			}
			e.Compared[f.overBase(name)] = b.Compare(e.Runs[f.Name], base)
		}
		for _, other := range []string{f.Control, f.Over} {
			if other == "" {
				continue
			}
			if e.Runs[other] == nil {
				return fault.New(fault.Mismatch, "evaluate: %s is compared with %s, which was not measured", f.Name, other)
			}
			e.Compared[f.over(other)] = b.Compare(e.Runs[f.Name], e.Runs[other])
		}
	}
	return nil
}

// conclude draws findings and seeds from what was measured. Only the main run and that of Stage 2 make claims;
// runs of other seeds repeat the main one's, and more claims would only cost each its p.
func (e *Experiment) conclude(t Trial) {
	// A control must have been trained as long as what it controls, so each finalist's length is at hand by its
	// name. Unlike lengths do not stop the comparison; they keep the word "learned" from it (Trained.unlike).
	lengths := map[string]Trained{}
	for i := range t.Finalists {
		lengths[t.Finalists[i].Name] = t.Finalists[i].Trained
	}
	var claims []claim
	for i := range t.Finalists {
		f := &t.Finalists[i]
		if f.Role == RoleFull || f.Role == RoleStage2 {
			claims = append(claims, e.claims(f, f.Trained.unlike(lengths[f.Control]))...)
		}
	}
	for i := range t.Finalists {
		f := &t.Finalists[i]
		if f.Over != "" {
			claims = append(claims, adds("what "+f.Name+" adds to "+f.Over, f.Name+" costs", f.Over,
				e.Compared[f.over(f.Over)])...)
		}
	}
	// Never nil: an empty list is [] in the document, not null. Findings come in the order claims, note on their number,
	// then what the main run suggests besides.
	e.Findings, e.Seeds = append(append([]Finding{}, conclude(claims)...), together(claims)...), []SeedFigure{}
	e.Seeds = append(e.Seeds, e.seeds(t)...)
	for i := range t.Finalists {
		if f := &t.Finalists[i]; f.Role == RoleFull {
			e.Findings = append(e.Findings, shortcut(e.Runs[f.Name], e.Controls)...)
			e.Findings = append(e.Findings, pushedAway(e.Base[f.Pooling+"_"+BaseRaw], e.Runs[f.Name])...)
		}
	}
}

// seeds gathers each claim over the runs of the role seed. "Above 3 of 3" says that the gain does not hang on a
// seed; no p is made of it, since three runs are three.
//
//	.61, .63, .62     mean .62, least .61, greatest .63; above the raw base 3 of 3
func (e *Experiment) seeds(t Trial) []SeedFigure {
	var runs []*Finalist
	for i := range t.Finalists {
		if t.Finalists[i].Role == RoleSeed {
			runs = append(runs, &t.Finalists[i])
		}
	}
	if len(runs) == 0 {
		return nil
	}
	var out []SeedFigure
	for _, c := range Claims(e.Runs[runs[0].Name]) {
		s := SeedFigure{Figure: c.Title(), Runs: len(runs), Least: Number(math.Inf(1)), Greatest: Number(math.Inf(-1)),
			Above: map[string]int{}}
		for _, f := range runs {
			x := c.Of(e.Runs[f.Name]).Value
			s.Mean += x / Number(len(runs))
			// NaN stays NaN: of runs of which one has no figure there is no least.
			s.Least, s.Greatest = min(s.Least, x), max(s.Greatest, x)
			for _, against := range f.Contrasts() {
				if against.Words == f.Over {
					continue
				}
				n := s.Above[against.Words]
				if c.Gap(e.Compared[against.Key]).Interval.Low > 0 {
					n++
				}
				// 0 is written too: "above in none of three" is a result, and a missing line is not.
				s.Above[against.Words] = n
			}
		}
		out = append(out, s)
	}
	return out
}
