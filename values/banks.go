package values

import (
	"context"
	"os"
	"path/filepath"
	"slices"

	"hives/data/anchors"
	"hives/data/inventory"
	"hives/data/theories"
	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/metrics"
)

// Inventory names the built-in individual bank where a path of a bank is wanted. A file of that name in the
// working folder is asked for as ./inventory.
const Inventory = "inventory"

// ReadBanks reads anchor banks: Inventory, files, and folders of which every .parquet file is taken. An empty
// path is none: it is how a flag says that no bank is wanted. Anchors may stand for values of the theories known.
//
//	inventory          the built-in individual bank
//	theory.parquet     that bank
//	banks/             every .parquet in it, by name
//	""                 none
func ReadBanks(paths []string, known theories.Set) ([]*anchors.Bank, error) {
	var banks []*anchors.Bank
	for _, path := range paths {
		switch {
		case path == "":
			continue
		case path == Inventory:
			banks = append(banks, inventory.Bank())
			continue
		}
		// What is neither a word of ours nor empty is a path; a folder stands for all of its banks.
		files, err := bankFiles(path)
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			bank, err := anchors.Read(file, known)
			if err != nil {
				return nil, err
			}
			banks = append(banks, bank)
		}
	}
	return banks, nil
}

// bankFiles lists a folder's banks by name, or names a file as it is. Whether a file is a bank is anchors.Read's
// to say: a folder with a file of rows among its banks is refused, and the file named.
func bankFiles(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fsutil.Classify(err, path)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	// ReadDir gives names in order, so banks are added in the same order everywhere.
	entries, err := os.ReadDir(path)
	var files []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".parquet" && !e.IsDir() {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if err == nil && len(files) == 0 {
		err = fault.New(fault.NotFound, "%s holds no bank of anchors (*.parquet)", path)
	}
	return files, fsutil.Classify(err, path)
}

// AddAnchors embeds the sentences of banks. Each bank may be there once: ids are the bank's own, so two banks of one
// name would each have an anchor 3. The model is checked with every chunk, since an endpoint may change it on the
// way. Errors: Exists for a bank given twice, Mismatch for another model, else the encoder's own kind.
func (s *Set) AddAnchors(ctx context.Context, enc encoder.Encoder, banks []*anchors.Bank) error {
	for _, b := range banks {
		name := b.Anchors[0].Bank
		if slices.ContainsFunc(s.Anchors, func(a Anchor) bool { return a.Bank == name }) {
			return fault.New(fault.Exists, "values: two %s banks are given; name one of them", name)
		}
		texts := b.Texts()
		err := encoder.Chunks(ctx, enc, len(texts), func(i int) string { return texts[i] },
			func(from int, vectors [][]float32, id encoder.Identity) error {
				if _, err := metrics.NewVectors(vectors); err != nil { // finite and of unit length
					return err
				}
				for i, vector := range vectors {
					a := &b.Anchors[from+i]
					s.Anchors = append(s.Anchors, Anchor{
						Bank: name, ID: a.ID, Kind: a.Kind, Text: a.Text, Count: int(a.Count), Provenance: a.Provenance,
						ValueIDs: append([]string{}, a.ValueIDs...), Vector: vector,
					})
				}
				return s.CheckModel(id)
			})
		if err != nil {
			return fault.New(fault.Of(err), "values: the %s bank: %w", name, err)
		}
	}
	s.index()
	return nil
}
