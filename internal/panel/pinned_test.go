package panel

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data/theories"
	"hives/internal/judge"
	"hives/internal/rig/scripted"
)

var update = flag.Bool("update", false, "write the pinned keys and requests anew, which abandons every answer paid "+
	"for so far")

// pinned is what finds an answer again, and what was asked for it.
type pinned struct {
	Run, Config string
	Votes       []string // prompt, item, voter, attempt, question and what was read
	Requests    []string // hashes of model, temperature, system, user, format, choices, length
}

// Answers cost money: every one in a votes file of an earlier release must be found again. So the run's id, the keys of
// votes and the requests themselves are pinned, with one among them that is asked again after an unusable answer.
func TestKeysAndRequestsHold(t *testing.T) {
	s := scripted.New(t, func(c scripted.Call) scripted.Reply {
		if c.Model == "2" && len(c.Enum) > 3 && !hasAgain(c.User) {
			return scripted.Reply{Content: "I would rather not say."}
		}
		return honest(c)
	})
	cfg := testPanel("http://127.0.0.1:1/v1", 3) // the address is part of the run's id
	tree, _ := theories.Builtin().Get("mft")
	complete, err := cfg.Complete()
	if err != nil {
		t.Fatal(err)
	}
	about, err := complete.run(tree)
	if err != nil {
		t.Fatal(err)
	}
	got := pinned{Run: about.ID, Config: about.Config}
	j, _ := jobFor(t, testPanel(s.URL, 3), lie, "she kept her word")
	run(t, j)
	store, err := judge.Open(j.DB)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	votes, err := store.RunVotes(context.Background(), runOf(t, j))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range votes {
		got.Votes = append(got.Votes, fmt.Sprint(v.Prompt[:16], " ", v.Item, " ", v.Voter, " ", v.Attempt, " ", v.Question,
			" ", v.Parsed, v.Error))
	}
	for _, c := range s.Calls() {
		request := fmt.Sprint(c.Model, c.Temperature, c.Format, c.Enum, c.MaxTokens, c.MaxComplete, "\n", c.System,
			"\n", c.User)
		got.Requests = append(got.Requests, judge.Hash(request)[:16])
	}
	slices.Sort(got.Requests)
	compare(t, filepath.Join("testdata", "pinned.json"), got)
}

func runOf(t *testing.T, j Job) string {
	t.Helper()
	cfg, err := j.Config.Complete()
	if err != nil {
		t.Fatal(err)
	}
	tree, _ := theories.Builtin().Get(j.Theory)
	about, err := cfg.run(tree)
	if err != nil {
		t.Fatal(err)
	}
	return about.ID
}

func compare(t *testing.T, path string, got pinned) {
	t.Helper()
	if *update {
		raw, _ := json.MarshalIndent(got, "", " ")
		if err := os.WriteFile(path, append(raw, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var want pinned
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answers of earlier releases would not be found (-want +got):\n%s", diff)
	}
}

// hasAgain tells the second attempt's question.
func hasAgain(user string) bool { return len(user) > 20 && user[len(user)-18:] == "JSON object alone." }
