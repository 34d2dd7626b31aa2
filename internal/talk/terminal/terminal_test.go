package terminal

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
)

// run asks a scripted endpoint and returns what was printed and what was said beside it.
func run(t *testing.T, o Options, in string, reply func(scripted.Call) scripted.Reply) (out, log string,
	s *scripted.Server, err error) {
	t.Helper()
	s = scripted.New(t, reply)
	o.Endpoint, o.EndpointModel = s.URL, "m"
	var printed, said bytes.Buffer
	err = Run(context.Background(), o, strings.NewReader(in), &printed, &said)
	return printed.String(), said.String(), s, err
}

func echo(c scripted.Call) scripted.Reply { return scripted.Reply{Content: "to " + c.User} }

func TestQuestionsAreAskedOneByOne(t *testing.T) {
	out, log, s, err := run(t, Options{Questions: []string{"first?", "second?"}, System: "be brief"}, "", echo)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out, "> first?\nto first?\n") || !strings.Contains(out, "> second?\nto second?\n") ||
		!strings.Contains(log, "m at http") {
		t.Errorf("%q, %q", out, log)
	}
	for _, c := range s.Calls() {
		if c.System != "be brief" {
			t.Errorf("system message %q", c.System)
		}
	}
}

// A conversation carries what was said, until an empty line.
func TestAConversation(t *testing.T) {
	out, _, s, err := run(t, Options{}, "one\ntwo\n\nthree\n", echo)
	if err != nil {
		t.Fatal(err)
	}
	if out != "to one\nto two\nto three\n" || len(s.Calls()) != 3 {
		t.Errorf("%q after %d calls", out, len(s.Calls()))
	}
}

func TestAnswersAsJSON(t *testing.T) {
	out, log, _, err := run(t, Options{Questions: []string{"<first>?"}, JSON: true}, "", echo)
	var got struct {
		Question, Answer string
		Identity         llm.Identity
	}
	if err != nil || json.Unmarshal([]byte(out), &got) != nil || got.Question != "<first>?" ||
		got.Answer != "to <first>?" || got.Identity.Model != "m" || log != "" {
		t.Errorf("%q, %q, %v", out, log, err)
	}
}

func TestWhatDoesNotGoTogether(t *testing.T) {
	for says, o := range map[string]Options{
		"either --model or":     {Model: "x", Endpoint: "y"},
		"belong to --endpoint":  {KeyEnv: "x"},
		"--adapter belongs":     {Endpoint: "http://x", EndpointModel: "m", Adapter: "a"},
		"needs --endpoint-mode": {Endpoint: "http://x"},
		"an endpoint has its":   {Endpoint: "http://x", EndpointModel: "m", Precision: "bf16"},
		"give these":            {Scores: true},
		"on the command line":   {Choices: []string{"a"}},
		"temperature":           {Sampling: llm.Sampling{Temperature: -1}},
		"either --schema or":    {Questions: []string{"x"}, Choices: []string{"a"}, Schema: "file"},
	} {
		if err := o.Validate(); err == nil || !strings.Contains(err.Error(), says) || fault.ExitCode(err) != fault.ExitUsage {
			t.Errorf("%q: %v", says, err)
		}
	}
	t.Chdir(t.TempDir())
	if err := Run(context.Background(), Options{Questions: []string{"x"}}, nil, nil,
		nil); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), "download_smollm2") {
		t.Errorf("no model: %v", err)
	}
	_, _, s, err := run(t, Options{Questions: []string{"x"}, Choices: []string{"a", "b"}}, "", echo)
	if err == nil || !strings.Contains(err.Error(), "cannot choose") || len(s.Calls()) != 0 {
		t.Errorf("choices of an endpoint: %v", err)
	}
}

// A schema goes to the endpoint as it stands in the file; one that is none is refused before anybody is asked.
func TestASchemaOfAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schema.json")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(`{"type": "object", "properties": {"b": {"type": "null"}, "a": {"type": "null"}}, "required": ["a", "b"]}`)
	_, _, s, err := run(t, Options{Questions: []string{"x"}, Schema: path}, "", echo)
	if err != nil || len(s.Calls()) != 1 || s.Calls()[0].Format != "json_schema" {
		t.Errorf("%v: %+v", err, s.Calls())
	}
	write(`{"type": "object"} more`)
	_, _, s, err = run(t, Options{Questions: []string{"x"}, Schema: path}, "", echo)
	if err == nil || !strings.Contains(err.Error(), path) || len(s.Calls()) != 0 {
		t.Errorf("%v", err)
	}
}
