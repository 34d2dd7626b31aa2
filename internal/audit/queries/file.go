package queries

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"hives/data"
	"hives/internal/audit"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/strictjson"
	"hives/internal/textfile"
)

// line is a query in a file.
//
//	{"id": "gpv/0f3a…", "source": "gpv", "query": "What do you do?", "cluster": 4, "size": 7}
type line struct {
	ID      string `json:"id"`
	Source  string `json:"source"`
	Query   string `json:"query"`
	Cluster int    `json:"cluster"`
	Size    int    `json:"size"`
}

// CheckOut refuses a name that Write could not serve, before anything is computed.
func CheckOut(path string) error {
	if strings.ToLower(filepath.Ext(path)) != ".jsonl" {
		return fault.Usage(fault.New(fault.Invalid, "--out %s: queries are written as .jsonl", path))
	}
	return nil
}

// Write puts queries into a file of lines, whole or not at all.
func Write(path string, all []audit.Query) error {
	if err := CheckOut(path); err != nil {
		return err
	}
	return fsutil.WriteFile(path, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		for _, q := range all {
			if err := enc.Encode(line{q.ID, q.Source, q.Text, q.Cluster, q.Size}); err != nil {
				return err
			}
		}
		return out.Flush()
	})
}

// Read reads a file of hives steer queries, or any table with a column "query", whose texts are then all asked. No path
// are our own queries.
func Read(path string) ([]audit.Query, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case "":
		if path == "" {
			return Builtin(), nil
		}
	case ".jsonl":
		return readLines(path)
	case ".csv", ".tsv":
		name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		texts, err := Source{Name: name, Paths: []string{path}}.read()
		var out []audit.Query
		for at, t := range texts {
			out = append(out, audit.Query{ID: t.id, Source: name, Text: t.words, Cluster: at, Size: 1})
		}
		return out, err
	}
	return nil, fault.Usage(fault.New(fault.Invalid, "--queries %s: want a .jsonl of hives steer queries, or a .csv or "+
		".tsv with a column query", path))
}

// readLines reads what Write wrote.
func readLines(path string) (out []audit.Query, err error) {
	seen := map[string]int{}
	err = textfile.EachLine(path, func(n int, raw []byte) error {
		if len(raw) == 0 {
			return nil
		}
		var l line
		bad := func(err error) error { return fault.New(fault.Invalid, "%s: line %d: %w", path, n, err) }
		if err := strictjson.DecodeOnly(raw, &l); err != nil {
			return bad(err)
		}
		l.Query = data.CleanText(l.Query)
		switch {
		case l.ID == "" || l.Query == "" || l.Source == "":
			return bad(fmt.Errorf("want id, source and query"))
		case seen[l.ID] > 0:
			return bad(fmt.Errorf("has the id of line %d: each query needs its own", seen[l.ID]))
		}
		seen[l.ID] = n
		out = append(out, audit.Query{ID: l.ID, Source: l.Source, Text: l.Query, Cluster: l.Cluster, Size: max(1, l.Size)})
		return nil
	})
	if err == nil && len(out) == 0 {
		err = fault.New(fault.Invalid, "%s: holds no query", path)
	}
	return out, err
}
