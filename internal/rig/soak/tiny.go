package soak

import (
	"fmt"
	"os"
	"path/filepath"

	"hives/data"
)

// tinyModel compiles in a second; its vocabulary is that of the demo's tokenizer.
// One layer of 16 numbers: the process's start takes longer than its steps, so hundreds of starts are bearable.
const tinyModel = `{"model_type": "qwen3", "vocab_size": 8192, "hidden_size": 16, "intermediate_size": 24,
	"num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 8,
	"rope_theta": 10000, "torch_dtype": "float32", "max_position_embeddings": 64}
`

// Tiny writes rows and a model into dir and returns the flags of a run over them: a checkpoint every few
// steps, a validation now and then. tokenizer is the folder of the demo's model.
// Every step is logged and every fifth is saved, so that any moment of a kill has a save near it. The learning rate
// is high: weights that hardly move would hide a step that was left out.
func Tiny(dir, tokenizer string, steps int) ([]string, error) {
	rows := filepath.Join(dir, "rows.parquet")
	if err := data.Write(rows, tinyRows()); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(tinyModel), 0o644); err != nil {
		return nil, err
	}
	return []string{
		"--model", "random:" + dir, "--tokenizer", tokenizer, "--data", rows,
		"--steps", fmt.Sprint(steps), "--seed", "3", "--batch-size", "8", "--max-length", "16", "--learning-rate", "1e-2",
		"--validation-fraction", ".2", "--validate-every", fmt.Sprint(steps / 4), "--set", "log.validation_rows=32",
		"--checkpoint-every", "5", "--log-every", "1",
	}, nil
}

// tinyRows makes 240 rows of four values, half of them opposing: 30 of each value and side, each a text and a group
// of its own, so that any split of them holds every value.
func tinyRows() []data.Row {
	values := []string{"care/harm", "fairness/cheating", "loyalty/betrayal", "authority/subversion"}
	verbs := [][2]string{{"feeding", "hurting"}, {"paying", "cheating"}, {"defending", "leaving"}, {"obeying", "mocking"}}
	var rows []data.Row
	for i := range 240 {
		v, side := i%4, i/4%2
		text := fmt.Sprintf("%s person number %d in town %d", verbs[v][side], i, i*7%31)
		id := data.TextID(text)
		rows = append(rows, data.Row{
			Text: text, Theory: "mft", Level1: values[v], Direction: int32(1 - 2*side), DirectionSource: data.SourceAnnotated,
			IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
			TextID: id, Group: id, Corpus: "made", Licence: "none",
		})
	}
	return rows
}
