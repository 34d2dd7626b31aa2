package survey

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/madeup anew")

// madeUp is the survey of testdata: claims, each for or against one value, four answers to each. People and their leans
// are drawn by dice: nothing here was asked of anybody.
var madeUp = map[string][]string{ // a claim that begins with "-" is against the value
	"mft/care-harm": {
		"A doctor should visit people who cannot leave their homes", "Hospitals should let relatives stay overnight",
		"Farm animals should have more room to move", "A shop may dismiss somebody who is often ill-",
		"Schools should look after children until the evening", "Whoever begs in the street should be sent away-",
		"Neighbours should be told when an old person lives alone", "A little pain teaches children best-",
	},
	"mft/fairness-cheating": {
		"Tax returns of companies should be open to everybody", "A ticket inspector should make no exceptions",
		"Jobs should be given without looking at names", "It is all right to sell a car without naming its faults-",
		"Whoever works more should be paid more", "A friend in the office may speed up an application-",
		"Exams should be marked by two people", "Copying homework hurts nobody-",
	},
	"mft/loyalty-betrayal": {
		"A player should stay with the team that trained him", "People should buy what is made in their own region",
		"One should defend one's family in a quarrel", "It is good to tell the press what goes wrong at work-",
		"A town should keep the names of its fallen on its square", "Friends come and go, one need not keep in touch-",
		"A club should help its old members", "Whoever finds a better country should move there-",
	},
	"mft/authority-subversion": {
		"Pupils should stand up when a teacher comes in", "Police should be obeyed first and asked later",
		"Elders should speak first at a meeting", "An apprentice may correct the master before customers-",
		"Parents should decide what their children learn", "Rules that nobody understands need not be kept-",
		"A court's order should be followed at once", "Titles should be left out of letters-",
	},
}

// madeUpValues are in a fixed order.
var madeUpValues = []string{
	"mft/authority-subversion", "mft/care-harm", "mft/fairness-cheating", "mft/loyalty-betrayal",
}

// answers from the most for the claim to the most against it, and what each says of the claim's value.
var (
	madeUpAnswers = []string{"Agree a lot", "Agree a little", "Disagree a little", "Disagree a lot"}
	madeUpSays    = []float64{8, 3, -3, -8}
)

// lean is what dice gave a group: how much its people are for a value, −1, 0 or 1.
func lean(attribute string, value int) float64 {
	h := uint32(2166136261)
	for _, c := range []byte(attribute + madeUpValues[value]) {
		h = (h ^ uint32(c)) * 16777619
	}
	return float64(h>>13%3) - 1
}

// attributes of the made-up people: the 22, and two groups that have no profile.
func labels(category string) (out []string) {
	for _, g := range groups {
		if g.Category == category {
			out = append(out, g.Label)
		}
	}
	if category == "CREGION" || category == "RACE" {
		out = append(out, "Elsewhere")
	}
	return out
}

const madeUpPeople = 700

// makeUp writes both layouts.
func makeUp(t *testing.T, dir string) {
	t.Helper()
	wave := filepath.Join(dir, "Made_Up_Panel_W1")
	if err := os.MkdirAll(wave, 0o755); err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(20, 13))
	info := [][]string{{"key", "question", "references", "option_ordinal"}}
	header := []string{"WEIGHT_W1"}
	type claim struct {
		key, text string
		value     int
		against   bool
	}
	var claims []claim
	for n := range 8 {
		for v, value := range madeUpValues {
			text, against := strings.CutSuffix(madeUp[value][n], "-")
			c := claim{fmt.Sprintf("CLAIM%d%c", n+1, 'a'+v), text + ": do you agree?", v, against}
			claims, header = append(claims, c), append(header, c.key)
			info = append(info, []string{c.key, c.text, "['" + strings.Join(madeUpAnswers, "', '") + "', 'Refused']",
				"[1.0, 2.0, 3.0, 4.0]"})
		}
	}
	info = append(info, []string{"BOX", `Which of these do you own? A "bicycle"`, `["Not selected", 'Refused']`, "[1.0]"})
	header = append(header, "BOX")
	meta := [][]string{{"key", "options"}, {"AGE", "['18-29', '30+']"}}
	for _, category := range Categories {
		meta = append(meta, []string{category, "['" + strings.Join(labels(category), "', '") + "']"})
		header = append(header, category)
	}
	people := [][]string{header}
	for range madeUpPeople {
		leans := make([]float64, len(madeUpValues))
		var own []string
		for _, category := range Categories {
			all := labels(category)
			label := all[random.IntN(len(all))]
			own = append(own, label)
			for v := range leans {
				if label != "Elsewhere" {
					leans[v] += lean(category+"_"+label, v)
				}
			}
		}
		row := []string{fmt.Sprintf("%.2f", .5+random.Float64())}
		for _, c := range claims {
			row = append(row, answer(random, leans[c.value], c.against))
		}
		row = append(row, []string{"Not selected", ""}[random.IntN(2)])
		people = append(people, append(row, own...))
	}
	for name, rows := range map[string][][]string{infoFile: info, metadataFile: meta, responsesFile: people} {
		f, err := os.Create(filepath.Join(wave, name))
		if err != nil {
			t.Fatal(err)
		}
		w := csv.NewWriter(f)
		if err := w.WriteAll(rows); err != nil || f.Close() != nil {
			t.Fatal(err)
		}
	}
	writeList(t, filepath.Join(dir, "list.json"), info[1:], people)
	truth := truth{Values: madeUpValues, Claims: map[string]claimed{}, Leans: map[string][]float64{}}
	for _, c := range claims {
		says := slices.Clone(madeUpSays)
		if c.against {
			slices.Reverse(says)
		}
		truth.Claims[c.text] = claimed{madeUpValues[c.value], says}
	}
	for _, g := range groups {
		for v := range madeUpValues {
			truth.Leans[g.Attribute()] = append(truth.Leans[g.Attribute()], lean(g.Attribute(), v))
		}
	}
	raw, err := json.MarshalIndent(truth, "", " ")
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "truth.json"), append(raw, '\n'), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// truth is what the survey was made of, for tests that have to find it again.
type truth struct {
	Values []string             `json:"values"`
	Claims map[string]claimed   `json:"claims"` // by question
	Leans  map[string][]float64 `json:"leans"`  // by attribute: of each value
}

