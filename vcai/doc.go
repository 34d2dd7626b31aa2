// Package vcai is the arithmetic of answers of a chosen degree: numbers in, numbers out.
//
//	Degree      judgements of an answer's parts → how much it agrees with a value, from −2 to 2
//	Reach       where that degree can still come to while judgements are missing, so that an attempt is given up early
//	Loop        which attempt at an answer is kept, and when one is good enough
//	Quality     five answers put into order by a judge → does the order follow the degrees?
//	Pick, Bias  benchmarks of a tuned model: which option, and in whose favour it errs
//
// A missing judgement is NaN, and an answer without a usable one has no degree: it is never a neutral one.
package vcai
