package tokenizer

import "slices"

// header is a Tokenizer that can encode the beginning of a text ahead of the rest.
type header interface {
	Head(prompt string) (ids []int32, rest string, err error)
}

// Prompted frames texts that begin with one prompt, which is encoded once. Embedding many queries under one
// instruction would otherwise spend much of its tokenising on the instruction.
//
// Invariant: the ids are those that Framed.Encode gives for prompt and text as one.
type Prompted struct {
	framed *Framed
	ids    []int32 // of what is the same whatever text follows
	rest   string  // of the prompt; encoded with each text
}

// Under prepares texts that begin with prompt.
func (f *Framed) Under(prompt string) (*Prompted, error) {
	p := &Prompted{framed: f, rest: prompt}
	h, ok := f.Tokenizer.(header)
	if !ok || prompt == "" {
		return p, nil
	}
	var err error
	p.ids, p.rest, err = h.Head(prompt)
	return p, err
}

// Encode is Framed.Encode of the prompt and text together.
func (p *Prompted) Encode(text string) (ids []int32, truncated bool, err error) {
	f := p.framed
	if len(p.ids) == 0 {
		return f.Encode(p.rest + text)
	}
	// As Encode does: one id more than is kept shows whether more follow.
	if ids = slices.Clone(p.ids); len(ids) <= f.room() {
		ids, err = f.Tokenizer.(prefixEncoder).EncodePrefix(ids, p.rest+text, f.room()+1-len(ids))
	}
	if err != nil {
		return nil, false, err
	}
	return f.Frame(ids)
}
