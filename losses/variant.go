package losses

import (
	"slices"
	"strings"

	"hives/internal/fault"
)

// Variant names one reading of the hierarchical loss.
type Variant string

// The variants; docs/LOSSES.md says when to choose which.
const (
	// Paper counts an anchor without positives in |I| and divides by V, the deepest level of the batch.
	Paper Variant = "paper"
	// SkipEmpty takes means over what has a positive only: anchors of a level, levels of a batch. The default.
	SkipEmpty Variant = "skip_empty"
	// PaperMissingShared is Paper with a missing level as an ordinary label, so V is always L.
	PaperMissingShared Variant = "paper_missing_shared"
	// SkipEmptyMissingShared is SkipEmpty with a missing level as an ordinary label.
	SkipEmptyMissingShared Variant = "skip_empty_missing_shared"
	// HMC, HCE, HMCE are those of the authors' code: level weights, the rule that a level never counts
	// less than a coarser one, and both. They were trained with HMCE.
	HMC  Variant = "hmc"
	HCE  Variant = "hce"
	HMCE Variant = "hmce"
	// HMCENoDirectionWeight is HMCE without the margin for pairs of unlike direction.
	HMCENoDirectionWeight Variant = "hmce_no_direction_weight"
	// DirectionLeaf is SkipEmpty with the direction as the last level: levels 1..L whatever the direction,
	// then whole path and direction. It keeps the order of the ranking metric's bins.
	DirectionLeaf Variant = "direction_leaf"
)

// rules is what a variant means, one switch for each difference.
type rules struct {
	directionLeaf bool // levels take every direction; one more level for path and direction
	skipEmpty     bool // means over anchors and levels that have a positive
	missingShared bool // −1 equals −1
	anyTheory     bool // positives need not share a theory (label ids are taken as unique across theories)
	directionSoft bool // directionMargin off the logits of pairs of unlike direction
	levelWeights  bool // level v counts 2^(1/v)
	coarserFloor  bool // a level never counts less than a coarser one
	scaled        bool // factor τ/baseTemperature
}

// The authors' constants (embedding/loss.py of VALUEFLOW at 21e1625).
const (
	directionMargin = 1.0
	baseTemperature = 0.1
)

// variantRules is the table of docs/LOSSES.md.
var variantRules = map[Variant]rules{
	Paper:                  {},
	SkipEmpty:              {skipEmpty: true},
	PaperMissingShared:     {missingShared: true},
	SkipEmptyMissingShared: {skipEmpty: true, missingShared: true},
	HMC:                    authors(func(r *rules) { r.coarserFloor = false }),
	HCE:                    authors(func(r *rules) { r.levelWeights = false }),
	HMCE:                   authors(func(*rules) {}),
	HMCENoDirectionWeight:  authors(func(r *rules) { r.directionSoft = false }),
	DirectionLeaf:          {skipEmpty: true, directionLeaf: true},
}

// authors returns the rules of the authors' HMCE with one change.
func authors(change func(*rules)) rules {
	r := rules{skipEmpty: true, missingShared: true, anyTheory: true,
		directionSoft: true, levelWeights: true, coarserFloor: true, scaled: true}
	change(&r)
	return r
}

// Variants lists the names that ParseVariant accepts, sorted, without the longer spellings.
func Variants() []string {
	names := make([]string, 0, len(variantRules))
	for v := range variantRules {
		names = append(names, string(v))
	}
	slices.Sort(names)
	return names
}

// ParseVariant reads a name, also in the longer spellings paper_skip_empty… and code_…; the empty name
// is the default.
func ParseVariant(name string) (Variant, error) {
	short := strings.TrimPrefix(name, "code_")
	if strings.HasPrefix(name, "paper_skip_empty") {
		short = strings.TrimPrefix(name, "paper_")
	}
	if short == "" {
		return SkipEmpty, nil
	}
	if _, known := variantRules[Variant(short)]; !known {
		return "", fault.New(fault.Invalid, "losses: unknown variant %q; choose one of %s",
			name, strings.Join(Variants(), ", "))
	}
	return Variant(short), nil
}
