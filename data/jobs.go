package data

import (
	"path/filepath"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// MergeSummary accounts for a merge: what was read, what merging did with it, and what could not be read. In of
// Merged is the sum of the files' rows.
type MergeSummary struct {
	Files  []FileRows  `json:"files"`
	Merged DedupeStats `json:"merged"`
	Bad    []BadRow    `json:"bad"`

	LeftOut  []LeftOut `json:"-"`                  // all rows that were read and left out
	Examples []LeftOut `json:"left_out,omitempty"` // the first of those that contradict each other
	Notes    []string  `json:"notes,omitempty"`    // what of further columns could not be kept
}

// FileRows is a file and its number of rows.
type FileRows struct {
	File string `json:"file"`
	Rows int    `json:"rows"`
}

// MergeTo reads files of rows, one after another, and writes what Dedupe would leave of them all, for more rows
// than fit in memory; the bytes are those that Write gives for Dedupe's rows. The order of paths matters: of rows
// that are merged the first stays, with its corpus and licence.
func MergeTo(paths []string, o ReadOptions, out string) (*MergeSummary, error) {
	return mergeInto(NewMerger(o.Theories), paths, o, out)
}

// mergeInto is MergeTo with a Merger of the caller's, so that tests can take a small one that uses the disk.
func mergeInto(m *Merger, paths []string, o ReadOptions, out string) (sum *MergeSummary, err error) {
	defer m.Close()
	if len(paths) == 0 {
		return nil, fault.New(fault.Invalid, "data: nothing to merge; name at least one file")
	}
	sum = &MergeSummary{Bad: []BadRow{}}
	o.Note = func(note string) { sum.Notes = append(sum.Notes, note) }
	for _, path := range paths {
		n := 0
		bad, err := scan(path, o, func(row int, r *Row) error {
			n++
			m.From(path, row)
			return m.Add(r)
		})
		if err != nil {
			return nil, err
		}
		sum.Files = append(sum.Files, FileRows{path, n})
		sum.Bad = append(sum.Bad, bad...)
	}
	if sum.Merged, err = m.Finish(); err != nil {
		return nil, err
	}
	// What is left out is known only now: a contradiction may stand in the last file.
	sum.LeftOut = m.LeftOut()
	sum.Examples = Examples(sum.LeftOut)
	return sum, WriteStream(out, m.Extra(), m.Each)
}

// SplitSummary accounts for a split.
type SplitSummary struct {
	Files      []FileRows `json:"files"`
	Components int        `json:"components"`        // what the split could not divide
	Largest    int        `json:"largest_component"` // rows of the largest
	Bad        []BadRow   `json:"bad"`
	Notes      []string   `json:"notes,omitempty"` // what of further columns could not be kept
}

// SplitFile deals the rows of a file to train.parquet, validation.parquet and test.parquet in dir. The three take
// their places together or not at all: parts of two splits beside each other would share texts.
func SplitFile(path, dir string, o SplitOptions, ro ReadOptions) (*SplitSummary, error) {
	for _, name := range PartNames { // a part would take the place of the whole
		if out := filepath.Join(dir, name+".parquet"); fsutil.Same(path, out) {
			return nil, fault.New(fault.Invalid, "%s would be replaced by a part of itself; choose another --out", path)
		}
	}
	sum := &SplitSummary{Bad: []BadRow{}}
	ro.Note = func(note string) { sum.Notes = append(sum.Notes, note) }
	rows, bad, err := ReadWith(path, ro)
	if err != nil {
		return nil, err
	}
	parts, err := Split(rows, o)
	if err != nil {
		return nil, err
	}
	sum.Bad = append(sum.Bad, bad...)
	for _, n := range ComponentSizes(rows) {
		sum.Components++
		sum.Largest = max(sum.Largest, n)
	}
	var files []fsutil.File // which take their places together: some new beside some old would share texts
	for p, part := range parts {
		f, err := rowsFile(filepath.Join(dir, PartNames[p]+".parquet"), extraColumns(part), each(part))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		sum.Files = append(sum.Files, FileRows{f.Path, len(part)})
	}
	return sum, fsutil.WriteFiles(files...)
}
