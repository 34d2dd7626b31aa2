package talk

import (
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/tokenizer"
)

// OpenRenderer opens the tokenizer of a model and the template it was taught, without its weights; template forces one
// of Templates, "" recognises the model's own.
func OpenRenderer(dir, template string) (*Renderer, tokenizer.Talker, error) {
	m := &Model{}
	if err := m.openTokenizer(dir, template); err != nil {
		return nil, nil, fault.New(fault.Of(err), "language model %s: %w", dir, err)
	}
	return m.renderer, m.tok, nil
}

// Answered writes a conversation and the answer to it, as a model that gives this answer would: the prompt of Render,
// then the answer as data, then the end of the turn. from is where the answer begins.
func (r *Renderer) Answered(messages []llm.Message, answer string) (ids []int32, from int, err error) {
	if ids, err = r.Render(messages, ""); err != nil {
		return nil, 0, err
	}
	from = len(ids)
	if ids, err = r.tok.EncodePlain(ids, answer); err != nil {
		return nil, 0, fault.New(fault.Of(err), "the answer: %w", err)
	}
	return append(ids, r.TurnEnd()), from, nil
}
