// Package schedule brings the texts of many requests to one engine.
//
// A request asks for admission (Admit) before anything is done for it: the queue is bounded in tokens, and
// beyond that the answer is a refusal with the time after which trying again makes sense. Then it brings its
// token ids (Ticket.Embed). A text that another request is waiting for is joined, not computed again; one in
// the cache costs nothing. The rest waits in the request's flow until the engine goroutine takes it, packs it
// with others into one of the compiled shapes and runs it.
//
// Who is next: of the callers that wait, the one that has been given the fewest tokens since it began to wait, and of
// its flows the one that has (start-time fair queueing, twice). So neither 150 calls of one caller nor a request of ten
// thousand texts gets more of the engine than two texts of another caller that came later, and no flow waits forever. A
// call is a flow; all of one EmbedStream is one flow. Of the queue's bound one caller may take three quarters.
//
// Who rides along: a batch holds the text whose turn it is. The rest of it is chosen out of the line's next texts, of
// two full batches, so that a token costs least; flows that ride ahead of their turn wait longer afterwards, and differ
// by no more than that window.
//
// How long a batch waits: not at all when the engine is idle or a full batch waits. After a batch with texts
// of several flows it waits for their next ones, for at most a twentieth of that batch's time.
//
// What the caller owes: token ids that the model accepts, none longer than the longest row, and vectors left
// unchanged, since several requests may share one. The engine's panics end in errors; an engine that fails
// twice in a row, or hangs, closes Failed, and no request waits for it any longer.
//
// Letters: H numbers of a vector, T text slots of a batch.
//
// An example of two callers and one engine of 2,048 tokens a batch. Ann's stream brings 1,000 texts of 100 tokens.
// While its second batch runs, Bob's call brings two texts of 50:
//
//	waiting      Ann 960 texts, served 4,000 tokens      Bob 2 texts, served as of the clock
//	next window  Bob's two first: he was given least since he came, then Ann's
//	batch 3      Bob's 100 tokens and 19 of Ann's texts, if these fit the shape best
//	batch 4      Ann alone again
//
// Bob waited for one batch, and would have waited for one whether Ann had brought a thousand texts or a million.
package schedule
