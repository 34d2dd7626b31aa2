package contrast

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/data/theories"
	"hives/internal/fault"
)

// rowsFile writes a CSV of rows below the usual header.
func rowsFile(t *testing.T, rows ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.csv")
	content := "text,theory,level_1,level_2,level_3,direction\n" + strings.Join(rows, "\n") + "\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// A text that both supports and opposes a value is left out of training and validation, as an import leaves it out, and
// the rows that stay keep their numbers in the file.
func TestContradictionsAreLeftOutOfARun(t *testing.T) {
	cfg := struct{ Data DataConfig }{}
	cfg.Data.Train = rowsFile(t, "a,mft,care/harm,,,1", "bad,mft,care/harm,,,9", "b,mft,care/harm,,,1",
		"A!,mft,care/harm,,,-1", "c,mft,care/harm,,,1")
	cfg.Data.Validation = rowsFile(t, "v,mft,care/harm,,,-1", "v,mft,care/harm,,,1", "w,mft,care/harm,,,1")
	cfg.Data.SkipBad = true
	rows, err := ReadRows(&cfg.Data, 0, theories.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(rows.Numbers, []int{3, 5}) || len(rows.Train) != 2 || len(rows.Validation) != 1 || rows.Skipped != 1 {
		t.Errorf("numbers %v, %d and %d rows, %d bad", rows.Numbers, len(rows.Train), len(rows.Validation), rows.Skipped)
	}
	if len(rows.Notes) != 2 || !strings.Contains(rows.Notes[0], "data: left out: 2 rows that contradict") ||
		!strings.Contains(rows.Notes[0], "row 1") {
		t.Errorf("notes %q", rows.Notes)
	}
}

func TestARunOfContradictionsIsRefused(t *testing.T) {
	cfg := struct{ Data DataConfig }{}
	cfg.Data.Train = rowsFile(t, "a,mft,care/harm,,,1", "a,mft,care/harm,,,-1")
	if _, err := ReadRows(&cfg.Data, 0, theories.Builtin()); fault.Of(err) != fault.Invalid ||
		!strings.Contains(err.Error(), "no training rows; left out: 2 rows that contradict") {
		t.Errorf("%v", err)
	}
}
