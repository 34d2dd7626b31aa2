// Package gradcheck compares a gradient with central differences in float64.
//
// Compare takes any function of a flat argument, so that a gradient built as a graph can be held against
// a loss written as plain loops. Graph compares a graph function with itself. Both fail on NaN. They are
// meant for tests; a caller shows that its check can fail by handing in a wrong gradient once.
package gradcheck
