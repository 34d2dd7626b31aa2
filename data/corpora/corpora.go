package corpora

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
)

// Options of an import.
type Options struct {
	In      string // folder of the corpus
	Rules   string // moral-stories only: folder of Social Chemistry; empty is ../social_chem beside In
	Text    string // valueeval: "premise" (also if empty) or "full"; valueeval24: "english" or "original", see there
	Zero    string // valuenet only: "drop" (also if empty) or "keep" scenarios labelled 0
	Names   string // valueprism only: file of value names and the nodes they stand for; empty is none
	SkipBad bool   // leave bad records out instead of failing at the first

	// Theories are those that valueflow's rows and valueprism's mapping (Names) may be of; the zero Set is the built-in
	// four. What the other corpora's authors annotated is of the four whatever else is known.
	Theories theories.Set
}

// Count is a number of things under one reason.
type Count struct {
	Reason string `json:"reason"`
	N      int    `json:"n"`
}

// Summary accounts for an import.
//
// A record became rows, or is counted under a reason in Dropped, or stands in Bad. Dropped counts labels where a
// record has several, so the sums need not add up to Records.
type Summary struct {
	Corpus  string           `json:"corpus"`
	Files   []string         `json:"files"`
	Records int              `json:"records"` // lines after the header
	Rows    int              `json:"rows"`
	Texts   int              `json:"texts"`
	Groups  int              `json:"groups"`
	Dropped []Count          `json:"dropped"`           // labels or records left out, by reason, in order of appearance
	Unknown []Count          `json:"unknown,omitempty"` // labels that name no node and were left out, most frequent first
	Notes   []Count          `json:"notes"`             // other figures worth knowing
	Merged  data.DedupeStats `json:"merged"`
	Bad     []data.BadRow    `json:"bad"`

	LeftOut  []data.LeftOut `json:"-"`                  // of ImportFile: all rows that merging left out
	Examples []data.LeftOut `json:"left_out,omitempty"` // the first of those that contradict each other
}

// Names lists the corpora that Import knows.
func Names() []string {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.Name
	}
	return names
}

// Import reads a corpus and returns its rows without duplicates, in the order of its files.
func Import(name string, o Options) (rows []data.Row, sum *Summary, err error) {
	sum, err = merged(name, o, func(_ *Summary, m *data.Merger) error {
		return m.Each(func(r *data.Row) error {
			rows = append(rows, *r)
			return nil
		})
	})
	return rows, sum, err
}

// ImportFile is Import into a file, in memory that does not grow with the number of rows: the bytes are those that
// data.Write gives for Import's rows.
func ImportFile(name string, o Options, out string) (*Summary, error) {
	return merged(name, o, func(sum *Summary, m *data.Merger) error {
		if sum.Rows == 0 {
			return fault.New(fault.Invalid, "%d records gave no row; nothing was written", sum.Records)
		}
		return data.WriteStream(out, m.Extra(), m.Each)
	})
}

// merged reads a corpus, merges its rows and lets use take them. Counts are of what is left, so that they agree
// with what use writes. use may be called once: the merger gives its rows once.
func merged(name string, o Options, use func(*Summary, *data.Merger) error) (sum *Summary, err error) {
	m := data.NewMerger(o.Theories)
	defer m.Close()
	if sum, err = read(name, o, m.From, m.Add); err != nil {
		return sum, err
	}
	if sum.Merged, err = m.Finish(); err != nil {
		return sum, err
	}
	sum.Rows, sum.LeftOut = sum.Merged.Out, m.LeftOut()
	sum.Examples = data.Examples(sum.LeftOut)
	if err := use(sum, m); err != nil {
		return sum, err
	}
	sum.Texts, sum.Groups, err = m.Counts()
	return sum, err
}

// read gives the rows of a corpus as they come, duplicates included.
func read(name string, o Options, place func(string, int), use func(*data.Row) error) (*Summary, error) {
	at := slices.IndexFunc(all, func(c corpus) bool { return c.Name == name })
	if at < 0 {
		return nil, fault.New(fault.Invalid, "corpus %q is unknown; there are %s", name, strings.Join(Names(), ", "))
	}
	// Lists begin empty and not nil: the account's JSON has [] where nothing happened.
	c := &collector{Options: o, corpus: all[at], use: use, place: place, unknown: map[string]int{}, sum: &Summary{
		Corpus: name, Files: []string{}, Dropped: []Count{}, Notes: []Count{}, Bad: []data.BadRow{},
	}}
	err := c.read(c)
	if err == nil {
		err = c.failed
	}
	c.sum.Unknown = ranked(c.unknown)
	if err == nil && c.sum.Records == 0 {
		err = fault.New(fault.Invalid, "%s: holds no record of %s", o.In, name)
	}
	return c.sum, err
}

