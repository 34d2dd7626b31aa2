package report

import (
	"context"
	"fmt"
	"strings"

	"hives/data"
	"hives/internal/evaluate"
	"hives/vidb"
)

// How strongly does a text support a value, by its vector alone? The demo has no judge to ask, so it takes the other
// way: a database of people's grades, and a ridge from vectors to its scores on groups that the ridge has not seen.
// What such scores are worth stands beside them, with the same done on vectors dealt out anew, by the untrained model
// and by the one that was trained on permuted labels.

// intensities measures every value of the database, with the models in the order of their names below.
func (j *DemoJob) intensities(ctx context.Context) (out []*evaluate.ValueIntensity, err error) {
	if j.VIDB == "" {
		return nil, nil
	}
	file, err := vidb.Open(j.VIDB, j.Options.Theories)
	if err != nil {
		return nil, err
	}
	o := evaluate.IntensityOptions{Seed: j.Options.Seed}
	if o.Seen, err = j.seen(); err != nil {
		return nil, err
	}
	models := []evaluate.Named{j.model(trainedName, j.After), j.model("before training", j.Before),
		j.model("control, labels permuted", j.Control)}
	for _, about := range file.Values {
		v, err := file.Value(about.ValueID)
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(j.Stderr, "%s: intensities told by vectors\n", v.ValueID)
		one, err := evaluate.Intensities(ctx, v, models, o)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

const trainedName = "after training"

// seen tells the texts of the training rows, and those of a group with one: a model was taught them. All rows count,
// contradicting ones too.
func (j *DemoJob) seen() (func(vidb.Text) bool, error) {
	known := map[string]bool{}
	if j.TrainData != "" {
		rows, _, err := data.ReadWith(j.TrainData, data.ReadOptions{Theories: j.Options.Theories})
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			known["text "+r.TextID], known["group "+r.Group] = true, true
		}
	}
	return func(t vidb.Text) bool { return known["text "+t.ID] || t.Group != "" && known["group "+t.Group] }, nil
}

// intensityView is a value's part of the page.
type intensityView struct {
	ValueID       string
	Texts, Groups int
	Worth         []string
	Systems       []tableRow
	Texted        []intensityRow
}

// intensityRow is one text with what people and the vector say of it. Places are in percent of the scale.
type intensityRow struct {
	Text, Corpus, People, Score, Told, Bounds string
	ScoreAt, ToldAt, From, Wide               float64
}

func intensityViews(all []*evaluate.ValueIntensity) (out []intensityView) {
	for _, v := range all {
		one := intensityView{ValueID: v.ValueID, Texts: v.Texts, Groups: v.Groups, Worth: worth(v)}
		for _, s := range v.Systems {
			one.Systems = append(one.Systems, tableRow{Label: s.System, Main: s.System == trainedName, Cells: []figure{
				fig(s.Order, evaluate.Range{Low: float64(s.OrderLo), High: float64(s.OrderHi)}),
				fig(evaluate.Number(s.R2), evaluate.Range{Low: s.Lo, High: s.Hi})}})
		}
		for _, t := range v.Shown {
			at := func(x float64) float64 { return 5 * (x + 10) }
			people := "–"
			if t.People == t.People { // a number
				people = strings.TrimSuffix(fmt.Sprintf("%+.1f", t.People), ".0")
			}
			one.Texted = append(one.Texted, intensityRow{Text: t.Text, Corpus: t.Corpus, People: people,
				Score: fmt.Sprintf("%+.1f", t.Score), Told: fmt.Sprintf("%+.1f", t.Told),
				Bounds: fmt.Sprintf("%+.1f to %+.1f", t.Lo, t.Hi), ScoreAt: at(t.Score), ToldAt: at(t.Told), From: at(t.Lo),
				Wide: at(t.Hi) - at(t.Lo)})
		}
		out = append(out, one)
	}
	return out
}

// worth says in sentences what the first system's scores are worth, from what guessing has to what one score is off by.
// Training is said to add something only where the intervals do not meet.
func worth(v *evaluate.ValueIntensity) []string {
	first := v.Systems[0]
	if !first.Order.Known() || !first.OrderLo.Known() {
		return []string{"People graded no two of these texts of one corpus unlike, so nothing can be said."}
	}
	percent := func(x float64) string { return fmt.Sprintf("%.0f %%", 100*x) }
	said := []string{fmt.Sprintf("Of %d pairs of texts of one corpus that people graded unlike, the scores put %s into "+
		"people's order (95 %% interval %s to %s). Guessing has 50 %%.", v.Pairs, percent(float64(first.Order)),
		percent(float64(first.OrderLo)), percent(float64(first.OrderHi)))}
	if first.OrderLo <= .5 {
		said = append(said, "So they are worth nothing that could be shown: do not use them.")
		return said
	}
	for _, s := range v.Systems[1:] {
		switch s.System {
		case "before training":
			adds := "that training adds to it was not shown"
			if s.OrderHi < first.OrderLo {
				adds = "training adds to it"
			} else if s.OrderLo > first.OrderHi {
				adds = "training takes from it"
			}
			said = append(said, fmt.Sprintf("The untrained model has %s: %s.", percent(float64(s.Order)), adds))
		case trainedName + ", shuffled":
			said = append(said, fmt.Sprintf("With vectors dealt out anew it is %s.", percent(float64(s.Order))))
		}
	}
	return append(said, fmt.Sprintf("One score says little: 95 %% of them lie within %.1f units of 20 of the "+
		"database's.", v.Within))
}
