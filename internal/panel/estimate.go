package panel

import (
	"context"
	"fmt"

	"hives/data/theories"
	"hives/internal/columns"
	"hives/internal/llm"
)

// Estimate is what a run will take for one sequence of questions a text.
type Estimate struct {
	Questions int64 // put to the panel
	Requests  int64 // one for each voter and question
	Tokens    int64
	Micro     int64 // millionths of the currency
}

// briefAnswer is the length in tokens of {"choice": "a value's name"}, which most answers are.
const briefAnswer = 20

// estimate prints what labelling would take, asking nobody.
//
//	least   every text ends after two questions: no value, or one level and a direction
//	likely  each level is agreed on at once, down to a leaf, and so is the direction; brief answers
//	most    two rounds at every level, two for the direction, every answer as long as max_tokens
//
// Unusable answers, asked for again up to attempts times, come on top; the budget holds in any case.
func (j Job) estimate(ctx context.Context, cfg Config, tree *theories.Tree, define Define, in *input) error {
	cost, err := measure(cfg, tree, define, in.items)
	if err != nil {
		return err
	}
	w := columns.NewRightTable(j.Stdout)
	fmt.Fprintf(w, "\ttexts\tquestions\trequests\ttokens\t%s\t\n", or(cfg.Budget.Currency, "money"))
	for i, name := range []string{"least", "likely", "most"} {
		e := cost[i]
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.4f\t\n", name, len(in.items), e.Questions, e.Requests, e.Tokens, float64(e.Micro)/1e6)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	before, elsewhere, err := j.used(ctx, cfg, tree, in)
	if err != nil {
		return err
	}
	if before.Requests > 0 {
		fmt.Fprintf(j.Stdout, "%d answers of this run are stored already (%d tokens, %.4f): they are not asked for again\n", before.Requests, before.Tokens, float64(before.Micro)/1e6)
	}
	if cfg.Budget.Tokens == 0 && cfg.Budget.Money == 0 {
		_, err = fmt.Fprintln(j.Stdout, "no budget is set: nothing would stop the run")
		return err
	}
	_, err = fmt.Fprintf(j.Stdout, "the budget is enough for %s\n", affordable(cfg.Budget, cost, elsewhere))
	return err
}

// used is what earlier starts of the run have taken in all, and of that on other texts, which the estimate does not
// hold but the budget counts. An estimate creates no votes file.
func (j Job) used(ctx context.Context, cfg Config, tree *theories.Tree, in *input) (all, elsewhere Estimate, err error) {
	if !exists(j.DB) {
		return all, elsewhere, nil
	}
	store, err := llm.Open(j.DB)
	if err != nil {
		return all, elsewhere, err
	}
	defer store.Close()
	run, _ := cfg.identity(tree)
	votes, err := store.RunVotes(ctx, run)
	here := map[string]bool{}
	for _, it := range in.items {
		here[it.ID] = true
	}
	for _, v := range votes {
		all.add(v)
		if !here[v.Item] {
			elsewhere.add(v)
		}
	}
	return all, elsewhere, err
}

func (e *Estimate) add(v llm.Vote) {
	e.Requests++
	e.Tokens += v.TokensIn + v.TokensOut
	e.Micro += v.CostMicro
}

// affordable names the costliest course that the budget bears beside what the run has taken elsewhere.
func affordable(b llm.Limits, cost [3]Estimate, elsewhere Estimate) string {
	for i := len(cost) - 1; i >= 0; i-- {
		tokens, money := cost[i].Tokens+elsewhere.Tokens, float64(cost[i].Micro+elsewhere.Micro)/1e6
		if (b.Tokens == 0 || tokens <= b.Tokens) && (b.Money == 0 || money <= b.Money) {
			return [...]string{"the least, not for the likely: expect it to stop the run", "the likely, not for the most", "the most"}[i]
		}
	}
	return "not even the least: it will stop the run"
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// measure renders each voter's questions and counts. The length of a prompt at a level is the mean over the
// level's nodes.
func measure(cfg Config, tree *theories.Tree, define Define, items []llm.Item) (out [3]Estimate, err error) {
	depth := len(tree.LevelNames)
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
			in, reply := rounds[k]*(n*size+texts), rounds[k]*n*min(answers[k], int64(v.MaxTokens))
			out[k].Questions = rounds[k] * n
			out[k].Requests += rounds[k] * n
			out[k].Tokens += in + reply
			out[k].Micro += v.CostMicro(in, reply)
		}
	}
	return out, nil
}

// meanPrompt is the mean length in tokens of a voter's questions at the nodes that have children.
func meanPrompt(v Voter, tree *theories.Tree, define Define, turn, voters int) (int64, error) {
	pr, err := loadPrompt(v.Prompt)
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
		r, err := pr.render(tree, define, query{path: path, options: options, neutral: true}, turn, voters)
		if err != nil {
			return 0, err
		}
		sum += llm.EstimateTokens(r.system + r.user)
		count++
	}
	return sum / count, nil
}
