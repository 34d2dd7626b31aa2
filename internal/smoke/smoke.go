package smoke

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"hives/data"
	"hives/data/anchors"
	"hives/data/corpora"
	"hives/data/inventory"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/trainer"
)

// Sizes of a smoke run: enough steps for two validations, two checkpoints and two renewals of the banks, and
// enough rows for batches of 64.
const (
	steps          = 6
	every          = 3
	maxLength      = 16   // most texts fill it, so few shapes: the time goes into compiling them
	rowsOfEach     = 1000 // of each corpus
	validationRows = 800  // enough texts for a batch of each theory: the validation loss
	theoryAnchors  = 40
	smokeAnswers   = 40
	answerLength   = 48
	loraRank       = 4 // the model's projections have sides of 16
)

// model compiles in a second a shape; its vocabulary is that of the demo's tokenizer.
const model = `{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 32, "intermediate_size": 48,
	"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
	"rope_theta": 10000, "torch_dtype": "float32", "max_position_embeddings": 64}
`

// twoLayers is the file of a model with a layer to freeze and one to train.
const twoLayers = "two-layers.json"

// Shrink makes the settings those of a smoke run over the files that Supply writes into dir. demo is the
// checkout's folder of that name.
//
//	stays      stage, loss, sampler, precision, packing, recompute, packs, moments, devices, banks
//	shrinks    steps 6, texts of 16 tokens, rank 4 at most, a validation and a save every 3 steps
//	replaced   model, tokenizer, rows, theory bank
//
// It checks nothing: settings that do not go together are refused by the run itself, which is what a smoke run is
// to show.
func Shrink(cfg trainer.Config, demo, dir string) trainer.Config {
	cfg.Steps = steps
	cfg.Model.From, cfg.Model.Tokenizer = "random:"+dir, filepath.Join(demo, "model")
	cfg.Model.MaxLength, cfg.Model.Layers = maxLength, 0
	if cfg.Model.FreezeLayers > 0 {
		cfg.Model.From, cfg.Model.FreezeLayers = "random:"+filepath.Join(dir, twoLayers), 1
	}
	if cfg.Model.States != "" {
		cfg.Model.States = filepath.Join(dir, "states")
	}
	cfg.Data = trainer.DataConfig{Train: rowsFile(dir), ValidationFraction: .4, PermuteLabels: cfg.Data.PermuteLabels}
	if cfg.Stage == trainer.SFT {
		// The demo's tokenizer has the marks of this template, and its model no template of its own.
		cfg.Data.Train, cfg.SFT.Template, cfg.Model.MaxLength = answersFile(dir), "chatml", answerLength
		cfg.Sampler.BatchSize = min(cfg.Sampler.BatchSize, smokeAnswers/2)
	}
	cfg.LoRA.Rank = min(cfg.LoRA.Rank, loraRank)
	cfg.Stage2.IndividualBank, cfg.Stage2.TheoryBank = "", ""
	if cfg.Stage == 2 {
		cfg.Stage2.TheoryBank, cfg.Stage2.RefreshEvery = bankFile(dir), min(cfg.Stage2.RefreshEvery, every)
	}
	cfg.Log.Every, cfg.Log.ValidateEvery, cfg.Log.CheckpointEvery = 1, every, every
	cfg.Log.ValidationRows, cfg.Log.KeepCheckpoints = validationRows, 1
	return cfg
}

// rowsFile and bankFile are where Supply writes and Shrink points to.
func rowsFile(dir string) string { return filepath.Join(dir, "rows.parquet") }
func bankFile(dir string) string { return filepath.Join(dir, "theory.parquet") }

// answersFile is for fine-tuning on answers.
func answersFile(dir string) string { return filepath.Join(dir, "answers.jsonl") }

// Supply writes a model's shape into dir, rows of two of the demo's corpora, and a bank of theory anchors.
// Anchors are dealt out to the rows in turn: there is nothing to be learned from them.
func Supply(demo, dir string) error {
	var rows []data.Row
	for _, name := range []string{"valueeval", "mfrc"} { // folders have the names of the corpora
		more, _, err := corpora.Import(name, corpora.Options{In: filepath.Join(demo, "data", name)})
		if err != nil {
			return fmt.Errorf("rows of a smoke run: %w", err)
		}
		rows = append(rows, more[:min(rowsOfEach, len(more))]...)
	}
	for i := range rows {
		rows[i].IndividualAnchor, rows[i].TheoryAnchor = int32(i%inventory.Size), int32(i%theoryAnchors)
	}
	if err := data.Write(rowsFile(dir), rows); err != nil {
		return err
	}
	for name, layers := range map[string]string{"config.json": "1", twoLayers: "2"} {
		config := strings.Replace(model, `"num_hidden_layers": 1`, `"num_hidden_layers": `+layers, 1)
		if err := fsutil.WriteBytes(filepath.Join(dir, name), []byte(config)); err != nil {
			return err
		}
	}
	if err := fsutil.WriteBytes(answersFile(dir), answers()); err != nil {
		return err
	}
	return writeBank(bankFile(dir))
}

// answers are conversations of which nothing is to be learned.
func answers() (lines []byte) {
	for i := range smokeAnswers {
		lines = fmt.Appendf(lines, `{"messages": [{"role": "user", "content": "What is number %d?"}, `+
			`{"role": "assistant", "content": "A number of a smoke run."}]}`+"\n", i)
	}
	return lines
}

// writeBank makes a bank of numbered sentences. They need not mean anything: a bank is tried as a file and as a
// loss.
func writeBank(path string) error {
	bank := &anchors.Bank{}
	for id := range int32(theoryAnchors) {
		bank.Anchors = append(bank.Anchors, anchors.Anchor{
			ID: id, Bank: anchors.Theory, Kind: anchors.KindCluster, Provenance: "smoke",
			Text: fmt.Sprintf("anchor number %d of a smoke run", id),
		})
	}
	return anchors.Write(path, bank)
}

// Find returns the checkout's folder demo, looked for from the working directory upwards.
func Find() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		demo := filepath.Join(dir, "demo")
		if _, err := os.Stat(filepath.Join(demo, "model", "config.json")); err == nil {
			return demo, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			// The root of the disk is its own parent.
			return "", fault.New(fault.NotFound, "no demo/model and demo/data here or above: a smoke run takes rows and model "+
				"from the project's checkout; run it there")
		}
		dir = up
	}
}
