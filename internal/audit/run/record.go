package run

import (
	"fmt"
	"io"

	"hives/internal/audit"
	"hives/internal/judge"
	"hives/internal/llm"
)

// record is the run as its record, without scores.
func (r *run) record(answers []audit.Answer) *audit.Record {
	o, s := r.job.Prompts, r.job.Scoring
	asked := r.crew.asked
	out := &audit.Record{Queries: r.ask.queries, Answers: answers}
	for _, c := range r.cells {
		out.Conditions = append(out.Conditions, c.Condition)
	}
	who := asked.Identities()
	out.About = audit.About{
		Model: identity(who[subject]), Temperature: asked.Voters[subject].Temperature,
		MaxTokens: asked.Voters[subject].MaxTokens, Seed: o.Seed,
		Settings: map[string]string{"words": o.Words, "texts": o.Texts, "bins": o.Bins},
		Rubric:   judgeOf(who[rubric]), VIDB: r.hashes,
		Scoring: audit.Scoring{K: s.K, M: s.M, Panel: s.Panel, Utility: s.Utility, Scale: s.Scale, Estimate: s.Estimate,
			Seed: s.Seed},
	}
	if o.Profile != nil {
		out.About.Settings["profile"] = o.Profile.Name
	}
	for _, v := range r.crew.judges.Voters {
		j := audit.Judge{Name: v.Name, Model: v.Model.Name, Endpoint: v.Endpoint, Prompt: v.Prompt,
			Temperature: v.Temperature}
		out.About.Judges = append(out.About.Judges, j)
	}
	return out
}

// identity is what answered, as a provider names itself.
func identity(i judge.Identity) llm.Identity {
	if i.Local != nil {
		return i.Local.Identity
	}
	return llm.Identity{Kind: llm.AtEndpoint, Endpoint: i.BaseURL, Format: i.Format, Model: i.Model}
}

// judgeOf is the rubric, by what its answers depend on.
func judgeOf(i judge.Identity) audit.Judge {
	out := audit.Judge{Name: i.Name, Model: i.Model, Endpoint: i.BaseURL, Prompt: i.Prompt, Temperature: i.Temperature}
	if i.Local != nil {
		out.Weights = i.Local.Weights
	}
	return out
}

// Tally is what a record holds, for people.
type Tally struct {
	Answers  int `json:"answers"`
	Cut      int `json:"cut"` // at the last token that they might have
	Refused  int `json:"refused"`
	Unusable int `json:"unusable"` // the rubric's reading
	Errors   int `json:"errors"`   // without a text
	Skipped  int `json:"skipped"`  // conditions
	Scores   int `json:"scores"`
	Unscored int `json:"unscored"`
}

// Count counts.
func Count(r *audit.Record) (t Tally) {
	t.Answers = len(r.Answers)
	for _, a := range r.Answers {
		switch a.Refusal {
		case audit.Refused:
			t.Refused++
		case audit.Unusable:
			t.Unusable++
		}
		if a.Finish == llm.FinishLength {
			t.Cut++
		}
		if a.Error != "" {
			t.Errors++
		}
	}
	for _, c := range r.Conditions {
		if c.Skipped != "" {
			t.Skipped++
		}
	}
	t.Scores = len(r.Scores)
	for _, s := range r.Scores {
		if !s.Score.Known() {
			t.Unscored++
		}
	}
	return t
}

// Write prints the counts.
func (t Tally) Write(out io.Writer) error {
	_, err := fmt.Fprintf(out, "%d answers: %d refused, %d cut at their last token, %d without a text; %d readings of "+
		"the rubric unusable\n%d scores, %d of them without a number; %d conditions left out\n", t.Answers, t.Refused, t.Cut,
		t.Errors, t.Unusable, t.Scores, t.Unscored, t.Skipped)
	return err
}
