package sft

import (
	"context"
	"fmt"
	"maps"

	"github.com/gomlx/compute"

	"hives/checkpoints"
	"hives/internal/chat"
	"hives/internal/fault"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/start"
	"hives/pack"
	"hives/tokenizer"
)

// Inputs are weights, tokenizer and rows, read and checked; there is no engine yet.
type Inputs struct {
	cfg        Settings
	start      *start.Point
	rows       *rows
	corpus     *corpus
	train      []text
	validation []text
	hashes     map[string]string
}

// Read takes in the model and the rows. It needs no engine, so a row that is too long is named in seconds.
func Read(_ context.Context, cfg Settings) (*Inputs, error) {
	in := &Inputs{cfg: cfg}
	if err := in.read(); err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

func (in *Inputs) read() (err error) {
	settings := in.cfg.Start
	settings.Head = true
	if in.start, err = start.Open(settings); err != nil {
		return err
	}
	if in.rows, err = readRows(&in.cfg.Data); err != nil {
		return err
	}
	renderer, tok, _, err := chat.Open(in.start.TokenizerDir(), in.cfg.SFT.Template)
	if err == nil {
		err = tokenizer.FitsVocabulary(tok, in.start.Model.Sizes().Vocabulary)
	}
	if err != nil {
		return err
	}
	if made := in.start.Model.Sizes().Made; made > 0 && in.cfg.SFT.MaxLength > made {
		return fault.New(fault.Invalid, "sft.max_length %d: the model has %d positions", in.cfg.SFT.MaxLength, made)
	}
	in.corpus = &corpus{renderer: renderer, cfg: &in.cfg.SFT}
	if in.train, err = in.corpus.texts(in.cfg.Data.Train, in.rows.train); err != nil {
		return err
	}
	held := in.cfg.Data.Validation
	if held == "" {
		held = in.cfg.Data.Train
	}
	if in.validation, err = in.corpus.texts(held, in.rows.validation); err != nil {
		return err
	}
	if len(in.train) == 0 {
		return fault.New(fault.Invalid, "%s: no row is left to train on, %d are too long", in.cfg.Data.Train,
			in.corpus.dropped)
	}
	in.hashes = in.rows.hashes
	maps.Copy(in.hashes, in.start.Hashes())
	in.hashes["template"] = renderer.Name + "\n" + renderer.System
	return nil
}

// Hashes tell apart what was read.
func (in *Inputs) Hashes() map[string]string { return in.hashes }

// Close frees the weights.
func (in *Inputs) Close() { in.start.Close() }

// Open chooses shapes.
func (in *Inputs) Open(_ context.Context, room loop.Room) (loop.Task, error) {
	t := &task{Inputs: in, watch: room.Watch}
	t.source = &source{texts: in.train, batch: in.cfg.Batch, seed: in.cfg.Loop.Seed}
	t.objective = newObjective(in.start, in.start.Decoder(), start.Precisions[in.cfg.Start.Model.Precision])
	each := in.cfg.Batch / in.cfg.Loop.Memory.Packs
	var err error
	t.layout, err = loop.NewLayout(&in.cfg.Loop, each, in.cfg.SFT.MaxLength, func(step int) [][]int32 {
		drawn, _ := t.source.at(step)
		return idsOf(drawn)
	})
	if err == nil {
		err = t.newValidator(room.Backend)
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// task is the fine-tuning as the loop sees it.
type task struct {
	*Inputs
	*objective
	watch     loop.Observers
	source    *source
	layout    *loop.Layout
	validator *validator // nil without held-out rows
}

// newValidator takes at most as many held-out rows as asked for, the first of the file: with log.validation_rows cut
// through a question, its pair is not measured.
func (t *task) newValidator(backend compute.Backend) (err error) {
	most := min(len(t.validation), t.cfg.Loop.Log.ValidationRows)
	if most == 0 {
		return nil
	}
	t.validator, err = newValidator(backend, t.objective, t.validation[:most], wanted(t.train), t.cfg.SFT.MaxLength)
	return err
}

// Draw lays out the batch of a step.
func (t *task) Draw(at int) (*loop.Batch, error) {
	drawn, epoch := t.source.at(at)
	laid, err := lay(t.layout, drawn, t.cfg.SFT.Mean)
	if err != nil {
		return nil, err
	}
	out := &loop.Batch{Batch: *laid, Epoch: epoch, Source: t.cfg.Data.Train}
	labels := 0
	for _, x := range drawn {
		out.Rows = append(out.Rows, loop.Row{Row: x.row.number, TextID: x.row.QuestionID})
		labels += x.labels()
	}
	out.Line = answerTokens(labels)
	return out, nil
}

// Accepts refuses a checkpoint of other frozen weights, or of adapters to another base.
func (t *task) Accepts(c *checkpoints.Checkpoint) error { return t.start.Accepts(c) }

// Describe says what is about to be learned.
func (t *task) Describe() []string {
	c, steps := t.corpus, t.cfg.Loop.Steps
	labels := 0
	for i := range t.train {
		labels += t.train[i].labels()
	}
	return append(t.start.Describe(),
		fmt.Sprintf("rows: %d to train on with %d answer tokens, %d held out; %d questions cut, %d rows dropped as too long",
			len(t.train), labels, len(t.validation), c.cut, c.dropped),
		fmt.Sprintf("template: %s; the loss is over answers and the end of their turn, each %s counts alike",
			c.renderer.Name, t.cfg.SFT.Mean),
		fmt.Sprintf("steps: %d of %d rows, %.2f epochs", steps, t.cfg.Batch,
			float64(steps*t.cfg.Batch)/float64(len(t.train))))
}

// Activations are the layers', and the logits of a batch in which every token is foretold, three times: logits,
// probabilities, and the gradient; a slice at a time where they are many.
func (t *task) Activations(shape pack.Shape, recompute bool) int64 {
	n := min(shape.Tokens(), t.objective.slice())
	return t.start.Activations(shape, recompute) + 3*4*int64(n)*int64(t.vocab)
}

// Tables are none.
func (t *task) Tables() int64 { return 0 }

// Export writes a language model's folder: weights with their head, config, tokenizer, template, and how it is to
// generate.
func (t *task) Export(_ context.Context, dir string, end loop.Ending) error {
	if err := t.start.CheckTokenizer(); err != nil {
		return err
	}
	return t.start.Save(dir, end.Steps, map[string]string{
		"stage": fmt.Sprint(end.Stage), "steps": fmt.Sprint(end.Steps), "seed": fmt.Sprint(end.Seed),
		"data_sha256": t.hashes["data"],
	})
}

// Close frees what was opened; the weights are the inputs'.
func (t *task) Close() { t.validator.close() }
