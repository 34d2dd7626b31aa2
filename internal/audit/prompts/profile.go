package prompts

import (
	"maps"
	"slices"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/strictjson"
)

// Profile is how strongly somebody holds values, on the scale of scores.
type Profile struct {
	Name   string
	Scores map[string]float64 // by value id
}

// ReadProfile reads a file:
//
//	{"format": 1, "kind": "profile", "name": "a teacher", "scores": {"svt/conservation/tradition": 6.5, …}}
func ReadProfile(path string) (*Profile, error) {
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	var file struct {
		Format int                `json:"format"`
		Kind   string             `json:"kind"`
		Name   string             `json:"name"`
		Scores map[string]float64 `json:"scores"`
	}
	if err := strictjson.DecodeOnly(raw, &file); err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", path, err)
	}
	if file.Format != 1 || file.Kind != "profile" {
		return nil, fault.New(fault.Mismatch, `%s: format %d of kind %q: want 1 of "profile"`, path, file.Format, file.Kind)
	}
	p := &Profile{file.Name, file.Scores}
	for v, score := range file.Scores {
		if _, err := Phrase(v); err != nil {
			return nil, fault.New(fault.Invalid, "%s: %w", path, err)
		}
		if !(score >= -10 && score <= 10) {
			return nil, fault.New(fault.Invalid, "%s: %s has %v: want -10 to 10", path, v, score)
		}
	}
	if values, _ := p.Steer(); len(values) == 0 {
		return nil, fault.New(fault.Invalid, "%s: no value's score lies beyond 3 on either side: nothing is to be said", path)
	}
	return p, nil
}

// Steer are the values that a prompt names, by id, and their targets: the symmetric bins of scores. The middle is left
// out.
func (p Profile) Steer() (values []string, targets []int) {
	for _, v := range slices.Sorted(maps.Keys(p.Scores)) {
		if t := Bin(BinsSymmetric, p.Scores[v]); t != 0 {
			values, targets = append(values, v), append(targets, t)
		}
	}
	return values, targets
}
