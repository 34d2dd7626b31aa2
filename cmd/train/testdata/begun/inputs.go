// Inputs writes what the runs in this folder are made of: rows, two banks of anchors, a model's shape and a tokenizer
// of single bytes. Its only argument is the folder; demo/model lends the tokenizer its parts.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"hives/data"
	"hives/data/anchors"
)

// model has two layers, so that one may stay as it is.
const model = `{"model_type": "qwen3", "vocab_size": 257, "hidden_size": 8, "intermediate_size": 12,
	"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4,
	"rope_theta": 10000, "torch_dtype": "float32", "max_position_embeddings": 64}
`

func main() {
	dir := os.Args[1]
	if err := errors.Join(
		os.WriteFile(filepath.Join(dir, "config.json"), []byte(model), 0o644),
		tokenizer(dir), data.Write(filepath.Join(dir, "rows.csv"), rows()),
		bank(dir, anchors.Individual, anchors.KindDuty, 1), bank(dir, anchors.Theory, anchors.KindCluster, 3),
	); err != nil {
		log.Fatal(err)
	}
}

// rows are 96 of four values, half of them opposing; each names an anchor of both banks.
func rows() (rows []data.Row) {
	values := []string{"care/harm", "fairness/cheating", "loyalty/betrayal", "authority/subversion"}
	verbs := [][2]string{{"feed", "hurt"}, {"pay", "rob"}, {"back", "leave"}, {"obey", "mock"}}
	for i := range 96 {
		v, side := i%4, i/4%2
		text := fmt.Sprintf("%s %d in %d", verbs[v][side], i, i*7%31)
		id := data.TextID(text)
		rows = append(rows, data.Row{
			Text: text, Theory: "mft", Level1: values[v], Direction: int32(1 - 2*side), DirectionSource: data.SourceAnnotated,
			IndividualAnchor: int32(i % 6), TheoryAnchor: int32(3 * (i % 6)),
			TextID: id, Group: id, Corpus: "made", Licence: "none",
		})
	}
	return rows
}

// bank has eight sentences, apart by their ids.
func bank(dir, name, kind string, apart int32) error {
	b := &anchors.Bank{Meta: map[string]string{}}
	for i := range int32(8) {
		b.Anchors = append(b.Anchors, anchors.Anchor{
			ID: i * apart, Bank: name, Kind: kind, Text: fmt.Sprintf("%s %d", name, i),
			ValueIDs: []string{"mft/care-harm"}, Provenance: "written",
		})
	}
	return anchors.Write(filepath.Join(dir, name+".parquet"), b)
}

// tokenizer is the demo's without merges: a token a byte, and the end token.
func tokenizer(dir string) error {
	var whole map[string]any
	for _, name := range []string{"tokenizer.json", "tokenizer_config.json"} {
		raw, err := os.ReadFile(filepath.Join("demo", "model", name))
		if err != nil {
			return err
		}
		if name == "tokenizer.json" {
			if err := json.Unmarshal(raw, &whole); err != nil {
				return err
			}
			end := whole["added_tokens"].([]any)[0].(map[string]any)
			end["id"] = 256
			whole["added_tokens"] = []any{end}
			bpe := whole["model"].(map[string]any)
			bpe["merges"] = []any{}
			for token, id := range bpe["vocab"].(map[string]any) {
				if id.(float64) >= 256 {
					delete(bpe["vocab"].(map[string]any), token)
				}
			}
			if raw, err = json.Marshal(whole); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(dir, name), raw, 0o644); err != nil {
			return err
		}
	}
	return nil
}
