package corpora

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hives/data"
	"hives/data/theories"
	"hives/internal/fault"
)

// The files here are made up, in the shapes that docs/DATA.md gives with their sources.

// folder writes files into a folder of the test.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// expect imports a folder and compares claims, what was dropped and what was unknown.
func expect(t *testing.T, name string, o Options, want []string, dropped, unknown []Count) ([]data.Row, *Summary) {
	t.Helper()
	rows, sum := mustImport(t, name, o)
	if diff := cmp.Diff(want, claims(rows)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(dropped, sum.Dropped); diff != "" {
		t.Errorf("dropped: %s", diff)
	}
	if diff := cmp.Diff(unknown, sum.Unknown); diff != "" {
		t.Errorf("unknown: %s", diff)
	}
	return rows, sum
}

var valueNetFiles = map[string]string{
	"achievement.csv":    "scenario,label\nI trained for the race.,1\n\"I gave up, again\",-1\nIt rained.,0\n",
	"self_direction.csv": "id,scenario,label\n7,I chose my own way.,1.0\n",
	"benevolence_train.csv": "scenario,label\n[BENEVOLENCE] I helped a friend.,1\n[HEDONISM] I skipped dessert.,-1\n" +
		"[WISDOM] I thought twice.,1\n",
	"README.md":               "not a table",
	"somewhere/else/file.csv": "not read",
}

func TestValueNet(t *testing.T) {
	dir := folder(t, valueNetFiles)
	want := []string{
		"I trained fo | svt/self-enhancement/achievement | +1 annotated",
		"I gave up, a | svt/self-enhancement/achievement | -1 annotated",
		"I helped a f | svt/self-transcendence/benevolence | +1 annotated",
		"I skipped de | svt/openness-to-change/hedonism | -1 annotated",
		"I chose my o | svt/openness-to-change/self-direction | +1 annotated",
	}
	dropped := []Count{{"scenario unrelated to the value (label 0)", 1}, {"label that names no node", 1}}
	rows, sum := expect(t, "valuenet", Options{In: dir}, want, dropped, []Count{{"WISDOM", 1}})
	if rows[0].Licence != "CC BY-NC-SA" || sum.Records != 7 {
		t.Errorf("licence %q, %d records", rows[0].Licence, sum.Records)
	}
	kept, _ := mustImport(t, "valuenet", Options{In: dir, Zero: "keep"})
	if len(kept) != 6 || kept[2].Direction != 0 || kept[2].DirectionSource != data.SourceAnnotated {
		t.Errorf("with zeros: %v", claims(kept))
	}
}

func TestValuePrism(t *testing.T) {
	dir := folder(t, map[string]string{
		"full/full.csv": "situation,vrd,text,explanation,valence\n" +
			"telling a lie,Duty,Duty of fidelity,why,Opposes\n" +
			"telling a lie,Value,Honesty,why,Opposes\n" +
			"telling a lie,Right,Right to a fair trial,\"a, b\",Either\n" +
			"going to school,Right,Right to education,why,Supports\n" +
			"going to school,Value,Achievement,why,Supports\n" +
			"going to school,Value,Tradition,why,Either\n" +
			"going to school,Value,Compassion,why,Supports\n",
		"relevance/relevance_train.csv": "action,vrd,text,input,output\n" +
			"going to school,Duty,Duty of self-improvement,x,Yes\n" +
			"going to school,Duty,Gratitude,x,No\n",
		"valence/valence_train.csv": "action,vrd,text,input,output\ngoing to school,Duty,Duty of self-improvement,x," +
			"Supports\n",
		"generative/generative_train.csv": "action,vrd,text,input,output\nnot,read,at,all,x\n",
	})
	want := []string{
		"telling a li | duty/fidelity | -1 annotated",
		"telling a li | right/first-generation/political-rights/right-to-fair-trial | +0 annotated",
		"going to sch | right/second-generation/cultural-rights/right-to-education | +1 annotated",
		"going to sch | svt/self-enhancement/achievement | +1 annotated",
		"going to sch | mft/care-harm/compassion | +1 annotated",
		"going to sch | duty/self-improvement | +1 annotated", // the judged row takes the place of the merely relevant
	}
	dropped := []Count{
		{"label that names no node", 1}, {"value name that two theories have", 1},
		{"value that is not relevant to its situation", 1},
	}
	_, sum := expect(t, "valueprism", Options{In: dir}, want, dropped, []Count{{"value: Honesty", 1}})
	if sum.Merged.Superseded != 1 || sum.Records != 10 {
		t.Errorf("%d records, merged %+v", sum.Records, sum.Merged)
	}

	list := filepath.Join(folder(t, map[string]string{"names.csv": "vrd,text,value_id\n" +
		"value,honesty,mft/fairness-cheating/trustworthiness\nvalue,Honesty,duty/fidelity\n" +
		"Value,tradition,svt/conservation/tradition\nvalue,achievement,\n"}), "names.csv")
	rows, _ := mustImport(t, "valueprism", Options{In: dir, Names: list})
	got := strings.Join(claims(rows), "\n")
	for text, in := range map[string]bool{
		"mft/fairness-cheating/trustworthiness | -1": true, "svt/conservation/tradition | +0": true,
		"telling a li | duty/fidelity | -1": true, "achievement": false,
	} {
		if strings.Contains(got, text) != in {
			t.Errorf("%q among the rows: %v, want %v\n%s", text, !in, in, got)
		}
	}
	bad := filepath.Join(folder(t, map[string]string{"n.csv": "vrd,text,value_id\nvalue,x,svt/kindness\n"}), "n.csv")
	if _, _, err := Import("valueprism", Options{In: dir, Names: bad}); err == nil ||
		!strings.Contains(err.Error(), "n.csv: row 1 (line 2)") {
		t.Errorf("an unknown node in the names: %v", err)
	}
}

func TestMFRCOneRowAnAnnotator(t *testing.T) {
	head := "text,subreddit,bucket,annotator,annotation,confidence\n"
	dir := folder(t, map[string]string{"mfrc.csv": head +
		"They lied &amp; cheated,europe,French politics,annotator00,\"Equality,Care\",Confident\n" +
		"Lovely day,AmItheAsshole,Everyday Morality,annotator00,Non-Moral,Confident\n" +
		"They lied &amp; cheated,europe,French politics,annotator01,Proportionality,Not Confident\n" +
		"They lied &amp; cheated,europe,French politics,annotator02,\"Care,Equality\",Somewhat Confident\n" +
		"They lied &amp; cheated,europe,French politics,annotator02,Proportionality,Confident\n" +
		"Lovely day,AmItheAsshole,Everyday Morality,annotator01,Thin Morality,Confident\n" +
		"Lovely day,AmItheAsshole,Everyday Morality,annotator01,Thin Morality,Confident\n" + // the same twice counts once
		"Lovely day,AmItheAsshole,Everyday Morality,annotator02,\"Liberty\",Confident\n"})
	want := []string{
		"They lied &  | mft/care-harm | +0 none",
		"They lied &  | mft/fairness-cheating | +0 none",
	}
	dropped := []Count{{"label that names no node", 1}, {"label that one annotator chose", 2},
		{"comment without a foundation", 1}}
	_, sum := expect(t, "mfrc", Options{In: dir}, want, dropped, []Count{{"Liberty", 1}})
	if sum.Records != 8 || !cmp.Equal(sum.Notes[0], Count{"comments", 2}) {
		t.Errorf("%d records, notes %v", sum.Records, sum.Notes)
	}
}

func TestSocialChemInTheAuthorsForm(t *testing.T) {
	head := "area\trot-bad\trot-moral-foundations\taction\taction-moral-judgment\trot\n"
	dir := folder(t, map[string]string{"social-chem-101.v1.0.tsv": head +
		"dearabby\t0\tcare-harm|loyalty-betrayal\t\"calling a friend \"\"fat\"\"\"\t-2.0\tIt's cruel to call a " +
		"friend fat.\n" +
		"dearabby\t0\tfairness-cheating\tstealing\t-1\tStealing is wrong\n" +
		"dearabby\t1\tcare-harm\tsomething odd\t-1\tIt is odd\n" +
		"dearabby\t0\t\twaiting\t0\tIt's OK to wait\n" +
		"dearabby\t0\tcare-harm\t\t\tNobody broke this down\n"})
	want := []string{
		"calling a fr | mft/care-harm | -1 judgement",
		"calling a fr | mft/loyalty-betrayal | -1 judgement",
		"stealing | mft/fairness-cheating | -1 judgement",
	}
	dropped := []Count{{"rule that its annotator called bad", 1}, {"rule without a foundation", 1},
		{"rule without an action", 1}}
	rows, _ := expect(t, "social-chem", Options{In: dir}, want, dropped, nil)
	if rows[0].Text != `calling a friend "fat"` {
		t.Errorf("quotes of the data frame: %q", rows[0].Text)
	}
}

func TestValueEval24(t *testing.T) {
	header := "Text-ID\tSentence-ID\tStimulation attained\tStimulation constrained\tUniversalism: " +
		"nature attained\tUniversalism: nature constrained\tWisdom attained\tWisdom constrained\n"
	sentences := "Text-ID\tSentence-ID\tText\nEN_1\t1\tHe said \"go\" to the sea.\nEN_1\t2\tWe cut every tree.\n" +
		"EN_2\t1\tNothing here.\nEN_2\t2\tUnclear words.\n"
	labels := header + "EN_1\t1\t1\t0\t0\t0\t0\t0\nEN_1\t2\t0.0\t0.0\t0.0\t1.0\t1\t0\nEN_2\t1\t0\t0\t0\t0\t0\t0\n" +
		"EN_2\t2\t0.5\t0.5\t1\t1\t0\t0\n"
	files := map[string]string{
		"training-english/sentences.tsv": sentences, "training-english/labels.tsv": labels,
		"training/sentences.tsv": strings.ReplaceAll(sentences, "Unclear", "Unklar:"), "training/labels.tsv": labels,
		"test-english/sentences.tsv": sentences,
		"valueeval23/sentences.tsv":  sentences, "valueeval23/labels.tsv": labels,
	}
	dir := folder(t, files)
	want := []string{
		"He said \"go\" | svt/openness-to-change/stimulation | +1 annotated",
		"We cut every | svt/self-transcendence/universalism/universalism-nature | -1 annotated",
		"Unclear word | svt/openness-to-change/stimulation | +0 none",
	}
	dropped := []Count{{"label that names no node", 1}, {"sentence without a value", 1}}
	rows, sum := expect(t, "valueeval24", Options{In: dir}, want, dropped, []Count{{"Wisdom", 1}})
	if sum.Merged.Contradictions != 2 || sum.Records != 4 || rows[0].Group != rows[1].Group ||
		rows[1].Group == rows[2].Group {
		t.Errorf("%d records, merged %+v, groups %s %s %s", sum.Records, sum.Merged, rows[0].Group, rows[1].Group,
			rows[2].Group)
	}
	original, _ := mustImport(t, "valueeval24", Options{In: dir, Text: "original"})
	if !strings.HasPrefix(original[2].Text, "Unklar") {
		t.Errorf("original text: %q", original[2].Text)
	}
	one, _ := mustImport(t, "valueeval24", Options{In: filepath.Join(dir, "training-english")})
	if diff := cmp.Diff(rows, one); diff != "" {
		t.Errorf("one split by itself: %s", diff)
	}
}

func TestDenevil(t *testing.T) {
	dir := folder(t, map[string]string{
		"moralprompt.csv": "foundation,principle,prompt\nCare,It is wrong to hurt.,Tom saw the dog and\n" +
			"Sanctity/Degradation,Stay clean.,She found the river\nWisdom,x,He thought\n",
		"moralprompt.jsonl": `{"moral_foundation": "loyalty-betrayal", "text": "Her team asked", "n": 3}` + "\n",
	})
	want := []string{
		"Tom saw the  | mft/care-harm | +0 none",
		"She found th | mft/sanctity-degradation | +0 none",
	}
	rows, _ := expect(t, "denevil", Options{In: dir}, want, []Count{{"label that names no node", 1}},
		[]Count{{"Wisdom", 1}})
	if rows[0].Group != data.TextID("It is wrong to hurt.") || rows[0].Licence != "not stated" {
		t.Errorf("group %s, licence %s", rows[0].Group, rows[0].Licence)
	}
	os.Remove(filepath.Join(dir, "moralprompt.csv"))
	lines, _ := mustImport(t, "denevil", Options{In: dir})
	if got := claims(lines); len(got) != 1 || got[0] != "Her team ask | mft/loyalty-betrayal | +0 none" {
		t.Errorf("JSON lines: %v", got)
	}
}

func TestValueFlow(t *testing.T) {
	head := "text,theory,level_1,level_2,level_3,direction,selected_individual,selected_anchor\n"
	dir := folder(t, map[string]string{"train.csv": head +
		"a,PVQ,growth,openness to change,hedonism,support,Enjoy life,People want joy\n" +
		"b,pvq,self-enhancement,hedonism,,oppose,Enjoy life,\n" +
		"c,mft,care/harm,None,nan,neutral,Do no harm,People want joy\n" +
		"d,rights,first_generation,civil_rights,right_to_life,1,,\n" +
		"e,mft,care/harm,sweetness,,1,,\n"})
	want := []string{
		"a | svt/openness-to-change/hedonism | +1 annotated",
		"b | svt/openness-to-change/hedonism | -1 annotated", // the canonical parent
		"c | mft/care-harm | +0 none",
		"d | right/first-generation/civil-rights/right-to-life | +1 annotated",
	}
	rows, _, err := Import("valueflow", Options{In: dir})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, claims(rows)); diff != "" {
		t.Error(diff)
	}
	var ids []string
	for _, r := range rows {
		ids = append(ids, fmt.Sprint(r.IndividualAnchor, r.TheoryAnchor))
	}
	if diff := cmp.Diff([]string{"0 0", "0 -1", "1 0", "-1 -1"}, ids); diff != "" {
		t.Errorf("anchors: %s", diff)
	}
	numbers := folder(t, map[string]string{"n.csv": head + "a,mft,care/harm,,,1,12,3.0\nb,mft,care/harm,,,-1,,7\n"})
	rows, _, err = Import("valueflow", Options{In: numbers})
	if err != nil || rows[0].IndividualAnchor != 12 || rows[0].TheoryAnchor != 3 || rows[1].TheoryAnchor != 7 {
		t.Errorf("numbered anchors: %+v, %v", rows, err)
	}
}

