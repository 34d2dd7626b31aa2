package contrast

import (
	"context"
	"fmt"
	"maps"

	"hives/data/banks"
	"hives/encoder/local"
	"hives/internal/fault"
	"hives/internal/trainer/loop"
	"hives/internal/trainer/start"
)

// Inputs are everything that a run of either stage is made of, read and checked. What happens to the files after that
// does not matter to the run: it holds weights, tokenizer and rows in memory.
//
// Between Read and Open nothing is kept but memory: files may go, an engine need not be there. That is what lets train
// say "this bank was fitted on your held-out rows" in seconds, before a device is taken and before a folder is made.
//
// Whoever reads some owes Close.
type Inputs struct {
	cfg    Settings
	start  *start.Point
	rows   *Rows
	corpus *Corpus
	source source
	files  *banks.Banks // of Stage 2: the sentences
	banks  *Banks       // and their vectors
	hashes map[string]string

	warnings []string // to be said once somebody watches
}

// Read takes in weights, rows and banks, and gives texts and labels their numbers. It needs no engine.
func Read(ctx context.Context, cfg Settings) (*Inputs, error) {
	in := &Inputs{cfg: cfg}
	if err := in.read(ctx); err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// read goes in an order of its own: each part needs what the one before made.
//
//	model and tokenizer → rows, hashed → banks, held to both → texts and labels numbered → sampler → any positive?
func (in *Inputs) read(ctx context.Context) (err error) {
	d := &in.cfg.Data
	// The model first: its tokenizer says how long the rows' texts are, and it is what most often cannot be opened.
	if in.start, err = start.Open(in.cfg.Start); err != nil {
		return err
	}
	if in.rows, err = ReadRows(d, in.cfg.Loop.Seed, in.cfg.Theories); err != nil {
		return err
	}
	// Files and starting point in one map: a resumed run must have all of them again.
	in.hashes = in.rows.Hashes
	maps.Copy(in.hashes, in.start.Hashes())
	// Said, not refused: who names a validation file may want to know how well trained rows are remembered.
	if shared := in.rows.Shared; shared != nil {
		in.warn(
			"%s and %s share rows: %s; hold rows out with hives data split, or leave --validation out",
			d.Validation, d.Train, shared)
	}
	if err := in.readBanks(); err != nil {
		return err
	}
	if in.corpus, err = NewCorpus(ctx, in.rows.Train, in.cfg.Theories, in.start.Tokenizer); err != nil {
		return fmt.Errorf("%s: %w", d.Train, err)
	}
	if err := in.newSource(); err != nil {
		return err
	}
	return in.refuseLonely()
}

// refuseLonely refuses Stage 1 on rows of which none has a positive: its loss is 0 whatever the weights are. Stage 2
// has two terms more, and may be run on such rows.
func (in *Inputs) refuseLonely() error {
	stats := in.source.hierarchical()
	if in.cfg.Loop.Stage != 1 || stats.Positives[0] < stats.Anchors {
		return nil
	}
	return fault.New(fault.Invalid,
		"%s: none of %d rows that can be anchors shares theory, value and direction with another text: "+
			"there is nothing to pull together. Give rows in which a value occurs with two texts at least, or "+
			"leave fewer of them out with --validation-fraction",
		in.cfg.Data.Train, stats.Anchors)
}

// warn keeps a line for when somebody watches.
func (in *Inputs) warn(format string, args ...any) {
	in.warnings = append(in.warnings, "warning: "+fmt.Sprintf(format, args...))
}

// Hashes tell apart what was read.
func (in *Inputs) Hashes() map[string]string { return in.hashes }

// Close frees the weights.
func (in *Inputs) Close() { in.start.Close() }

// Open makes batches, validation and the encoder of what was read. The task owes Close; the weights stay the inputs'.
func (in *Inputs) Open(ctx context.Context, room loop.Room) (loop.Task, error) {
	t := &Task{Inputs: in, watch: room.Watch}
	if err := t.open(ctx, room); err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}

// open makes validation, states, encoder, layout and objective, in this order. On an error what was opened is for
// Close.
func (t *Task) open(ctx context.Context, room loop.Room) (err error) {
	// The validator before the states: these are to hold its texts as well.
	if t.validator, err = NewValidator(room.Backend, t.rows.Validation, t.cfg.Loop.Log.ValidationRows,
		&t.cfg); err != nil {
		return err
	}
	if err := t.openStates(ctx, room); err != nil {
		return err
	}
	// The encoder shares weights and states with the steps: it validates the weights as they stand, without a copy.
	options := local.Options{States: t.states.Of()}
	if t.encoder, err = local.New(t.start.Model, t.start.Tokenizer, t.start.Info, room.Backend, options); err != nil {
		return err
	}
	if t.layout, err = t.newLayout(); err != nil {
		return err
	}
	return t.newObjective()
}

// openStates opens the kept states, if the run is to use some, of every text that it may embed: those of its
// steps, and held-out ones.
func (t *Task) openStates(ctx context.Context, room loop.Room) error {
	steps := t.corpus.ids
	if t.banks != nil {
		// The capacity is cut so that append copies: the corpus must not grow by the banks' sentences.
		steps = append(append(steps[:len(steps):len(steps)], t.banks.Individual.ids...), t.banks.Theory.ids...)
	}
	heldOut, err := t.validator.tokens(t.start.Tokenizer)
	if err != nil {
		return err
	}
	if t.states, err = t.start.OpenStates(ctx, room.Backend, room.Watch, room.Trial, steps, heldOut); err != nil {
		return err
	}
	// Empty where no states are kept, and in a dry run, whose states mean nothing.
	now := t.states.Hash()
	if now == "" {
		return nil
	}
	t.hashes[start.UsedStates] = now
	// They are those of the same weights and texts, but another engine, or an older program, which computed a text in
	// the company of others, may have made other last bits.
	if was, ok := room.Stored[start.UsedStates]; ok && was != now {
		t.watch.Note(fmt.Sprintf(
			"unlike before, so the last bits may differ: the states in %s (SHA-256 %.12s stored, %.12s now)",
			t.cfg.Start.Model.States, was, now))
	}
	return nil
}

// newObjective joins model, loss and banks into what a step differentiates, and accounts for every parameter.
func (t *Task) newObjective() error {
	loss, err := t.cfg.lossOf(t.cfg.Loop.Stage, t.banks)
	if err != nil {
		return err
	}
	t.Objective = &Objective{
		Model: t.start.Model, Pooling: t.start.Info.Pooling, Arithmetic: start.Precisions[t.cfg.Start.Model.Precision],
		Of: loss, Ignores: t.corpus.Pairs.Ignores, Banks: t.banks, LearnedRate: t.cfg.Stage2.LearnedRate,
		Frozen: t.cfg.Start.Model.FreezeLayers, States: t.states.Of(),
	}
	return t.Check()
}
