package vidb

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"html/template"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"hives/intensity"
	"hives/internal/columns"
	"hives/internal/fault"
	"hives/internal/fsutil"
	web "hives/internal/page"
	"hives/internal/textfile"
)

// Rated is one score of one item, by whom and how: a line of the file that the instability table is computed from.
type Rated struct {
	Method, Judge, Prompt string
	Item, ValueID         string // an item is a text and a value
	Direction             int    // what people say: −1, 0 or +1
	Score                 *float64
}

// ratedColumns of the file, all of which must be there. An empty score is one that there is not.
var ratedColumns = []string{"method", "judge", "prompt", "item", "value_id", "direction", "score"}

// WriteRated keeps scores as a table.
func WriteRated(path string, rated []Rated) error {
	if strings.ToLower(filepath.Ext(path)) != ".csv" {
		return invalid("%s: scores are kept as .csv", path)
	}
	return fsutil.WriteFile(path, func(w io.Writer) error {
		out := csv.NewWriter(w)
		rows := [][]string{ratedColumns}
		for _, r := range rated {
			rows = append(rows, []string{r.Method, r.Judge, r.Prompt, r.Item, r.ValueID, strconv.Itoa(r.Direction),
				exact(r.Score)})
		}
		return out.WriteAll(rows)
	})
}

// ReadRated reads scores of whatever judges and methods.
// Columns may stand in any order, and others may stand beside them. A mistyped number is refused with its line: read as
// missing it would change the table.
func ReadRated(path string) (out []Rated, err error) {
	t, err := textfile.OpenTable(path, textfile.Dialect{})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	var at []int
	for _, name := range ratedColumns {
		column := slices.Index(t.Names, name)
		if column < 0 {
			return nil, fault.New(fault.Invalid, "%s: line 1: there is no column %q; %s", path, name, t.Seen())
		}
		at = append(at, column)
	}
	for {
		cells, line, err := t.Next()
		if err == io.EOF {
			return out, nil
		}
		var row *textfile.RowError
		if errors.As(err, &row) {
			return nil, fault.New(fault.Invalid, "%s: line %d: %w", path, row.Line, row)
		} else if err != nil {
			return nil, err
		}
		cell := func(n int) string { return cells[at[n]] }
		r := Rated{Method: cell(0), Judge: cell(1), Prompt: cell(2), Item: cell(3), ValueID: cell(4)}
		if r.Direction, r.Score, err = numbersOf(cell(5), cell(6)); err != nil {
			return nil, fault.New(fault.Invalid, "%s: line %d: %w", path, line, err)
		}
		out = append(out, r)
	}
}

// numbersOf reads a direction and a score; an empty score is none.
func numbersOf(direction, score string) (int, *float64, error) {
	d, err := strconv.Atoi(direction)
	if err != nil || d < -1 || d > 1 {
		return 0, nil, fmt.Errorf("column %q: want -1, 0 or 1", "direction")
	}
	if score == "" {
		return d, nil, nil
	}
	x, err := strconv.ParseFloat(score, 64)
	if err != nil || math.IsNaN(x) || math.Abs(x) > intensity.Limit {
		return 0, nil, fmt.Errorf("column %q: want a number from -10 to 10, or nothing where there is none", "score")
	}
	return d, &x, nil
}

// Instability is the table: how much the scores of each method hang on who is asked and how. How to read it: if orders
// are stabler than ratings, variance share is lower, and Spearman and Kendall's W are higher, with intervals of the
// difference that leave out 0. The lines with * would also improve if all scores were divided by ten.
type Instability struct {
	Items   int           `json:"items"`
	Judges  []string      `json:"judges"`
	Prompts []string      `json:"prompts"` // those of the first two change the prompt; the first counts for the rest
	Draws   int           `json:"bootstrap"`
	Methods []MethodTable `json:"methods"`
}

// MethodTable is one method's column.
type MethodTable struct {
	Method  string       `json:"method"`
	Scored  int          `json:"scored"` // of judges · prompts · items
	Asked   int          `json:"asked"`
	Items   int          `json:"items_of_two_judges"`
	Pairs   []int        `json:"pairs_per_judge"`
	Figures []FigureLine `json:"figures"`

	MeanVariancePopulation *float64 `json:"mean_variance_population"`
	SignFlipPairs          *float64 `json:"sign_flips_of_pairs"`
	RankingTiesWrong       *float64 `json:"ranking_accuracy_ties_wrong"`
	TieShare               *float64 `json:"tie_share"`
	BetweenItems           *float64 `json:"between_item_variance"`
}