func TestPublishedFormsAreChecked(t *testing.T) {
	for reason, c := range map[string]struct {
		corpus, file, content, want string
	}{
		"label of 2":        {"valuenet", "power.csv", "scenario,label\nx,2\n", "not -1, 0 or 1"},
		"no value anywhere": {"valuenet", "train.csv", "scenario,label\nx,1\n", "gives a value of svt"},
		"unclosed bracket":  {"valuenet", "train.csv", "scenario,label\n[POWER x,1\n", "does not close"},
		"missing column":    {"valuenet", "power.csv", "text,label\nx,1\n", `missing column "scenario"`},
		"empty file":        {"valuenet", "power.csv", "", "must name the columns"},
		"too few cells":     {"valuenet", "power.csv", "scenario,label\nx\n", "has 1 cell, the header 2"},
		"unknown valence": {"valueprism", "full.csv", "situation,vrd,text,valence\nx,Value,Power,Maybe\n",
			"not Supports"},
		"unknown kind": {"valueprism", "full.csv", "situation,vrd,text,valence\nx,Virtue,Power,Supports\n",
			"vrd is not"},
		"label of .7": {"valueeval24", "labels.tsv", "Text-ID\tSentence-ID\tFace attained\tFace constrained\n" +
			"T\t1\t0.7\t0\n", "neither 0 nor 1"},
		"half of a half": {"valueeval24", "labels.tsv", "Text-ID\tSentence-ID\tFace attained\tFace constrained\n" +
			"T\t1\t0.5\t0\n", "0.5 in both"},
		"sentence not labelled": {"valueeval24", "labels.tsv", "Text-ID\tSentence-ID\tFace attained\tFace constrained\n" +
			"T\t2\t1\t0\n", "no line in the labels"},
		"labels of '23": {"valueeval24", "labels.tsv", "Argument ID\tFace\nT\t1\n", "another corpus"},
		"not JSON":      {"denevil", "p.jsonl", "prompt\n", "not a JSON object"},
		"empty prompt":  {"denevil", "p.csv", "foundation,prompt\nCare,\n", "the text is empty"},
		"unknown direction": {"valueflow", "t.csv", "text,theory,level_1,level_2,level_3,direction\n" +
			"x,mft,care/harm,,,up\n", "direction is not"},
		"numbers and sentences": {"valueflow", "t.csv", "text,theory,level_1,level_2,level_3,direction,selected_anchor\n" +
			"x,mft,care/harm,,,1,4\ny,mft,care/harm,,,1,Be kind\n", "rows above have numbers"},
		"not UTF-8": {"mfrc", "m.csv", "text,annotator,annotation\n\xff,a,Care\n", "not UTF-8"},
	} {
		dir := folder(t, map[string]string{c.file: c.content})
		if c.corpus == "valueeval24" {
			os.WriteFile(filepath.Join(dir, "sentences.tsv"), []byte("Text-ID\tSentence-ID\tText\nT\t1\tsecret words\n"), 0o600)
		}
		_, _, err := Import(c.corpus, Options{In: dir})
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", reason, err, c.want)
		}
	}
}

