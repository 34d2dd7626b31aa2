// Package answers makes answers of a chosen degree: texts that agree with a value strongly, somewhat, not at all, or go
// against it (hives vcai). Package vcai has the arithmetic; this one asks models and keeps files.
//
//	decomposition.go  a value as the parts that an answer can agree with
//	questions.go      what is answered: questions of a file, or made from statements
//	ask.go            the prompts: question, answer, rewriting, and a judgement of one part by one role
//	search.go         attempt after attempt until one has the degree, judgements given up early
//	build.go          hives vcai build: settings, forecast, all questions at all levels; rows.go its files
//	quality.go        hives vcai quality: does a judge find the levels again? people.go: do people?
//	stats.go          counts and gaps of what was kept; page.go the same as a page
//	export.go         hives vcai export-sft: rows for train --stage=sft
//	decompose.go      hives vcai decompose: a draft of a value's parts, to be read by a person
//
// The journey of an answer: a question → the writer answers it at a level → five roles judge each part of the value →
// the mean of the judgements is the degree D′ → near enough it is kept, else the writer rewrites it. Every answer and
// judgement is in the votes file (package judge) before it counts, so a run goes on at any point.
//
// Worked example: the value has 7 parts, the level wanted is 2.
//
//	attempt 0   3 parts agree by all roles, 4 untouched    D′ = 2·3/7 = .86     gap 1.14
//	attempt 1   5 parts agree                              D′ = 1.43            gap .57
//	attempt 2   6 parts agree                              D′ = 1.71            gap .29 ≤ .5, accepted
//
// Letters: k roles, n parts of a value, D the level wanted, D′ the degree found, t the gap that is near enough, M the
// rewrites at most.
package answers
