package data_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"hives/data"
	"hives/data/theories"
	"hives/kind"
)

// Rows are written and read back, split so that no text stands on both sides, and numbered for training.
func Example() {
	dir, err := os.MkdirTemp("", "rows")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	var rows []data.Row
	for i := range 40 {
		text := fmt.Sprint("text ", i/2) // every text has two values
		rows = append(rows, data.Row{Text: text, TextID: data.TextID(text), Group: fmt.Sprint(i / 4), Corpus: "own",
			Licence: "CC0-1.0", Theory: "duty", Level1: []string{"gratitude", "fidelity"}[i%2], Direction: 1,
			DirectionSource:  data.SourceAnnotated,
			IndividualAnchor: -1, TheoryAnchor: -1})
	}
	path := filepath.Join(dir, "rows.parquet")
	if err := data.Write(path, rows); err != nil {
		panic(err)
	}
	back, err := data.Read(path)
	if err != nil {
		panic(err)
	}
	parts, err := data.Split(back, data.DefaultSplit())
	if err != nil {
		panic(err)
	}
	shared := data.SharedWith(parts[0], parts[len(parts)-1])
	labels := data.NewLabels(back, theories.Builtin())
	fmt.Println(len(back), shared.Any(), labels.TheoryNames, labels.LevelNames[0], labels.Text[:4])

	_, err = data.Read(filepath.Join(dir, "absent.parquet"))
	fmt.Println(errors.Is(err, kind.NotFound))
	// Output:
	// 40 false [duty] [gratitude fidelity] [0 0 1 1]
	// true
}
