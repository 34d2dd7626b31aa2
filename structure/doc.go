// Package structure is how values lie to each other in the scores of many respondents: numbers in, numbers out.
//
//	KendallOf       does an order follow another? τ-b, with the exact probability of so much by chance
//	Correlate       which values rise and fall together over respondents, with gaps
//	Classical       a map of values from their distances, by eigenvectors
//	Smacof          the map that keeps the distances best
//	Procrustes      two maps turned onto each other
//	Circle          does a map follow Schwartz's circle more than permuted labels do?
//
// What is not defined is NaN, and never 0: a correlation with a constant, τ of a constant, an interval of three
// respondents. Nothing here is random but the permutations of Circle, which follow from a seed.
//
// The formulas are the usual ones, and tests hold them to scipy's and scikit-learn's numbers.
package structure