// claimed is the value that a claim is about, and how strongly each answer to it supports that value.
type claimed struct {
	Value string    `json:"value"`
	Says  []float64 `json:"says"`
}

// answer is one person's: an ordinal choice by the lean, now and then none.
func answer(random *rand.Rand, lean float64, against bool) string {
	switch random.IntN(25) {
	case 0:
		return "Refused"
	case 1:
		return "" // not asked
	}
	x := .55*lean + 1.1*random.NormFloat64()
	if against {
		x = -x
	}
	at := 0
	for at < 3 && x < []float64{1, 0, -1}[at] {
		at++
	}
	return madeUpAnswers[at]
}

// writeList adds the people up anew, by loops over rows, and writes the other layout.
func writeList(t *testing.T, path string, info, people [][]string) {
	t.Helper()
	var rows []map[string]any
	for _, q := range info {
		options := madeUpAnswers
		if q[0] == "BOX" {
			options = []string{"Not selected"}
		}
		column := slices.Index(people[0], q[0])
		asked := "Question: " + q[1] + "\nOptions:"
		for i, o := range options {
			asked += fmt.Sprintf(" %c. %s", 'A'+i, o)
		}
		for _, g := range groups {
			gold, sum := make([]float64, len(options)), 0.
			for _, person := range people[1:] {
				at := slices.Index(options, person[column])
				if at < 0 || person[slices.Index(people[0], g.Category)] != g.Label {
					continue
				}
				var weight float64
				fmt.Sscan(person[0], &weight)
				gold[at] += weight
				sum += weight
			}
			for i := range gold {
				gold[i] /= sum
			}
			rows = append(rows, map[string]any{"question": asked + "\nAnswer:", "options": options, "attribute": g.Attribute(),
				"gold_distribution": gold, "pred_distribution": nil, "id": len(rows)})
		}
	}
	var out strings.Builder
	for i, row := range rows {
		raw, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%c%s\n", "[,"[min(i, 1)], raw)
	}
	if err := os.WriteFile(path, []byte(out.String()+"]\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

const made = "testdata/madeup"

// Both layouts hold one survey: shares agree to rounding, though one was added up here and the other by the reader.
func TestBothLayoutsAreOneSurvey(t *testing.T) {
	if *update {
		makeUp(t, made)
	}
	pew, err := Read(made)
	if err != nil {
		t.Fatal(err)
	}
	list, err := Read(filepath.Join(made, "list.json"))
	if err != nil {
		t.Fatal(err)
	}
	counts := []int{len(pew.Questions), len(list.Questions), len(pew.Rows), len(list.Rows)}
	if len(pew.Questions) != 32 || len(list.Questions) != 32 || len(pew.Rows) != 32*22 || len(list.Rows) != len(pew.Rows) {
		t.Fatalf("questions and rows: %v", counts)
	}
	for i, q := range pew.Questions {
		if q.ID != list.Questions[i].ID || q.Asked(nil) != list.Questions[i].Asked(nil) {
			t.Errorf("question %d: %+v and %+v", i, q, list.Questions[i])
		}
	}
	for i, r := range pew.Rows {
		other := list.Rows[i]
		for o := range r.Shares {
			if r.Question != other.Question || r.Group != other.Group || math.Abs(r.Shares[o]-other.Shares[o]) > 1e-9 {
				t.Fatalf("row %d: %+v and %+v", i, r, other)
			}
		}
	}
	if s := fmt.Sprint(list.Skipped); !strings.Contains(s, "fewer than two options 22") {
		t.Errorf("skipped: %s", s)
	}
}
