// Package audit is the record of an audit: what a language model answered to which query under which condition, and
// how strongly each answer supports a value. hives steer run writes it, and whatever computes gains, refusals and
// drift reads it. Nothing is asked again for any figure.
//
// A run's folder holds two files:
//
//	votes.db     every answer of the model, of the rubric and of the judges as it came (package judge)
//	record.db    what became of them, written once all of it is there: this package
//
// A record has five tables:
//
//	queries      what is asked                                  id, source, text, cluster, size
//	conditions   under which prompt                             id, regime, values, targets, prompt, skipped
//	answers      one for each query and condition not skipped   text, finish, refusal, error
//	scores       one for each answer, value and judge           score, interval, status
//	ablation     default answers scored in other ways           k, m, panel, seed, score
//
// Invariant: equal records make equal bytes, whatever order their rows came in (TestBytesAreAFunctionOfTheRecord).
//
// What the package refuses: a row that names a query, a condition or an answer that is not there, a row that stands
// twice, a condition with as many targets as it has not values. A number that nothing tells is NaN in Go and NULL in
// the file, never 0.
package audit