// ImportFile writes what Import and Write would, for every corpus at hand.
func TestImportFileWritesTheSameBytes(t *testing.T) {
	dirs := map[string]string{
		"valueeval": "testdata/valueeval", "mfrc": "testdata/mfrc", "social-chem": "testdata/social_chem",
		"moral-stories": "testdata/moral_stories", "valuenet": folder(t, valueNetFiles),
	}
	for name, dir := range dirs {
		rows, want := mustImport(t, name, Options{In: dir})
		out := t.TempDir()
		a, b := filepath.Join(out, "a.parquet"), filepath.Join(out, "b.parquet")
		if err := data.Write(a, rows); err != nil {
			t.Fatal(err)
		}
		got, err := ImportFile(name, Options{In: dir}, b)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		x, _ := os.ReadFile(a)
		y, _ := os.ReadFile(b)
		if len(x) == 0 || !bytes.Equal(x, y) {
			t.Errorf("%s: the files differ", name)
		}
	}
	empty := folder(t, map[string]string{"power.csv": "scenario,label\nx,0\n"})
	out := filepath.Join(t.TempDir(), "none.parquet")
	if _, err := ImportFile("valuenet", Options{In: empty}, out); fault.Of(err) != fault.Invalid {
		t.Errorf("no row: %v", err)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a file without rows was written")
	}
}

// Every name that the importers spell out must be a node, so that a change of the hierarchies cannot go unseen.
func TestSpelledOutNamesAreNodes(t *testing.T) {
	for _, name := range []string{"Care", "fairness", "loyalty-betrayal", "Authority/Subversion", "Purity", "liberty"} {
		node, ok := foundation(name)
		if !ok || theories.Builtin().Validate("mft", node) != nil {
			t.Errorf("%s: %v", name, node)
		}
	}
	for _, name := range []string{"", "harmless", "virtue"} {
		if node, ok := foundation(name); ok {
			t.Errorf("%q is taken for %v", name, node)
		}
	}
	for _, ours := range flowTheories {
		if _, ok := theories.Builtin().Get(ours); !ok {
			t.Errorf("no theory %q", ours)
		}
	}
}
