package talk

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/talk/schema"
	"hives/model/lm"
)

// Job is a request with what belongs to whoever waits for it.
type Job struct {
	llm.Request
	Prompt  []int32         // ids to go on from, in the place of Messages: no template is put around them
	Context context.Context // its end ends this row alone; nil: it ends with the batch
	Emit    func(Piece)     // is told what is settled; nil: nobody reads along. It must not wait: others would too
}

// Piece is a part of an answer that is settled: whole characters, and nothing that may yet turn out to begin a stop
// string. Texts and log-probabilities that belong together need not come together, since a token may be held back.
type Piece struct {
	Text     string
	LogProbs []llm.TokenLogProb // where they were asked for
}

// Row is a job that was read: it is sure to fit the model, and waits for a batch. What it needs is worked out once, in
// Prepare; from then on a token costs one choice and one spelling.
//
// Invariant: reply.IDs are the tokens that were taken, and text is what of their spelling is settled.
type Row struct {
	job    Job
	prompt []int32
	steer  []lm.Steer
	length int
	shape  Shape

	choose sampler
	draw   func(token int) float64
	walk   *schema.Walk // nil without a schema
	speech speech
	text   []byte
	reply  llm.Reply
	done   bool
}

// Shape tells which rows may share a batch: those of one adapter, one length of prompts and one size of cache. All
// follow from the row alone, so that its numbers do.
//
//	32 tokens of prompt, answers of 100     prompt 32, slots 256
//	40 tokens of prompt, answers of 100     prompt 64, slots 256: another batch
type Shape struct {
	runner        *lm.Runner
	prompt, slots int
	steered       bool // a row that nobody steers is not computed in a graph that does
	alone         *Row // itself, where it shares with nobody: choices are a matter of scores, with batches of their own
}

// Shape is what a queue sorts by.
func (r *Row) Shape() Shape { return r.shape }

// Reply is what came of it, once Answer is through.
func (r *Row) Reply() llm.Reply { return r.reply }

// Tokens are the lengths of the prompt and, at most, of the answer.
func (r *Row) Tokens() (prompt, answer int) { return len(r.prompt), r.length }

// Prepare renders a request, holds it to the model's length, reads its schema and finds its shape. All that can be
// refused is refused here, before the first token. Errors are of kind Invalid and name the remedy. It computes no
// token, so a queue may prepare while a batch runs.
func (m *Model) Prepare(j Job) (*Row, error) {
	if err := m.check(j); err != nil {
		return nil, err
	}
	r := &Row{job: j, prompt: j.Prompt, steer: steers(j.Steer)}
	r.shape.steered = lm.Steered(r.steer)
	var err error
	if r.shape.runner, err = m.adapted(j.Adapter); err != nil {
		return nil, err
	}
	if r.prompt == nil {
		if r.prompt, err = m.render(j.Messages, j.Prefix); err != nil {
			return nil, err
		}
	}
	r.reply.In = int64(len(r.prompt))
	r.choose = sampler{j.Sampling}
	r.draw = r.choose.draws(r.prompt)
	r.speech = speech{tok: m.tok, stops: j.Sampling.Stop}
	if j.Choices != nil {
		r.shape.alone = r
		return r, m.checkOptions(r.prompt, j.Choices)
	}
	if err := r.fit(m); err != nil {
		return nil, err
	}
	return r, m.begin(r)
}

// check holds a job to what the model can do. A prompt of ids and a conversation exclude each other: a template
// around the former would be another prompt.
func (m *Model) check(j Job) error {
	if j.Prompt != nil {
		if len(j.Prompt) == 0 || j.Messages != nil || j.Prefix != "" {
			return fault.New(fault.Invalid, "a prompt of ids has one at least, and neither messages nor a beginning of "+
				"the answer")
		}
		j.Messages = []llm.Message{{}} // Check asks for one
	}
	return m.Can().Check("the local model", j.Request)
}

// fit finds length and shape. An answer of no stated length takes what the model has left, where that is less than the
// default. One that states a length which does not fit is refused: it asked for more than it could get.
//
//	positions  prompt  max_tokens      length
//	2048       300     left out        256, the default
//	512        300     left out        212
//	512        300     256             refused: 556
func (r *Row) fit(m *Model) (err error) {
	r.length = cmp.Or(r.job.Sampling.MaxTokens, m.length)
	if positions := m.most; positions > 0 {
		if left := positions - len(r.prompt); r.job.Sampling.MaxTokens == 0 && left > 0 {
			r.length = min(r.length, left)
		}
		if len(r.prompt)+r.length > positions {
			return fault.New(fault.Invalid, "a prompt of %d tokens and an answer of up to %d: "+
				"there are %d positions; shorten the text or max_tokens", len(r.prompt), r.length, positions)
		}
	}
	if r.shape.prompt, err = lm.Bucket(len(r.prompt)); err != nil {
		return err
	}
	r.shape.slots = lm.Slots(max(r.shape.prompt+r.length, m.options.Slots))
	return nil
}

// begin sets a row with a schema before the first byte of its answer, behind the prefix. Too few tokens for the
// shortest answer are refused: an answer that cannot be whole need not begin.
func (m *Model) begin(r *Row) error {
	if r.job.Schema == nil {
		return nil
	}
	automaton, err := m.automaton(r.job.Schema)
	if err != nil {
		return err
	}
	if r.walk, err = automaton.Start(r.job.Prefix); err != nil {
		return err
	}
	if need := r.walk.Need(); need > r.length {
		return fault.New(fault.Invalid, "max_tokens %d: the shortest answer of the schema takes %d; "+
			"give that many at least", r.length, need)
	}
	return nil
}

