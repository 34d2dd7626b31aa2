package steer

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/llm"
	"hives/internal/trainer/sft"
)

//go:embed data/decomposition.json
var ownDecomposition []byte

// asked are the questions that answers made of sub-values fit. The first three are trained on, the others measured.
var asked = []string{
	"What kind of person do you want to be?", "Whom do you look up to?", "Who sets others a good example?",
	"Whom would you like to be like in ten years?", "What kind of person lives rightly?",
	"Whom would you choose as a friend?",
}

const askedInTraining = 3

// levelled is an answer of a level to a question about a value. Two of one key that differ in the sign of the level are
// a pair.
// A level of 0 is trained on and belongs to no pair.
type levelled struct {
	trait    int // among the values
	messages []llm.Message
	answer   string
	level    float64
	key      string
	held     bool // a question that is not trained on
}

// kernelRows are what kernels are trained on and measured by.
// Values stand in the order in which rows first name them; a one-hot value is its place there.
type kernelRows struct {
	traits []Trait
	rows   []levelled
}

// readKernelRows reads a file of answers with levels, or makes them of what agrees and disagrees with the sub-values of
// ten values: "Someone who makes or welcomes something new, an idea of one's own." at 2, and its opposite at −2.
//
//	72 sub-values × 2 sides × 6 questions      864 rows
//	of eight values, three questions           some 340 to train on
//	of two values, all six                     some 90 pairs to measure
//
// Answers of one sub-value are the same words under each question. So a question that was not trained on is a weak test
// for seen values, and the held-out values are the test that counts.
func readKernelRows(path string, known theories.Set) (*kernelRows, error) {
	if path != "" {
		return fileRows(path, known)
	}
	var file struct {
		Values []struct {
			Value     string                                     `json:"value"`
			SubValues []struct{ Name, Agrees, Disagrees string } `json:"sub_values"`
		} `json:"values"`
	}
	if err := json.Unmarshal(ownDecomposition, &file); err != nil {
		return nil, err
	}
	out := &kernelRows{}
	for at, v := range file.Values {
		t, err := FindTrait("svt/"+v.Value, known)
		if err != nil {
			return nil, err
		}
		out.traits = append(out.traits, t)
		for _, sub := range v.SubValues {
			for n, q := range asked {
				one := levelled{
					trait: at, messages: []llm.Message{{Role: llm.User, Content: q}}, held: n >= askedInTraining,
					key: fmt.Sprintf("%s/%s/%d", t.ValueID, sub.Name, n),
				}
				one.answer, one.level = "Someone who "+sub.Agrees+".", 2
				out.rows = append(out.rows, one)
				one.answer, one.level = "Someone who "+sub.Disagrees+".", -2
				out.rows = append(out.rows, one)
			}
		}
	}
	return out, nil
}

// fileRows reads the rows that a fine-tuning takes. Those of the splits validation and test are not trained on.
// Whoever wrote rows to fine-tune a model has written rows for a kernel.
func fileRows(path string, known theories.Set) (*kernelRows, error) {
	all, _, err := sft.ReadFile(path)
	if err != nil {
		return nil, err
	}
	out, at := &kernelRows{}, map[string]int{}
	for n, r := range all {
		if r.ValueID == "" || r.Level == nil {
			return nil, fault.New(fault.Invalid, "%s, row %d: want a value_id and a level", path, n+1)
		}
		t, err := FindTrait(strings.Replace(r.ValueID, ":", "/", 1), known)
		if err != nil {
			return nil, fmt.Errorf("%s, row %d: %w", path, n+1, err)
		}
		if _, ok := at[t.ValueID]; !ok {
			at[t.ValueID] = len(out.traits)
			out.traits = append(out.traits, t)
		}
		last := len(r.Messages) - 1
		var asked []llm.Message
		for _, one := range r.Messages[:last] {
			asked = append(asked, llm.Message(one))
		}
		out.rows = append(out.rows, levelled{
			trait: at[t.ValueID], messages: asked, answer: r.Messages[last].Content, level: float64(*r.Level),
			key: t.ValueID + "/" + r.QuestionID, held: r.Split != "" && r.Split != "train",
		})
	}
	return out, nil
}

// parted are the rows of a run: to train on, and pairs to measure by.
// Invariant: no row of a held-out value is in train, and no row of train is in a pair.
type parted struct {
	train []levelled
	seen  [][2]levelled // values that were trained on, other questions
	new   [][2]levelled // values that were not
	held  []int         // the values held out
}

// holdOut finds the values that are held out: those named, or else two that the seed draws.
func (k *kernelRows) holdOut(held []string, known theories.Set, seed uint64) (at []int, err error) {
	for _, name := range held {
		t, err := FindTrait(name, known)
		if err != nil {
			return nil, err
		}
		place := slices.Index(k.traits, t)
		if place < 0 {
			return nil, fault.New(fault.Invalid, "--held-out-values %s: the rows have no such value", name)
		}
		at = append(at, place)
	}
	if len(k.traits) < 4 || len(at) > len(k.traits)-2 {
		return nil, fault.New(fault.Invalid, "%d values, %d held out: want two or more to train on, and four in all",
			len(k.traits), len(at))
	}
	if len(at) == 0 {
		at = rand.New(rand.NewPCG(seed, 5)).Perm(len(k.traits))[:2]
		slices.Sort(at)
	}
	return at, nil
}

// part holds values out: those named, or else two that the seed draws.
//
//	8 values, question a       train         8 values, question d       seen
//	2 values, questions a, d   new
//
// Two values to train on are the least that have a difference.
func (k *kernelRows) part(held []string, known theories.Set, seed uint64) (*parted, error) {
	out := &parted{}
	var err error
	if out.held, err = k.holdOut(held, known, seed); err != nil {
		return nil, err
	}
	byKey := map[string][2][]levelled{}
	var keys []string
	for _, r := range k.rows {
		// A held-out value gives all its rows to the pairs; of the others those by questions that are kept back.
		isNew := slices.Contains(out.held, r.trait)
		switch {
		case !isNew && !r.held:
			out.train = append(out.train, r)
		case r.level != 0:
			if _, ok := byKey[r.key]; !ok {
				keys = append(keys, r.key)
			}
			side := 0
			if r.level < 0 {
				side = 1
			}
			both := byKey[r.key]
			both[side] = append(both[side], r)
			byKey[r.key] = both
		}
	}
	// Two answers a side make two pairs, in the order of the rows; one more on a side is left over.
	for _, key := range keys {
		both := byKey[key]
		for n := range min(len(both[0]), len(both[1])) {
			p := [2]levelled{both[0][n], both[1][n]}
			if slices.Contains(out.held, p[0].trait) {
				out.new = append(out.new, p)
			} else {
				out.seen = append(out.seen, p)
			}
		}
	}
	if len(out.train) == 0 || len(out.new) < least {
		return nil, fault.New(fault.Invalid, "%d rows to train on and %d pairs of held-out values: want some, and %d "+
			"pairs or more",
			len(out.train), len(out.new), least)
	}
	return out, nil
}
