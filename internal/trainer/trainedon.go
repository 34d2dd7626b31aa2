package trainer

import (
	"path/filepath"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/internal/trainer/contrast"
	"hives/internal/trainer/start"
	"hives/model/folder"
)

// longestLine is how many runs are followed back: Stage 2 begins from Stage 1, and that may from another.
const longestLine = 8

// TrainedOn counts what the rows of a file share with those that a model folder was trained on, in its own run and in
// the runs that this one began from. It is nil where that cannot be known: the folder is not in its run, and its
// hives.json names other rows than the file. known are the theories of the caller; a run knows its own besides.
//
//	final/ in its run          what rows share with the run's training part, and with those before it
//	a folder elsewhere         all of the file, if its hash is the one that hives.json notes
//	anything else              nil: nobody knows
func TrainedOn(model, file string, rows []data.Row, known theories.Set) (*data.Shared, error) {
	sum, err := fsutil.SHA256(file)
	if err != nil {
		return nil, err
	}
	// By the run's own settings if its folder is still there: then it is known which rows were held out, too.
	if trained, ok := rowsOfLine(model, known, longestLine); ok {
		shared := data.SharedWith(trained, rows)
		return &shared, nil
	}
	// The folder has left its run. What it says of itself is the hash of the file it was trained on, and no more.
	info, err := folder.Read(model)
	if err != nil || info.Provenance["data_sha256"] != sum {
		return nil, nil // what is wrong with the folder is said by who loads it
	}
	shared := data.SharedWith(rows, rows) // the file as it was trained on; which part was held out is not known here
	return &shared, nil
}

// rowsOfLine reads the training rows of the run that a model folder is the end of, and of those before it. ok is false
// where there is no such run or its rows have changed since.
func rowsOfLine(model string, known theories.Set, depth int) (rows []data.Row, ok bool) {
	run := filepath.Dir(filepath.Clean(model))
	// A model folder of a run is its final/; anything else has no run to ask.
	if depth == 0 || filepath.Base(filepath.Clean(model)) != filepath.Base(runstore.FinalDir(run)) {
		return nil, false
	}
	info, err := runstore.Read(run)
	if err != nil {
		return nil, false
	}
	raw, err := runstore.Config(run)
	if err != nil {
		return nil, false
	}
	cfg, err := Stored(raw)
	if err != nil {
		return nil, false
	}
	// Only texts and groups are counted, and dealing labels out anew takes time.
	cfg.Data.PermuteLabels = false // the texts are the same
	own, err := info.Knows(run, known)
	if err != nil {
		return nil, false
	}
	read, err := contrast.ReadRows(&cfg.Data, cfg.Seed, own)
	if err != nil || read.Hashes["data"] != info.Hashes["data"] {
		return nil, false
	}
	from, _, err := start.Origin(cfg.Model.From)
	if before, more := rowsOfLine(from, known, depth-1); err == nil && more {
		return append(before, read.Train...), true
	}
	return read.Train, true
}
