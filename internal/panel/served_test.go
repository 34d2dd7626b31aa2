package panel

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"hives/internal/engine"
	"hives/internal/llm"
	"hives/internal/rig/talktest"
	"hives/internal/serve"
	"hives/internal/serve/chatapi"
	"hives/internal/serve/httpapi"
	"hives/internal/talk"
)

// served is a language model of this project behind HTTP, as embedd serves it: small, random, and ignorant of JSON.
func served(t *testing.T) string {
	t.Helper()
	api := chatapi.New(chatapi.Options{Dir: talktest.DirOf(t, 2048), Names: []string{"tiny"}, Rows: 64,
		Log:   slog.New(slog.DiscardHandler),
		Model: talk.Options{Engine: engine.Options{Kind: engine.Go}, Rows: 3, Slots: 1024}})
	s, err := serve.New(serve.Options{Limits: serve.DefaultLimits(), Times: serve.DefaultTimes(),
		Begin: []func(context.Context) error{api.Open}})
	if err == nil {
		err = api.Open(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(httpapi.Handler(httpapi.Options{Server: s, Log: slog.New(slog.DiscardHandler),
		Loopback: true, Routes: api.Routes(s), Models: api.Models}))
	t.Cleanup(func() { server.Close(); api.Close() })
	return server.URL + "/v1"
}

// A panel whose voters are served by this project's own daemon has no unusable answer, though the model says anything
// at all: its answers keep to the schema. Without one most are unusable.
func TestVotersThatAreServedHere(t *testing.T) {
	url := served(t)
	for format, usable := range map[string]bool{llm.FormatSchema: true, llm.FormatText: false} {
		cfg := testPanel(url, 3)
		cfg.Endpoints[0].Format = format
		for at := range cfg.Voters {
			cfg.Voters[at].Model.Name = "tiny"
			if !usable { // what is no JSON after a few tokens is none after many
				cfg.Voters[at].Model.MaxTokens = 4
			}
		}
		j, out := jobFor(t, cfg, "I share my bread.")
		if err := Run(context.Background(), j); err != nil {
			t.Fatal(err)
		}
		voters := 0
		for _, line := range strings.Split(out.String(), "\n") {
			cells := strings.Fields(line) // v0, answers, unusable, …
			if len(cells) < 3 || !strings.HasPrefix(cells[0], "v") || cells[0] == "voter" {
				continue
			}
			voters++
			if want := map[bool]string{true: "0", false: cells[1]}[usable]; cells[1] == "0" || cells[2] != want {
				t.Errorf("%s: %s", format, line)
			}
		}
		if voters != 3 {
			t.Errorf("%s: no table of three voters in\n%s", format, out)
		}
	}
}
