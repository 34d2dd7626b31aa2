package embedfiles

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Manifest says that a shard is done: manifest.json in its folder. While it is not there, the shard is not done,
// whatever parts there are.
//
//	{"format": 1, "kind": "embedded shard", "corpus_sha256": "…", "shard": {"index": 0, "of": 2}, "rows": 4096,
//	 "parts": [{"name": "block-00000000.parquet", "rows": 4096, "sha256": "…"}], …}
type Manifest struct {
	Format int              `json:"format"`
	Kind   string           `json:"kind"`
	Corpus string           `json:"corpus_sha256"` // of corpus.json
	Input  Input            `json:"input"`
	Model  encoder.Identity `json:"model"`
	Shard  Shard            `json:"shard"`
	Rows   int              `json:"rows"`
	Parts  []Part           `json:"parts"`
}

// Part is one block's file. Its number counts over the corpus, so two shards' parts may lie in one folder and not
// collide.
type Part struct {
	Name   string `json:"name"`
	Rows   int    `json:"rows"`
	SHA256 string `json:"sha256"`
}

// kindShard is the same for a shard's manifest.
const kindShard = "embedded shard"

// describe makes the manifest of a shard whose parts are all there; they are read, so that a part which was damaged
// between two starts is found. A damaged one is an error that names the file to remove.
func describe(dir, corpus string, c Corpus, s Shard) (Manifest, error) {
	m := Manifest{Format: format, Kind: kindShard, Corpus: corpus, Input: c.Input, Model: c.Model, Shard: s,
		Parts: []Part{}}
	from, to := s.blocks(c.blocks())
	for block := from; block < to; block++ {
		path := filepath.Join(dir, s.folder(), partName(block))
		rows, err := readPart(path, corpus, c, block)
		if err != nil {
			return m, err
		}
		sum, err := fsutil.SHA256(path)
		if err != nil {
			return m, err
		}
		m.Parts = append(m.Parts, Part{partName(block), len(rows), sum})
		m.Rows += len(rows)
	}
	return m, nil
}

// write is the shard's last act; the file appears whole. From then on a start of the shard does nothing but check.
func (m Manifest) write(dir string) error {
	raw, _ := json.MarshalIndent(m, "", "  ") // strings and numbers: it cannot fail
	return fsutil.WriteBytes(filepath.Join(dir, m.Shard.folder(), manifestFile), append(raw, '\n'))
}

// finished returns a shard's manifest once every part it lists is there with its hash; without one it returns nil. A
// part that is missing or damaged behind a manifest is an error and not "not finished": somebody changed the folder.
//
//	no manifest.json                              nil: not done, whatever parts there are
//	manifest, all parts with their hashes         the manifest
//	manifest, a part gone or changed              Corrupt: remove both and run the shard again
//	manifest of another corpus or number          Mismatch
func finished(dir, corpus string, c Corpus, s Shard) (*Manifest, error) {
	path := filepath.Join(dir, s.folder(), manifestFile)
	var m Manifest
	switch err := readJSON(path, &m); {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, err
	}
	if err := checkFormat(path, m.Kind, kindShard, m.Format); err != nil {
		return nil, err
	}
	from, to := s.blocks(c.blocks())
	// A manifest from another corpus, or of another split of this one, says nothing of the parts beside it.
	if m.Corpus != corpus || m.Shard != s || len(m.Parts) != to-from {
		return nil, fault.New(fault.Mismatch, "%s is of another corpus or shard; remove %s and run the shard again",
			path, filepath.Dir(path))
	}
	return &m, m.check(dir, c, from)
}

// check holds the parts to their names, row counts and hashes. Every byte of every part is read, which is what a hash
// costs; a shard that is done is asked for that once a start.
func (m Manifest) check(dir string, c Corpus, first int) error {
	rows := 0
	for k, p := range m.Parts {
		path := filepath.Join(dir, m.Shard.folder(), partName(first+k))
		from, to := c.span(first + k)
		if p.Name != partName(first+k) || p.Rows != to-from {
			return damaged(path, errors.New("the manifest lists another part"))
		}
		sum, err := fsutil.SHA256(path)
		if errors.Is(err, os.ErrNotExist) {
			return damaged(path, errors.New("it is missing"))
		}
		if err != nil {
			return err
		}
		if sum != p.SHA256 {
			return damaged(path, errors.New("its SHA-256 is not the manifest's"))
		}
		rows += p.Rows
	}
	if rows != m.Rows {
		return fault.New(fault.Corrupt, "%s of shard %s: %d rows, its parts have %d", manifestFile, m.Shard, m.Rows,
			rows)
	}
	return nil
}
