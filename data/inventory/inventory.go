package inventory

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"hives/data/anchors"
	"hives/data/theories"
)

// Version is raised whenever a sentence, its nodes or its kind change.
const Version = 1

// How many sentences of each kind there are, in the order of their ids.
const (
	Values = 142
	Duties = 158
	Rights = 107
	Size   = Values + Duties + Rights
)

// Written is the provenance of every sentence: written by hand for this project.
const Written = "written"

// MetaVersion is the key under which a bank's Meta names the inventory's version.
const MetaVersion = "inventory_version"

//go:embed inventory.csv
var raw []byte

// loaded parses the embedded list once. Whoever asks gets the same slice, so nobody may change it; Bank gives
// copies.
var loaded = sync.OnceValue(func() []anchors.Anchor {
	list, err := parse(raw)
	if err != nil {
		panic(err)
	}
	return list
})

// Bank returns the inventory as an anchor bank, the caller's own copy. The file it is made of:
//
//	# Plain-language inventory, version 1: …
//	id,kind,value_ids,text
//	43,value,svt/conservation/humility,Staying modest after a great success.
func Bank() *anchors.Bank {
	return &anchors.Bank{
		Anchors: slices.Clone(loaded()),
		Meta:    map[string]string{MetaVersion: strconv.Itoa(Version)},
	}
}

// BankAssignedBy is Bank with the weights on record that rows were assigned by, so that Stage 2 can refuse to
// train them.
func BankAssignedBy(weightsSHA256 string) *anchors.Bank {
	b := Bank()
	b.Meta[anchors.MetaWeights] = weightsSHA256
	return b
}

// parse reads the embedded list: a line that tells the version, then CSV with columns id, kind, value_ids
// (separated by spaces, the main one first) and text. Ids must be 0, 1, 2, …: an id is a sentence's place in the
// bank, and rows on disk hold it.
func parse(raw []byte) ([]anchors.Anchor, error) {
	// The version stands in the file itself, so a list that was changed without it is found by its test.
	in := bufio.NewReader(bytes.NewReader(raw))
	first, err := in.ReadString('\n')
	if want := fmt.Sprintf("# Plain-language inventory, version %d:", Version); err != nil ||
		!strings.HasPrefix(first, want) {
		return nil, fmt.Errorf("inventory: its first line is not %q", want)
	}
	table := csv.NewReader(in)
	table.FieldsPerRecord = 4
	if _, err := table.Read(); err != nil { // the header
		return nil, fmt.Errorf("inventory: %w", err)
	}
	var list []anchors.Anchor
	for {
		cells, err := table.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("inventory: %w", err)
		}
		id, err := strconv.Atoi(cells[0])
		if err != nil || id != len(list) {
			return nil, fmt.Errorf("inventory: id %q stands where %d is due", cells[0], len(list))
		}
		a := anchors.Anchor{
			ID: int32(id), Bank: anchors.Individual, Kind: cells[1], ValueIDs: strings.Fields(cells[2]), Text: cells[3],
			Provenance: Written,
		}
		if err := check(&a); err != nil {
			return nil, fmt.Errorf("inventory: id %d: %w", id, err)
		}
		list = append(list, a)
	}
	if len(list) != Size {
		return nil, fmt.Errorf("inventory: %d sentences, want %d", len(list), Size)
	}
	return list, (&anchors.Bank{Anchors: list}).Check()
}

// kindOf gives the kind that an id belongs to.
func kindOf(id int32) string {
	switch {
	case id < Values:
		return anchors.KindValue
	case id < Values+Duties:
		return anchors.KindDuty
	}
	return anchors.KindRight
}

// theoriesOf says whose nodes a kind may be tied to: of the built-in four only, since the list is part of the program.
// So all that concerns its sentences asks theories.Builtin, also where rows are of further theories; those have no
// sentence here.
var theoriesOf = map[string][]string{
	anchors.KindValue: {"svt", "mft"},
	anchors.KindDuty:  {"duty"},
	anchors.KindRight: {"right"},
}

// check holds a sentence to its place in the list, its nodes to its kind, and its words to what can be read aloud.
func check(a *anchors.Anchor) error {
	if want := kindOf(a.ID); a.Kind != want {
		return fmt.Errorf("is a %q, its place is a %s's", a.Kind, want)
	}
	for i, id := range a.ValueIDs {
		theory, p, err := theories.Builtin().ParseID(id)
		switch {
		case err != nil:
			return err
		case !slices.Contains(theoriesOf[a.Kind], theory):
			return fmt.Errorf("a %s is tied to %q", a.Kind, id)
		case theories.Builtin().Canonical(theory, p) != p:
			return fmt.Errorf("%q is not the value's canonical node", id)
		case slices.Contains(a.ValueIDs[:i], id):
			return fmt.Errorf("%q stands twice", id)
		}
	}
	return readable(a.Text)
}

// Bounds of a sentence: below them it says nothing, above them it takes a second breath.
const (
	minWords, maxWords     = 4, 14
	minLetters, maxLetters = 24, 80
)

// personal words would make the reader a party: the sentences are about anybody.
var personal = []string{"i", "me", "my", "we", "us", "our", "ours", "you", "your", "yours"}

// readable refuses what cannot be read aloud as it stands.
func readable(text string) error {
	words := strings.Fields(text)
	switch n := utf8.RuneCountInString(text); {
	case n < minLetters || n > maxLetters || len(words) < minWords || len(words) > maxWords:
		return fmt.Errorf("has %d words and %d letters, want %d to %d and %d to %d", len(words), n, minWords, maxWords,
			minLetters, maxLetters)
	case strings.Join(words, " ") != text:
		return fmt.Errorf("has stray spaces")
	case text[0] < 'A' || text[0] > 'Z' || strings.Index(text, ".") != len(text)-1:
		return fmt.Errorf("is not one sentence from a capital to a full stop")
	}
	// Letters, commas, hyphens and apostrophes only: no slash, bracket, digit, quotation or abbreviation.
	if i := strings.IndexFunc(text[1:len(text)-1], func(r rune) bool {
		return (r < 'a' || r > 'z') && !strings.ContainsRune(" ,-'", r)
	}); i >= 0 {
		return fmt.Errorf("has the sign %q", text[1+i])
	}
	for _, word := range words {
		if slices.Contains(personal, strings.Trim(strings.ToLower(word), ".,")) {
			return fmt.Errorf("speaks of %q", word)
		}
	}
	return nil
}
