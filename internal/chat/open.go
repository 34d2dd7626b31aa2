package chat

import (
	"hives/internal/fault"
	"hives/tokenizer"
)

// Open reads the tokenizer of a model, the template that it was taught and the tokens that end its answers, without its
// weights. template forces one of Templates; "" recognises the model's own.
func Open(dir, template string) (r *Renderer, tok tokenizer.Talker, ends []int32, err error) {
	plain, err := tokenizer.Open(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	if tok, err = tokenizer.AsTalker(plain); err != nil {
		return nil, nil, nil, err
	}
	s, err := readSaid(dir)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err = s.renderer(template, tok)
	return r, tok, s.ends, err
}

// Begin are the ids that every conversation begins with in this template; none in most.
func (r *Renderer) Begin() []int32 { return r.ids[r.layout.begin] }

// Answered writes a conversation and the answer to it, as a model that gives this answer would: the prompt of Render,
// then the answer as data, then the end of the turn. from is where the answer begins.
func (r *Renderer) Answered(messages []Message, answer string) (ids []int32, from int, err error) {
	if ids, err = r.Render(messages, ""); err != nil {
		return nil, 0, err
	}
	from = len(ids)
	if ids, err = r.tok.EncodePlain(ids, answer); err != nil {
		return nil, 0, fault.New(fault.Of(err), "the answer: %w", err)
	}
	return append(ids, r.TurnEnd()), from, nil
}
