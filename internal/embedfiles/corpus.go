package embedfiles

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"hives/encoder"
	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Names and version of what is written.
const (
	corpusFile   = "corpus.json"
	manifestFile = "manifest.json"
	format       = 1
)

// Corpus is what all shards of a folder have in common: corpus.json. Its SHA-256 stands in every part and manifest,
// so a part of another corpus is told wherever it was copied from.
//
//	{"format": 1, "kind": "embedded corpus", "input": {"name": "rows.parquet", "sha256": "…", "rows": 10000},
//	 "model": {…}, "prompt": "", "block_rows": 4096, "shards": 2}
type Corpus struct {
	Format    int              `json:"format"`
	Kind      string           `json:"kind"`
	Input     Input            `json:"input"`
	Model     encoder.Identity `json:"model"`
	Prompt    string           `json:"prompt"`
	Precision string           `json:"precision,omitempty"` // of a model folder; an endpoint has its own
	BlockRows int              `json:"block_rows"`
	Shards    int              `json:"shards"`
}

// Input is the file that was embedded. The name is for people; SHA256 and Rows decide.
type Input struct {
	Name   string `json:"name"` // without its folder
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
}

// kindCorpus tells the file from other JSON that lies in folders.
const kindCorpus = "embedded corpus"

// blocks is how many blocks the input has. The last one may be shorter than the others. 10,000 rows in blocks of
// 4,096 are 3.
func (c Corpus) blocks() int { return (c.Input.Rows + c.BlockRows - 1) / c.BlockRows }

// span is the rows of a block; to is exclusive.
//
//	10,000 rows in blocks of 4,096: [0, 4096) [4096, 8192) [8192, 10000)
func (c Corpus) span(block int) (from, to int) {
	return block * c.BlockRows, min((block+1)*c.BlockRows, c.Input.Rows)
}

// claim makes the folder this corpus's, or compares with the corpus it has. digest identifies corpus.json in what
// shards write. Two first starts at one moment write the same bytes, or one of them finds the other's at its next
// claim: every shard claims again before its manifest.
//
//	folder absent, empty, or of shards alone      corpus.json is written
//	the same corpus                               its digest
//	another input, model, prompt, block or n      refused: Mismatch, with what differs
//	other files and no corpus                     refused: Exists
func (c Corpus) claim(dir string) (digest string, err error) {
	path := filepath.Join(dir, corpusFile)
	found, err := readCorpus(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := vacant(dir); err != nil {
			return "", err
		}
		c.Model.Engine = ""                       // shards may have one each
		raw, _ := json.MarshalIndent(c, "", "  ") // strings and numbers: it cannot fail
		if err := fsutil.WriteBytes(path, append(raw, '\n')); err != nil {
			return "", err
		}
	case err != nil:
		return "", err
	default:
		if difference := found.unlike(c); difference != "" {
			return "", fault.New(fault.Mismatch, "%s holds vectors of another %s; choose another --out", dir,
				difference)
		}
	}
	return fsutil.SHA256(path)
}

// unlike names what two corpora differ in, empty where their shards fit together. Each difference would mix vectors
// that may not be compared, or rows that do not fit together. The first that differs is named: others may follow from
// it.
func (c Corpus) unlike(o Corpus) string {
	switch {
	case c.Input.SHA256 != o.Input.SHA256 || c.Input.Rows != o.Input.Rows:
		return "input: hashes " + c.Input.SHA256[:min(12, len(c.Input.SHA256))] + " and " + o.Input.SHA256[:12]
	case c.Model.Unlike(o.Model) != "":
		return "model: " + c.Model.Unlike(o.Model)
	case c.Prompt != o.Prompt:
		return "prompt"
	case c.Precision != o.Precision:
		return "precision, or made by an endpoint instead of a model folder"
	case c.BlockRows != o.BlockRows:
		return "block size"
	case c.Shards != o.Shards:
		return "number of shards"
	}
	return ""
}

// vacant refuses a folder with files that are not ours. Another shard's first files may have come in since the
// folder was looked into.
//
//	absent, empty                          free
//	corpus.json, shard-…, what a kill left  free: ours
//	notes.txt                              refused by name
func vacant(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fsutil.Classify(err, dir)
	}
	for _, e := range entries {
		if name := e.Name(); name != corpusFile && !strings.HasPrefix(name, "shard-") && !fsutil.IsLeftover(name) {
			return fault.New(fault.Exists, "%s is not empty (%s) and holds no corpus: choose another --out", dir,
				e.Name())
		}
	}
	return nil
}

// readCorpus reads what a folder says it holds, and refuses it from a newer program. An absent file is
// fs.ErrNotExist, by which claim and Verify tell a fresh folder.
func readCorpus(dir string) (Corpus, error) {
	var c Corpus
	path := filepath.Join(dir, corpusFile)
	if err := readJSON(path, &c); err != nil {
		return c, err
	}
	return c, checkFormat(path, c.Kind, kindCorpus, c.Format)
}

// readJSON reads one of the folder's files. What is there and is no JSON is damage: all of them are written as a
// whole.
func readJSON(path string, v any) error {
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return fsutil.Classify(err, path)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return fault.New(fault.Corrupt, "%s: %w; begin again in another --out", path, err)
	}
	return nil
}

// checkFormat refuses files of another kind and of a newer program. An older one would be read, but there is none
// yet.
func checkFormat(path, kind, want string, version int) error {
	if kind != want || version < 1 {
		return fault.New(fault.Mismatch, "%s is no %s", path, want)
	}
	if version > format {
		return fault.New(fault.Mismatch, "%s has format %d, this program reads up to %d: use a newer hives", path,
			version, format)
	}
	return nil
}
