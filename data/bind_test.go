package data

import (
	"strings"
	"testing"

	"hives/internal/fault"
)

const header = "text,theory,level_1,level_2,level_3,direction,direction_source,individual_anchor\n"

func TestBadRowsAreNamedByPlaceAndReason(t *testing.T) {
	for reason, c := range map[string]struct{ row, want string }{
		"empty text":         {" ,mft,care/harm,,,1,,", "the text is empty"},
		"unknown theory":     {"x,mtf,care/harm,,,1,,", `theory "mtf" is unknown; nearest: "mft"`},
		"unknown level":      {"x,mft,care,,,1,,", `level_1 "care" is not in theory "mft"; nearest: "care/harm"`},
		"unknown leaf":       {"x,mft,care/harm,kindnes,,1,,", `level_2 "kindnes"`},
		"no path":            {"x,mft,,,,1,,", "level_1 is empty"},
		"hole in the path":   {"x,svt,conservation,,security:personal,1,,", "level_3 is set but level_2 is empty"},
		"direction too far":  {"x,mft,care/harm,,,2,,", "direction is 2, not -1, 0 or 1"},
		"direction a half":   {"x,mft,care/harm,,,0.5,,", "direction is 0.5, not a whole number"},
		"direction NaN":      {"x,mft,care/harm,,,NaN,,", "direction is NaN"},
		"direction infinite": {"x,mft,care/harm,,,-Inf,,", "direction is -Inf"},
		"direction a word":   {"x,mft,care/harm,,,up,,", "direction is not a number"},
		"no direction":       {"x,mft,care/harm,,,,,", "direction is empty"},
		"unknown source":     {"x,mft,care/harm,,,1,guess,", `direction_source "guess"`},
		"source contradicts": {"x,mft,care/harm,,,1,none,", `direction is 1 but direction_source is "none"`},
		"anchor NaN":         {"x,mft,care/harm,,,1,,nan", "individual_anchor is NaN"},
		"anchor negative":    {"x,mft,care/harm,,,1,,-2", "individual_anchor is -2"},
		"anchor a word":      {"x,mft,care/harm,,,1,,be kind", "individual_anchor is not a number"},
		"not UTF-8":          {"x\xff,mft,care/harm,,,1,,", "not UTF-8"},
		"too few cells":      {"x,mft,care/harm", "has 3 cells, the header 8"},
		"a loose quote":      {"x\"y,mft,care/harm,,,1,,", "quote inside a cell"},
	} {
		path := write(t, "rows.csv", header+"\"first\nline\",mft,care/harm,,,1,,\n"+c.row+"\nlast,mft,care/harm,,,1,,\n")
		_, err := Read(path)
		if fault.Of(err) != fault.Invalid {
			t.Errorf("%s: %v", reason, err)
			continue
		}
		for _, want := range []string{path, "row 2 (line 4)", c.want, "--skip-bad"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q lacks %q", reason, err, want)
			}
		}
		rows, bad, err := ReadWith(path, ReadOptions{SkipBad: true})
		if err != nil || len(rows) != 2 || rows[1].Text != "last" || len(bad) != 1 || bad[0].Row != 2 || bad[0].Line != 4 {
			t.Errorf("%s, skipped: %d rows, %v, %v", reason, len(rows), bad, err)
		}
	}
}

func TestMissingAndDoubleColumns(t *testing.T) {
	for _, name := range required {
		columns := strings.Split(strings.TrimSpace(header), ",")
		for i := range columns {
			if columns[i] == name {
				columns[i] = "other"
			}
		}
		path := write(t, "rows.csv", strings.Join(columns, ",")+"\n")
		if _, err := Read(path); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), path) ||
			!strings.Contains(err.Error(), "missing column(s) "+name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	path := write(t, "rows.csv", strings.TrimSpace(header)+",selected_individual\n")
	if _, err := Read(path); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "stands twice") {
		t.Errorf("one column under two names: %v", err)
	}
}

// Messages travel into logs; the text itself must not.
func TestErrorsDoNotRepeatTheText(t *testing.T) {
	const secret = "canary"
	path := write(t, "rows.csv", header+secret+",mft,care/harm,,,7,,\n")
	_, bad, err := ReadWith(path, ReadOptions{SkipBad: true})
	if err != nil || len(bad) != 1 || strings.Contains(bad[0].String(), secret) {
		t.Errorf("report %v, %v", bad, err)
	}
}
