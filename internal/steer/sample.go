package steer

import (
	"context"
	"fmt"
	"slices"

	"hives/internal/cli"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/talk"
)

// Sample is one answer, a row of samples.parquet. Two of one pair differ in their side alone. The journal keeps of it
// what was sampled (json); all else follows from the plan. ids are the tokens as they were chosen, without the end of
// the turn.
type Sample struct {
	Pair        int32    `parquet:"pair" json:"-"`
	Side        string   `parquet:"side" json:"-"`
	QuestionID  string   `parquet:"question_id" json:"-"`
	Question    string   `parquet:"question" json:"-"`
	Instruction int32    `parquet:"instruction" json:"-"` // 1 … 5
	Draw        int32    `parquet:"draw" json:"-"`        // 1 … n
	Answer      string   `parquet:"answer" json:"answer"`
	IDs         []int32  `parquet:"ids,list" json:"ids"`
	Finish      string   `parquet:"finish" json:"finish"`
	Trait       *float64 `parquet:"trait,optional" json:"-"`     // a judge's, 0 to 100
	Coherence   *float64 `parquet:"coherence,optional" json:"-"` // a judge's, 0 to 100
	Odds        *float64 `parquet:"odds,optional" json:"-"`      // log p(answer | for) − log p(answer | against)
	Kept        bool     `parquet:"kept" json:"-"`
}

// plan lists the answers to ask for: by question, instruction and draw, of each both sides.
//
//	question 1, instruction 1, draw 1     samples 0 (for) and 1 (against): pair 0
//	question 1, instruction 2, draw 1     samples 2 and 3: pair 1
//
// Invariant: samples 2n and 2n+1 are pair n. Keys of the journal are places in this list, so its order is a part of the
// settings: another number of questions is another list, and another journal.
func plan(t Trait, qs []Question, instructions, draws int) (out []Sample) {
	for _, q := range qs {
		for n := range instructions {
			for d := range draws {
				for _, side := range []Side{For, Against} {
					out = append(out, Sample{
						Pair: int32(len(out) / 2), Side: string(side), QuestionID: q.ID, Question: q.Text, Instruction: int32(n + 1),
						Draw: int32(d + 1),
					})
				}
			}
		}
	}
	return out
}

// messages are the conversation of a sample, under an instruction of a side.
// The filter asks for the other side's too: how probable would this answer be to somebody told the opposite?
func (s Sample) messages(t Trait, side Side) []llm.Message {
	return []llm.Message{
		{Role: llm.System, Content: t.Instruction(side, int(s.Instruction)-1)},
		{Role: llm.User, Content: s.Question},
	}
}

// answered is the sample's answer as one to an instruction of a side.
func (s Sample) answered(t Trait, side Side) talk.Answered {
	return talk.Answered{Messages: s.messages(t, side), IDs: s.IDs, Ended: s.Finish == string(llm.FinishStop)}
}

// answer asks for what the journal does not hold yet, several batches at a time, and keeps each as it comes.
// The draw's number goes into the seed: the same prompt with the same seed is answered alike. An answer's tokens do not
// hang on who shares its batch, which is what lets a stopped run go on to the same bytes.
func answer(ctx context.Context, m *talk.Model, t Trait, samples []Sample, s llm.Sampling, j *journal,
	bar *cli.Progress) error {
	var missing []int
	for at := range samples {
		if !j.get(answerKey(at), &samples[at]) {
			missing = append(missing, at)
		}
	}
	bar.Replay(int64(len(samples) - len(missing)))
	// Prompts differ in length and only those of one bucket share a batch, so several batches' worth is asked for at once.
	for part := range slices.Chunk(missing, 4*talk.DefaultRows) {
		var rs []llm.Request
		for _, at := range part {
			r := llm.Request{Messages: samples[at].messages(t, Side(samples[at].Side)), Sampling: s}
			r.Sampling.Seed = s.Seed + uint64(samples[at].Draw) - 1
			rs = append(rs, r)
		}
		replies, err := m.Generate(ctx, rs)
		for n, reply := range replies {
			if reply.Finish != llm.FinishStop && reply.Finish != llm.FinishLength {
				continue // not begun, or stopped in the middle
			}
			if reply.Err != nil {
				return fmt.Errorf("question %s: %w", samples[part[n]].QuestionID, reply.Err)
			}
			one := &samples[part[n]]
			one.Answer, one.IDs, one.Finish = reply.Text, reply.IDs, string(reply.Finish)
			if err := j.put(answerKey(part[n]), one); err != nil {
				return err
			}
			bar.Add(1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func answerKey(at int) string { return fmt.Sprintf("answer/%d", at) }

// least is how many pairs a vector is made of at the least: a mean over fewer is mostly the noise of single answers.
const least = 8

// keep marks the pairs that both answers of pass, and returns their numbers.
// A pair counts as a whole: of an answer without its counterpart the difference would be that of two questions.
func keep(samples []Sample, filter string, passes func(s Sample) bool) ([]int, error) {
	var kept []int
	empty := 0
	for pair := range len(samples) / 2 {
		a, b := &samples[2*pair], &samples[2*pair+1]
		if len(a.IDs) == 0 || len(b.IDs) == 0 {
			empty++
			continue
		}
		if passes(*a) && passes(*b) {
			a.Kept, b.Kept = true, true
			kept = append(kept, pair)
		}
	}
	if len(kept) < least {
		return nil, fault.New(fault.Exhausted, "%d of %d pairs are left by --filter %s, %d have an empty answer: a vector "+
			"wants %d or more; "+
			"ask more questions or a larger model, or see docs/STEER.md for the filters", len(kept), len(samples)/2, filter,
			empty, least)
	}
	return kept, nil
}
