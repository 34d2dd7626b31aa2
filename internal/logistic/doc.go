// Package logistic fits what turns a frozen vector into a probability, and says how far it may be trusted.
//
//   - Fit: ridge-penalised logistic regression with an intercept of its own for each stratum (a corpus), so that
//     what sets strata apart cannot pass for an effect of the features.
//   - Calibrate: Platt's two numbers, fitted on rows that Fit has not seen, with an interval for each probability.
//   - Curve: the reliability curve by tenths.
//
// Callers give finite features of comparable scale, and both sides in every stratum; Fit refuses a stratum with one
// side, whose intercept would run away. Everything is a function of its inputs: no randomness, no clock.
//
// Axis letters: N rows, D features, S strata.
package logistic
