package panel

import (
	"context"
	"fmt"

	"hives/data/theories"
	"hives/internal/judge"
	"hives/internal/llm"
)

// briefAnswer is the length in tokens of {"choice": "a value's name"}, which most answers are. It is a guess and not
// a measurement; the dearest course counts max_tokens in its place.
const briefAnswer = 20

// courses are the ways that labelling a text may go, in sequences of questions a text.
//
//	least   every text ends after two questions: no value, or one level and a direction
//	likely  each level is agreed on at once, down to a leaf, and so is the direction; brief answers
//	most    two rounds at every level, two for the direction, every answer as long as max_tokens
var courses = [3]string{"least", "likely", "most"}

// estimate prints what labelling would take, asking nobody. It makes no votes file and sends no request, so it may
// run beside a run of the same name.
func (j Job) estimate(ctx context.Context, cfg Config, tree *theories.Tree, define Define, in *input) error {
	cost, err := measure(cfg, tree, define, in.items)
	if err != nil {
		return err
	}
	f := judge.Forecast{Items: len(in.items), Noun: "texts", Budget: cfg.Budget}
	for i, name := range courses {
		f.Courses = append(f.Courses, judge.Course{Name: name, Estimate: cost[i]})
	}
	run, err := cfg.run(tree)
	if err != nil {
		return err
	}
	if f.Stored, f.Elsewhere, err = judge.Before(ctx, j.DB, run.ID, in.items); err != nil {
		return err
	}
	if err := f.Write(j.Stdout); err != nil {
		return err
	}
	return j.memory(cfg, tree, define, in)
}

// memory prints what the caches of local models take beside their weights, for the longest text and, where an answer is
// written, the longest one.
func (j Job) memory(cfg Config, tree *theories.Tree, define Define, in *input) error {
	longest := int64(0)
	for _, it := range in.items {
		longest = max(longest, llm.EstimateTokens(it.Text))
	}
	for i, v := range cfg.Voters {
		size, err := meanPrompt(v, tree, define, i, len(cfg.Voters))
		if err != nil {
			return err
		}
		line, err := cfg.CacheOf(v, int(size+longest))
		if err != nil {
			return err
		}
		if line != "" {
			fmt.Fprintf(j.Stdout, "%s: %s\n", v.Name, line)
		}
	}
	return nil
}

// measure renders each voter's questions and counts. The length of a prompt is the mean over the nodes that have
// children, since nobody knows which nodes the texts will lead to.
//
//	100 texts of 30 tokens, 2 levels, 7 voters, prompts of 400 tokens, brief answers
//	likely   3 questions a text: 300 questions, 2,100 requests, 300·7·(400+30) tokens read, 300·7·20 written
func measure(cfg Config, tree *theories.Tree, define Define, items []judge.Item) (out [3]judge.Estimate, err error) {
	depth := len(tree.LevelNames)
	// As courses has them: the least, a round a level and the direction, two of each.
	rounds := [3]int64{2, int64(depth) + 1, int64(2*depth) + 2} // questions a text
	var texts int64                                             // tokens of all texts
	for _, it := range items {
		texts += llm.EstimateTokens(it.Text)
	}
	n := int64(len(items))
	for i, v := range cfg.Voters {
		size, err := meanPrompt(v, tree, define, i, len(cfg.Voters))
		if err != nil {
			return out, err
		}
		answers := [3]int64{briefAnswer, briefAnswer, int64(v.MaxTokens)}
		for k := range out {
			out[k].Questions = rounds[k] * n
			out[k].Ask(v, rounds[k]*n, rounds[k]*(n*size+texts), rounds[k]*n*min(answers[k], int64(v.MaxTokens)))
		}
	}
	return out, nil
}

// meanPrompt is the mean length in tokens of a voter's questions at the nodes that have children. They are rendered
// with neutral among the choices, the longer of both forms. The text itself is not in it: measure adds its tokens
// once for each question.
func meanPrompt(v judge.Voter, tree *theories.Tree, define Define, turn, voters int) (int64, error) {
	p, err := prompts.Load(v.Prompt)
	if err != nil {
		return 0, err
	}
	var sum, count int64
	for _, node := range append([]theories.Path{{}}, tree.Nodes()...) {
		path := node[:node.Len()]
		options := children(tree, path)
		if len(options) == 0 {
			continue
		}
		f, err := render(p, tree, define, query{path: path, options: options, neutral: true}, turn, voters)
		if err != nil {
			return 0, err
		}
		sum += llm.EstimateTokens(f.System + f.User)
		count++
	}
	return sum / count, nil
}
