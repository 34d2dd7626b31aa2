package embedfiles

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Verify checks that all shards of a folder are there and that every part has its hash. A part that is damaged is an
// error; shards that are not finished are one error that names them. It needs neither model nor input, and reads
// every byte once.
func Verify(dir string) (Corpus, error) {
	c, _, err := verify(dir)
	return c, err
}

// Damage is said at once and ends it; what is not finished is gathered, since several shards usually are not.
func verify(dir string) (c Corpus, digest string, err error) {
	if c, err = readCorpus(dir); err != nil {
		return c, "", err
	}
	// A corpus.json that was edited must not make a loop without end, nor a division by 0.
	if c.BlockRows < 1 || c.Shards < 1 || c.Shards > maxShards || c.Input.Rows < 1 {
		return c, "", fault.New(fault.Corrupt, "%s: %d shards of blocks of %d rows, %d rows",
			filepath.Join(dir, corpusFile), c.Shards, c.BlockRows, c.Input.Rows)
	}
	if digest, err = fsutil.SHA256(filepath.Join(dir, corpusFile)); err != nil {
		return c, "", err
	}
	var missing []string
	rows := 0
	for i := range c.Shards {
		m, err := finished(dir, digest, c, Shard{i, c.Shards})
		if err != nil {
			return c, "", err
		}
		if m == nil {
			missing = append(missing, fmt.Sprint(i))
			continue
		}
		rows += m.Rows
	}
	if len(missing) > 0 {
		return c, "", fault.New(fault.NotFound, "%s: %d of %d shards are not finished: %s", dir, len(missing),
			c.Shards, few(missing))
	}
	if rows != c.Input.Rows {
		return c, "", fault.New(fault.Corrupt, "%s: the shards have %d rows, the input %d", dir, rows, c.Input.Rows)
	}
	return c, digest, nil
}

// few lists names so that a line stays a line.
//
//	25 shards missing: 0, 1, …, 19, …
func few(names []string) string {
	const most = 20
	if len(names) > most {
		names = append(names[:most:most], "…")
	}
	return strings.Join(names, ", ")
}

// Merge verifies a folder and writes all of its vectors to one Parquet file, in the input's order. It holds one
// block in memory. Parts are checked again as they are read: between the verification and the copy a disk may fail.
//
// Invariant: row i of the file is row i of the input: blocks ascend within a shard, and shards are contiguous.
func Merge(dir, out string) (Corpus, error) {
	c, digest, err := verify(dir)
	if err != nil {
		return c, err
	}
	var paths []string // block by block: shards are contiguous
	for i := range c.Shards {
		s := Shard{i, c.Shards}
		for from, to := s.blocks(c.blocks()); from < to; from++ {
			paths = append(paths, filepath.Join(dir, s.folder(), partName(from)))
		}
	}
	block := 0
	return c, writePart(out, digest, c.Model.WeightsSHA256, func() ([]Vector, error) {
		if block == len(paths) {
			return nil, io.EOF
		}
		rows, err := readPart(paths[block], digest, c, block)
		block++
		return rows, err
	})
}
