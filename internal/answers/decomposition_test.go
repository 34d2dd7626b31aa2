package answers

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// TestOurValues: the ten basic values of svt, each a node of the theory, with the 72 parts of the decomposition; what
// is printed as JSON reads back as the same.
func TestOurValues(t *testing.T) {
	d, err := ReadDecomposition("", builtin)
	must(t, err)
	parts := 0
	for _, v := range d.Values {
		parts += len(v.Parts)
		if !strings.HasPrefix(v.ID, "svt/") || !strings.HasSuffix(v.ID, "/"+v.Name) {
			t.Errorf("%s has the id %s", v.Name, v.ID)
		}
	}
	if len(d.Values) != 10 || parts != 72 {
		t.Errorf("%d values, %d parts", len(d.Values), parts)
	}
	two, err := d.Select([]string{"power", "svt/conservation/tradition"})
	must(t, err)
	raw, err := json.Marshal(d.Of(two))
	must(t, err)
	again, err := ReadDecomposition(file(t, "two.json", string(raw)), builtin)
	must(t, err)
	if compact(again.Values) != compact(d.Of(two).Values) || len(again.Values) != 2 {
		t.Errorf("%+v", again.Values)
	}
	var out bytes.Buffer
	must(t, Print(&out, two))
	for _, v := range two {
		for _, p := range v.Parts {
			if !strings.Contains(out.String(), p.Name) {
				t.Errorf("%s is not printed", p.Name)
			}
		}
	}
}

// TestRolesAreOfTheQuestion: another question has other people, the same one has the same in another run, and of five
// the first three are the three.
func TestRolesAreOfTheQuestion(t *testing.T) {
	j := job("http://127.0.0.1:1/v1", "", questions(t, 2, "power"))
	j.Roles = 5
	a, err := newBuilder(j)
	must(t, err)
	j.Roles = 3
	b, err := newBuilder(j)
	must(t, err)
	first, second := preambles(a.roles(&a.questions[0])), preambles(a.roles(&a.questions[1]))
	if compact(first) == compact(second) || len(first) != 5 {
		t.Errorf("two questions have the same people: %v", first)
	}
	if compact(first[:3]) != compact(preambles(b.roles(&b.questions[0]))) {
		t.Error("three people are not the first three of five")
	}
	j.Seed = 1
	c, err := newBuilder(j)
	must(t, err)
	if compact(preambles(b.roles(&b.questions[0]))) == compact(preambles(c.roles(&c.questions[0]))) {
		t.Error("another seed has the same people")
	}
}
