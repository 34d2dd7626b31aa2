package contrast

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fsutil"
	"hives/internal/safetensorsio"
	"hives/internal/trainer/loop"
)

// Export writes the model folder, and in Stage 2 the vectors of the banks beside the weights. provenance says by
// which steps, seed and rows; what it says of the base is the start's.
func (t *Task) Export(ctx context.Context, dir string, end loop.Ending) error {
	// Before anything is written: a model folder with another tokenizer's file would embed other texts than were
	// trained.
	if err := t.start.CheckTokenizer(); err != nil {
		return err
	}
	err := t.start.Save(dir, end.Steps, map[string]string{
		"stage": fmt.Sprint(end.Stage), "steps": fmt.Sprint(end.Steps), "seed": fmt.Sprint(end.Seed),
		"data_sha256": t.hashes["data"],
	})
	if err != nil || t.banks == nil {
		return err
	}
	return t.exportBanks(ctx, dir)
}

// BanksFile holds the banks' unit vectors beside a Stage 2 model: tensors individual and theory, [K, H].
const BanksFile = "anchors.safetensors"

// exportBanks writes the bank vectors beside the final model: learned tables as they ended, the sentences
// of encoded ones as the final weights encode them.
func (t *Task) exportBanks(ctx context.Context, dir string) error {
	// With the final weights. What the steps last used is up to refresh_every steps older.
	if !t.banks.Learned {
		if err := t.banks.Refresh(ctx, t.encoder); err != nil {
			return err
		}
	}
	var out []safetensorsio.Tensor
	for name, bank := range map[string]*Bank{"individual": &t.banks.Individual, "theory": &t.banks.Theory} {
		t, err := bank.tensor(name)
		if err != nil {
			return err
		}
		out = append(out, t)
	}
	// A map's order is none; equal runs write equal files.
	slices.SortFunc(out, func(a, b safetensorsio.Tensor) int { return strings.Compare(a.Name, b.Name) })
	meta := map[string]string{
		"hives.kind": "anchor-vectors", "hives.version": "1", "banks": t.cfg.Stage2.Banks,
		"individual_sha256": t.hashes["individual_bank"], "theory_sha256": t.hashes["theory_bank"],
	}
	return fsutil.WriteFile(filepath.Join(dir, BanksFile), func(w io.Writer) error {
		return safetensorsio.Write(w, out, meta)
	})
}
