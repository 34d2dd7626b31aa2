package start

import (
	"fmt"
	"strconv"

	"hives/internal/fault"
	"hives/model/folder"
)

// CheckTokenizer guards the one file that a run reads again at its end: weeks may lie between.
func (p *Point) CheckTokenizer() error {
	now, err := folder.TokenizerSHA256(p.tokenizerDir)
	if err == nil && now != p.Tokenizer.Tokenizer.SHA256() {
		err = fault.New(fault.Mismatch,
			"the tokenizer of %s was replaced during the run; put back the one with SHA-256 %s and give "+
				"--resume: all steps are done and saved", p.tokenizerDir, p.Tokenizer.Tokenizer.SHA256())
	}
	return err
}

// Save writes the model as it stands into dir, with its adapters in a folder of their own, and says what made it.
// There is no run id in provenance: it is random, and equal runs write equal folders.
//
//	Stage 1 of 1,500 steps, then Stage 2 of 300: steps 300, steps_in_all 1,800
func (p *Point) Save(dir string, steps int, provenance map[string]string) error {
	info := p.Info
	info.Provenance = provenance
	info.Provenance["base_sha256"] = p.Base
	// Stage 2 begins from Stage 1's model: what a model has seen is the sum over its line of runs.
	if before := stepsBefore(p.Info.Provenance); before > 0 {
		info.Provenance["steps_in_all"] = fmt.Sprint(before + steps)
	}
	err := folder.Save(dir, p.Model, p.tokenizerDir, info)
	if err == nil && p.cfg.LoRA.Rank > 0 {
		err = p.saveAdapter(dir)
	}
	return err
}

// stepsBefore counts the steps of the runs that made the starting weights, as their folder says; 0 for a base that no
// run made. steps_in_all comes first: steps is the last run's alone.
func stepsBefore(provenance map[string]string) int {
	for _, name := range []string{"steps_in_all", "steps"} {
		if n, err := strconv.Atoi(provenance[name]); err == nil {
			return n
		}
	}
	return 0
}
