package llmbench

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/textfile"
)

// record is a row of a published file. Keys that nobody asks for are passed over: files carry much that no figure
// needs. The first key that is missing or of another kind is kept and told with the row's line.
type record struct {
	of    map[string]any
	where string
	err   error
}

// records reads JSON lines, or a table whose first line names the columns.
func records(path string, use func(r *record) error) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv", ".tsv":
		return table(path, use)
	}
	return textfile.EachLine(path, func(n int, line []byte) error {
		r := &record{where: fmt.Sprintf("%s, line %d", path, n)}
		if err := json.Unmarshal(line, &r.of); err != nil {
			return fault.New(fault.Corrupt, "%s: no JSON object: %w", r.where, err)
		}
		return r.used(use)
	})
}

func table(path string, use func(r *record) error) error {
	t, err := textfile.OpenTable(path, textfile.Dialect{Bare: true})
	if err != nil {
		return err
	}
	defer t.Close()
	for {
		cells, line, err := t.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fault.New(cmp.Or(fault.Of(err), fault.Corrupt), "%s, line %d: %w", path, line, err)
		}
		r := &record{of: map[string]any{}, where: fmt.Sprintf("%s, line %d", path, line)}
		for i, name := range t.Names {
			r.of[name] = cells[i]
		}
		if err := r.used(use); err != nil {
			return err
		}
	}
}

// used is what became of a row: the first error of its keys comes before the caller's own.
func (r *record) used(use func(r *record) error) error {
	err := use(r)
	if r.err != nil {
		err = r.err
	}
	if err != nil {
		return fault.New(cmp.Or(fault.Of(err), fault.Invalid), "%s: %w", r.where, err)
	}
	return nil
}

// bad keeps the first error.
func (r *record) bad(format string, args ...any) {
	if r.err == nil {
		r.err = fault.New(fault.Invalid, format, args...)
	}
}

// at walks a path of keys, parted by dots.
func (r *record) at(path string) (any, bool) {
	var now any = r.of
	for _, key := range strings.Split(path, ".") {
		object, ok := now.(map[string]any)
		if !ok {
			return nil, false
		}
		if now, ok = object[key]; !ok {
			return nil, false
		}
	}
	return now, now != nil
}

func (r *record) has(path string) bool {
	_, ok := r.at(path)
	return ok
}

// text is a string that is not empty; numbers count as they are written, since files differ in whether a label is one.
func (r *record) text(path string) string {
	v, ok := r.at(path)
	if !ok {
		r.bad("the field %q is missing", path)
		return ""
	}
	switch v := v.(type) {
	case string:
		if strings.TrimSpace(v) == "" {
			r.bad("the field %q is empty: a file without answers, such as a test part, cannot be scored", path)
		}
		return v
	case float64:
		return fmt.Sprint(v)
	}
	r.bad("the field %q is no text", path)
	return ""
}

// texts is a list of strings.
func (r *record) texts(path string) (out []string) {
	v, ok := r.at(path)
	list, isList := v.([]any)
	if !ok || !isList {
		r.bad("the field %q is missing, or no list", path)
		return nil
	}
	for _, one := range list {
		s, isText := one.(string)
		if !isText || s == "" {
			r.bad("the field %q holds something that is no text, or an empty one", path)
		}
		out = append(out, s)
	}
	return out
}

// one is a text out of a list of known ones, as its place.
func (r *record) one(path string, known ...string) int {
	got := r.text(path)
	at := slices.Index(known, got)
	if at < 0 {
		r.bad("the field %q is %q: want one of %s", path, got, strings.Join(known, ", "))
		return 0
	}
	return at
}
