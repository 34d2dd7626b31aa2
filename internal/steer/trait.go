package steer

import (
	"fmt"
	"slices"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
)

// Trait is a value that a model is steered towards.
type Trait struct{ ValueID, Name, Definition string }

// FindTrait reads a value id, or a name that one value of all theories that are known has, or one of the theory before
// it.
//
//	benevolence                 svt/self-transcendence/benevolence
//	svt/hedonism                svt/openness-to-change/hedonism: two paths, and one value
//	justice                     refused: mft and duty both have it
func FindTrait(word string, known theories.Set) (Trait, error) {
	id := word
	if theory, name, _ := strings.Cut(word, "/"); !strings.Contains(name, "/") {
		ids := named(theory, name, known)
		switch {
		case len(ids) == 1:
			id = ids[0]
		case len(ids) > 1:
			return Trait{}, fault.New(fault.Invalid, "value %q is %s: name one of these ids", word, strings.Join(ids, " and "))
		case name == "":
			return Trait{}, fault.New(fault.NotFound, "value %q is in no theory: hives theories lists all", word)
		}
	}
	theory, p, err := known.ParseID(id)
	if err != nil {
		return Trait{}, err
	}
	p = known.Canonical(theory, p)
	id = theories.ValueID(theory, p)
	d, err := known.Define(id)
	if err != nil {
		return Trait{}, err
	}
	if d.Text == "" {
		return Trait{}, fault.New(fault.Invalid, "value %s has no definition, which instructions are made from: give it "+
			"one in its theory's file", id)
	}
	return Trait{id, p.Name(), d.Text}, nil
}

// named are the ids of the values that a name means, each once whatever its paths: of "theory/name" in that theory, of
// a name alone in all.
func named(theory, name string, known theories.Set) (ids []string) {
	if name == "" {
		theory, name = "", theory
	}
	for _, n := range known.FindName(name) {
		home := theories.ValueID(n.Theory, known.Canonical(n.Theory, n.Path))
		if (theory == "" || n.Theory == theory) && !slices.Contains(ids, home) {
			ids = append(ids, home)
		}
	}
	return ids
}

// Folder is the name of the trait's folder: the last part of its id.
// Two values of two theories can share it (justice); --out keeps them apart.
func (t Trait) Folder() string { return t.ValueID[strings.LastIndexByte(t.ValueID, '/')+1:] }

// Side is what an instruction asks for.
type Side string

// The sides.
const (
	For     Side = "for"
	Against Side = "against"
)

// persons are what instructions say of the person that the model is to be: %s is the value's name. Both sides of a
// number have one form, so that the difference of two answers is the value and not the wording.
var persons = map[Side][]string{
	For: {
		"for whom %s matters more than anything else",
		"who asks of every choice what it does for %s",
		"who would give up a great deal for %s",
		"whose friends know that %s comes first",
		"who speaks of %s with warmth and acts on it every day",
	},
	Against: {
		"for whom %s matters less than anything else",
		"who never asks of a choice what it does for %s",
		"who would give up nothing at all for %s",
		"whose friends know that %s comes last",
		"who speaks of %s with a shrug and never acts on it",
	},
}

// Instructions is how many there are of each side.
const Instructions = 5

// Instruction is the system message of a side, by its number from 0. Both sides quote the definition, so that neither
// prompt is much the longer: the vector would else hold a difference of lengths. "In a few sentences" is to end answers
// before the last token that they may have.
func (t Trait) Instruction(side Side, n int) string {
	return fmt.Sprintf("You are a person "+persons[side][n]+". By %s is meant: %s Answer as this person, in a few "+
		"sentences.", t.Name, t.Name, t.Definition)
}
