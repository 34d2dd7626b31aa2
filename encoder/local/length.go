package local

import (
	"fmt"

	"hives/internal/fault"
	"hives/model/folder"
)

// UnstatedLength is how many tokens a text may have where neither the model's files nor the caller say: a whole batch's
// worth (batchTokens), so that no row is longer than what is compiled for short texts anyway. Attention over the 32,768
// positions of a Qwen3 would take 256 times as long a text; who has such texts asks for it.
const UnstatedLength = batchTokens

// Length is how many tokens a text of a model may have.
type Length struct {
	MaxLength int
	Positions int  // that the model was made for; 0 where it does not say
	Stated    bool // by the model's files or by the caller
}

// Warning says that texts are cut although nobody asked for it, far below what the model takes; else it is empty.
func (l Length) Warning() string {
	if l.Stated || l.Positions < 2*l.MaxLength {
		return ""
	}
	return fmt.Sprintf("the model's files do not say how long a text may be: longer ones than %d tokens are cut, "+
		"the model takes %d; --max-length sets it",
		l.MaxLength, l.Positions)
}

// length decides how long a text may be, and whether anybody has said so. positions are the model's, 0 if unknown.
//
//	asked for             that many, but no more than the model has positions
//	the folder says       as it says
//	nobody says           UnstatedLength, or fewer if the model has fewer positions
func (o Options) length(dir string, info *folder.Info, positions int) (stated bool, err error) {
	if stated, err = folder.LengthStated(dir); err != nil {
		return false, err
	}
	switch {
	case positions > 0 && o.MaxLength > positions:
		return false, fault.New(fault.Invalid, "texts of at most %d tokens: the model has %d positions",
			o.MaxLength, positions)
	case o.MaxLength > 0:
		info.MaxLength = o.MaxLength
		return true, nil
	case stated:
		return true, nil
	}
	info.MaxLength = UnstatedLength
	if positions > 0 {
		info.MaxLength = min(UnstatedLength, positions)
	}
	return false, nil
}
