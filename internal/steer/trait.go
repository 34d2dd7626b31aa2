package steer

import (
	"fmt"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
)

// Trait is a value that a model is steered towards.
type Trait struct{ ValueID, Name, Definition string }

// FindTrait reads a value id, or a name that one value of all theories that are known has.
//
//	benevolence                 svt/self-transcendence/benevolence
//	justice                     refused: mft and duty both have it
func FindTrait(word string, known theories.Set) (Trait, error) {
	id := word
	if !strings.Contains(word, "/") {
		nodes := known.FindName(word)
		distinct := map[string]bool{}
		var ids []string
		for _, n := range nodes {
			home := theories.ValueID(n.Theory, known.Canonical(n.Theory, n.Path))
			if !distinct[home] {
				ids = append(ids, home)
			}
			distinct[home] = true
		}
		switch {
		case len(ids) == 0:
			return Trait{}, fault.New(fault.NotFound, "value %q is in no theory: hives theories lists them, and nearest names",
				word)
		case len(ids) > 1:
			return Trait{}, fault.New(fault.Invalid, "value %q is %s: name one of these ids", word, strings.Join(ids, " and "))
		}
		id = ids[0]
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

// Folder is the name of the trait's folder: the last part of its id.
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

// Instruction is the system message of a side, by its number from 0.
func (t Trait) Instruction(side Side, n int) string {
	return fmt.Sprintf("You are a person "+persons[side][n]+". By %s is meant: %s Answer as this person, in a few "+
		"sentences.", t.Name, t.Name, t.Definition)
}
