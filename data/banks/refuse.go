package banks

import (
	"hives/data"
	"hives/internal/fault"
)

// RefuseWeights refuses banks that were fitted, or whose rows were assigned, by the weights with this digest: those
// that training is to begin from. A model taught by its own opinion sees the anchor losses fall and learns nothing.
func (b *Banks) RefuseWeights(sha256 string) error {
	for _, bank := range []*Bank{b.Individual, b.Theory} {
		if bank.Weights != "" && bank.Weights == sha256 {
			return fault.New(fault.Mismatch, "%s: the %s anchors were assigned by the weights %.12s…, which are to be "+
				"trained: they would be taught their own opinion; build and assign with another, frozen model",
				bank, bank.Name, sha256)
		}
	}
	return nil
}

// RefuseHeldOut refuses banks that were fitted on rows of validation or test: an anchor described by one of their
// texts, or fitted on the file with this digest. A bank's exemplars are a sample of what it was fitted on, so none
// found is evidence and no proof.
func (b *Banks) RefuseHeldOut(file, sha256 string, rows []data.Row) error {
	for _, bank := range []*Bank{b.Individual, b.Theory} {
		if bank.RowsSHA256 != "" && bank.RowsSHA256 == sha256 {
			return fault.New(fault.Mismatch, "%s: was fitted on %s, which is held out; build it from training rows", bank, file)
		}
		for i := range rows {
			if id, fitted := bank.fittedOn(&rows[i]); fitted {
				return fault.New(fault.Mismatch, "%s: the %s anchor %d was fitted on a text of %s, row %d, which is held out; "+
					"build the bank from the training part of the same split",
					bank, bank.Name, id, file, i+1)
			}
		}
	}
	return nil
}

// fittedOn finds the anchor that is described by a row's text. A bank may be older than the present ids, so the
// row's earlier id is looked for as well.
func (b *Bank) fittedOn(r *data.Row) (anchor int32, fitted bool) {
	if anchor, fitted = b.exemplars[r.TextID]; !fitted {
		anchor, fitted = b.exemplars[data.EarlierTextID(r.Text)]
	}
	return anchor, fitted
}
