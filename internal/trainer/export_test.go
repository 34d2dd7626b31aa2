package trainer

import (
	"hives/data/theories"
	"hives/internal/optim"
	"hives/internal/trainer/contrast"
)

// Optimizer is a run's optimiser, with the group of learned banks if there are any.
func Optimizer(learned bool) *optim.AdamW {
	o := optim.Default(0)
	if learned {
		o.Groups = optim.WithGroups(o.Groups, []optim.Group{{Name: "anchors", RateMultiplier: 10, Match: contrast.IsTable}})
	}
	return o
}

// HeldOutTexts names the texts that a run holds out.
func HeldOutTexts(t interface{ Fatal(...any) }, cfg Config) (texts string) {
	rows, err := contrast.ReadRows(&cfg.Data, cfg.Seed, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows.Validation {
		texts += r.TextID + " "
	}
	return texts
}
