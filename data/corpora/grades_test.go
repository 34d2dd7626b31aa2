package corpora

import (
	"os"
	"path/filepath"
	"testing"

	"hives/data"
)

// How strongly people felt stands beside the rows: judgements of Social Chemistry, also the negative ones of the whole
// corpus, and the number of annotators of MFRC in both of its forms.
func TestRowsKeepHowStronglyPeopleFelt(t *testing.T) {
	var dir string // of the corpus; a case without a file asks for the one before
	for _, c := range []struct{ corpus, file, content, text, column, want string }{
		{"social-chem", "social_chem.tsv", "rot-moral-foundations\taction\taction-moral-judgment\trot\n" +
			"care-harm\thelping\t1.0\tr\ncare-harm\tHelping.\t2.0\tr\ncare-harm\thitting\t-2.0\tr\n" +
			"care-harm\tsitting\t0\tr\ncare-harm\twaiting\t\tr\n",
			"helping", data.Grades, "1 2"},
		{"social-chem", "", "", "hitting", data.Grades, "-2"}, {"social-chem", "", "", "sitting", data.Grades, "0"},
		{"social-chem", "", "", "waiting", data.Grades, ""},
		{"mfrc", "mfrc.tsv", "text\tEquality\tCare\tNon-Moral\tAuthority\tThin Morality\tLoyalty\tProportionality\tPurity\n" +
			"fair\t3\t1\t0\t0\t0\t0\t2\t0\nkind\t0\t4\t0\t0\t0\t0\t0\t0\n", "fair", data.Annotators, "3"},
		{"mfrc", "", "", "kind", data.Annotators, "4"},
		{"mfrc", "mfrc.csv", "text,annotator,annotation\nkind,a,Care\nkind,b,\"Care,Loyalty\"\nkind,c,Care\n", "kind",
			data.Annotators, "3"},
	} {
		if c.file != "" {
			dir = t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, c.file), []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		rows, _, err := Import(c.corpus, Options{In: dir})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			if r.Text == c.text && r.Extra[c.column] != c.want {
				t.Errorf("%s %q: %s %q, want %q", c.corpus, c.text, c.column, r.Extra[c.column], c.want)
			}
		}
		if got := found(rows, c.text); !got {
			t.Errorf("%s: no row of %q", c.corpus, c.text)
		}
	}
}

func found(rows []data.Row, text string) bool {
	for _, r := range rows {
		if r.Text == text {
			return true
		}
	}
	return false
}
