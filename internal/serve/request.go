package serve

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"hives/internal/fault"
	"hives/internal/serve/schedule"
	hivesv1 "hives/proto/hives/v1"
	"hives/tokenizer"
)

// Texts are the texts of one request, as every service brings them.
type Texts struct {
	Texts    []string
	TokenIDs []*hivesv1.TokenIds // exactly one of both is not empty
	Prompt   string
	Overlong hivesv1.Overlong
	First    int            // position of the first text in its request, for errors
	Bulk     bool           // wait for room in the queue rather than be refused
	Flow     *schedule.Flow // shares the engine evenly with other flows; nil for one of its own
}

// Vectors are their raw vectors, [N][H], not divided by their norms. They are shared: nobody may change them.
type Vectors struct {
	Raw       [][]float32
	Tokens    []int
	Truncated []bool
	Timings   *hivesv1.Timings
}

func (t *Texts) count() int { return max(len(t.Texts), len(t.TokenIDs)) }

// Embed takes texts from validation to vectors. limits are the server's.
//
// The order is that of the costs: what can be seen without work, the bytes' price, room in the queue, tokens, their
// price, the engine. So a request that is refused has cost little, and the earlier the less. The ticket is released
// on every way out; after ticket.Embed that does nothing.
//
// Invariant: a request that ends before the engine leaves neither room taken nor texts in the queue
// (TestCancelledAndExpiredRequestsLeaveTheQueue).
func (g *Generation) Embed(ctx context.Context, limits Limits, t Texts) (*Vectors, error) {
	began := time.Now()
	if err := g.validate(limits, &t); err != nil {
		return nil, err
	}
	// A call is a flow of its own; parts of one request and messages of one stream bring theirs.
	if t.Flow == nil {
		t.Flow = &schedule.Flow{Who: Caller(ctx)}
	}
	paid, err := g.pay(ctx, &t)
	if err != nil {
		return nil, err
	}
	ticket, err := g.sched.Admit(ctx, t.Flow.Who, g.estimate(&t), t.Bulk)
	if err != nil {
		return nil, err
	}
	defer ticket.Release()
	rows, err := g.tokenize(ctx, limits, &t)
	if err != nil {
		return nil, err
	}
	paid(rows.worth(&t))
	out := &Vectors{Timings: &hivesv1.Timings{TokenizeNs: uint64(time.Since(began))}}
	texts := rows.keyed(g, &t, out)
	queued := time.Now()
	g.observe.stage(ctx, StageTokenize, began, queued.Sub(began))
	g.observe.tokens(ctx, out)
	results, err := ticket.Embed(ctx, t.Flow, texts)
	if err != nil {
		return nil, err
	}
	out.collect(results)
	g.observe.answered(ctx, queued, out)
	out.Timings.TotalNs = uint64(time.Since(began))
	return out, nil
}

// Tokens takes texts from validation to the ids that Embed would give to the model. They are paid for like Embed's.
// It needs no ticket: no text of it waits for the engine.
func (g *Generation) Tokens(ctx context.Context, limits Limits, t Texts) (*framed, error) {
	if err := g.validate(limits, &t); err != nil {
		return nil, err
	}
	paid, err := g.pay(ctx, &t)
	if err != nil {
		return nil, err
	}
	rows, err := g.tokenize(ctx, limits, &t)
	if err != nil {
		return nil, err
	}
	paid(rows.worth(&t))
	return rows, nil
}

// pay charges a request's caller by its bytes, before they are looked at. paid corrects that once the tokens are
// known; a request that ends before keeps what it was charged. Four bytes a token, and the prompt with every text,
// as it is tokenised with each.
//
//	prompt of 40 bytes, texts of 60 and 160       (100/4 + 1) + (200/4 + 1) = 77 tokens are charged
//	they turn out to be 30 and 55                 paid(85): 8 more
func (g *Generation) pay(ctx context.Context, t *Texts) (paid func(tokens int), err error) {
	if g.admit == nil {
		return func(int) {}, nil
	}
	tokens := 0
	for _, text := range t.Texts {
		tokens += (len(t.Prompt)+len(text))/bytesPerToken + 1
	}
	for _, ids := range t.TokenIDs {
		tokens += len(ids.GetIds())
	}
	return g.admit(ctx, tokens, t.Bulk)
}

// worth is what texts cost: their tokens, and of a text that was cut by its bytes. Cut texts are charged by bytes,
// else a text of 4 MB that is cut to 256 tokens would cost its caller 256, and the tokeniser's time nothing.
//
//	a text of 80 tokens                       80
//	one of 4 MB, cut to 256 tokens            4 MB / 4 = 1,000,000
func (f *framed) worth(t *Texts) (tokens int) {
	for i, ids := range f.ids {
		n := len(ids)
		switch {
		case !f.truncated[i]:
		case len(t.Texts) > 0:
			n = max(n, len(t.Texts[i])/bytesPerToken)
		default:
			n = len(t.TokenIDs[i].GetIds())
		}
		tokens += n
	}
	return tokens
}