// CheckSchema refuses a schema as Prepare does.
func (m *Model) CheckSchema(s map[string]any) error {
	_, err := m.automaton(s)
	return err
}

// keptSchemas is how many automata are kept: a run asks with a few schemas, again and again. A ninth throws all of
// them away: the next request with one of these compiles it again, and nothing else.
const keptSchemas = 8

// automaton compiles a schema once. Control tokens and ends of turns are not spelled, so no schema lets them into an
// answer.
func (m *Model) automaton(s map[string]any) (*schema.Automaton, error) {
	key, err := schema.Key(s)
	if err != nil {
		return nil, fault.New(fault.Invalid, "schema: %w", err)
	}
	m.schemas.Lock()
	defer m.schemas.Unlock()
	if m.vocabulary == nil {
		m.vocabulary = schema.NewVocabulary(m.weights.Config.VocabSize, func(id int32) (string, bool) {
			if m.tok.Special(id) || m.ends(id) {
				return "", false
			}
			return m.tok.Spell(id)
		})
	}
	if kept := m.automata[key]; kept != nil {
		return kept, nil
	}
	made, err := m.vocabulary.Compile(s)
	if err != nil {
		return nil, err
	}
	if len(m.automata) >= keptSchemas {
		clear(m.automata)
	}
	m.automata[key] = made
	return made, nil
}

// take chooses the row's next token and ends the row where that is its last. The token that ends a turn is neither kept
// nor spelled. A row whose logits are no numbers ends with the error in its own reply; those beside it go on.
func (m *Model) take(r *Row, step int, logits []float32) int32 {
	u := 0.
	if r.choose.Temperature > 0 {
		u = r.draw(step)
	}
	id, err := r.choose.next(logits, u, m.may(r))
	if err != nil {
		r.reply.Err = fmt.Errorf("token %d of the answer: %w", step+1, err)
		r.end(llm.FinishStop)
		return 0
	}
	if m.ends(id) {
		r.end(llm.FinishStop)
		return id
	}
	r.reply.IDs = append(r.reply.IDs, id)
	var logs []llm.TokenLogProb
	if r.job.LogProbs {
		logs = []llm.TokenLogProb{m.logProb(id, logits, r.job.TopLogProbs)}
		r.reply.LogProbs = append(r.reply.LogProbs, logs...)
	}
	r.say(r.speech.add(id), logs)
	if r.walk != nil {
		piece, _ := m.tok.Spell(id)
		r.walk.Take(piece)
	}
	switch {
	case r.speech.done, r.walk != nil && r.walk.Over():
		r.end(llm.FinishStop)
	case len(r.reply.IDs) == r.length:
		r.end(llm.FinishLength)
	}
	return id
}

// may tells which tokens keep to the schema; nil: all may come. The turn may end where the JSON is whole.
//
//	{"a": 1     not whole: no end may come
//	1           whole, of an integer: the end may come, or another digit
//
// After {"a": 1} nothing can follow: take ends the row, and nobody asks.
func (m *Model) may(r *Row) func(id int32) bool {
	if r.walk == nil {
		return nil
	}
	bits, whole := r.walk.Allowed(r.length-len(r.reply.IDs)), r.walk.Complete()
	return func(id int32) bool { return schema.Has(bits, id) || whole && m.ends(id) }
}

// logProb is the model's own log-probability of a token, before temperature, top-p and schema, beside those of the n
// most probable.
//
//	logits 2, 1, 0: Σ exp(l − 2) = 1 + .368 + .135 = 1.503     log p of the first −.408, of the second −1.408
func (m *Model) logProb(id int32, logits []float32, n int) llm.TokenLogProb {
	top := slices.Max(logits)
	sum := 0.
	for _, logit := range logits {
		sum += math.Exp(float64(logit) - float64(top))
	}
	of := func(id int32) llm.TokenLogProb {
		piece, _ := m.tok.Spell(id)
		return llm.TokenLogProb{ID: id, Bytes: piece, LogProb: float64(logits[id]) - float64(top) - math.Log(sum)}
	}
	out := of(id)
	for _, best := range highest(logits, n) {
		out.Top = append(out.Top, of(best))
	}
	return out
}

// say keeps a settled part for the reply, and passes it to whoever reads along.
func (r *Row) say(text string, logs []llm.TokenLogProb) {
	r.text = append(r.text, text...)
	if r.job.Emit != nil && (text != "" || logs != nil) {
		r.job.Emit(Piece{text, logs})
	}
}

// end closes a row; a second call changes nothing. What speech held back is said now: nothing can follow that would
// make a stop string of it. Of a stop string that did come nothing is held.
func (r *Row) end(why llm.Finish) {
	if r.done {
		return
	}
	r.say(r.speech.end(), nil)
	r.done = true
	r.reply.Finish, r.reply.Text, r.reply.Out = why, string(r.text), int64(len(r.reply.IDs))
}

// gone tells whether nobody waits for the row any more. Its row goes on being fed, since a batch has one shape; what
// it would say is lost.
func (r *Row) gone() bool { return r.job.Context != nil && r.job.Context.Err() != nil }