// FigureLine is a figure with its interval, and its difference to the first method on the same draws.
type FigureLine struct {
	Figure string `json:"figure"`
	Key    string `json:"key"`
	Less   bool   `json:"less_is_stabler"`
	Scale  bool   `json:"improved_by_shrinking"`

	Value  *float64 `json:"value"`
	Lo     *float64 `json:"lo"`
	Hi     *float64 `json:"hi"`
	Change *float64 `json:"change,omitempty"`
	From   *float64 `json:"change_lo,omitempty"`
	To     *float64 `json:"change_hi,omitempty"`
}

// Table computes the instability table from scores. Methods, judges and prompts come in the order in which they are
// first named; the first method is what the others are held to.
//
//	rating,  j0, plain.v1, t1, mft/care-harm, 1, 7
//	ranking, j0, plain.v1, t1, mft/care-harm, 1, 5.3     two methods, one judge, one prompt, one item
func Table(rated []Rated, draws int, seed uint64) (*Instability, error) {
	c := &cube{places: map[string]map[string]int{}}
	for _, r := range rated {
		if err := c.take(r); err != nil {
			return nil, err
		}
	}
	if len(c.names["method"]) == 0 {
		return nil, fault.New(fault.Invalid, "vidb: there are no scores to compare")
	}
	methods := c.ratings(rated)
	compared, err := intensity.Compare(methods, draws, seed)
	if err != nil {
		return nil, err
	}
	out := &Instability{Items: len(c.direction), Judges: c.names["judge"], Prompts: c.names["prompt"], Draws: draws}
	for at, name := range c.names["method"] {
		m := methodTable(name, compared, at)
		m.Scored, m.Asked = c.scored[at], len(out.Judges)*len(out.Prompts)*out.Items
		out.Methods = append(out.Methods, m)
	}
	return out, nil
}

// methodTable is one method of a comparison.
func methodTable(name string, c *intensity.Compared, at int) MethodTable {
	s := c.Methods[at]
	m := MethodTable{Method: name, Items: s.Items, Pairs: s.Pairs, MeanVariancePopulation: known(s.MeanVariancePopulation),
		SignFlipPairs: known(s.SignFlipPairs), RankingTiesWrong: known(s.RankingTies0), TieShare: known(s.TieShare),
		BetweenItems: known(s.BetweenItems)}
	for n, f := range intensity.Figures {
		own := c.Figures[at][n]
		line := FigureLine{Figure: f.Name, Key: f.Key, Less: f.Less, Scale: f.Scale, Value: known(own.Value),
			Lo: known(own.Lo), Hi: known(own.Hi)}
		if at > 0 {
			less := c.Less[at][n]
			line.Change, line.From, line.To = known(less.Value), known(less.Lo), known(less.Hi)
		}
		m.Figures = append(m.Figures, line)
	}
	return m
}

// cube numbers methods, judges, prompts, values and items in the order in which they are named.
type cube struct {
	places    map[string]map[string]int
	names     map[string][]string
	value     []int // [items]
	direction []int
	seen      map[string]bool
	scored    []int // by method
}

// place is the number of a name of a kind.
func (c *cube) place(kind, name string) int {
	if c.names == nil {
		c.names, c.seen = map[string][]string{}, map[string]bool{}
	}
	if c.places[kind] == nil {
		c.places[kind] = map[string]int{}
	}
	at, known := c.places[kind][name]
	if !known {
		at = len(c.names[kind])
		c.places[kind][name], c.names[kind] = at, append(c.names[kind], name)
	}
	return at
}

