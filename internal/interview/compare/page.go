package compare

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	web "hives/internal/page"
)

//go:embed page.html
var source string

var page = template.Must(template.New("compare").Funcs(template.FuncMap{"style": web.Style}).Parse(source))

// page writes all tables and pictures as one page.
func (r *Result) page(w io.Writer) error {
	return web.Write(w, page, struct {
		*Result
		Tables   []table
		Pictures []picture
	}{r, r.tables(), r.pictures()}, web.About{})
}

// shown is a number with its interval for people.
func shown(n, low, high Number) string {
	switch {
	case !n.Known():
		return "–"
	case !low.Known() || !high.Known():
		return fmt.Sprintf("%.2f", float64(n))
	}
	return fmt.Sprintf("%.2f (%.2f to %.2f)", float64(n), float64(low), float64(high))
}

// tables are all of them, in the order of the page.
func (r *Result) tables() []table {
	out := []table{r.modelTable(), r.changeTable(), r.correlationTable()}
	if len(r.Curves) > 0 {
		out = append(out, r.curveTable())
	}
	if len(r.Bench) > 0 {
		out = append(out, r.benchTable())
	}
	return out
}

func (r *Result) modelTable() table {
	t := table{Slug: "models", Title: "Models",
		Note: "The mean correlation of two values, as answered and less each persona's own mean. " +
			"Centring alone forces it towards −1/(V − 1). Only where both say the same is it structure and not a way of " +
			"saying yes. The map's " +
			"distance from the base's is 0 for one shape and 1 for shapes with nothing in common.",
		Head: []string{"model", "judge checked", "personas", "count", "mean of all answers", "mean r, raw",
			"its change from the base", "mean r, centred",
			"stress", "map from base", "circle r", "circle p"}}
	for _, m := range r.Models {
		t.Rows = append(t.Rows, []string{m.Name, m.Checked, fmt.Sprint(m.Personas), fmt.Sprint(m.Kept), cell(m.Acquiescence),
			cell(m.MeanRaw),
			shown(m.Change, m.ChangeLow, m.ChangeHigh), cell(m.MeanCentred), cell(m.Stress), cell(m.Disparity), cell(m.CircleR),
			cell(m.CircleP)})
	}
	return t
}

func (r *Result) changeTable() table {
	t := table{Slug: "values", Title: "What changed from the base?",
		Note: "Centred scores, and their change with a 95 % bootstrap over " +
			"personas, in pairs. An interval that holds 0 says nothing. Of twenty scales one lies outside by chance.",
		Head: []string{"scale", "name", "model", "mean", "centred", "change"}}
	for _, s := range r.Scales {
		for _, m := range s.Models {
			t.Rows = append(t.Rows, []string{s.Code, s.Name, m.Model, cell(m.Mean), cell(m.Centred), shown(m.Change, m.Low,
				m.High)})
		}
	}
	return t
}

func (r *Result) correlationTable() table {
	t := table{Slug: "correlations", Title: "How do values lie to each other?",
		Note: "Pearson's r over personas with Fisher's 95 % interval, " +
			"and Spearman's.", Head: []string{"model", "value", "value", "n", "raw", "Spearman", "centred", "Spearman"}}
	for _, m := range r.Models {
		for _, p := range m.Correlations {
			t.Rows = append(t.Rows, []string{m.Name, p.A, p.B, fmt.Sprint(p.N), shown(p.Raw, p.RawLow, p.RawHigh),
				cell(p.RawSpearman),
				shown(p.Centred, p.CentredLow, p.CentredHigh), cell(p.CentredSpearman)})
		}
	}
	return t
}

func (r *Result) curveTable() table {
	t := table{Slug: "controllability", Title: "Is a degree that was trained found again?",
		Note: "Kendall's τ of degree and centred score " +
			"over personas, with a bootstrap over them; slope and range of the means.",
		Head: []string{"value", "strategy", "levels", "τ", "p", "slope", "range", "monotone"}}
	for _, c := range r.Curves {
		order := "no"
		if c.Monotone {
			order = "yes"
		}
		t.Rows = append(t.Rows, []string{c.Name, c.Strategy, fmt.Sprint(len(c.Levels)), shown(c.Tau, c.TauLow, c.TauHigh),
			cell(c.P),
			cell(c.Slope), cell(c.Range), order})
	}
	return t
}

func (r *Result) benchTable() table {
	t := table{Slug: "bench", Title: "Utility, safety and bias", Note: "Figures of llm-bench, with 95 % intervals.",
		Head: []string{"run", "task", "group", "figure", "value", "n", "note"}}
	for _, b := range r.Bench {
		t.Rows = append(t.Rows, []string{b.Run, b.Task, b.Group, b.Name, shown(b.Value, b.Low, b.High), fmt.Sprint(b.N),
			b.Note})
	}
	return t
}
