package data

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
)

// typed writes two rows whose columns have the given types and values beside the needed ones. Nested and repeated
// columns are null.
func typed(t *testing.T, columns map[string]parquet.Node, values map[string]parquet.Value) string {
	t.Helper()
	group, row := parquet.Group{}, map[string]parquet.Value{}
	for name, cell := range map[string]string{"text": "a b", "theory": "mft", "level_1": "care/harm", "level_2": "",
		"level_3": ""} {
		group[name], row[name] = parquet.String(), parquet.ByteArrayValue([]byte(cell))
	}
	group["direction"], row["direction"] = parquet.Int(32), parquet.Int32Value(1)
	for name, node := range columns {
		group[name], row[name] = node, values[name]
	}
	schema := parquet.NewSchema("row", group)
	var cells parquet.Row
	for at, column := range schema.Columns() {
		present := 0
		if leaf, _ := schema.Lookup(column...); leaf.Node.Optional() && !row[column[0]].IsNull() {
			present = 1
		}
		cells = append(cells, row[column[0]].Level(0, present, at))
	}
	path := filepath.Join(t.TempDir(), "rows.parquet")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := parquet.NewGenericWriter[any](f, schema)
	if _, err := w.WriteRows([]parquet.Row{cells, cells}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

var i32, i64 = parquet.Int32Value, parquet.Int64Value

func words(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }

// five is the UUID of 5.
var five = parquet.FixedLenByteArrayValue([]byte{15: 5})

// Numbers are what their logical type says, or the column is refused by its name.
func TestDirectionsAndAnchorsByLogicalType(t *testing.T) {
	for reason, c := range map[string]struct {
		column string
		node   parquet.Node
		value  parquet.Value
		want   int32
		says   string // of the refusal
	}{
		"decimal anchor":         {"theory_anchor", parquet.Decimal(1, 9, parquet.Int32Type), i32(30), 3, ""},
		"decimal direction":      {"direction", parquet.Decimal(1, 9, parquet.Int32Type), i32(-10), -1, ""},
		"wide decimal":           {"direction", parquet.Decimal(2, 18, parquet.Int64Type), i64(100), 1, ""},
		"half a direction":       {"direction", parquet.Decimal(1, 9, parquet.Int32Type), i32(5), 0, "direction is 0.5"},
		"unsigned anchor":        {"theory_anchor", parquet.Uint(32), i32(7), 7, ""},
		"unsigned, out of range": {"theory_anchor", parquet.Uint(32), i32(-1), 0, "not a whole number"},
		"small":                  {"direction", parquet.Int(8), i32(-1), -1, ""},
		"text":                   {"direction", parquet.String(), words("-1"), -1, ""},
		"date": {"theory_anchor", parquet.Date(), i32(3), 0,
			`column "theory_anchor" is DATE, not a number`},
		"moment": {"direction", parquet.Timestamp(parquet.Microsecond), i64(1), 0,
			`column "direction" is TIMESTAMP`},
		"time of a day": {"direction", parquet.Time(parquet.Millisecond), i32(1), 0, `column "direction" is TIME`},
		"truth": {"direction", parquet.Leaf(parquet.BooleanType), parquet.BooleanValue(true), 0,
			`column "direction" is BOOLEAN, not a number`},
		"UUID": {"theory_anchor", parquet.UUID(), five, 0, `column "theory_anchor" is UUID`},
		"JSON": {"direction", parquet.JSON(), words("1"), 0, `column "direction" is JSON`},
		"a list": {"direction", parquet.Repeated(parquet.Int(32)), parquet.NullValue(), 0,
			`column "direction" is a repeated column`},
		"authors' name, decimal": {"selected_anchor", parquet.Decimal(1, 9, parquet.Int32Type), i32(50), 5, ""},
		"authors' name, a moment": {"selected_anchor", parquet.Timestamp(parquet.Nanosecond), i64(5), 0,
			`column "selected_anchor" is TIMESTAMP`},
	} {
		rows, err := Read(typed(t, map[string]parquet.Node{c.column: c.node}, map[string]parquet.Value{c.column: c.value}))
		if c.says != "" {
			if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", reason, err, c.says)
			}
			continue
		}
		if err != nil || len(rows) != 2 {
			t.Errorf("%s: %d rows, %v", reason, len(rows), err)
			continue
		}
		got := rows[1].TheoryAnchor
		if c.column == "direction" {
			got = rows[1].Direction
		}
		if got != c.want {
			t.Errorf("%s: %d, want %d", reason, got, c.want)
		}
	}
}

func TestTextMustBeText(t *testing.T) {
	for reason, c := range map[string]struct {
		node  parquet.Node
		value parquet.Value
		says  string
	}{
		"strings":            {parquet.String(), words("a b"), ""},
		"an enum":            {parquet.Enum(), words("a b"), ""},
		"bytes without type": {parquet.Leaf(parquet.ByteArrayType), words("a b"), ""},
		"a dictionary":       {parquet.Encoded(parquet.String(), &parquet.RLEDictionary), words("a b"), ""},
		"optional":           {parquet.Optional(parquet.String()), words("a b"), ""},
		"numbers":            {parquet.Int(64), i64(5), `column "text" is INT`},
		"dates":              {parquet.Date(), i32(5), `column "text" is DATE`},
		"JSON":               {parquet.JSON(), words(`"a b"`), `column "text" is JSON`},
		"BSON":               {parquet.BSON(), words("a b"), `column "text" is BSON`},
		"not UTF-8":          {parquet.Leaf(parquet.ByteArrayType), words("\xff"), "row 1: holds bytes that are not UTF-8"},
	} {
		rows, err := Read(typed(t, map[string]parquet.Node{"text": c.node}, map[string]parquet.Value{"text": c.value}))
		switch {
		case c.says == "" && (err != nil || len(rows) != 2 || rows[0].Text != "a b"):
			t.Errorf("%s: %+v, %v", reason, rows, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want %q", reason, err, c.says)
		}
	}
}

// Further columns are kept as their types mean them, or left out by name; none costs a row.
func TestFurtherColumnsByLogicalType(t *testing.T) {
	path := typed(t, map[string]parquet.Node{
		"agreement": parquet.Decimal(2, 9, parquet.Int32Type), "day": parquet.Date(),
		"at":  parquet.Timestamp(parquet.Millisecond),
		"key": parquet.UUID(), "n": parquet.Uint(64), "blob": parquet.Leaf(parquet.ByteArrayType), "doc": parquet.BSON(),
		"many": parquet.Repeated(parquet.Int(32)), "nested": parquet.Group{"a": parquet.Optional(parquet.Int(32)),
			"b": parquet.Optional(parquet.String())},
		"none": parquet.Optional(parquet.String()), "text_id": parquet.Repeated(parquet.String()),
	}, map[string]parquet.Value{
		"agreement": i32(125), "day": i32(19783), "at": i64(time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC).UnixMilli()),
		"key": five,
		"n":   i64(-1), "blob": words("\xff\x00"), "doc": words("\x05\x00\x00\x00\x00"),
	})
	var notes []string
	rows, bad, err := ReadWith(path, ReadOptions{Note: func(s string) { notes = append(notes, s) }})
	if err != nil || len(bad) != 0 || len(rows) != 2 {
		t.Fatalf("%d rows, %v, %v", len(rows), bad, err)
	}
	want := map[string]string{
		"agreement": "1.25", "day": "2024-03-01", "at": "2024-03-01T12:00:00Z", "key": "00000000-0000-0000-0000-000000000005",
		"n": "18446744073709551615", "none": "",
	}
	if diff := cmp.Diff(want, rows[1].Extra); diff != "" {
		t.Error(diff)
	}
	said := strings.Join(notes, "\n")
	for _, name := range []string{"blob", "doc", "many", "nested", "text_id"} {
		if !strings.Contains(said, `column "`+name+`" is left out: `) {
			t.Errorf("nothing is said of %s:\n%s", name, said)
		}
	}
	if len(notes) != 5 {
		t.Errorf("%d notes:\n%s", len(notes), said)
	}
}