// collector gathers the rows and the account of one import. An importer is a function of it: it reads files by
// eachRow or eachJSON, makes texts by newText, and reports by add, drop, note, miss or an error of wrongf. It
// decides nothing about duplicates, bad records or where rows go.
type collector struct {
	Options
	corpus
	sum     *Summary
	unknown map[string]int             // label that names no node → how often
	use     func(*data.Row) error      // where rows go
	place   func(file string, row int) // is told where the next of them stand; nil where nobody asks
	failed  error                      // what use said; settle ends the import
}

// from says where the rows that come next stand.
func (c *collector) from(file string, row int) {
	if c.place != nil { // a mapping or a second reading makes no rows
		c.place(file, row)
	}
}

// count adds n under a reason. Reasons are words for people, and the account lists them as they came.
func count(list *[]Count, reason string, n int) {
	// A few reasons at most, and a list keeps the order in which they appeared; a map would not.
	at := slices.IndexFunc(*list, func(c Count) bool { return c.Reason == reason })
	if at < 0 {
		at = len(*list)
		*list = append(*list, Count{Reason: reason})
	}
	(*list)[at].N += n
}

// drop and note account for what made no row, and for what is worth knowing beside.
func (c *collector) drop(reason string)        { count(&c.sum.Dropped, reason, 1) }
func (c *collector) note(reason string, n int) { count(&c.sum.Notes, reason, n) }

// recordError is a fault of one record, to be reported with its place.
type recordError struct{ error }

// wrongf says what is wrong with a record, without its text: errors are shown and kept where texts may not be.
func wrongf(format string, args ...any) error { return recordError{fmt.Errorf(format, args...)} }

// settle takes the outcome of one record: a bad one is noted, or ends the import. Three kinds of err come in:
// nil; a recordError, of this record alone; any other, such as a disk that cannot be read, which ends the import
// whatever SkipBad says.
func (c *collector) settle(file string, row, line int, err error) error {
	if c.failed != nil {
		return c.failed
	}
	var wrong recordError
	if !errors.As(err, &wrong) {
		return err
	}
	bad := data.BadRow{File: file, Row: row, Line: line, Reason: wrong.Error()}
	c.sum.Bad = append(c.sum.Bad, bad)
	if c.SkipBad {
		return nil
	}
	return bad.Err()
}

// text is one text with what its rows have in common.
type text struct {
	clean, id, group string
}

// newText cleans a text and names the group that must not cross a split: of groupBy, or its own. Groups are what
// a model could learn by heart on one side and recognise on the other: an argument's conclusion, the rule that an
// action was judged by.
func newText(raw, groupBy string) (text, error) {
	// Cleaned before it is hashed; an empty text is a bad record, not a row.
	t := text{clean: data.CleanText(raw)}
	if t.clean == "" {
		return t, wrongf("the text is empty")
	}
	t.id = data.TextID(t.clean)
	// Groups are hashes too: they are short, and the same conclusion or rule in two corpora is one group.
	if t.group = t.id; groupBy != "" {
		t.group = data.TextID(groupBy)
	}
	return t, nil
}

// add makes a row of one label of a text.
func (c *collector) add(t text, theory string, p theories.Path, direction int32, source string) {
	c.graded(t, theory, p, direction, source, nil)
}

// graded is add with further columns: how strongly people felt, under the names of package data.
func (c *collector) graded(
	t text, theory string, p theories.Path, direction int32, source string, extra map[string]string,
) {
	c.put(&data.Row{
		Text: t.clean, Theory: theory, Level1: p[0], Level2: p[1], Level3: p[2],
		Direction: direction, DirectionSource: source,
		IndividualAnchor: data.NoAnchor, TheoryAnchor: data.NoAnchor,
		TextID: t.id, Group: t.group, Corpus: c.Name, Licence: c.Licence, Extra: extra,
	})
}

// put hands a row on; after a failure, such as a full disk, nothing more.
func (c *collector) put(r *data.Row) {
	if c.failed == nil {
		c.failed = c.use(r)
	}
}
