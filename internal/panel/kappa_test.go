package panel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// Twin of Fleiss: pairs of voters are compared one by one, and chance is what a pair of votes drawn from
// the question's urn of all votes, with replacement, would do.
func twin(questions map[string][][]string) float64 {
	above, room := 0.0, 0.0
	for _, texts := range questions {
		var urn []string
		observed := 0.0
		for _, votes := range texts {
			same, pairs := 0.0, 0.0
			for i := range votes {
				urn = append(urn, votes[i])
				for j := range votes {
					if i != j {
						pairs++
						if votes[i] == votes[j] {
							same++
						}
					}
				}
			}
			observed += same / pairs
		}
		hits := 0.0
		for _, a := range urn {
			for _, b := range urn {
				if a == b {
					hits++
				}
			}
		}
		chance := hits / float64(len(urn)*len(urn))
		above += observed - float64(len(texts))*chance
		room += float64(len(texts)) * (1 - chance)
	}
	return above / room
}

func TestFleissAgainstPairs(t *testing.T) {
	const seed = 17
	t.Log("seed", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		ballots, lists := map[string][]ballot{}, map[string][][]string{}
		for q := range 1 + rng.IntN(4) {
			name := fmt.Sprint("q", q)
			for range 2 + rng.IntN(6) {
				b, list := ballot{}, []string{}
				for range 2 + rng.IntN(6) {
					choice := fmt.Sprint(q, "-", rng.IntN(4))
					b[choice]++
					list = append(list, choice)
				}
				ballots[name], lists[name] = append(ballots[name], b), append(lists[name], list)
			}
		}
		got, _, ok := Fleiss(ballots)
		if want := twin(lists); !ok || math.Abs(got-want) > 1e-12 {
			t.Fatalf("κ %v, want %v", got, want)
		}
	}
}

func TestFleissLimits(t *testing.T) {
	agree := map[string][]ballot{"q": {{"a": 7}, {"b": 7}, {"a": 7}}}
	if k, n, ok := Fleiss(agree); !ok || n != 3 || math.Abs(k-1) > 1e-12 {
		t.Errorf("full agreement: %v of %d texts, %v", k, n, ok)
	}
	halves := map[string][]ballot{"q": {{"a": 1, "b": 1}, {"a": 1, "b": 1}}}
	if k, _, ok := Fleiss(halves); !ok || math.Abs(k+1) > 1e-12 {
		t.Errorf("two voters who always differ: %v, want −1", k)
	}
	for name, q := range map[string]map[string][]ballot{
		"no text": {}, "one answer a text": {"q": {{"a": 1}, {"b": 1}}}, "one choice ever": {"q": {{"a": 7}, {"a": 7}}},
	} {
		if k, _, ok := Fleiss(q); ok {
			t.Errorf("%s: κ %v, must be undefined", name, k)
		}
	}
}
