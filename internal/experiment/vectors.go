package experiment

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"hives/data"
	"hives/encoder"
	"hives/internal/evaluate"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/npy"
)

// Source is a model that can be embedded with; it is opened only where vectors are missing or must be compared
// with.
type Source struct {
	Dir       string
	Pooling   string // in place of what the folder says; empty leaves it
	MaxLength int
}

// Embedder is an encoder that knows its model before its first text.
type Embedder interface {
	encoder.Encoder
	Identity() encoder.Identity
}

// Opener opens a source and returns what frees it. Its caller owes the latter as soon as err is nil.
type Opener func(ctx context.Context, s Source) (Embedder, func() error, error)

// stored is the file beside a matrix of vectors. It says whose they are and of which texts, so that neither
// another model's nor another file's can pass for them.
type stored struct {
	Format int    `json:"format"`
	Kind   string `json:"kind"`
	// vectors in the matrix, fewer than ids where embedding was broken off
	Texts int              `json:"texts"`
	IDs   string           `json:"text_ids_sha256"` // of the ids in the rows' order of first appearance
	Model encoder.Identity `json:"model"`
}

// A store of a stretch writes the whole matrix anew, so it is no smaller; a stop costs at most so many texts.
const (
	vectorsKind   = "hives.experiment.vectors"
	vectorsFormat = 1
	batch         = 256  // texts a call of the encoder
	stretch       = 1024 // texts that are stored together
)

// vault keeps vectors as NAME-IDS.npy ([T, D], one a text) with NAME-IDS.json. The name is the source's, IDS the
// first 12 digits of the texts' digest: base-mean-3f9c0a11be42.npy.
//
// Keeping them is more than saving time. A part may be measured once; the file is the record that it was, and by
// which weights.
type vault struct {
	dir      string
	open     Opener // nil: what is not stored is an error
	progress func(name string, done, total int)
}

// get returns a source's vectors of the texts of rows, embedding those that are not stored. Stored vectors of
// another model are refused: a part is measured once. Where an opener is at hand the model is opened even if all
// is stored, to compare who it is; without one (Redraw) the stored identity stands.
//
//	nothing stored, an opener           open, embed all, store as it goes
//	1,024 of 3,000 stored, an opener    open, compare identities, embed 1,976
//	all stored, an opener               open and compare: other weights are refused
//	all stored, Redraw                  the stored ones
//	some stored, Redraw                 NotFound, with how many there are
func (v *vault) get(ctx context.Context, name string, from Source, rows []data.Row) (evaluate.TextVectors,
	encoder.Identity, error) {
	// Texts, in the rows' order: the list and its order are part of the file's name.
	index := evaluate.Distinct(rows)
	ids := digest(rows, index)
	path := filepath.Join(v.dir, name+"-"+ids[:12])
	head, vectors, err := readVectors(path, ids)
	if err != nil && fault.Of(err) != fault.NotFound {
		return nil, head.Model, err
	}
	switch {
	// The model is at hand: whatever is stored must be its own, and what is missing is embedded.
	case v.open != nil:
		err = v.with(ctx, name, from, func(e Embedder) error {
			if len(vectors) == 0 {
				head.Model = e.Identity()
			} else if err := same(name, path, head.Model, e.Identity()); err != nil {
				return err
			}
			vectors, err = v.complete(ctx, name, path, ids, e, rows, index, vectors)
			return err
		})
	case len(vectors) < len(index):
		err = fault.New(fault.NotFound, "%d of %d vectors of %s are stored for these rows (%s.npy): "+
			"draw once with the models at hand", len(vectors), len(index), name, path)
	}
	if err != nil {
		return nil, head.Model, err
	}
	return byID(rows, index, vectors), head.Model, nil
}

