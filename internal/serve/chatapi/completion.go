package chatapi

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"hives/internal/llm"
	"hives/internal/serve/httpapi"
	"hives/internal/talk"
)

// completionRequest is the body of POST /v1/completions: a text is gone on from, without a template around it. A model
// that was taught to answer goes on with it as with any text; what one that was only taught to go on can be asked is
// asked here.
type completionRequest struct {
	fields
	Prompt   json.RawMessage `json:"prompt"`
	LogProbs json.RawMessage `json:"logprobs"` // how many of the most probable tokens beside the chosen one

	// These change an answer, and are taken where they ask for nothing.
	Echo   json.RawMessage `json:"echo"`
	Suffix json.RawMessage `json:"suffix"`
	BestOf json.RawMessage `json:"best_of"`
}

// Of /v1/completions, as OpenAI has them. 16 is little, and a client that expects it would be surprised by more.
const (
	completionLength   = 16 // tokens of an answer where none is asked for
	completionLogProbs = 5
)

// readCompletion reads a request into jobs: n for each prompt. The form counts characters for each of them, hence their
// number.
func readCompletion(l *loaded, body []byte) (*call, error) {
	var in completionRequest
	if err := httpapi.Decode("the body", "", body, &in); err != nil {
		return nil, err
	}
	r, err := in.request(l)
	if err != nil {
		return nil, err
	}
	n, err := in.answers()
	if err != nil {
		return nil, err
	}
	all, err := prompts(l, in.Prompt)
	if err != nil {
		return nil, err
	}
	if len(all)*n > mostAnswers {
		return nil, httpapi.Invalid("prompt", strconv.Itoa(len(all)*n)+" answers are asked for, a request takes at most "+
			strconv.Itoa(mostAnswers))
	}
	c := &call{form: newCompletion(r.LogProbs, len(all)*n), each: n}
	if c.stream, c.usage, err = in.streaming(); err != nil {
		return nil, err
	}
	for _, ids := range all {
		for at := range n {
			one := r
			one.Sampling.Seed = another(r.Sampling.Seed, at)
			c.jobs = append(c.jobs, talk.Job{Request: one, Prompt: ids})
		}
	}
	return c, nil
}

// request reads all but prompts and the way of answering.
func (in *completionRequest) request(l *loaded) (r llm.Request, err error) {
	if err = l.named(in.Model); err == nil {
		err = in.refused()
	}
	if err == nil {
		r.Sampling, err = in.sampling()
	}
	if err == nil {
		err = in.form(&r, l.CheckSchema)
	}
	if err != nil {
		return r, err
	}
	if r.Sampling.MaxTokens == 0 {
		r.Sampling.MaxTokens = completionLength
	}
	top, asked, err := whole64("logprobs", in.LogProbs, 0, completionLogProbs)
	if asked && r.Choices != nil {
		err = httpapi.Invalid("logprobs", "an answer out of a list is not chosen token by token: leave logprobs out")
	}
	r.LogProbs, r.TopLogProbs = asked, int(top)
	return r, err
}

// refused are the fields that are not done here. echo would have a prompt's own log-probabilities: Score has them, in
// this program.
func (in *completionRequest) refused() error {
	for _, x := range []struct {
		param   string
		raw     json.RawMessage
		nothing []string
	}{{"echo", in.Echo, []string{"false"}}, {"suffix", in.Suffix, []string{`""`}}, {"best_of", in.BestOf, []string{"1"}}} {
		if err := neutral(x.param, x.raw, x.nothing...); err != nil {
			return err
		}
	}
	return in.refusals()
}

var errPrompt = httpapi.Invalid("prompt", "prompt is a text, a list of texts, a list of token ids or a list of such "+
	"lists, and none is empty")

// prompts reads the four forms of a prompt, as the embeddings' input has them. Ids are taken as they are, control
// tokens among them: who sends ids has made them.
//
//	"a text"      ["a", "b"]      [1, 2, 3]      [[1, 2], [3]]
func prompts(l *loaded, raw json.RawMessage) (all [][]int32, err error) {
	var one string
	if given(raw) && json.Unmarshal(raw, &one) == nil {
		return encoded(l, []string{one})
	}
	if list, err := texts("prompt", raw); err == nil && len(list) > 0 {
		return encoded(l, list)
	}
	if bytes.Contains(raw, []byte("null")) { // would become id 0
		return nil, errPrompt
	}
	var lists [][]float64 // exact for every id
	if json.Unmarshal(raw, &lists) != nil && json.Unmarshal([]byte("["+string(raw)+"]"), &lists) != nil {
		return nil, errPrompt
	}
	for _, list := range lists {
		ids := make([]int32, len(list))
		for at, x := range list {
			if x != math.Trunc(x) || x < 0 || x >= float64(l.Vocabulary()) {
				return nil, httpapi.Invalid("prompt", "token id "+strconv.Itoa(at)+" is outside the vocabulary of "+
					strconv.Itoa(l.Vocabulary()))
			}
			ids[at] = int32(x)
		}
		all = append(all, ids)
	}
	return all, noneEmpty(all)
}

// encoded are texts as ids, as data: a control token that is written in one stays letters.
func encoded(l *loaded, list []string) (all [][]int32, err error) {
	for _, text := range list {
		if most := l.Positions(); most > 0 && len(text) > mostBytes*most {
			return nil, httpapi.Invalid("prompt", "the prompt is far longer than the "+strconv.Itoa(most)+
				" tokens that are read and written at most")
		}
		ids, err := l.Encode(text)
		if err != nil {
			return nil, httpapi.Invalid("prompt", err.Error())
		}
		all = append(all, ids)
	}
	return all, noneEmpty(all)
}

// noneEmpty refuses what there is nothing to go on from.
func noneEmpty(all [][]int32) error {
	if len(all) == 0 {
		return errPrompt
	}
	for _, ids := range all {
		if len(ids) == 0 {
			return errPrompt
		}
	}
	return nil
}