// validate refuses, before any work, what can be seen without tokenising. Ids are checked whole before frames are
// looked at: checkFrame reads the last id, and one out of the vocabulary is the better complaint.
func (g *Generation) validate(l Limits, t *Texts) error {
	switch n := t.count(); {
	case (len(t.Texts) == 0) == (len(t.TokenIDs) == 0):
		return Refuse(fault.Invalid, "NO_TEXTS", "give texts or token_ids, one of the two")
	case n > l.Texts:
		return Refuse(fault.Invalid, "TOO_MANY_TEXTS", "%d texts, a request takes at most %d", n, l.Texts)
	case len(t.Texts) > 0 && g.Framed == nil:
		return Refuse(fault.Mismatch, "NO_TOKENIZER", "the model folder has no tokenizer: send token_ids")
	case len(t.Prompt) > g.promptBytes():
		return Refuse(fault.Invalid, "PROMPT_TOO_LONG", "a prompt of %d bytes, before texts of at most %d tokens "+
			"it has at most %d", len(t.Prompt), g.MaxLength, g.promptBytes())
	case len(t.TokenIDs) > 0 && t.Prompt != "":
		return Refuse(fault.Invalid, "PROMPT_BEFORE_IDS", "a prompt goes before texts, not before token_ids")
	case t.Overlong != hivesv1.Overlong_OVERLONG_TRUNCATE && t.Overlong != hivesv1.Overlong_OVERLONG_REFUSE:
		return Refuse(fault.Invalid, "UNKNOWN_OVERLONG", "overlong %d is not known", t.Overlong)
	}
	for i, text := range t.Texts {
		if text == "" {
			return Refuse(fault.Invalid, "EMPTY_TEXT", "text %d is empty", i)
		}
	}
	for i, ids := range t.TokenIDs {
		if err := g.checkIDs(ids.GetIds()); err != nil {
			return fmt.Errorf("token_ids %d: %w", i, err)
		}
	}
	for i, ids := range t.TokenIDs {
		if err := g.checkFrame(ids.GetIds()); err != nil {
			return fmt.Errorf("token_ids %d: %w", i, err)
		}
	}
	return nil
}

// checkIDs refuses ids that are not of the vocabulary: what an engine makes of such an id is not defined.
func (g *Generation) checkIDs(ids []uint32) error {
	if len(ids) == 0 {
		return Refuse(fault.Invalid, "EMPTY_TEXT", "no ids")
	}
	for at, id := range ids {
		if uint64(id) >= uint64(g.Vocabulary) {
			return Refuse(fault.Invalid, "UNKNOWN_ID", "id %d at position %d is outside the vocabulary of %d", id, at,
				g.Vocabulary)
		}
	}
	return nil
}

// checkFrame refuses ids that do not stand in the frame that the model reads: [CLS] … [SEP] of a BERT, the end
// token last of a model whose vector is the last token's state. A model folder without a tokenizer has no frame to
// compare with.
func (g *Generation) checkFrame(ids []uint32) error {
	if g.Framed == nil {
		return nil
	}
	given, _ := cutIDs(ids, len(ids))
	if err := g.Framed.CheckGiven(given); err != nil {
		// Tokenizers of published folders pad at their defaults: all-MiniLM-L6-v2's makes 128 ids of any text.
		return Refuse(fault.Invalid, "UNFRAMED_IDS", "%w; leave padding out, or send the text", err)
	}
	// A client that takes another vocabulary's ids for the model's would get vectors that mean nothing, and no error.
	if end := g.Framed.EndID; end >= 0 && given[len(given)-1] != end {
		return Refuse(fault.Invalid, "UNFRAMED_IDS", "the ids do not end with %d, the end token, whose state is the "+
			"vector: they are of another vocabulary or lack it. Tokenize gives ids that the model reads; or send the "+
			"text (LangChain: check_embedding_ctx_length=False)", end)
	}
	return nil
}

// bytesPerToken is what English takes, about; the exact count follows tokenisation. It only decides how much room
// is kept for a request meanwhile: a wrong guess makes the queue look fuller or emptier for some milliseconds.
const bytesPerToken = 4

// A prompt goes before every text of a request, so it costs as often. It may have so many bytes for each token that the
// model takes, and leastPrompt in any case; no language needs as many.
const (
	promptPerToken = 16
	leastPrompt    = 1024
)

// promptBytes bounds a prompt. Without a bound, 16 calls of 256 texts under 4 MB each took another caller's median
// to 79 ms; with it that is 13 ms (docs/RELIABILITY.md).
func (g *Generation) promptBytes() int { return max(leastPrompt, promptPerToken*g.MaxLength) }

// estimate guesses the tokens of a request. No text counts more than the longest that is read.
//
//	MaxLength 128, prompt of 40 bytes, a text of 60      (40 + 60)/4 + 2 = 27
//	a text of 4,000 bytes                                 128: no more of it is read
func (g *Generation) estimate(t *Texts) int {
	n := 0
	for _, text := range t.Texts {
		n += min((len(t.Prompt)+len(text))/bytesPerToken+2, g.MaxLength)
	}
	for _, ids := range t.TokenIDs {
		n += min(len(ids.GetIds()), g.MaxLength)
	}
	return n
}

