package steer

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/talk"
)

// Local names the model on this machine that is steered.
// An endpoint cannot take its place: between its layers nobody sees, and nobody adds.
type Local struct {
	Dir       string // folder or GGUF file; "" is the small model's
	Template  string
	Precision string
	Engine    string
	Threads   int
}

// Open loads it.
func (o Local) Open(ctx context.Context) (*talk.Model, error) {
	dir, _, err := talk.Which(o.Dir)
	if err != nil {
		return nil, err
	}
	return talk.Open(ctx, dir, talk.Options{
		Engine: engine.Options{Kind: engine.Kind(o.Engine), Threads: o.Threads}, Precision: o.Precision, Template: o.Template,
		NoKernels: true, // `steer kernel` holds scores to those of graphs of its own
	})
}

// Judge names the endpoint of a judge.
// It is another model than the one that is steered: a gate on what a model says of itself is none.
type Judge struct{ Endpoint, Model, KeyEnv string }

// Open prepares it; nobody is asked.
func (o Judge) Open() (llm.Provider, error) {
	e := llm.Endpoint{Name: "judge", BaseURL: o.Endpoint, APIKeyEnv: o.KeyEnv, Format: llm.FormatText}.WithDefaults()
	c, err := llm.NewClient(e, llm.NewBudget(llm.Limits{}, 0, 0))
	if err != nil {
		return nil, err
	}
	return llm.NewRemote(c, llm.Model{Name: o.Model, MaxTokens: llm.DefaultMaxTokens})
}

// Root is the folder of all traits' folders.
var Root = filepath.Join("out", "steer")

// folder is where a trait's files lie.
func folder(out string, t Trait) string { return cmp.Or(out, filepath.Join(Root, t.Folder())) }

// VectorFile is the name of the vectors in a trait's folder.
const VectorFile = "vector.safetensors"

// identity is what a model's numbers hang on, as a journal and a file keep it. Engine and rows belong to it: another
// engine, or another batch, moves logits by some 3e-6, which turns a near tie of a greedy answer and with it all that
// follows.
func identity(id llm.Identity) map[string]string {
	return map[string]string{
		modelKey: id.Model, weightsKey: id.Weights, templateKey: id.Template, "tokenizer_sha256": id.Tokenizer,
		"precision": id.Precision,
		"engine":    id.Engine, "rows": strconv.Itoa(id.Rows),
	}
}

// need refuses a number below the least that makes sense, with its flag.
//
//	need("draws", 0, 1, 0)             --draws 0: want 1 or more
//	need("instructions", 7, 1, 5)      --instructions 7: want 1 to 5
func need(flag string, n, least, most int) error {
	if n < least || most > 0 && n > most {
		want := fmt.Sprintf("%d or more", least)
		if most > 0 {
			want = fmt.Sprintf("%d to %d", least, most)
		}
		return fault.Usage(fault.New(fault.Invalid, "--%s %d: want %s", flag, n, want))
	}
	return nil
}
