package embedfiles

import (
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/parquetfile"
)

// Vector is a row of a part, and of what merge writes. row is written although the order says it: a part can then be
// looked at, or joined, by itself.
type Vector struct {
	Row    int64     `parquet:"row"` // of the input, from 0
	TextID string    `parquet:"text_id"`
	Vector []float32 `parquet:"vector,list"`
}

// Key-values of the Parquet files. They make a part that lies about by itself say what it is.
const (
	kindKey, kindVectors = "hives.kind", "vectors"
	versionKey           = "hives.version"
	corpusKey            = "hives.corpus" // SHA-256 of corpus.json
	modelKey             = "hives.weights_sha256"
)

// writePart writes vectors durably under path, or leaves it as it was. The same vectors give the same bytes. next
// gives the rows piece by piece, io.EOF after the last, so that a merge holds one piece in memory.
func writePart(path, corpus, weights string, next func() ([]Vector, error)) error {
	return fsutil.WriteFile(path, func(w io.Writer) error {
		out := parquet.NewGenericWriter[Vector](w,
			parquet.Compression(&parquet.Uncompressed), // the digits of a vector are noise
			parquet.CreatedBy("hives", strconv.Itoa(format), ""),
			parquet.KeyValueMetadata(kindKey, kindVectors),
			parquet.KeyValueMetadata(versionKey, strconv.Itoa(format)),
			parquet.KeyValueMetadata(corpusKey, corpus),
			parquet.KeyValueMetadata(modelKey, weights),
		)
		for {
			rows, err := next()
			if err == io.EOF {
				return out.Close()
			}
			if err != nil {
				return err
			}
			if _, err := out.Write(rows); err != nil {
				return err
			}
			if err := out.Flush(); err != nil { // a row group a block bounds the memory of a merge
				return err
			}
		}
	})
}

// once hands rows to writePart in one piece. A merge has more than one.
func once(rows []Vector) func() ([]Vector, error) {
	given := false
	return func() ([]Vector, error) {
		if given {
			return nil, io.EOF
		}
		given = true
		return rows, nil
	}
}

// readPart reads a whole part of a corpus and holds its rows to the block's. The library panics on some damaged
// files, which counts as damage.
func readPart(path, corpus string, c Corpus, block int) (rows []Vector, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = damaged(path, fmt.Errorf("%v", r))
		}
	}()
	file, err := parquetfile.Open(path)
	if kind := fault.Of(err); kind == fault.Invalid || kind == fault.NotFound {
		return nil, err
	}
	if err != nil {
		return nil, damaged(path, err)
	}
	defer file.Close()
	if err := file.Look(); err != nil {
		return nil, damaged(path, err)
	}
	if of, _ := file.Lookup(corpusKey); of != corpus {
		return nil, fault.New(fault.Mismatch, "%s belongs to another corpus; remove it and run its shard again", path)
	}
	reader := parquet.NewGenericReader[Vector](file.File)
	defer reader.Close()
	rows = make([]Vector, file.NumRows())
	if n, err := reader.Read(rows); n != len(rows) {
		return nil, damaged(path, fmt.Errorf("row %d of %d: %w", n, len(rows), err))
	}
	return rows, checkPart(path, rows, c, block)
}

// checkPart holds what was read to the block's rows, the model's width and finite numbers.
//
// Invariant: every row of the input has one vector, of the model's width and finite, under its own number
// (TestMergedShardsAreTheRowsInOrder, TestDamageIsFound). A part that was copied from another block has other row
// numbers.
func checkPart(path string, rows []Vector, c Corpus, block int) error {
	from, to := c.span(block)
	if len(rows) != to-from {
		return damaged(path, fmt.Errorf("%d rows, want %d", len(rows), to-from))
	}
	for i, r := range rows {
		if r.Row != int64(from+i) || len(r.Vector) != c.Model.Dimension || !finite(r.Vector) {
			return damaged(path, fmt.Errorf("row %d is not what was written", from+i))
		}
	}
	return nil
}

// damaged names what to remove: with the part and the manifest gone, the shard does that block again. Which block it
// is stands in its name, so nothing else need be told.
func damaged(path string, cause error) error {
	return fault.New(fault.Corrupt, "%s: %w; remove it and its shard's %s, and run the shard again", path, cause,
		manifestFile)
}

// finite tells vectors that may be used: NaN compares with nothing, and one of them spoils every mean it enters. It
// is looked at where vectors come in and where parts are read.
func finite(v []float32) bool {
	for _, x := range v {
		if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
			return false
		}
	}
	return true
}
