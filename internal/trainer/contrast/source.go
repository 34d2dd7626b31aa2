package contrast

import (
	"fmt"

	"hives/data"
	"hives/data/banks"
	"hives/samplers"
)

// Drawn is a batch as a sampler gives it.
//
//	Stage 2, parts of 2: Rows 5 9 | 3 7 | 8 1, Individual −1 −1 | 7 2 | −1 −1, Theory −1 −1 | −1 −1 | 3 3
type Drawn struct {
	Rows               []int32 // [B]
	Individual, Theory []int32 // [B] anchor ids, −1 outside their part; nil in Stage 1
	Epoch              int
}

// source draws the rows of a step, which are a function of seed and step. Asked twice for a step it gives the same
// rows, which is what resuming and replaying rest on.
type source interface {
	at(step int) Drawn
	hierarchical() samplers.Stats // of the rows that the hierarchical term takes
	describe() []string
}

// intraTheory is the source of Stage 1.
type intraTheory struct{ *samplers.IntraTheory }

func (s intraTheory) at(step int) Drawn {
	b := s.Batch(step)
	return Drawn{Rows: b.Rows, Epoch: b.Epoch}
}

func (s intraTheory) hierarchical() samplers.Stats { return s.Stats() }

func (s intraTheory) describe() []string { return nil }

// triple is the source of Stage 2.
type triple struct {
	*samplers.Triple
	banks *Banks
	kind  string // of banks, as settings name it
}

func (s triple) at(step int) Drawn {
	b := s.Batch(step)
	return Drawn{Rows: b.Rows, Individual: b.IndividualIDs, Theory: b.TheoryIDs, Epoch: b.Epoch}
}

func (s triple) hierarchical() samplers.Stats { return s.Stats().Hierarchical }

// describe counts the ids that rows have: a sentence without rows is a column that no text is ever pulled to.
func (s triple) describe() []string {
	t := s.Stats()
	return []string{fmt.Sprintf(
		"batches: %d hierarchical rows; %d of %d individual anchors with rows; %d of %d theory anchors with "+
			"rows; %s banks",
		t.Parts[0], t.Individual.IDs, len(s.banks.Individual.ids), t.Theory.IDs, len(s.banks.Theory.ids), s.kind)}
}

// newSource makes the sampler of the stage, in Stage 2 with the banks of its anchors.
func (in *Inputs) newSource() (err error) {
	// Pairs before the sampler: what the loss leaves out is known by whole texts, whichever rows are drawn.
	if in.corpus.Pairs, err = in.cfg.trainingPairs(in.corpus.Labels); err != nil {
		return err
	}
	cfg := in.cfg.sampler(in.corpus.Labels.Alternatives(in.rows.Train))
	if in.cfg.Loop.Stage == 2 {
		return in.newTriple(cfg)
	}
	s, err := samplers.NewIntraTheory(in.corpus.Labels, cfg)
	in.source = intraTheory{s}
	return err
}

// readBanks opens the files of Stage 2's banks and refuses those that were made with the starting weights or
// from held-out rows. In Stage 1 there is nothing to read.
func (in *Inputs) readBanks() (err error) {
	if in.cfg.Loop.Stage != 2 {
		return nil
	}
	c, heldOut := &in.cfg.Stage2, in.rows.Validation
	if in.files, err = banks.Load(banks.Options{Individual: c.IndividualBank, Theory: c.TheoryBank,
		Theories: in.cfg.Theories}); err != nil {
		return err
	}
	in.hashes["individual_bank"], in.hashes["theory_bank"] = in.files.Individual.SHA256, in.files.Theory.SHA256
	// A bank made by clustering the vectors of the very weights that Stage 2 begins with would teach a model its
	// own opinion.
	if err := in.files.RefuseWeights(in.start.Base); err != nil {
		return err
	}
	if in.cfg.Data.Validation == "" {
		if len(heldOut) > 0 {
			in.warn(
				"the theory anchors were fitted on rows that are held out here, so validation flatters; name a " +
					"--validation file")
		}
		return nil
	}
	return in.files.RefuseHeldOut(in.cfg.Data.Validation, in.hashes["validation"], heldOut)
}

// newTriple tokenises the banks, finds the rows' anchors in them and makes the triple sampler.
func (in *Inputs) newTriple(cfg samplers.IntraTheoryConfig) error {
	var tokens [2][][]int32
	for i, bank := range []*banks.Bank{in.files.Individual, in.files.Theory} {
		for at, text := range bank.Sentences {
			ids, _, err := in.start.Tokenizer.Encode(text)
			if err != nil {
				return fmt.Errorf("%s: anchor %d: %w", bank, bank.IDs[at], err)
			}
			tokens[i] = append(tokens[i], ids)
		}
	}
	// Ids are dealt out anew for the control only; texts, labels and tokens stay where they are.
	rows, c := in.corpus.Rows, &in.cfg.Stage2
	if c.PermuteAnchors {
		rows = data.PermuteAnchors(rows, in.cfg.Loop.Seed)
	}
	ids, err := in.files.Assigned(in.cfg.Data.Train, rows)
	if err != nil {
		return err
	}
	// Tables are made here, though their vectors come with the first refresh: they are part of the state, and a
	// checkpoint is restored into what is there.
	m := in.start.Model
	in.banks, err = NewBanks(m.Variables(), m.Sizes().Hidden, tokens[0], tokens[1], c.Banks == LearnedBanks)
	if err != nil {
		return err
	}
	s, err := samplers.NewTriple(in.corpus.Labels, samplers.AnchorIDs(ids), samplers.TripleConfig{
		IntraTheory: cfg, Fractions: c.Fractions, Mode: c.Batching,
	})
	in.source = triple{s, in.banks, c.Banks}
	return err
}
