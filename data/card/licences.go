package card

import (
	"slices"
	"strings"
)

// Obligation is one thing that a licence asks for, in words that a card can print. They are read off published
// terms and are no legal advice; what is not known is asked about, never taken for free.
type Obligation string

const (
	attribution    Obligation = "attribution"
	shareAlike     Obligation = "share-alike"
	nonCommercial  Obligation = "non-commercial use only"
	researchOnly   Obligation = "research use only"
	noSharing      Obligation = "no redistribution"
	acceptTerms    Obligation = "each user accepts the publisher's terms"
	keepNotice     Obligation = "keep the licence text"
	termsOfSources Obligation = "the source corpora's own terms"
	askFirst       Obligation = "terms unknown: ask before sharing" // of every licence that is not listed below
)

// obligations of the licences that importers write. The order within each is the order above. The names are those
// that an importer writes into its rows, to the letter: a new importer's licence needs a line here, or its card asks
// people to ask.
var obligations = map[string][]Obligation{
	"CC BY 4.0":                         {attribution},
	"CC BY-SA 4.0":                      {attribution, shareAlike},
	"CC BY-NC-SA":                       {attribution, shareAlike, nonCommercial},
	"MIT (text), CC BY-SA 4.0 (labels)": {attribution, shareAlike, keepNotice},
	"AI2 ImpACT MR":                     {attribution, researchOnly, acceptTerms},
	"research only, no redistribution":  {researchOnly, noSharing, acceptTerms},
	"non-commercial research; source corpora's terms": {attribution, nonCommercial, researchOnly, termsOfSources},
}

// obligationsOf never takes silence for leave: a licence that is not listed must be asked about.
func obligationsOf(licence string) []Obligation {
	if known, ok := obligations[licence]; ok {
		return known
	}
	return []Obligation{askFirst}
}

// together is what holds for the file as a whole, in a fixed order: every obligation of any of its licences. A file
// of "CC BY 4.0" and "CC BY-SA 4.0" rows asks for attribution and share-alike. It is a union: whoever keeps all of
// them keeps each row's.
func together(licences []Licence) []Obligation {
	all := []Obligation{
		attribution, shareAlike, nonCommercial, researchOnly, noSharing, acceptTerms, keepNotice, termsOfSources, askFirst,
	}
	return slices.DeleteFunc(all, func(o Obligation) bool {
		return !slices.ContainsFunc(licences, func(l Licence) bool { return slices.Contains(l.Obligations, o) })
	})
}

// warnings says which obligations cannot be met at once by sharing the file as one work: two share-alike
// licences, one of which forbids commerce, each want the whole under their own terms.
//
//	CC BY-SA 4.0 and CC BY-NC-SA                   cannot both be kept: separate files
//	CC BY-SA 4.0 and CC BY 4.0                     no warning: both can be kept
//	research only, no redistribution               share the command that makes the rows
//	My own terms                                   unknown
func warnings(licences []Licence) []string {
	has := func(o Obligation) bool { return slices.Contains(together(licences), o) }
	var free, bound []string // share-alike licences that allow commerce, and those that forbid it
	for _, l := range licences {
		switch {
		case slices.Contains(l.Obligations, shareAlike) && slices.Contains(l.Obligations, nonCommercial):
			bound = append(bound, l.Name)
		case slices.Contains(l.Obligations, shareAlike):
			free = append(free, l.Name)
		}
	}
	out := []string{}
	if len(free) > 0 && len(bound) > 0 {
		out = append(out, strings.Join(free, ", ")+" and "+strings.Join(bound, ", ")+
			" each ask that what is shared keep their own terms, which differ: share their rows as separate files")
	}
	if has(noSharing) {
		out = append(out, "some rows may not be shared at all: share the other corpora and the command that makes these rows")
	}
	if has(askFirst) {
		out = append(out, "the terms of some rows are unknown: a missing licence is no permission")
	}
	return out
}
