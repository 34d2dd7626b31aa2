package trainer

import "hives/internal/optim"

// Optimizer is a run's optimiser, with the group of learned banks if there are any.
func Optimizer(learned bool) *optim.AdamW {
	c := DefaultStage(2)
	if learned {
		c.Stage2.Banks = LearnedBanks
	}
	return c.optimizer()
}

// HeldOut names the texts that a run holds out.
func HeldOut(t interface{ Fatal(...any) }, cfg Config) (texts string) {
	rows, err := readRows(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows.Validation {
		texts += r.TextID + " "
	}
	return texts
}
