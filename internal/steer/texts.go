package steer

import (
	"context"
	"fmt"
	"strings"

	"hives/internal/cli"
	"hives/internal/llm"
	"hives/internal/talk"
)

// Texts are what the model writes under a push, read by the model without one.
type Texts struct {
	Name       string  `json:"name"`
	Answers    int     `json:"answers"`
	LogProb    float64 `json:"log_prob"`   // mean of a token, under the model without steering
	Distinct2  float64 `json:"distinct_2"` // different pairs of neighbouring tokens, of all there are
	Empty      float64 `json:"empty"`      // share
	Cut        float64 `json:"cut"`        // share that was still being written at the last token
	Projection float64 `json:"projection"` // mean answer state along the vector, at its layer
	Example    string  `json:"example"`
}

// written is one answer as the journal keeps it.
type written struct {
	Text   string  `json:"text"`
	IDs    []int32 `json:"ids"`
	Finish string  `json:"finish"`
}

// write has the model answer questions under a push.
// Sampled at temperature 1: a greedy text may repeat itself without any push, and hide what the push did.
func write(ctx context.Context, m *talk.Model, p push, questions []string, s llm.Sampling, j *journal,
	bar *cli.Progress) ([]written, error) {
	var out []written
	if j.get("texts/"+p.key, &out) {
		bar.Replay(int64(len(questions)))
		return out, nil
	}
	var rs []llm.Request
	for n, q := range questions {
		r := llm.Request{Messages: p.messages(q), Sampling: s, Steer: p.steer}
		r.Sampling.Seed += uint64(n) // a question that comes twice is to be answered anew
		rs = append(rs, r)
	}
	replies, err := m.Generate(ctx, rs)
	if err != nil {
		return nil, err
	}
	for n, r := range replies {
		if r.Err != nil {
			return nil, fmt.Errorf("%s, question %d: %w", p.key, n+1, r.Err)
		}
		out = append(out, written{r.Text, r.IDs, string(r.Finish)})
	}
	bar.Add(int64(len(questions)))
	return out, j.put("texts/"+p.key, out)
}

// gauge reads texts with the model that nobody steers: as answers to the bare question, whatever instruction they were
// written under. log p falls where a push makes the model write what it would not, on purpose or out of its mind:
// beside a random vector's one sees which. distinct-2 falls where it repeats itself, and rises where it talks nonsense.
func gauge(ctx context.Context, m *talk.Model, name string, questions []string, ws []written, layer int,
	direction []float32) (Texts, error) {
	out := Texts{Name: name, Answers: len(ws), Example: ws[0].Text}
	var as []talk.Answered
	for n, w := range ws {
		if strings.TrimSpace(w.Text) == "" {
			out.Empty += 1 / float64(len(ws))
		}
		if w.Finish == string(llm.FinishLength) {
			out.Cut += 1 / float64(len(ws))
		}
		if len(w.IDs) > 0 {
			as = append(as, talk.Answered{Messages: push{}.messages(questions[n]), IDs: w.IDs,
				Ended: w.Finish == string(llm.FinishStop)})
		}
	}
	// Over all texts, not one by one: sixteen times the same sentence is a model that repeats itself.
	out.Distinct2 = distinct2(ws)
	if len(as) == 0 {
		return out, nil
	}
	logp, err := m.LogProbs(ctx, as)
	if err != nil {
		return out, err
	}
	tokens := 0
	for _, row := range logp {
		out.LogProb += sum(row)
		tokens += len(row)
	}
	out.LogProb /= float64(tokens)
	// Read without the push: with it every state would lie along the vector because the vector was added.
	states, err := m.States(ctx, as)
	if err != nil {
		return out, err
	}
	for _, s := range states {
		out.Projection += dot(s.Answer.State[layer], direction) / norm(direction) / float64(len(states))
	}
	return out, nil
}

// distinct2 counts pairs of neighbouring tokens over all texts: a model that repeats itself has few different ones.
//
//	1 2 1 2 and 1 2      pairs 1-2, 2-1, 1-2, 1-2: two different of four, .5
func distinct2(ws []written) float64 {
	seen, all := map[[2]int32]bool{}, 0
	for _, w := range ws {
		for n := 1; n < len(w.IDs); n++ {
			seen[[2]int32{w.IDs[n-1], w.IDs[n]}] = true
			all++
		}
	}
	return float64(len(seen)) / float64(max(all, 1))
}

func dot(a, b []float32) (total float64) {
	for k := range a {
		total += float64(a[k]) * float64(b[k])
	}
	return total
}