// take numbers a score's names, and refuses what contradicts an earlier one.
// Two scores at one place would leave it to the order of lines which one counts.
func (c *cube) take(r Rated) error {
	key := strings.Join([]string{r.Method, r.Judge, r.Prompt, r.Item, r.ValueID}, "\x00")
	method := c.place("method", r.Method)
	c.place("judge", r.Judge)
	c.place("prompt", r.Prompt)
	value := c.place("value", r.ValueID)
	item := c.place("item", r.Item+"\x00"+r.ValueID)
	if c.seen[key] {
		return fault.New(fault.Invalid, "vidb: item %s of %s has two scores by %s, judge %q, prompt %q: keep one", r.Item,
			r.ValueID, r.Method, r.Judge, r.Prompt)
	}
	c.seen[key] = true
	if item == len(c.direction) {
		c.value, c.direction = append(c.value, value), append(c.direction, r.Direction)
	} else if c.direction[item] != r.Direction {
		return fault.New(fault.Invalid, "vidb: item %s of %s has the directions %d and %d: people gave one", r.Item,
			r.ValueID, c.direction[item], r.Direction)
	}
	if method == len(c.scored) {
		c.scored = append(c.scored, 0)
	}
	if r.Score != nil {
		c.scored[method]++
	}
	return nil
}

// ratings lays scores out by method, judge, prompt and item; what is not there is NaN.
// All methods get all judges, prompts and items, so that their figures are about the same things.
func (c *cube) ratings(rated []Rated) []intensity.Ratings {
	out := make([]intensity.Ratings, len(c.names["method"]))
	for m := range out {
		out[m] = intensity.Ratings{Value: c.value, Direction: c.direction}
		for range c.names["judge"] {
			var prompts [][]float64
			for range c.names["prompt"] {
				prompts = append(prompts, slices.Repeat([]float64{math.NaN()}, len(c.direction)))
			}
			out[m].Scores = append(out[m].Scores, prompts)
		}
	}
	for _, r := range rated {
		if r.Score != nil {
			scores := out[c.place("method", r.Method)].Scores[c.place("judge", r.Judge)][c.place("prompt", r.Prompt)]
			scores[c.place("item", r.Item+"\x00"+r.ValueID)] = *r.Score
		}
	}
	return out
}

// Write prints the table.
func (i *Instability) Write(out io.Writer) error {
	fmt.Fprintf(out, "%d items, judges %s, prompts %s\n", i.Items, strings.Join(i.Judges, ", "),
		strings.Join(i.Prompts, ", "))
	w := columns.NewTable(out)
	for _, row := range i.Rows() {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(out, "* improved by any map that presses scores together: no claim rests on it")
	return err
}

// Rows are the table's cells, with a head.
//
//	figure            rating  95 %           ranking  95 %           less rating  95 %
//	variance share    0.412   0.361 – 0.470  0.183    0.140 – 0.231  -0.229       -0.301 – -0.160
func (i *Instability) Rows() [][]string {
	head := []string{"figure"}
	for at, m := range i.Methods {
		head = append(head, m.Method, "95 %")
		if at > 0 {
			head = append(head, "less "+i.Methods[0].Method, "95 %")
		}
	}
	rows := [][]string{head}
	for n, f := range intensity.Figures {
		name := f.Name
		if f.Scale {
			name += " *"
		}
		row := []string{name}
		for at, m := range i.Methods {
			l := m.Figures[n]
			row = append(row, cell(l.Value), cell(l.Lo)+" – "+cell(l.Hi))
			if at > 0 {
				row = append(row, cell(l.Change), cell(l.From)+" – "+cell(l.To))
			}
		}
		rows = append(rows, row)
	}
	last := []string{"scores"}
	for at, m := range i.Methods {
		last = append(last, fmt.Sprintf("%d of %d", m.Scored, m.Asked), "")
		if at > 0 {
			last = append(last, "", "")
		}
	}
	return append(rows, last)
}

// WriteCSV writes the same cells.
func (i *Instability) WriteCSV(path string) error {
	return fsutil.WriteFile(path, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(i.Rows()) })
}

//go:embed instability.html
var instabilityPage string

// WritePage writes the table as a page.
func (i *Instability) WritePage(path string) error {
	page, err := template.New("page").Funcs(template.FuncMap{"style": web.Style}).Parse(instabilityPage)
	if err != nil {
		return err
	}
	facts := []web.Fact{
		{Name: "items", Value: strconv.Itoa(i.Items)}, {Name: "judges", Value: strings.Join(i.Judges, ", ")},
		{Name: "prompts", Value: strings.Join(i.Prompts, ", ")}, {Name: "draws", Value: strconv.Itoa(i.Draws)},
	}
	return fsutil.WriteFile(path, func(w io.Writer) error { return web.Write(w, page, i, web.About{Facts: facts}) })
}
