package corpora

import (
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

// claims writes rows in short: text's first letters, value, direction and its source.
func claims(rows []data.Row) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = fmt.Sprintf("%.12s | %s | %+d %s", r.Text, theories.ValueID(r.Theory, r.Levels()), r.Direction,
			r.DirectionSource)
	}
	return out
}

func mustImport(t *testing.T, name string, o Options) ([]data.Row, *Summary) {
	t.Helper()
	rows, sum, err := Import(name, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range rows {
		if r.Corpus != name || r.Licence == "" || r.TextID != data.TextID(r.Text) || r.Group == "" ||
			r.IndividualAnchor != data.NoAnchor {
			t.Errorf("row %d is incomplete: %+v", i+1, r)
		}
	}
	return rows, sum
}

func TestValueEval(t *testing.T) {
	rows, sum := mustImport(t, "valueeval", Options{In: "testdata/valueeval"})
	want := []string{
		"algorithms m | svt/self-transcendence/universalism | +0 none", // objectivity
		"cosmetic sur | svt/conservation/security/security-personal | +0 none",
		"cosmetic sur | svt/conservation/humility | +0 none",
		"Nuclear weap | svt/self-enhancement/face | +0 none",
		"cannabis sho | svt/openness-to-change/self-direction/self-direction-action | +0 none",
		"cannabis sho | svt/openness-to-change/hedonism | +0 none",
		"cannabis sho | svt/conservation/security/security-personal | +0 none",
		"journalism h | svt/self-transcendence/benevolence/benevolence-caring | +0 none",
		"journalism h | svt/self-transcendence/universalism | +0 none",
		"There is a s | svt/openness-to-change/stimulation | +0 none",
		"There is a s | svt/self-enhancement/achievement | +0 none",
		"There is a s | svt/conservation/security/security-personal | +0 none",
		"There is a s | svt/conservation/security/security-societal | +0 none",
		"There is a s | svt/self-transcendence/benevolence/benevolence-dependability | +0 none",
		"There is a s | svt/self-transcendence/universalism/universalism-concern | +0 none",
	}
	if diff := cmp.Diff(want, claims(rows)); diff != "" {
		t.Error(diff)
	}
	if rows[0].Group != data.TextID("we should ban algorithmic trading") || rows[0].Licence != "CC BY-SA 4.0" {
		t.Errorf("group %s, licence %s", rows[0].Group, rows[0].Licence)
	}
	if diff := cmp.Diff([]Count{{"argument without a label", 1}}, sum.Dropped); diff != "" || sum.Records != 7 ||
		sum.Texts != 6 {
		t.Errorf("%d records, %d texts, dropped %s", sum.Records, sum.Texts, diff)
	}
	if want := `journalism has become nothing more than "fake news".`; rows[7].Text != want {
		t.Errorf("a quote is an ordinary character: %q", rows[7].Text)
	}
}

func TestValueEvalFullText(t *testing.T) {
	rows, _ := mustImport(t, "valueeval", Options{In: "testdata/valueeval", Text: "full"})
	for at, want := range map[int]string{
		3: "We should fight for the abolition of nuclear weapons (against): Nuclear weapons can bring about a certain " +
			"level of respect",
		9: "College education should be free for everyone (in favor of): There is a shortage", // spelled "favour"
	} {
		if !strings.HasPrefix(rows[at].Text, want) {
			t.Errorf("row %d: %q", at, rows[at].Text)
		}
	}
	if _, _, err := Import("valueeval", Options{In: "testdata/valueeval", Text: "all"}); fault.Of(err) != fault.Invalid {
		t.Errorf("an unknown form of the text: %v", err)
	}
}

// Other splits lie beside the first under names of the same form.
func TestValueEvalReadsEveryArgumentsFile(t *testing.T) {
	dir := t.TempDir()
	for _, kind := range []string{"arguments", "labels"} {
		raw, err := os.ReadFile("testdata/valueeval/" + kind + "-training.tsv")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.SplitAfter(string(raw), "\n")
		for split, part := range map[string][]string{"a": lines[1:3], "b": lines[3:]} {
			os.WriteFile(filepath.Join(dir, kind+"-"+split+".tsv"), []byte(lines[0]+strings.Join(part, "")), 0o600)
		}
	}
	got, sum := mustImport(t, "valueeval", Options{In: dir})
	want, _ := mustImport(t, "valueeval", Options{In: "testdata/valueeval"})
	if diff := cmp.Diff(want, got); diff != "" || len(sum.Files) != 4 {
		t.Errorf("files %v: %s", sum.Files, diff)
	}
	os.Remove(filepath.Join(dir, "labels-b.tsv"))
	if _, _, err := Import("valueeval", Options{In: dir}); fault.Of(err) != fault.NotFound ||
		!strings.Contains(err.Error(), "labels-b.tsv") {
		t.Errorf("without one file of labels: %v", err)
	}
}

func TestMFRC(t *testing.T) {
	rows, sum := mustImport(t, "mfrc", Options{In: "testdata/mfrc"})
	want := []string{
		"\"Your reputa | mft/sanctity-degradation | +0 none",
		"I agree! She | mft/care-harm | +0 none",
		"I agree! She | mft/fairness-cheating | +0 none", // Equality 2 and Proportionality 3
		"Money talks. | mft/fairness-cheating | +0 none",
	}
	if diff := cmp.Diff(want, claims(rows)); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(rows[3].Text, "Ps&Qs") || rows[3].Group != rows[3].TextID {
		t.Errorf("text %q, group %s of %s", rows[3].Text, rows[3].Group, rows[3].TextID)
	}
	dropped := []Count{
		{"label that one annotator chose", 7}, {"comment without a foundation", 3},
		{"label Thin Morality", 1}, {"label Non-Moral", 1},
	}
	if diff := cmp.Diff(dropped, sum.Dropped); diff != "" {
		t.Error(diff)
	}
}

func TestSocialChem(t *testing.T) {
	rows, sum := mustImport(t, "social-chem", Options{In: "testdata/social_chem"})
	want := []string{
		"making your  | mft/care-harm | +1 judgement",
		"making your  | mft/authority-subversion | +1 judgement",
		"being health | mft/sanctity-degradation | +1 judgement",
		"having relat | mft/loyalty-betrayal | +1 judgement",
		"people being | mft/care-harm | +1 judgement",
		"being health | mft/care-harm | +1 judgement",
		"supporting y | mft/fairness-cheating | +1 judgement",
		"supporting y | mft/loyalty-betrayal | +1 judgement",
		"supporting y | mft/care-harm | +1 judgement",
		"having relat | mft/loyalty-betrayal | +0 judgement", // judged neutral in another rule
		"making your  | mft/fairness-cheating | +0 judgement",
		"making your  | mft/authority-subversion | +0 judgement",
	}
	if diff := cmp.Diff(want, claims(rows)); diff != "" {
		t.Error(diff)
	}
	if sum.Merged.NormalisedDuplicates != 1 || sum.Merged.Respelled != 3 || sum.Records != 10 {
		t.Errorf("%d records, merged %+v", sum.Records, sum.Merged)
	}
	if rows[3].Group != data.TextID("its good to have relationships") ||
		rows[9].Group != data.TextID("it is okay to have relationships") {
		t.Error("the group is not the rule")
	}
}

func TestJudgement(t *testing.T) {
	for cell, want := range map[string]string{
		"2.0": "1 judgement", "1": "1 judgement", "0.0": "0 judgement", "-1.0": "-1 judgement", "-2": "-1 judgement",
		"": "0 none",
	} {
		direction, source, err := judgement(cell)
		if got := fmt.Sprint(direction, " ", source); err != nil || got != want {
			t.Errorf("%q: %s, %v; want %s", cell, got, err, want)
		}
	}
	for _, cell := range []string{"3", "NaN", "good", "-Inf"} {
		if _, _, err := judgement(cell); err == nil {
			t.Errorf("%q was accepted", cell)
		}
	}
}

func TestMoralStories(t *testing.T) {
	rows, sum := mustImport(t, "moral-stories", Options{In: "testdata/moral_stories"})
	want := []string{
		"James walks  | mft/sanctity-degradation | +1 annotated", // the rule stands in three records:
		"James walks  | mft/care-harm | +1 annotated",            // the union of their foundations
		"James pulls  | mft/sanctity-degradation | -1 annotated",
		"James pulls  | mft/care-harm | -1 annotated",
		"Nate decides | mft/fairness-cheating | +1 annotated",
		"Nate decides | mft/loyalty-betrayal | +1 annotated",
		"Nate decides | mft/care-harm | +1 annotated",
		"Nate decides | mft/fairness-cheating | -1 annotated",
		"Nate decides | mft/loyalty-betrayal | -1 annotated",
		"Nate decides | mft/care-harm | -1 annotated",
	}
	if diff := cmp.Diff(want, claims(rows)); diff != "" {
		t.Error(diff)
	}
	dropped := []Count{{"story whose norm is no rule at hand", 2}, {"story whose rule has no foundation", 2}}
	if diff := cmp.Diff(dropped, sum.Dropped); diff != "" || sum.Records != 8 {
		t.Errorf("%d records; %s", sum.Records, diff)
	}
	if rows[0].Group != data.TextID("It is good to be healthy.") {
		t.Error("the group is not the rule that Social Chemistry's rows have")
	}
	_, _, err := Import("moral-stories", Options{In: "testdata/moral_stories", Rules: t.TempDir()})
	if fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), "--rules") {
		t.Errorf("without the rules: %v", err)
	}
}