// framed are the rows that the model reads: ids [N][…] with their frame, and which of the N texts were cut.
type framed struct {
	ids       [][]int32
	truncated []bool
	under     *tokenizer.Prompted // the request's prompt
}

// fewTexts is how many are tokenised without spreading them over the cores.
const fewTexts = 8

// tokenize frames every text, in parallel where there are many, and stops when ctx ends. Each text takes a turn;
// there are as many as cores, and who has had fewest is next.
//
// Worker w of k takes the texts w, w+k, w+2k, …: with no channel between them and the results in their own places,
// nothing has to be put in order.
func (g *Generation) tokenize(ctx context.Context, l Limits, t *Texts) (*framed, error) {
	n, total := t.count(), atomic.Int64{}
	f := &framed{ids: make([][]int32, n), truncated: make([]bool, n)}
	var err error
	if len(t.Texts) > 0 {
		if f.under, err = g.Framed.Under(t.Prompt); err != nil {
			return nil, err
		}
	}
	// One worker for up to eight texts: starting goroutines would cost more than they save.
	workers := min((n+fewTexts-1)/fewTexts, g.turns.Size())
	group, ctx := errgroup.WithContext(ctx)
	for w := range workers {
		group.Go(func() error {
			for i := w; i < n; i += workers {
				if err := g.turn(ctx, t, f, i); err != nil {
					return fmt.Errorf("text %d: %w", t.First+i, err)
				}
				total.Add(int64(len(f.ids[i])))
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	// Known only now: a text's tokens cannot be told from its bytes.
	if n := total.Load(); n > int64(l.RequestTokens) {
		return nil, Refuse(fault.Invalid, "TOO_MANY_TOKENS", "%d tokens, a request takes at most %d", n,
			l.RequestTokens)
	}
	return f, nil
}

// turn frames one text when it is this caller's turn. A turn for each text, not for each request: a caller with 256
// texts would otherwise hold a core for all of them.
func (g *Generation) turn(ctx context.Context, t *Texts, f *framed, i int) error {
	place, err := g.turns.Enter(ctx, Caller(ctx), 1)
	if err != nil {
		return err
	}
	defer place.Leave()
	return g.frame(t, f, i)
}

// frame makes the ids of text i, cut if it must be. A text that may not be cut is refused here: that it is too long
// is known only now.
func (g *Generation) frame(t *Texts, f *framed, i int) (err error) {
	if len(t.Texts) > 0 {
		f.ids[i], f.truncated[i], err = f.under.Encode(t.Texts[i])
	} else {
		f.ids[i], f.truncated[i] = cutIDs(t.TokenIDs[i].GetIds(), g.MaxLength)
	}
	if err == nil && f.truncated[i] && t.Overlong == hivesv1.Overlong_OVERLONG_REFUSE {
		return Refuse(fault.Invalid, "TEXT_TOO_LONG", "more than %d tokens", g.MaxLength)
	}
	return err
}

// cutIDs keeps the first ids and the last of a list that is too long: so it keeps what stands around a text. For
// [CLS] a b c d [SEP] and a longest of 4 it keeps [CLS] a b [SEP]. A model that reads the last token's state needs
// its end token more than one word more.
func cutIDs(ids []uint32, longest int) (out []int32, truncated bool) {
	last := ids[len(ids)-1]
	if truncated = len(ids) > longest; truncated {
		ids = ids[:longest-1]
	}
	out = make([]int32, len(ids), len(ids)+1)
	for i, id := range ids {
		out[i] = int32(id)
	}
	if truncated {
		out = append(out, int32(last))
	}
	return out, truncated
}

// keyed names every row for cache and joining, and counts tokens into out.
func (f *framed) keyed(g *Generation, t *Texts, out *Vectors) []schedule.Text {
	key := g.keyer(t.Prompt, t.Overlong)
	texts := make([]schedule.Text, len(f.ids))
	for i, ids := range f.ids {
		texts[i] = schedule.Text{Key: key(ids), IDs: ids}
		out.Tokens = append(out.Tokens, len(ids))
	}
	out.Truncated = f.truncated
	return texts
}

// collect files vectors and times. The time in the queue is that of the text that waited longest; the engine's is
// the sum over the batches that the texts rode in, each counted once however many of them rode in it.
func (v *Vectors) collect(results []schedule.Result) {
	batches := map[uint64]bool{}
	for _, r := range results {
		v.Raw = append(v.Raw, r.Vector)
		v.Timings.QueueNs = max(v.Timings.QueueNs, uint64(r.Wait))
		if r.Batch > 0 && !batches[r.Batch] {
			batches[r.Batch] = true
			v.Timings.InferNs += uint64(r.Run)
		}
	}
}
