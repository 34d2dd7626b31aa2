package data

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/textfile"
)

// Columns are the row's columns in the order they are written.
var Columns = []string{
	"text", "theory", "level_1", "level_2", "level_3", "direction", "direction_source",
	"individual_anchor", "theory_anchor", "text_id", "group", "corpus", "licence",
}

// required columns have no value that could stand in for them. The levels are among them although two may be
// empty throughout: a misspelt header would otherwise shorten every path without a word.
//
//	text,theory,level_1,level_2,level_3,direction
//	"He kept his word.",MFT,Loyalty-Betrayal,,,1.0
//
// is a row of mft loyalty/betrayal, +1, annotated, its group its own text, its corpus the file's name, its
// licence unknown.
var required = Columns[:6]

// authorsNames are the names that the paper's authors give two of the columns.
var authorsNames = map[string]string{
	"selected_individual": "individual_anchor",
	"selected_anchor":     "theory_anchor",
}

// ours is the row's name for a column.
func ours(name string) string {
	if known, ok := authorsNames[name]; ok {
		return known
	}
	return name
}

// GivenID is the further column for the text_id of a file that names its texts otherwise than TextID does.
const GivenID = "text_id_given"

// binder turns the cells of one file into rows. Places are looked up once a file; the cells of a row are in the
// file's order. It is the one place where a foreign file becomes a Row, for both formats: what passes here is
// complete and checked, and no later code asks again.
type binder struct {
	known  theories.Set   // that rows may be of
	at     map[string]int // column → place in the cells
	extra  map[string]int // unknown columns, kept
	corpus string         // of rows that do not say: the file's name

	unreadable map[string]int // by further column: cells that are no text and were left empty
}

// newBinder matches a file's columns with the row's and refuses the file if a required one is missing.
func newBinder(path string, t table, known theories.Set) (*binder, error) {
	b := &binder{known: known, at: map[string]int{}, extra: map[string]int{}, unreadable: map[string]int{}}
	b.corpus = strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	// Every column finds its place once: among ours, also under the authors' names, or among those that are kept
	// as they are.
	for i, name := range t.columns() {
		name = ours(name)
		if name == "" {
			name = fmt.Sprintf("Unnamed: %d", i) // the index of a data frame has no name; pandas calls it so
		}
		place := b.extra
		if slices.Contains(Columns, name) {
			place = b.at
		}
		if _, twice := place[name]; twice {
			return nil, fault.New(fault.Invalid, "%s: column %q stands twice; keep one", path, name)
		}
		place[name] = i
	}
	if err := b.complete(path, t); err != nil {
		return nil, err
	}
	return b, nil
}

// complete refuses a file that lacks a required column, and says what is like it: a name in another case, a first line
// of another form.
func (b *binder) complete(path string, t table) error {
	// What is missing is told together with what is like it, so that one look at the header mends the file.
	var missing, like []string
	for _, name := range required {
		if _, ok := b.at[name]; ok {
			continue
		}
		missing = append(missing, name)
		for _, other := range t.columns() {
			if strings.EqualFold(strings.TrimSpace(other), name) {
				like = append(like, strconv.Quote(other))
			}
		}
	}
	if missing == nil {
		return nil
	}
	hint := ""
	if like != nil {
		hint = "; it has " + strings.Join(like, ", ") + ": names are written as here, in lower case and without spaces"
	}
	return fault.New(fault.Invalid, "%s: missing column(s) %s; a file of rows needs %s (%s)%s",
		path, strings.Join(missing, ", "), strings.Join(required, ", "), t.seen(), hint)
}

// cell returns a column's value, empty if the file lacks the column.
func (b *binder) cell(cells []string, column string) string {
	if i, ok := b.at[column]; ok {
		return cells[i]
	}
	return ""
}

// row fills r, derives what the file does not say, and checks all of it. The checks go in the order in which a
// person would mend the file: readable at all, a text, a value of the hierarchy, a direction, ids.
func (b *binder) row(cells []string, r *Row) error {
	// Cells of ours must be text as a whole; a broken cell of a further column costs only itself (derive).
	for _, at := range b.at {
		if reason := textfile.Unreadable(cells[at]); reason != "" {
			return wrongf("%s", reason)
		}
	}
	r.Text = b.cell(cells, "text")
	if strings.TrimSpace(r.Text) == "" {
		return wrongf("the text is empty")
	}
	if err := b.path(cells, r); err != nil {
		return err
	}
	if err := b.direction(cells, r); err != nil {
		return err
	}
	var err error
	if r.IndividualAnchor, err = anchor(b.cell(cells, "individual_anchor"), "individual_anchor"); err != nil {
		return err
	}
	if r.TheoryAnchor, err = anchor(b.cell(cells, "theory_anchor"), "theory_anchor"); err != nil {
		return err
	}
	b.derive(cells, r)
	return nil
}

