package answers

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"hives/internal/cli"
	"hives/internal/judge"
	"hives/internal/llm"
	"hives/internal/rig/scripted"
)

// world is a writer and a judge of whom all is known. An answer of theirs says what it holds of each part of its value:
//
//	Draft 1 of what-1 at strongly agree: autonomy for; creativity off; curiosity for …
//
// The judge reads that, and errs. What both say depends on the request alone, so that it is the same after a kill.
type world struct {
	values   *Decomposition
	error    float64 // share of judgements that are one of the two wrong ones
	lenient  float64 // share of judgements that are one better than the text deserves
	deaf     bool    // the judge does not read
	spoilt   float64 // share of judgements that cannot be used
	refuses  float64 // share of drafts that are a refusal
	finished bool    // drafts say all that their level wants at once
}

// drawn is a number in [0, 1) of words.
func drawn(words ...any) float64 {
	h := fnv.New64a()
	fmt.Fprintln(h, words...)
	x := h.Sum64()
	x ^= x >> 31 // FNV mixes its last words little
	x *= 0x9e3779b97f4a7c15
	x ^= x >> 29
	x *= 0xbf58476d1ce4e5b9
	return float64(x>>11) / (1 << 53)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	d, err := ReadDecomposition("", builtin)
	must(t, err)
	return &world{values: d}
}

// stance is what draft n of an answer holds of a part: −1, 0 or 1. Later drafts touch more parts, a moderate level is
// touched half as often.
func (w *world) stance(question, level, part string, draft int) int {
	l := 0
	for i, name := range levelNames() {
		if name == level {
			l = i - 2
		}
	}
	touch := min(1, .3+.15*float64(draft))
	if w.finished {
		touch = 1
	}
	if drawn("touch", question, level, part, draft) >= touch*float64(abs(l))/2 {
		return 0
	}
	return min(1, max(-1, l))
}

func abs(l int) int { return max(l, -l) }

// text writes a draft.
func (w *world) text(v *Value, question, level string, draft int) string {
	if drawn("refuse", question, level, draft) < w.refuses {
		return "I'm sorry, but I can't write that."
	}
	var parts []string
	for _, p := range v.Parts {
		parts = append(parts, p.Name+" "+[]string{"against", "off", "for"}[w.stance(question, level, p.Name, draft)+1])
	}
	return fmt.Sprintf("Draft %d of %s at %s: %s;", draft, question, level, strings.Join(parts, "; "))
}

func between(s, from, to string) string {
	_, rest, _ := strings.Cut(s, from)
	in, _, _ := strings.Cut(rest, to)
	return in
}

// answer plays both.
func (w *world) answer(c scripted.Call) scripted.Reply {
	usage := [2]int{len(c.System+c.User) / 4, 10}
	if c.Model == Judge {
		return scripted.Reply{Content: w.judge(c), Usage: usage}
	}
	if strings.HasPrefix(c.User, "A statement: ") {
		text, _ := strconv.Unquote(between(c.User, "A statement: ", "\n"))
		return scripted.Reply{Content: fmt.Sprintf(`{"question": %q}`, "What of "+strings.TrimSuffix(text, ".")+"?"),
			Usage: usage}
	}
	name := between(c.User, "how far they agree with ", ".")
	question, _ := strconv.Unquote(between(c.User, "Question: ", "\n"))
	level, draft := between(c.User, "whose level is: ", "."), 0
	if _, list, again := strings.Cut(c.User, "answer to it: "); again {
		var shown []string
		_ = json.Unmarshal([]byte(strings.SplitN(list, "\n", 2)[0]), &shown)
		question = shown[0]
		fmt.Sscanf(shown[1], "Draft %d", &draft)
		draft++
		name = between(c.User, "this attitude to ", " (")
		_, rest, _ := strings.Cut(c.User, "): ")
		level, _, _ = strings.Cut(rest, ".")
	}
	v, err := w.values.Find(name)
	if err != nil {
		return scripted.Reply{Status: 500}
	}
	return scripted.Reply{Content: w.text(v, question, level, draft), Usage: usage}
}

// judge reads one part of a text. The two errors are drawn apart, and of the role, the part and the text.
func (w *world) judge(c scripted.Call) string {
	part := between(c.User, "The matter: ", ".\n")
	text := between(c.User, "The text: ", "\n\nDoes")
	if drawn("spoilt", c.System, c.User) < w.spoilt {
		return "I would rather not say."
	}
	stance := 0
	for i, word := range []string{"against", "off", "for"} {
		if strings.Contains(text, " "+part+" "+word+";") {
			stance = i - 1
		}
	}
	switch {
	case w.deaf:
		stance = int(3*drawn("deaf", c.System, c.User)) - 1
	case drawn("error", c.System, c.User) < w.error:
		stance = (stance+2+int(2*drawn("which", c.System, c.User)))%3 - 1
	}
	if drawn("lenient", c.System, c.User) < w.lenient {
		stance = min(1, stance+1)
	}
	return fmt.Sprintf(`{"choice": %q}`, stands[stance+1])
}

// questions writes a file of n questions a value.
func questions(t testing.TB, n int, values ...string) string {
	t.Helper()
	var lines bytes.Buffer
	for _, v := range values {
		for i := range n {
			fmt.Fprintf(&lines, `{"question": "what-%d?", "value": %q, "group": "g%d", "question_id": "%s-%d"}`+"\n",
				i, v, i/2, v, i)
		}
	}
	return file(t, "questions.jsonl", lines.String())
}

func file(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(text), 0o644))
	return path
}

// job is a build over a scripted server.
func job(url, out, asked string) Job {
	j := DefaultJob()
	c := Defaults()
	c.Parallel, c.Attempts = 4, 1
	c.Endpoints = []llm.Endpoint{{Name: "e", BaseURL: url, Parallel: 4, MaxTries: 1,
		MaxWait: cli.Duration(time.Millisecond), Timeout: cli.Duration(time.Minute)}}
	for _, name := range []string{Judge, Writer} {
		c.Voters = append(c.Voters, judge.Voter{Name: name, Endpoint: "e", Model: llm.Model{Name: name}})
	}
	j.Config, j.Questions, j.Out, j.Yes, j.Stdout, j.Known = c, asked, out, true, io.Discard, builtin
	j.Roles, j.Rewrites = 2, 3
	return j
}

func build(t testing.TB, j Job) *Stats {
	t.Helper()
	s, err := Build(context.Background(), j)
	must(t, err)
	return s
}

func read(t testing.TB, dir string, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, name))
	must(t, err)
	return raw
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
