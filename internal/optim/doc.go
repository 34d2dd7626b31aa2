// Package optim holds the optimiser of both training stages: AdamW with decoupled decay, parameter groups
// and a global-norm clip, and the schedules of its learning rate.
//
// AdamW.Update writes the update into the caller's graph, so a training step is a pure function of
// weights, moments, batch, learning rate and step. The rate is computed on the host in float64
// (Schedule.Multiplier × base rate) and passed in as a scalar.
//
// The moments live in the caller's store under MomentScope, one pair a parameter, at the parameter's own
// path; who saves the store's variables saves them too. A parameter that no group claims, or two, is
// refused: the groups must add up to the whole model.
package optim
