package corpora

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"hives/internal/fault"
)

// find lists the files in dir that match the first pattern with a match, in the order of their names.
func find(dir string, patterns ...string) ([]string, error) {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, fault.New(fault.NotFound, "%s: there is no such folder", dir)
	}
	for _, pattern := range patterns {
		paths, err := filepath.Glob(filepath.Join(escape(dir), pattern))
		if err != nil {
			return nil, err
		}
		if len(paths) > 0 {
			slices.Sort(paths)
			return paths, nil
		}
	}
	return nil, fault.New(fault.NotFound, "%s: holds no file %s", dir, strings.Join(patterns, " or "))
}

// escape keeps a folder's own brackets and stars from being read as a pattern.
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// eachLine gives every line of a file with its number from 1, without its end. A line may have any length.
func eachLine(path string, use func(line int, text string) error) error {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return fault.New(fault.NotFound, "%s: there is no such file", path)
	} else if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	for n := 1; ; n++ {
		text, err := in.ReadString('\n') // not a Scanner, which refuses lines over a limit
		if err != nil && err != io.EOF {
			return err
		}
		if text == "" {
			return nil
		}
		text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
		if n == 1 {
			text = strings.TrimPrefix(text, "\uFEFF") // would become part of the first column's name
		}
		if err := use(n, text); err != nil {
			return err
		}
	}
}

// record is a line of a table.
type record struct {
	at    map[string]int // column → place
	cells []string
}

func (r record) get(column string) string { return r.cells[r.at[column]] }

// eachRecord reads a tab-separated table without quoting: a header, then one record a line. Columns beyond
// the needed ones are allowed.
func (c *collector) eachRecord(path string, needed []string, use func(record) error) error {
	var r record
	err := eachLine(path, func(line int, text string) error {
		cells := strings.Split(text, "\t")
		if line == 1 {
			r.at = places(cells)
			return checkHeader(path, r.at, needed)
		}
		c.sum.Records++ // bad ones too
		width := len(r.at)
		if r.cells = cells; len(cells) != width {
			return c.settle(path, line-1, line, wrongf("has %d cells, the header %d", len(cells), width))
		}
		if !utf8.ValidString(text) {
			return c.settle(path, line-1, line, wrongf("holds bytes that are not UTF-8"))
		}
		return c.settle(path, line-1, line, use(r))
	})
	if err == nil && r.at == nil {
		err = fault.New(fault.Invalid, "%s: is empty; the first line must name the columns", path)
	}
	return err
}

// places numbers the columns of a header.
func places(header []string) map[string]int {
	at := make(map[string]int, len(header))
	for i, name := range header {
		at[name] = i
	}
	return at
}

// checkHeader refuses a table that lacks a needed column. Of alternatives "a|b" one is enough.
func checkHeader(path string, at map[string]int, needed []string) error {
	for _, name := range needed {
		have := func(alternative string) bool { _, ok := at[alternative]; return ok }
		if !slices.ContainsFunc(strings.Split(name, "|"), have) {
			return fault.New(fault.Invalid, "%s: missing column %q; is it a file of another corpus?", path, name)
		}
	}
	return nil
}