// path reads the node and spells it as the hierarchy does.
func (b *binder) path(cells []string, r *Row) error {
	// Spelling varies between publishers ("Self-direction: thought"); rows carry one, so that labels compare
	// as strings.
	r.Theory = strings.ToLower(b.cell(cells, "theory"))
	node, err := b.known.Match(r.Theory, theories.Path{
		b.cell(cells, "level_1"), b.cell(cells, "level_2"), b.cell(cells, "level_3"),
	})
	if err != nil {
		return cellError{err}
	}
	r.Level1, r.Level2, r.Level3 = node[0], node[1], node[2]
	return nil
}

// direction reads the direction and where it comes from. A file that does not say gets "none" for 0 and
// "annotated" otherwise; that a 0 was judged neutral can only be said by writing it.
func (b *binder) direction(cells []string, r *Row) error {
	d, err := whole(b.cell(cells, "direction"), "direction")
	if err != nil {
		return err
	}
	if d < -1 || d > 1 {
		return wrongf("direction is %d, not -1, 0 or 1", d)
	}
	r.Direction = d
	r.DirectionSource = b.cell(cells, "direction_source")
	switch r.DirectionSource {
	case SourceAnnotated, SourceJudgement:
	case SourceNone: // a direction that nobody gave is a mistake of the file, and which column is wrong is unknown
		if d != 0 {
			return wrongf("direction is %d but direction_source is %q", d, SourceNone)
		}
	case "":
		if r.DirectionSource = SourceAnnotated; d == 0 {
			r.DirectionSource = SourceNone
		}
	default:
		return wrongf("direction_source %q is not %s, %s or %s", r.DirectionSource, SourceAnnotated, SourceJudgement,
			SourceNone)
	}
	return nil
}

// derive fills the columns that a file may leave out. The text alone says which text it is: a text_id that the file
// gives is never believed, since two files may both number their rows 0, 1, 2. It is kept beside the computed one.
func (b *binder) derive(cells []string, r *Row) {
	r.TextID = TextID(r.Text)
	// The id that older versions of this program wrote is no foreign id: it is replaced and not kept.
	given := b.cell(cells, "text_id")
	if given != "" && given != r.TextID && given != EarlierTextID(r.Text) {
		b.keep(r, GivenID, given)
	}
	// A group that is the given id says no more than "this text", and numbers of two files would join unlike texts.
	if r.Group = b.cell(cells, "group"); r.Group == "" || r.Group == given {
		r.Group = r.TextID
	}
	if r.Corpus = b.cell(cells, "corpus"); r.Corpus == "" {
		r.Corpus = b.corpus
	}
	if r.Licence = b.cell(cells, "licence"); r.Licence == "" {
		r.Licence = "unknown"
	}
	for name, i := range b.extra {
		cell := cells[i]
		if textfile.Unreadable(cell) != "" { // nobody needs it, so it does not cost the row
			b.unreadable[name]++
			cell = ""
		}
		b.keep(r, name, cell)
	}
}

// keep enters a further column.
func (b *binder) keep(r *Row, name, cell string) {
	if r.Extra == nil {
		r.Extra = make(map[string]string, len(b.extra)+1)
	}
	r.Extra[name] = cell
}

// anchor reads an anchor id; an empty cell is NoAnchor. Whether a bank has so many sentences is not known here
// (data/banks).
func anchor(cell, column string) (int32, error) {
	if cell == "" {
		return NoAnchor, nil
	}
	id, err := whole(cell, column)
	if err == nil && id < NoAnchor {
		err = wrongf("%s is %d; ids start at 0, and -1 is none", column, id)
	}
	return id, err
}

// whole reads a whole number, also in the form "1.0" that data frames write for a column with gaps.
func whole(cell, column string) (int32, error) {
	if cell == "" {
		return 0, wrongf("%s is empty", column)
	}
	x, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	if err != nil {
		return 0, wrongf("%s is not a number", column)
	}
	if math.IsNaN(x) {
		return 0, wrongf("%s is NaN; leave the cell empty where there is no anchor, and write 0 for no direction", column)
	}
	if x != math.Trunc(x) || math.Abs(x) > math.MaxInt32 {
		return 0, wrongf("%s is %v, not a whole number", column, x)
	}
	return int32(x), nil
}

// notes name what of the further columns could not be kept.
func (b *binder) notes(path string) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(b.unreadable)) {
		out = append(out, fmt.Sprintf("%s: column %q: %d cells are no text and were left empty", path, name,
			b.unreadable[name]))
	}
	return out
}
