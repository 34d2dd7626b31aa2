package trainer

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hives/internal/rig/goldentest"
)

var (
	invariant = regexp.MustCompile(`(?s)^Invariant: .*?\.\s*$`)
	namedTest = regexp.MustCompile(`\bTest[A-Z]\w*`)
)

// TestInvariantsNameTheirTests: a line that says "Invariant:" in this package and below names a test that holds it, and
// that test is there. A sentence that nothing checks is a hope.
func TestInvariantsNameTheirTests(t *testing.T) {
	tests, claims := map[string]bool{}, map[string]string{}
	for _, dir := range []string{".", filepath.Join(goldentest.ModuleRoot(t), "cmd", "train")} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") {
				return err
			}
			raw, err := os.ReadFile(path)
			for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)`).FindAllSubmatch(raw, -1) {
				tests[string(m[1])] = true
			}
			if !strings.HasSuffix(path, "_test.go") {
				for _, claim := range claimsIn(string(raw)) {
					claims[claim] = path
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(claims) < 10 {
		t.Errorf("%d invariants: the walk does not see them", len(claims))
	}
	for claim, path := range claims {
		names := namedTest.FindAllString(claim, -1)
		if len(names) == 0 || !invariant.MatchString(claim) {
			t.Errorf("%s: no test, or no end: %q", path, claim)
		}
		for _, name := range names {
			if !tests[name] {
				t.Errorf("%s: there is no %s for %q", path, name, claim)
			}
		}
	}
}

// claimsIn are the sentences that begin with the word, up to the next one or the end of the paragraph.
func claimsIn(source string) (claims []string) {
	open := false
	for line := range strings.Lines(source) {
		text, comment := strings.CutPrefix(strings.TrimSpace(line), "//")
		text = strings.TrimSpace(text)
		switch {
		case strings.HasPrefix(text, "Invariant: ") && comment:
			claims, open = append(claims, text), true
		case !comment || text == "":
			open = false
		case open:
			claims[len(claims)-1] += " " + text
		}
	}
	return claims
}

// TestInvariantsNameTheirTestsNotices is the control.
func TestInvariantsNameTheirTestsNotices(t *testing.T) {
	got := claimsIn("// A word.\n// Invariant: a holds\n// always (TestA).\n// Invariant: b.\n//\n// More.\nfunc f() {\n" +
		"\t// Invariant: c (TestC).\n\tx()\n}\n")
	want := []string{"Invariant: a holds always (TestA).", "Invariant: b.", "Invariant: c (TestC)."}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q, want %q", got, want)
	}
}
