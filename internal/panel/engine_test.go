package panel

import (
	"bytes"
	"strings"
	"testing"

	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/talktest"
	"hives/internal/talk"
)

// A model that babbles gives no unusable answer: closed questions are compared, and what it writes is held to the
// schema. Batches and temperature move nothing that a second start would have to ask again.
func TestABabblingModelGivesNoUnusableAnswer(t *testing.T) {
	dir := talktest.DirOf(t, 4096)
	cfg := Defaults()
	cfg.Opener = talk.Provide
	for _, v := range []judge.Voter{
		{Name: "a", Prompt: "terse.v1", Choose: judge.Calibrated}, {Name: "b", Prompt: "terse.v1", Choose: judge.PerByte},
		{Name: "c", Prompt: "careful.v1"},
	} {
		v.Model = llm.Model{Name: dir, MaxTokens: 60, Temperature: .5, Local: llm.Local{
			Provider: llm.AtHome, Batch: 2, Engine: "go"}}
		cfg.Voters = append(cfg.Voters, v)
	}
	j, out := jobFor(t, cfg, lie, "she kept her word")
	run(t, j)
	store, err := judge.Open(j.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	queue, err := store.Queue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range queue {
		for _, v := range q.Votes {
			if v.Choice() == "" || v.Attempt != 1 || !strings.Contains(v.Model, "@") {
				t.Errorf("%+v", v)
			}
		}
	}
	first := bytes.Clone(out.Bytes())
	out.Reset()
	run(t, j)
	if !bytes.Equal(first, out.Bytes()) || len(queue) == 0 {
		t.Errorf("a second start says otherwise, or %d texts were open:\n%s\n%s", len(queue), first, out)
	}
}
