package llm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/rig/scripted"
)

// ask prepares a question whose usable answers begin with "good".
func askQuestion(t *testing.T, replies ...scripted.Reply) (*Store, *Client, *scripted.Server, Question) {
	t.Helper()
	s, v := openTest(t)
	server := scripted.New(t, script(replies...))
	q := Question{
		Run: v.Run, Prompt: Prompt{Name: "plain.v1", Text: "which?"}, Item: v.Item, Voter: "v", About: "svt", Request: testRequest, MaxAttempts: 3,
		Parse: func(raw string) (string, error) {
			if !strings.HasPrefix(raw, "good") {
				return "", errors.New("not good")
			}
			return `"` + raw + `"`, nil
		},
	}
	return s, testClient(t, testEndpoint(server.URL), Limits{}), server, q
}

func TestAskStoresEveryAnswerAndAsksNothingTwice(t *testing.T) {
	ctx := context.Background()
	s, c, server, q := askQuestion(t, scripted.Reply{Content: "bad"}, scripted.Reply{Content: "good 1"}, scripted.Reply{Content: "good 2"})
	for round := range 3 {
		v, asked, err := Ask(ctx, s, c, q)
		if err != nil || v.Parsed != `"good 1"` || v.Attempt != 2 || asked != (round == 0) {
			t.Fatalf("round %d: %+v, asked %v, %v", round, v, asked, err)
		}
	}
	calls := server.Calls()
	if len(calls) != 2 || calls[0].User == calls[1].User {
		t.Errorf("%d calls; the second must say that the first was unusable", len(calls))
	}
	all, err := s.ItemVotes(ctx, "r", "i")
	must(t, err)
	if len(all) != 2 || all[0].Raw != "bad" || all[0].Parsed != "" || all[0].Error != "not good" {
		t.Errorf("stored %+v", all)
	}
	tokens, _, answers, err := s.Used(ctx, "r")
	if err != nil || answers != 2 || tokens != all[0].TokensIn+all[0].TokensOut+all[1].TokensIn+all[1].TokensOut {
		t.Errorf("used %d tokens in %d answers, %v", tokens, answers, err)
	}
}

func TestAskGivesUpAfterItsAttempts(t *testing.T) {
	s, c, server, q := askQuestion(t, scripted.Reply{Content: "bad"})
	for range 2 {
		v, _, err := Ask(context.Background(), s, c, q)
		if err != nil || v.Parsed != "" || v.Attempt != 3 || len(server.Calls()) != 3 {
			t.Fatalf("%+v %v after %d calls", v, err, len(server.Calls()))
		}
	}
}

func TestAskKeepsARefusalAsAnUnusableAnswer(t *testing.T) {
	s, c, server, q := askQuestion(t, scripted.Reply{Status: 400})
	v, _, err := Ask(context.Background(), s, c, q)
	if err != nil || v.Parsed != "" || v.Error == "" || len(server.Calls()) != 3 {
		t.Errorf("%+v %v after %d calls", v, err, len(server.Calls()))
	}
}

func TestAskStoresNothingOfAFailure(t *testing.T) {
	s, c, _, q := askQuestion(t, scripted.Reply{Status: 503})
	if _, _, err := Ask(context.Background(), s, c, q); fault.Of(err) != fault.Unavailable {
		t.Error(err)
	}
	if all, err := s.ItemVotes(context.Background(), "r", "i"); err != nil || len(all) != 0 {
		t.Errorf("stored %+v, %v", all, err)
	}
}