// complete embeds the texts after those that are stored, and stores as it goes: on few cores a part takes long. A
// run that is stopped loses at most stretch texts.
// Texts are embedded in the rows' order, so what is stored is always a beginning of the whole.
func (v *vault) complete(ctx context.Context, name, path, ids string, e Embedder, rows []data.Row, index []int,
	vectors [][]float32) ([][]float32, error) {
	for lo := len(vectors); lo < len(index); lo = len(vectors) {
		hi := min(lo+stretch, len(index))
		more, id, err := evaluate.EmbedTexts(ctx, e, rows, index[lo:hi], batch, func(done, _ int) {
			v.progress(name, lo+done, len(index))
		})
		if err != nil {
			return nil, fmt.Errorf("embed with %s: %w", name, err)
		}
		vectors = append(vectors, more...)
		if err := writeVectors(path, stored{vectorsFormat, vectorsKind, len(vectors), ids, id}, vectors); err != nil {
			return nil, err
		}
	}
	return vectors, nil
}

// with opens the source for a use of it and frees it again: a large model fills the memory.
// A failure to free is told beside whatever else went wrong.
func (v *vault) with(ctx context.Context, name string, from Source, use func(Embedder) error) (err error) {
	model, free, err := v.open(ctx, from)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer func() { err = errors.Join(err, free()) }()
	return use(model)
}

// same refuses to judge a model by another one's vectors. Error: Mismatch, with what differs: weights, tokenizer,
// pooling or length.
func same(name, path string, was, is encoder.Identity) error {
	if unlike := was.Unlike(is); unlike != "" {
		return fault.New(fault.Mismatch, "%s was measured before with another model (%s): give the run another name, "+
			"or remove %s.npy to measure again", name, unlike, path)
	}
	return nil
}

// digest tells lists of texts apart: the same texts in another order are another list. Ids are hashes of texts, so
// no text stands in a file's name or its head.
func digest(rows []data.Row, index []int) string {
	h := sha256.New()
	for _, i := range index {
		io.WriteString(h, rows[i].TextID+"\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// byID names the vectors by their texts: index[k] is a row of the text of vectors[k].
func byID(rows []data.Row, index []int, vectors [][]float32) evaluate.TextVectors {
	out := evaluate.TextVectors{}
	for at, i := range index {
		out[rows[i].TextID] = vectors[at]
	}
	return out
}

// writeVectors writes the matrix first: it may hold more than the file beside it says, never less. A stop between
// the two leaves vectors that are not counted and embedded again.
func writeVectors(path string, head stored, vectors [][]float32) error {
	if err := fsutil.WriteFile(path+".npy", func(w io.Writer) error { return npy.WriteFloat32(w, vectors) }); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return err
	}
	return fsutil.WriteBytes(path+".json", append(raw, '\n'))
}

// readVectors is NotFound where nothing is stored, Mismatch where something else lies there, Corrupt where it is
// damaged. What the matrix holds beyond head.Texts was written before a stop and is cut off.
func readVectors(path, ids string) (head stored, vectors [][]float32, err error) {
	raw, err := fsutil.ReadRegular(path + ".json")
	if err != nil {
		return head, nil, fsutil.Classify(err, path+".json")
	}
	if err := json.Unmarshal(raw, &head); err != nil {
		return head, nil, fault.New(fault.Corrupt, "%s.json: %w; remove it to embed again", path, err)
	}
	// The digest in the name has 12 digits; the whole one decides.
	if head.Kind != vectorsKind || head.Format != vectorsFormat || head.IDs != ids || head.Texts < 0 {
		return head, nil, fault.New(fault.Mismatch, "%s.json: kind %q, format %d, or texts other than these rows': "+
			"remove it to embed again", path, head.Kind, head.Format)
	}
	f, err := fsutil.OpenRegular(path + ".npy")
	if err != nil {
		return head, nil, fsutil.Classify(err, path+".npy")
	}
	defer f.Close()
	if vectors, err = npy.ReadFloat32(f); err == nil && len(vectors) < head.Texts {
		err = fault.New(fault.Corrupt, "%d vectors, want %d", len(vectors), head.Texts)
	}
	if err != nil {
		return head, nil, fmt.Errorf("%s.npy: %w; remove it to embed again", path, err)
	}
	return head, vectors[:head.Texts], nil
}
