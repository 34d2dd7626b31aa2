package data

import "maps"

// Further columns in which importers keep how strongly people felt; a row's direction keeps the side alone. A file may
// lack them, and no training reads them. hives vidb draws rankings from them.
const (
	Grades     = "grades"     // judgements of the text from −2 to 2, one a person, parted by spaces: "1 2"
	Annotators = "annotators" // how many people chose the row's value for the text
)

// gather adds the grades of a merged row to those of the row that stays: two people's judgements of one text are two
// grades. What stays is a new map, since the rows that came in share theirs.
//
//	"helping a friend"  care +1  grades "1"    becomes
//	"Helping a friend." care +1  grades "2"    "helping a friend"  care +1  grades "1 2"
func gather(kept, merged *Row) {
	more := merged.Extra[Grades]
	if more == "" {
		return
	}
	extra := maps.Clone(kept.Extra)
	if extra == nil {
		extra = map[string]string{}
	}
	if had := extra[Grades]; had != "" {
		more = had + " " + more
	}
	extra[Grades] = more
	kept.Extra = extra
}
