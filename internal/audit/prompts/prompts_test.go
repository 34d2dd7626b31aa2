package prompts

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/audit"
	"hives/internal/fault"
	"hives/vidb"
)

var question = audit.Query{ID: "q1", Text: "May one lie to a friend?"}

// targets32 are the 32 values in the order of the theories.
func targets32(t *testing.T) (ids []string) {
	t.Helper()
	list, err := theories.Builtin().List(theories.ListOptions{Targets: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range list.Targets {
		ids = append(ids, one.ValueIDs[0])
	}
	return ids
}

// All 32 × 4 sentences are those that were read, word for word, in the order of the theories.
func TestSentencesAreThoseThatWereRead(t *testing.T) {
	var got strings.Builder
	for _, v := range targets32(t) {
		o := Defaults()
		o.Values = []string{v}
		cells, err := Cells(o, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cells[1:] {
			prompt, _ := c.Prompt(question)
			sentence, rest, _ := strings.Cut(prompt, "\n")
			fmt.Fprintln(&got, sentence)
			if rest != "\n"+question.Text+"\n\nAnswer with no more than 100 words." {
				t.Errorf("%s: after the sentence stands %q", c.ID, rest)
			}
		}
	}
	want, err := os.ReadFile("testdata/sentences.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("the sentences are not those that were read:\n%s", got.String())
	}
	if n := strings.Count(string(want), "\n"); n != 4*len(targets32(t)) {
		t.Errorf("%d sentences", n)
	}
}

// faults of a phrase: what would not read as one thing that is valued or rejected.
func faults(phrase string) (found []string) {
	for _, word := range strings.FieldsFunc(phrase, func(r rune) bool { return strings.ContainsRune(" ,.;:", r) }) {
		switch {
		case slices.Contains([]string{"that", "which", "who", "whom", "whose", "is", "are", "be", "to-be", "not", "never",
			"avoids", "values", "rejects", "has", "have", "seeks", "harms", "about"}, word),
			strings.HasSuffix(word, "ing") && word != "housing", word != strings.ToLower(word):
			found = append(found, word)
		}
	}
	if strings.ContainsAny(phrase, ".;:") {
		found = append(found, "a stop")
	}
	return found
}

// No phrase has a second verb, a sentence of its own or a capital. The controls are two phrases of published prompts.
func TestPhrasesAreNouns(t *testing.T) {
	for v, p := range phrases {
		if found := faults(p); found != nil {
			t.Errorf("%s: %q: %v", v, p, found)
		}
	}
	for _, bad := range []string{"social norms and avoids behaviour that harms others",
		"Intuitions about resistance to domination and valuing autonomy"} {
		if faults(bad) == nil {
			t.Errorf("%q passes", bad)
		}
	}
	if len(phrases) != len(targets32(t)) {
		t.Errorf("%d phrases", len(phrases))
	}
}

// The files are those of version 1: other words need another version in the name, or stored answers would pass for
// answers to them.
func TestPromptFilesHold(t *testing.T) {
	want := map[string]string{}
	raw, err := os.ReadFile("testdata/hashes.json")
	if err == nil {
		err = json.Unmarshal(raw, &want)
	}
	if err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob("prompts/*.tmpl")
	for _, name := range names {
		name = strings.TrimSuffix(filepath.Base(name), ".tmpl")
		if got := hash(name, name != "default.v1" && name != "texts.v1"); got != want[name] {
			t.Errorf("%s has the hash %s: give changed words a new version", name, got)
		}
	}
	if len(names) != len(want) {
		t.Errorf("%d files, %d hashes", len(names), len(want))
	}
}

// pool is a value with texts at given scores.
func pool(scores ...float64) *vidb.Value {
	v := &vidb.Value{}
	for at, s := range scores {
		v.Texts = append(v.Texts, vidb.Text{ID: fmt.Sprintf("t%02d", at), Text: fmt.Sprintf("Text %d.", at)})
		v.Scores = append(v.Scores, vidb.Score{Score: s, Final: s, Status: vidb.Accepted})
	}
	return v
}

const power = "svt/self-enhancement/power"

// A prompt quotes three texts of its target's part of the scale; another query others, --texts fixed the same; another
// seed others. A cell with two texts is left out and says so, and its neighbours stand.
func TestTextsAreOfTheirBin(t *testing.T) {
	v := pool(8, 9, 7.5, 8.5, 9.5, 8, 4, 4, -8)
	v.Scores[5].Zeros = 1 // doubted by a voter
	o := Defaults()
	o.Values, o.Regimes = []string{power}, []string{audit.RegimeTexts}
	cells := func(o Options) []Cell {
		out, err := Cells(o, func(string) (*vidb.Value, error) { return v, nil })
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	all := cells(o)
	for _, c := range all[2:] {
		if c.Skipped == "" {
			t.Errorf("%s is not skipped", c.ID)
		}
	}
	strong := all[1]
	seen := map[string]bool{}
	for n := range 40 {
		prompt, quoted := strong.Prompt(audit.Query{ID: fmt.Sprint(n), Text: "Why?"})
		if again, _ := strong.Prompt(audit.Query{ID: fmt.Sprint(n), Text: "Why?"}); again != prompt {
			t.Fatal("the same query has two prompts")
		}
		if len(quoted) != 3 || slices.ContainsFunc(quoted, func(id string) bool { return id > "t04" }) {
			t.Fatalf("quotes %v", quoted)
		}
		seen[fmt.Sprint(quoted)] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d draws of 40 are unlike", len(seen))
	}
	fixed := o
	fixed.Texts = TextsFixed
	one := cells(fixed)[1]
	a, _ := one.Prompt(audit.Query{ID: "1", Text: "Why?"})
	if b, _ := one.Prompt(audit.Query{ID: "2", Text: "Why?"}); a != b {
		t.Error("fixed texts differ between queries")
	}
	const want = "Below are texts that the user has spoken, written, or agreed with:\n- \"Text "
	if !strings.HasPrefix(a, want) || !strings.HasSuffix(a, "\n\nQuery: Why?\n\nAnswer with no more than 100 words.") {
		t.Error(a)
	}
}

// Two values are asked on the pairs whose values are both chosen, five in all shifts; their lines stand in an order
// that hangs on the query.
func TestProfiles(t *testing.T) {
	o := Defaults()
	o.Values, o.Regimes = targets32(t), []string{audit.RegimeTwo, audit.RegimeFive}
	cells, err := Cells(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(cells) != 1+16*4+4*5 {
		t.Errorf("%d cells", len(cells))
	}
	five := cells[len(cells)-1]
	orders := map[string]bool{}
	for n := range 30 {
		prompt, _ := five.Prompt(audit.Query{ID: fmt.Sprint(n), Text: "Why?"})
		orders[prompt] = true
		for at, v := range five.Values {
			if !strings.Contains(prompt, "- "+words(Slightly, five.Targets[at])+" "+phrases[v]+".\n") {
				t.Errorf("%s lacks %s", prompt, v)
			}
		}
	}
	if len(orders) < 20 {
		t.Errorf("%d orders in 30 queries", len(orders))
	}
	if got := five.Target(five.Values[0]); got != five.Targets[0] || five.Target(power) != 0 {
		t.Errorf("target %d", got)
	}
	for _, c := range cells[1:] {
		for at, v := range c.Values {
			if slices.Contains(c.Values[:at], v) {
				t.Errorf("%s names a value twice", c.ID)
			}
		}
	}
}

// What cannot be asked is refused by name, with exit code 2.
func TestRefusals(t *testing.T) {
	for name, spoil := range map[string]func(*Options){
		"target 0":      func(o *Options) { o.Targets = []int{0} },
		"target twice":  func(o *Options) { o.Targets = []int{2, 2} },
		"target 3":      func(o *Options) { o.Targets = []int{2, 3} },
		"words":         func(o *Options) { o.Words = "mildly" },
		"bins":          func(o *Options) { o.Bins = "x" },
		"texts":         func(o *Options) { o.Texts = "x" },
		"regime":        func(o *Options) { o.Regimes = []string{"default"} },
		"regime twice":  func(o *Options) { o.Regimes = []string{audit.RegimeAnchor, audit.RegimeAnchor} },
		"value twice":   func(o *Options) { o.Values = []string{power, power} },
		"no phrase":     func(o *Options) { o.Values = []string{"svt/self-enhancement/power/power-dominance"} },
		"no pair":       func(o *Options) { o.Regimes = []string{audit.RegimeTwo} },
		"no profile":    func(o *Options) { o.Regimes = []string{audit.RegimeProfile} },
		"no five":       func(o *Options) { o.Regimes = []string{audit.RegimeFive} },
		"empty profile": func(o *Options) { o.Regimes = []string{audit.RegimeProfile} },
	} {
		o := Defaults()
		o.Values = []string{power}
		spoil(&o)
		if _, err := Cells(o, nil); fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Weak targets are printed as the paper's boxes 7 and 11 do, where asked for.
func TestWeakly(t *testing.T) {
	o := Defaults()
	o.Values, o.Words, o.Targets = []string{power}, Weakly, []int{-1}
	cells, err := Cells(o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if prompt, _ := cells[1].Prompt(question); !strings.HasPrefix(prompt, "You are a person who weakly rejects social") {
		t.Error(prompt)
	}
	if prompt, _ := cells[0].Prompt(question); prompt != question.Text+"\n\nAnswer with no more than 100 words." {
		t.Errorf("the default is %q", prompt)
	}
}

// A profile names what lies beyond 3, and what is no profile is refused with the file's name.
func TestReadProfile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "p.json")
	read := func(text string) (*Profile, error) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return ReadProfile(path)
	}
	p, err := read(`{"format": 1, "kind": "profile", "name": "n", "scores": {"` + power + `": 7, "duty/justice": -3,
		"duty/fidelity": 2.9}}`)
	if err != nil {
		t.Fatal(err)
	}
	values, targets := p.Steer()
	if fmt.Sprint(values, targets) != "[duty/justice "+power+"] [-1 2]" {
		t.Error(values, targets)
	}
	for _, bad := range []string{
		`{}`, `{"format": 1, "kind": "profile", "scores": {"duty/justice": 11}}`,
		`{"format": 1, "kind": "profile", "scores": {"duty/justice": 1}}`, `{"format": 1, "kind": "profile", "score": {}}`,
		`{"format": 1, "kind": "profile", "scores": {"duty/x": 5}}`,
	} {
		if _, err := read(bad); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}
