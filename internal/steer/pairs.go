package steer

import (
	_ "embed"
	"math/rand/v2"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/nearest"
)

//go:embed data/pairs.json
var ownPairs []byte

// Pair is a question with a short answer for a value and one against it. None of them is asked when vectors are made.
// Answers are short, of like length, and neither denies the other word by word: "I share it with my brother" beside "I
// keep all of it". A pair that differed by a "not" would measure what the vector does to negation.
type Pair struct {
	Question string // its id
	Text     string
	For      string
	Against  string
}

// ReadPairs reads the pairs of a value, ours where the path is empty: 80 each for benevolence, power and stimulation.
//
//	{"format": 1, "kind": "pairs", "items": [
//	  {"id": "be-1", "value_id": …, "question": …, "pairs": [{"for": …, "against": …}, …]}, …]}
//
// Items of other values are checked and left out, so that one file serves several.
func ReadPairs(path string, t Trait) ([]Pair, error) {
	var file struct {
		Format int
		Kind   string
		Items  []struct {
			ID       string `json:"id"`
			ValueID  string `json:"value_id"`
			Question string `json:"question"`
			Pairs    []struct {
				For     string `json:"for"`
				Against string `json:"against"`
			} `json:"pairs"`
		}
	}
	if err := readData(path, ownPairs, &file); err != nil {
		return nil, err
	}
	if file.Format != 1 || file.Kind != "pairs" {
		return nil, fault.New(fault.Mismatch, "%s: format %d of kind %q: want 1 of \"pairs\"", path, file.Format, file.Kind)
	}
	var out []Pair
	var known []string
	ids := map[string]bool{}
	for at, q := range file.Items {
		if ids[q.ID] || q.ID == "" || strings.TrimSpace(q.Question) == "" {
			return nil, fault.New(fault.Invalid, "%s: item %d (%q): want an id of its own and a question", path, at+1, q.ID)
		}
		ids[q.ID] = true
		if !slices.Contains(known, q.ValueID) {
			known = append(known, q.ValueID)
		}
		for n, p := range q.Pairs {
			if strings.TrimSpace(p.For) == "" || strings.TrimSpace(p.Against) == "" || p.For == p.Against {
				return nil, fault.New(fault.Invalid, "%s: item %q, pair %d: want two different answers", path, q.ID, n+1)
			}
			if q.ValueID == t.ValueID {
				out = append(out, Pair{Question: q.ID, Text: q.Question, For: p.For, Against: p.Against})
			}
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.NotFound, "no pairs of answers for and against %s: give a file of them by "+
			"--pairs; there are some for %s%s", t.ValueID, strings.Join(known, ", "), nearest.Hint(t.ValueID, known))
	}
	return out, nil
}

// halves parts the pairs by question, drawn by the seed: layer and coefficient are chosen on the one half and reported
// on the other, since the best of a sweep is the best partly by chance. Of an odd number the report has one question
// more.
//
//	16 questions of 5 pairs      8 questions and 40 pairs on either side
//
// Invariant: no question stands on both sides. Its pairs share the prompt, and a strength that suits one of them suits
// the others.
func halves(all []Pair, seed uint64) (choose, report []Pair) {
	var questions []string
	for _, p := range all {
		if !slices.Contains(questions, p.Question) {
			questions = append(questions, p.Question)
		}
	}
	// The draw is of questions, and the pairs keep the file's order on either side.
	chosen := map[string]bool{}
	for _, at := range rand.New(rand.NewPCG(seed, 3)).Perm(len(questions))[:len(questions)/2] {
		chosen[questions[at]] = true
	}
	for _, p := range all {
		if chosen[p.Question] {
			choose = append(choose, p)
		} else {
			report = append(report, p)
		}
	}
	return choose, report
}
