package steer

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

//go:embed data/questions.json
var ownQuestions []byte

// Question is one that a person could answer either way. "Why might you keep a rule when nobody is looking?" can be: a
// person for whom conformity matters has a reason, and one for whom it does not has another.
type Question struct {
	ID      string `json:"id"`
	ValueID string `json:"value_id"`
	Text    string `json:"question"`
}

// ReadQuestions reads an inventory, our 57 questions where the path is empty.
//
//	{"format": 1, "kind": "inventory", "name": …, "items": [{"id": …, "value_id": …, "question": …}, …]}
func ReadQuestions(path string) ([]Question, error) {
	var file struct {
		Format int
		Kind   string
		Items  []Question
	}
	if err := readData(path, ownQuestions, &file); err != nil {
		return nil, err
	}
	if file.Format != 1 || file.Kind != "inventory" {
		return nil, fault.New(fault.Mismatch, "%s: format %d of kind %q: want 1 of \"inventory\"", path, file.Format,
			file.Kind)
	}
	seen := map[string]bool{}
	for at, q := range file.Items {
		if q.ID == "" || strings.TrimSpace(q.Text) == "" || seen[q.ID] {
			return nil, fault.New(fault.Invalid, "%s: item %d (%q): want an id of its own and a question", path, at+1, q.ID)
		}
		seen[q.ID] = true
	}
	return file.Items, nil
}

// readData decodes a file, or what the program carries where the path is empty.
// Unknown keys are passed over: inventories carry a scale, a note and a scoring that nobody here needs.
func readData(path string, own []byte, into any) error {
	if path == "" {
		return json.Unmarshal(own, into)
	}
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return fsutil.Classify(err, path)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fault.New(fault.Corrupt, "%s: %w", path, err)
	}
	return nil
}

// chooseQuestions draws n that are about other values than the trait, in the file's order. Questions about the value
// itself would put its words into every answer, whoever gives it.
func chooseQuestions(all []Question, t Trait, n int, seed uint64) ([]Question, error) {
	var others []Question
	for _, q := range all {
		if !related(q.ValueID, t.ValueID) {
			others = append(others, q)
		}
	}
	if n < 1 || n > len(others) {
		return nil, fault.New(fault.Invalid, "%d questions about other values than %s are asked for, there are %d: want 1 "+
			"to %d",
			n, t.ValueID, len(others), len(others))
	}
	drawn := rand.New(rand.NewPCG(seed, 1)).Perm(len(others))[:n]
	slices.Sort(drawn)
	var out []Question
	for _, at := range drawn {
		out = append(out, others[at])
	}
	return out, nil
}

// related tells whether one id is the other or stands above it.
//
//	svt/…/power and svt/…/power/power-dominance      related: the one is a part of the other
//	svt/…/power and svt/…/achievement                not
func related(a, b string) bool {
	return a == b || strings.HasPrefix(a, b+"/") || strings.HasPrefix(b, a+"/")
}

// names are the ids of questions, as a journal keeps them.
func names(qs []Question) string {
	var ids []string
	for _, q := range qs {
		ids = append(ids, fmt.Sprintf("%s:%s", q.ID, q.Text))
	}
	return strings.Join(ids, "\n")
}
