// Package opinion makes profiles of values of the groups of a survey, and has language models answer the survey as
// members of the groups: hives profile build, hives profile prompt, hives opinionqa.
//
//	build.go        a survey → statements → intensities and weights → profiles; statements.go, scores.go, weights.go
//	profiles.go     the figures of a build, and the file that holds them; page.go draws it
//	prompt.go       a profile as words for a language model
//	ask.go          a model answers the questions that made no profile, with and without one
//	result.go       how often it is right, beside what the question alone gives away
//
// Two folders come of it, one of a build and one of answers. Each holds its votes file: a run goes on at any point,
// asks nothing twice and ends with the same bytes. All figures can be computed again from what is stored.
//
// What is refused: a question that makes a profile and tests it, a survey that a profile was not made of, fewer than
// two groups, calls that nobody has agreed to pay for.
package opinion
