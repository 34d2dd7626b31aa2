package llmbench

import (
	"encoding/json"
	"fmt"

	"hives/internal/judge"
	"hives/internal/llm"
)

// hashed is an item of the votes file: it is found by all that is asked. Of a prompt that may ask for harm the file
// holds the hash alone.
func hashed(text string, cold bool, all ...any) judge.Item {
	raw, _ := json.Marshal(all) // strings and lists of them always marshal
	it := judge.Item{ID: judge.Hash(string(raw))[:32], Text: text, Licence: "user"}
	if cold {
		it.Text = "sha256 " + judge.Hash(text)
	}
	return it
}

// kept is an answer as JSON. An empty one is kept as well: it is an answer, and asking again would not help.
func kept(raw string) (string, error) {
	out, err := json.Marshal(map[string]string{"text": raw})
	return string(out), err
}

// scored asks for the log-probabilities of a form's options; blind leaves the question out.
func (f *form) scored(t *task, system string, blind bool) judge.Question {
	user := f.user
	if blind {
		user = f.blind
	}
	if f.system != "" {
		system = f.system
	}
	return judge.Question{
		Item: hashed(user, false, system, user, f.prefix, f.options), Prompt: judge.Prompt{Name: t.name + ".v1",
			Text: "llm-bench " + t.name}, About: t.name,
		System: system, User: user, Prefix: f.prefix, Choices: f.options, Parse: kept,
	}
}

// written asks for an answer to a turn, drawn in one way.
func written(t *task, system string, before []llm.Message, user string, w way) judge.Question {
	return judge.Question{
		Item: hashed(user, t.cold, system, before, user, w.Sampling), Prompt: judge.Prompt{Name: t.name + ".v1",
			Text: "llm-bench " + t.name + " written"}, About: t.name,
		System: system, Before: before, User: user, Sampling: &w.Sampling, Parse: kept,
	}
}

// judgeQuestion has two places, for what was asked and what was said, both as JSON strings: no text can look like the
// prompt's own words ending.
func judgeQuestion(name, system, user, asked, said string, c judge.Choice) judge.Question {
	quoted := func(s string) string {
		raw, _ := json.Marshal(s)
		return string(raw)
	}
	q := judge.Question{
		Item: hashed(asked, true, asked, said), Prompt: judge.Prompt{Name: name, Text: system + "\n\n" + user}, About: name,
		System: system, User: fmt.Sprintf(user, quoted(asked), quoted(said)), Blank: fmt.Sprintf(user, quoted(nothing),
			quoted(nothing)), Schema: c.Schema(), Parse: c.Parse,
	}
	q.Prefix, q.Choices = c.Answers()
	return q
}
