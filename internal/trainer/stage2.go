package trainer

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"hives/data"
	"hives/data/banks"
	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
	"hives/samplers"
)

// Drawn is a batch as a sampler gives it.
type Drawn struct {
	Rows               []int32 // [B]
	Individual, Theory []int32 // [B] anchor ids, −1 outside their part; nil in Stage 1
	Epoch              int
}

// sample returns the rows of a step of either stage.
func (l *loop) sample(step int) Drawn {
	if l.triple != nil {
		b := l.triple.Batch(step)
		return Drawn{Rows: b.Rows, Individual: b.IndividualIDs, Theory: b.TheoryIDs, Epoch: b.Epoch}
	}
	b := l.sampler.Batch(step)
	return Drawn{Rows: b.Rows, Epoch: b.Epoch}
}

// fresh chooses the sentences that are encoded with a batch, the distinct ids of its rows, at most slots of
// them; it writes their ids into a and returns their tokens, filling up with the first sentence.
func (b *Banks) fresh(a *AnchorBatch, slots int) (texts [][]int32) {
	if slots == 0 {
		return nil
	}
	add := func(bank *Bank, ids []int32, own, other *[]int32) {
		seen := map[int32]bool{}
		for _, id := range ids {
			if id < 0 || seen[id] || len(texts) == slots {
				continue
			}
			seen[id] = true
			texts = append(texts, bank.ids[id])
			*own, *other = append(*own, id), append(*other, -1)
		}
	}
	add(&b.Individual, a.Individual, &a.FreshIndividual, &a.FreshTheory)
	add(&b.Theory, a.Theory, &a.FreshTheory, &a.FreshIndividual)
	for len(texts) < slots {
		texts = append(texts, b.Individual.ids[0])
		a.FreshIndividual, a.FreshTheory = append(a.FreshIndividual, -1), append(a.FreshTheory, -1)
	}
	return texts
}

// refreshDue encodes an encoded bank when it is time; learned ones start from their sentences.
func (l *loop) refreshDue(ctx context.Context) error {
	if l.banks == nil || l.banks.Learned && l.done > 0 || l.done%l.cfg.Stage2.RefreshEvery != 0 {
		return nil
	}
	return l.banks.Refresh(ctx, l.encoder)
}

// readBanks opens the files of Stage 2's banks and refuses those that were made with the starting weights or
// from held-out rows. In Stage 1 there is nothing to read.
func (l *loop) readBanks(heldOut []data.Row) (err error) {
	if l.cfg.Stage != 2 {
		return nil
	}
	if l.files, err = banks.Load(banks.Options{Individual: l.cfg.Stage2.IndividualBank, Theory: l.cfg.Stage2.TheoryBank}); err != nil {
		return err
	}
	l.hashes["individual_bank"], l.hashes["theory_bank"] = l.files.Individual.SHA256, l.files.Theory.SHA256
	if err := l.files.RefuseWeights(l.start.base); err != nil {
		return err
	}
	if l.cfg.Data.Validation == "" {
		if len(heldOut) > 0 {
			l.warn("%s", "the theory anchors were fitted on rows that are held out here, so validation flatters; name a --validation file")
		}
		return nil
	}
	return l.files.RefuseHeldOut(l.cfg.Data.Validation, l.hashes["validation"], heldOut)
}

// prepareStage2 tokenises the banks, finds the rows' anchors in them and makes the triple sampler.
func (l *loop) prepareStage2(cfg samplers.IntraTheoryConfig) error {
	var tokens [2][][]int32
	for i, bank := range []*banks.Bank{l.files.Individual, l.files.Theory} {
		for at, text := range bank.Sentences {
			ids, _, err := l.start.tokenizer.Encode(text)
			if err != nil {
				return fmt.Errorf("%s: anchor %d: %w", bank, bank.IDs[at], err)
			}
			tokens[i] = append(tokens[i], ids)
		}
	}
	rows := l.corpus.Rows
	if l.cfg.Stage2.PermuteAnchors {
		rows = data.PermuteAnchors(rows, l.cfg.Seed)
	}
	ids, err := l.files.Assigned(l.cfg.Data.Train, rows)
	if err != nil {
		return err
	}
	l.banks, err = NewBanks(l.start.model.Variables(), l.start.model.Sizes().Hidden, tokens[0], tokens[1], l.cfg.Stage2.Banks == LearnedBanks)
	if err != nil {
		return err
	}
	l.triple, err = samplers.NewTriple(l.corpus.Labels, samplers.AnchorIDs(ids), samplers.TripleConfig{
		IntraTheory: cfg, Fractions: l.cfg.Stage2.Fractions, Mode: l.cfg.Stage2.Batching,
	})
	return err
}

// BanksFile holds the banks' unit vectors beside a Stage 2 model: tensors individual and theory, [K, H].
const BanksFile = "anchors.safetensors"

// exportBanks writes the bank vectors beside the final model: learned tables as they ended, the sentences
// of encoded ones as the final weights encode them.
func (l *loop) exportBanks(ctx context.Context, dir string) error {
	if !l.banks.Learned {
		if err := l.banks.Refresh(ctx, l.encoder); err != nil {
			return err
		}
	}
	var out []safetensorsio.Tensor
	for name, bank := range map[string]*Bank{"individual": &l.banks.Individual, "theory": &l.banks.Theory} {
		t, err := bank.tensor(name)
		if err != nil {
			return err
		}
		out = append(out, t)
	}
	slices.SortFunc(out, func(a, b safetensorsio.Tensor) int { return strings.Compare(a.Name, b.Name) })
	meta := map[string]string{
		"hives.kind": "anchor-vectors", "hives.version": "1", "banks": l.cfg.Stage2.Banks,
		"individual_sha256": l.hashes["individual_bank"], "theory_sha256": l.hashes["theory_bank"],
	}
	return fsutil.WriteFile(filepath.Join(dir, BanksFile), func(w io.Writer) error {
		return safetensorsio.Write(w, out, meta)
	})
}
