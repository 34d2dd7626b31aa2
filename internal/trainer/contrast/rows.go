package contrast

import (
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// holdOutDomain sets this split apart from that of hives data split: with the same seed a training part
// would hold nothing out, because all its components lie below the larger fraction.
const holdOutDomain = 0x686f6c642d6f7574

// Rows are a run's training and held-out rows.
//
// No text and no group of Validation is in Train where validation_fraction held it out (data.Split sees to it). A file
// that was named is compared, and Shared says what it has in common (TestValidationOnTrainedRows).
type Rows struct {
	Train, Validation []data.Row
	Numbers           []int    // of the training rows in their file, from 1
	Skipped           int      // bad rows that were left out
	Notes             []string // of rows left out because they contradict each other
	// What the named validation file has in common with the training rows, nil for nothing.
	Shared *data.Shared
	Hashes map[string]string // SHA-256 of the files: data and, where one is named, validation

	known theories.Set
}

// ReadRows reads the files that cfg names, holds rows out where no validation file is named, and deals
// labels out anew for the control. Held-out rows keep their true labels. Rows may be of the theories known.
func ReadRows(cfg *DataConfig, seed uint64, known theories.Set) (*Rows, error) {
	rows := &Rows{Hashes: map[string]string{}, known: known}
	read, err := rows.read(cfg.Train, cfg.SkipBad, "data")
	if err != nil {
		return nil, err
	}
	all := read.Rows
	rows.Train, rows.Skipped = all, len(read.Bad)
	switch f := cfg.ValidationFraction; {
	case cfg.Validation != "":
		if read, err := rows.read(cfg.Validation, cfg.SkipBad, "validation"); err != nil {
			return nil, err
		} else {
			rows.Validation = read.Rows
			if shared := data.SharedWith(all, rows.Validation); shared.Any() {
				rows.Shared = &shared
			}
		}
	// By connected components, so that no text and no group stands on both sides.
	case f > 0:
		var parts [data.NumParts][]data.Row
		parts, err = data.Split(all, data.SplitOptions{Fractions: [data.NumParts]float64{1 - f, f, 0},
			Seed: cfg.SplitSeed ^ holdOutDomain})
		rows.Train, rows.Validation = parts[data.Train], parts[data.Validation]
	}
	if err != nil {
		return nil, err
	}
	// Before labels are dealt out anew: numbers are found by texts, and these stay.
	rows.Numbers = rowNumbers(read, rows.Train)
	if cfg.PermuteLabels {
		rows.Train = data.PermuteLabels(rows.Train, seed)
	}
	if len(rows.Train) == 0 {
		return nil, fault.New(fault.Invalid, "%s",
			strings.TrimSuffix(cfg.Train+" holds no training rows; "+read.Note(), "; "))
	}
	return rows, nil
}

// read reads a file of rows, without those that contradict each other, and notes its hash under a name. A file that is
// replaced in between is refused: the hash would be that of other rows.
func (r *Rows) read(path string, skipBad bool, name string) (*data.Settled, error) {
	// Twice, around the reading: half an hour may lie between the start of a large file and its end.
	before, err := fsutil.SHA256(path)
	if err != nil {
		return nil, err
	}
	read, err := data.ReadSettled(path, data.ReadOptions{SkipBad: skipBad, Theories: r.known})
	if err != nil {
		return nil, err
	}
	if note := read.Note(); note != "" {
		r.Notes = append(r.Notes, name+": "+note)
	}
	if r.Hashes[name], err = fsutil.SHA256(path); err == nil && r.Hashes[name] != before {
		err = fault.New(fault.Mismatch, "%s was replaced while it was read; begin again", path)
	}
	return read, err
}

// rowNumbers gives the rows of part their numbers in the file that was read. Rows of one text are always in the same
// part, so the text tells where the next row of part stands.
//
//	file rows 1 a, 2 b, 3 a, 4 c; part a, a, c     numbers 1, 3, 4
func rowNumbers(read *data.Settled, part []data.Row) []int {
	out := make([]int, 0, len(part))
	for i, number := range read.Numbers {
		if len(out) < len(part) && part[len(out)].TextID == read.Rows[i].TextID {
			out = append(out, number)
		}
	}
	return out
}
