package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/knights-analytics/hugot"
	"github.com/knights-analytics/hugot/backends"
	"github.com/knights-analytics/hugot/options"
	"github.com/knights-analytics/hugot/pipelines"

	hivesv1 "hives/baselines/hugot/hives/v1"
)

// batchTexts is how many texts are embedded together; with the lengths below it bounds the graphs that are compiled
// and kept, two batch sizes times the lengths.
const batchTexts = 8

// lengths are what batches are padded to. With two batch sizes that is twelve graphs at most; a length of its own
// for each text would compile one for nearly every batch.
var lengths = []int{16, 32, 64, 128, 256, 512}

// onnxName is what the ONNX file is called in the folder that hugot reads.
const onnxName = "model.onnx"

// model is one pipeline of hugot's pure-Go session. It embeds one batch at a time: mu is held for as long as one
// takes, also by Tokens, since the tokenizer's buffers are the pipeline's.
type model struct {
	session *hugot.Session
	pipe    *pipelines.FeatureExtractionPipeline
	version *hivesv1.ModelVersion
	dir     string
	mu      sync.Mutex
}

// open lays the files out as hugot wants them and loads them. Its caller owes Close.
func open(ctx context.Context, c config) (*model, error) {
	m := &model{}
	if err := m.load(ctx, c); err != nil {
		m.Close()
		return nil, err
	}
	return m, nil
}

// load copies the three files into a folder of their own: hugot reads a folder with fixed names, and the ONNX form
// may lie elsewhere than the tokenizer.
func (m *model) load(ctx context.Context, c config) (err error) {
	if m.version, err = identify(c); err != nil {
		return err
	}
	if m.dir, err = os.MkdirTemp("", "hugot-"); err != nil {
		return err
	}
	for to, from := range map[string]string{onnxName: c.onnx, "tokenizer.json": c.tokenizer(), "config.json": c.config()} {
		raw, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(filepath.Join(m.dir, to), raw, 0o600)
		}
		if err != nil {
			return err
		}
	}
	// A lone text has a graph of its own; two to eight share one, padded.
	m.session, err = hugot.NewGoSession(ctx, options.WithGoMLXBatchBuckets([]int{1, batchTexts}),
		options.WithGoMLXSequenceBuckets(lengths))
	if err != nil {
		return err
	}
	// A feature extraction without options: means over the tokens that the mask lets through.
	m.pipe, err = hugot.NewPipeline(m.session, hugot.FeatureExtractionConfig{ModelPath: m.dir, OnnxFilename: onnxName,
		Name: "embed"})
	return err
}

// tokenizer and config are the two files that hugot needs beside the graph.
func (c config) tokenizer() string { return filepath.Join(c.model, "tokenizer.json") }
func (c config) config() string    { return filepath.Join(c.model, "config.json") }

// identify says which vectors these are, and refuses texts longer than the model has positions for. The weights'
// hash is that of the ONNX file, so int8 and float32 forms of one model are two models to whoever compares.
func identify(c config) (*hivesv1.ModelVersion, error) {
	raw, err := os.ReadFile(c.config())
	if err != nil {
		return nil, err
	}
	var known struct {
		Hidden    uint32 `json:"hidden_size"`
		Positions int    `json:"max_position_embeddings"`
	}
	if err := json.Unmarshal(raw, &known); err != nil {
		return nil, fmt.Errorf("%s: %w", c.config(), err)
	}
	// Three tokens are [CLS], one of text, [SEP].
	if most := min(known.Positions, lengths[len(lengths)-1]); c.maxLength < 3 || c.maxLength > most {
		// Beyond its positions the graph would read another row of a table, or fail in the middle of a batch.
		return nil, fmt.Errorf("texts of %d tokens: want 3 to %d, for the positions in %s", c.maxLength, most, c.config())
	}
	// "by hugot" tells these vectors from ours of the same folder in every table.
	v := &hivesv1.ModelVersion{
		Name: filepath.Base(filepath.Clean(c.model)) + " by hugot", Dimension: known.Hidden, MaxLength: uint32(c.maxLength),
		Pooling: "mean", Precision: "onnx", Engine: "hugot",
	}
	for path, sum := range map[string]*string{c.onnx: &v.WeightsSha256, c.tokenizer(): &v.TokenizerSha256} {
		raw, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		// Over the whole file in memory: an ONNX form of 91 MB fits.
		digest := sha256.Sum256(raw)
		*sum = hex.EncodeToString(digest[:])
	}
	return v, nil
}

// Tokens returns how many tokens each text has, special ones included. hugot's tokenizer in Go never cuts, so this
// is how a text that is too long is found.
func (m *model) Tokens(texts []string) []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	// By hugot's own tokenizer and not ours: a second opinion that borrowed ours would agree with it.
	batch := backends.NewBatch(len(texts))
	backends.TokenizeInputs(batch, m.pipe.Model.Tokenizer, texts)
	out := make([]int, len(texts))
	for i, in := range batch.Input {
		out[i] = len(in.TokenIDs)
	}
	return out
}

// Embed returns the means of at most batchTexts texts, [N][H], not divided by their norms. The engine panics where
// it cannot go on; that is an error of the request here, and the server lives.
func (m *model) Embed(ctx context.Context, texts []string) (vectors [][]float32, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the engine gave up: %s", strings.SplitN(fmt.Sprint(r), "\n", 2)[0])
		}
	}()
	out, err := m.pipe.RunPipeline(ctx, texts)
	if err != nil {
		return nil, err
	}
	return out.Embeddings, nil
}

// Close frees what open took.
func (m *model) Close() {
	if m.session != nil {
		m.session.Destroy()
	}
	os.RemoveAll(m.dir)
}
