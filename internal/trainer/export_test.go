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
