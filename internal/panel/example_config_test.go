package panel

import (
	"testing"

	"hives/internal/cli"
)

// The configuration that the documentation shows must be one that the program takes.
func TestDocumentedConfig(t *testing.T) {
	cfg, _, err := cli.Load(Defaults(), cli.Sources{File: "../../docs/panel.toml", Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	if cfg, err = cfg.Complete(); err != nil {
		t.Fatal(err)
	}
	if len(cfg.Voters) != 7 || cfg.Rules != (Rules{Quorum: 5, Lead: 2, MinAnswers: 4}) ||
		cfg.Voters[6].Temperature != 0.7 || cfg.Voters[2].Prompt != "plain.v1" {
		t.Errorf("read as %+v", cfg)
	}
}
