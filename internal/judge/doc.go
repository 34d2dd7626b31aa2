// Package judge asks models questions about texts and keeps every answer.
//
// A judge is a question, voters, a budget and a store. What its answers mean is for the caller: the panel
// (internal/panel) decides by them which value a text is about, anchors (internal/anchors) takes a sentence from one.
// Every judge has from this package:
//
//   - Voters: models, each with a prompt and a temperature, each an llm.Provider: behind an endpoint with rates,
//     retries and pauses, or on this machine, where many questions are handed over at once (Config.Open opens those).
//   - A Store, one SQLite file: items (what is asked about), prompts, votes (every answer, also the unusable ones), a
//     queue of what people must decide, and their decisions. docs/LABELLING.md draws the tables.
//   - Answers of a form: Repair reads what is nearly JSON, Choice one name of a list. An unusable answer is asked for
//     again, up to the configuration's attempts, then the vote is an empty one. Nothing is guessed.
//   - A budget in tokens and money for all starts of a run together, and a Forecast before the first request.
//   - Resuming at any request. Invariant: an answer is in the store before anybody acts on it, so a run that was
//     stopped, by a kill too, asks again only what was under way.
//
// An answer is found again by run, prompt, item, voter and attempt. So a run's id must hold all that answers depend on
// (NewRun, Config.Identities) and a prompt's hash all of the request but the item (Template.Render sees to it).
// Invariant: neither changes with a release; what was paid for is found for ever. TestKeysAndRequestsHold of the panel
// pins both.
//
// A judge of one's own, here of a yes or no, is a prompt file and these lines:
//
//	form, err := template.Render("ask", view, choice.Schema())        // choice := judge.Choice{Names: {"no", "yes"}}
//	cfg, err = cfg.Open(ctx)                                          // local models; cfg.Close frees them
//	run, err := judge.NewRun("rubric", map[string]any{"voters": cfg.Identities()})
//	j, err := judge.New(ctx, cfg, run, store)                         // refuses a run that another program is at
//	err = j.Each(len(items), func(i int, t *judge.Turn) error {       // several at once; stops at the first error
//		votes, err := t.Round(ctx, func(voter int) (judge.Question, error) {
//			q := form.Question(items[i], items[i].Text)       // the text stands in the prompt as a JSON string
//			q.About, q.Parse = "answers", choice.Parse
//			q.Prefix, q.Choices = choice.Answers()            // a closed question, which local voters compare
//			return q, nil
//		})
//		…                                                         // count votes[k].Choice()
//	}, progress)
//
// Turn.Ask puts a question to one voter instead of all. Question.Drawn asks the same for another answer.
// users_test.go has this one in full, and one that ranks windows of lettered texts.
//
// The caller owes a Store its Close. Keys are never written: neither into the store nor into an error or a log. Nor is
// a text repeated in an error.
//
// Where to begin: judge.go (many items at once), ask.go (one question until there is an answer), choose.go (answers
// compared by log-probabilities), choice.go and repair.go (answers read), provider.go and gather.go (who is asked,
// and in which company), store.go, votes.go and queue.go (the file), config.go and estimate.go (before anything is
// asked).
package judge
