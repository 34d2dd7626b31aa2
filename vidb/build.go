package vidb

import (
	"context"

	"hives/data/theories"
)

// BuildJob is hives vidb build.
type BuildJob struct {
	Path   string   // of the database
	Values []string // value_ids; none are all of the file
	Known  theories.Set
	Judge  string // Annotations
	Design DesignOptions
	Fit    FitOptions
}

// Build has every value's windows answered and its texts scored. The file is written once, at the end.
func Build(ctx context.Context, j BuildJob) ([]Figures, error) {
	if err := j.Design.validate(); err != nil {
		return nil, err
	}
	if err := j.Fit.validate(); err != nil {
		return nil, err
	}
	if j.Judge != Annotations {
		return nil, invalid("--judge %q: want %s", j.Judge, Annotations)
	}
	return change(j.Path, j.Values, j.Known, func(v *Value) error {
		if err := v.Current(); err != nil {
			return err
		}
		if err := BuildAnnotated(v, j.Design); err != nil {
			return err
		}
		return Fit(ctx, v, j.Fit)
	})
}

// FitFile fits values of a file anew.
func FitFile(
	ctx context.Context, path string, values []string, known theories.Set, o FitOptions,
) ([]Figures, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	return change(path, values, known, func(v *Value) error { return Fit(ctx, v, o) })
}

// change reads values, lets do change them, and writes them back together.
func change(path string, values []string, known theories.Set, do func(*Value) error) ([]Figures, error) {
	file, err := Open(path, known)
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		for _, a := range file.Values {
			values = append(values, a.ValueID)
		}
	}
	var changed []*Value
	var figures []Figures
	for _, id := range values {
		v, err := file.Full(id)
		if err != nil {
			return nil, err
		}
		if err := do(v); err != nil {
			return nil, err
		}
		changed, figures = append(changed, v), append(figures, v.Summarise(shownTexts))
	}
	return figures, Save(path, changed...)
}

// shownTexts of each list after a build or a fit.
const shownTexts = 3
