package vidb

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"slices"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// PoolOf is a pool that was drawn.
type PoolOf struct {
	ValueID string `json:"value_id"`
	Hash    string `json:"pool_hash"`
	Pool    *Drawn `json:"pool"`
}

// Pools draws the pools of values into a file. A value that was built on another pool is refused unless force says to
// throw its orders away; one with the same pool is left as it is.
//
//	the value is not in the file                    drawn
//	drawn before, not built on                      drawn anew
//	built on, and these rows give the same pool     left as it is
//	built on, and they give another one             refused with both hashes
func Pools(path string, o PoolOptions, values []string, force bool) ([]PoolOf, error) {
	file, err := Open(path, o.Theories)
	if errors.Is(err, fs.ErrNotExist) {
		file, err = &File{}, nil
	}
	if err != nil {
		return nil, err
	}
	var drawn []PoolOf
	var fresh []*Value
	for _, id := range values {
		o.Value = id
		v, err := Draw(o)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(drawn, func(p PoolOf) bool { return p.ValueID == v.ValueID }) {
			return nil, invalid("--value %s is named twice", v.ValueID)
		}
		drawn = append(drawn, PoolOf{v.ValueID, v.PoolHash, v.Report.Pool})
		before, known := file.about(v.ValueID)
		switch {
		case known && before.PoolHash == v.PoolHash && before.DefinitionHash == v.DefinitionHash && before.Run != "":
			continue
		case known && before.Run != "" && !force:
			return nil, fault.New(fault.Mismatch, "vidb %s: %s was built on the pool %.12s, these rows give %.12s: name "+
				"another file, or --force to throw its orders away", path, v.ValueID, before.PoolHash, v.PoolHash)
		}
		fresh = append(fresh, v)
	}
	if len(fresh) == 0 {
		return drawn, nil
	}
	return drawn, Save(path, fresh...)
}

// Has tells whether the file holds a value, by its id as the file spells it.
func (f *File) Has(id string) bool {
	_, ok := f.about(id)
	return ok
}

func (f *File) about(id string) (About, bool) {
	for _, a := range f.Values {
		if a.ValueID == id {
			return a, true
		}
	}
	return About{}, false
}

// WriteTexts writes the texts of one value's pool as JSON lines, in the order of the pool: what embeds them makes the
// matrix of --prior-vectors.
func WriteTexts(path, database string, values []string, known theories.Set) error {
	if len(values) != 1 {
		return invalid("--texts for %d values: a file of lines is of one pool; name one value", len(values))
	}
	f, err := Open(database, known)
	if err != nil {
		return err
	}
	v, err := f.Value(values[0])
	if err != nil {
		return err
	}
	return fsutil.WriteFile(path, func(w io.Writer) error {
		lines := json.NewEncoder(w)
		lines.SetEscapeHTML(false)
		for _, t := range v.Texts {
			if err := lines.Encode(map[string]string{"text": t.Text}); err != nil {
				return err
			}
		}
		return nil
	})
}
