package interview

import (
	_ "embed"
	"fmt"
	"strings"

	"hives/internal/fault"
	"hives/internal/strictjson"
	"hives/ranking"
)

// Slots are what personas are made of.
type Slots struct {
	Format   int    `json:"format"`
	Kind     string `json:"kind"`     // personas
	Template string `json:"template"` // with {age}, {occupation}, {place}
	// Judge is the paragraph of a persona that judges, with further places {background}, {experience}, {surroundings};
	// "": a judge is told as much as a respondent.
	Judge string `json:"judge_template,omitempty"`
	Slots struct {
		Age          []int        `json:"age"`
		Occupation   []Occupation `json:"occupation"`
		Place        []string     `json:"place"`
		Background   []string     `json:"background,omitempty"`
		Experience   []string     `json:"experience,omitempty"`
		Surroundings []string     `json:"surroundings,omitempty"`
	} `json:"slots"`
}

// Occupation is one that people of some ages have.
type Occupation struct {
	Name   string `json:"name"`
	MinAge int    `json:"min_age"`
	MaxAge int    `json:"max_age"`
}

// Persona is somebody who answers.
type Persona struct {
	ID         int    `json:"id"` // from 1
	Age        int    `json:"age"`
	Occupation string `json:"occupation"`
	Place      string `json:"place"`
	Preamble   string `json:"preamble"` // what the respondent is told to be
}

//go:embed personas.json
var slots []byte

// ReadSlots reads a file; "" stands for our own: ten ages, occupations and places, without names and real persons.
// Groups by religion or ethnicity are in no list of ours: who needs them writes a file, and knows why.
func ReadSlots(path string) (*Slots, error) {
	s := &Slots{}
	if _, err := strictjson.ReadFile(path, slots, s); err != nil {
		return nil, err
	}
	of := s.Slots
	switch {
	case s.Format != 1 || s.Kind != "personas":
		return nil, fault.New(fault.Invalid, "%s: format %d, kind %q: want 1 and personas", path, s.Format, s.Kind)
	case len(of.Age) == 0 || len(of.Occupation) == 0 || len(of.Place) == 0:
		return nil, fault.New(fault.Invalid, "%s: age, occupation and place each want an entry", path)
	case s.Judge != "" && (len(of.Background) == 0 || len(of.Experience) == 0 || len(of.Surroundings) == 0):
		return nil, fault.New(fault.Invalid, "%s: with a judge_template, background, experience and surroundings each want "+
			"an entry", path)
	}
	return s, nil
}

// all are the combinations in which the age fits the occupation, in the order of the file. A retired teacher of 19
// would be answered for by a model that has never read of one.
func (s *Slots) all() (out []Persona) {
	for _, age := range s.Slots.Age {
		for _, job := range s.Slots.Occupation {
			if age < job.MinAge || age > job.MaxAge {
				continue
			}
			for _, place := range s.Slots.Place {
				p := Persona{Age: age, Occupation: job.Name, Place: place}
				p.Preamble = strings.NewReplacer("{age}", fmt.Sprint(age), "{occupation}", job.Name, "{place}", place).
					Replace(s.Template)
				out = append(out, p)
			}
		}
	}
	return out
}

// persons is the version of what Draw draws, kept in run.json: a run whose personas an older program drew asks others.
// 1 shuffled by PCG.
const persons = 2

// Draw takes n different personas, each combination alike likely. The first of 30 are the first of 40: more personas
// ask nothing anew.
func (s *Slots) Draw(n int, seed uint64) ([]Persona, error) {
	all := s.all()
	if n < 1 || n > len(all) {
		return nil, fault.New(fault.Invalid, "%d personas: the slots make %d different ones", n, len(all))
	}
	rng := ranking.Stream("personas", seed)
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := range all[:n] {
		all[i].ID = i + 1
	}
	return all[:n], nil
}

// Judges are n different personas as Draw makes them, each told in a paragraph who it is: what one has lived through
// moves a judgement, where a sentence is enough to answer as somebody.
//
//	Draw     You are a 53-year-old nurse living in Lima.
//	Judges   You are a 53-year-old nurse living in Lima. Your parents were doctors. You spent a year abroad alone. …
func (s *Slots) Judges(n int, seed uint64) ([]Persona, error) {
	out, err := s.Draw(n, seed)
	if err != nil || s.Judge == "" {
		return out, err
	}
	for i := range out {
		p := &out[i]
		rng := ranking.Stream("judge persona", seed, fmt.Sprint(p.ID))
		of := func(list []string) string { return list[rng.IntN(len(list))] }
		p.Preamble = strings.NewReplacer("{age}", fmt.Sprint(p.Age), "{occupation}", p.Occupation, "{place}", p.Place,
			"{background}", of(s.Slots.Background), "{experience}", of(s.Slots.Experience),
			"{surroundings}", of(s.Slots.Surroundings)).Replace(s.Judge)
	}
	return out, nil
}
