package profiles_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
	"hives/internal/figure"
	"hives/profiles"
)

// post is a row of a test's input.
type post struct {
	Author string `json:"author" parquet:"author"`
	ID     string `json:"id" parquet:"id"`
	Text   string `json:"text" parquet:"text"`
}

// posts are n texts of each author, who support care by as much as their number says.
func posts(authors, n int) (out []post) {
	for a := range authors {
		for i := range n {
			about := []string{"care", "fairness", "loyalty"}[i%3]
			out = append(out, post{fmt.Sprintf("author-%02d", a), fmt.Sprintf("p%d", i),
				said(10000+100*a+i, about, float64(a)/float64(authors)-.4+float64(i%5)/20)})
		}
	}
	return out
}

func jsonl(t testing.TB, rows []post) string {
	t.Helper()
	var out bytes.Buffer
	for _, r := range rows {
		raw, err := json.Marshal(r)
		must(t, err)
		out.Write(append(raw, '\n'))
	}
	return file(t, "posts.jsonl", out.String())
}

func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	must(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

func read(t testing.TB, j profiles.ReadJob) []profiles.TextProfile {
	t.Helper()
	var out []profiles.TextProfile
	j.Model = model(t)
	j.Each = func(p profiles.TextProfile) error { out = append(out, p); return nil }
	_, err := profiles.Read(context.Background(), j, &made{})
	must(t, err)
	return out
}

// TestEachAuthorIsReadAlone: profiles of a file of many equal those of a file of each, whether the rows of an author
// stand together or not, in any format.
func TestEachAuthorIsReadAlone(t *testing.T) {
	rows := posts(6, 40)
	together := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, rows)}})
	if len(together) != 6 || together[0].Author != "author-00" || together[0].Texts != 40 {
		t.Fatalf("%d profiles, %+v", len(together), together[0])
	}
	at, _ := model(t).Find(care)
	for a := range 6 {
		v := together[a].Values[at]
		if !v.Score.Known() || a > 0 && v.Score <= together[a-1].Values[at].Score {
			t.Errorf("author %d supports care by %v, the one before by less", a, v.Score)
		}
		alone := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, rows[40*a:40*a+40])}})[0]
		same(t, "alone", strip(together[a]), strip(alone))
	}
	mixed := slices.Clone(rows)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(mixed), func(a, b int) { mixed[a], mixed[b] = mixed[b], mixed[a] })
	byName := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, mixed)}})
	slices.SortFunc(byName, func(a, b profiles.TextProfile) int { return strings.Compare(a.Author, b.Author) })
	for a := range byName {
		same(t, "mixed", strip(together[a]), strip(byName[a]))
	}
	table := "id,author,text\n"
	for _, r := range rows {
		table += fmt.Sprintf("%s,%s,%q\n", r.ID, r.Author, r.Text)
	}
	path := filepath.Join(t.TempDir(), "posts.parquet")
	must(t, parquet.WriteFile(path, rows))
	for _, path := range []string{file(t, "posts.csv", table), path} {
		same(t, path, together, read(t, profiles.ReadJob{In: profiles.TextFile{Path: path}}))
	}
	some := read(t, profiles.ReadJob{In: profiles.TextFile{Path: path}, Authors: []string{"author-03", "author-01"}})
	if len(some) != 2 || some[0].Author != "author-01" {
		t.Errorf("two of six: %+v", some)
	}
	same(t, "chosen", strip(together[1]), strip(some[0]))
}

// strip takes off what hangs on the file: rows.
func strip(p profiles.TextProfile) profiles.TextProfile {
	p.Values = slices.Clone(p.Values)
	for i := range p.Values {
		p.Values[i].Evidence = slices.Clone(p.Values[i].Evidence)
		for k := range p.Values[i].Evidence {
			p.Values[i].Evidence[k].Row = 0
		}
	}
	return p
}

func same(t *testing.T, what string, a, b any) {
	t.Helper()
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if diff := cmp.Diff(string(x), string(y)); diff != "" {
		t.Errorf("%s:\n%.900s", what, diff)
	}
}

// TestTextsCountOnce: what stands there again, and what has no words, does not count.
func TestTextsCountOnce(t *testing.T) {
	rows := posts(1, 40)
	once := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, rows)}})[0]
	for range 9 {
		rows = append(rows, rows[0], post{"author-00", "x", "  " + rows[3].Text + " "}, post{"author-00", "y", "!!! ???"})
	}
	twice := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, rows)}})[0]
	if twice.Duplicates != 18 || twice.Wordless != 9 || twice.Texts != 67 {
		t.Errorf("%d duplicates, %d wordless, %d texts", twice.Duplicates, twice.Wordless, twice.Texts)
	}
	same(t, "values", once.Values, twice.Values)
	rows[0].Text = said(77, "care", .9)
	other := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, rows)}})[0]
	if cmp.Equal(once.Values, other.Values) {
		t.Error("control: another text changes nothing")
	}
}

// TestSidesLieBeyondNeutralAndTheMiddle: a score between the neutral point and 0 tells no side, on either side of 0.
func TestSidesLieBeyondNeutralAndTheMiddle(t *testing.T) {
	m := *model(t)
	m.Values = slices.Clone(m.Values)
	at, _ := m.Find(care)
	of := func(support float64) profiles.ValueProfile {
		texts, vectors := []profiles.AuthorText{}, [][]float32{}
		for i := range 40 {
			texts = append(texts, profiles.NewAuthorText(i+1, said(i, "care", support+float64(i%5)/20)))
			vectors = append(vectors, vectorOf(texts[i].Text))
		}
		return m.Profile("", texts, vectors, false).Values[at]
	}
	for _, c := range []struct {
		support float64
		neutral func(v profiles.ValueProfile) figure.Number
		want    profiles.Side
	}{
		{.5, func(profiles.ValueProfile) figure.Number { return figure.Number(math.NaN()) }, profiles.Open},
		{.5, func(profiles.ValueProfile) figure.Number { return -1 }, profiles.Supports},
		{.5, func(v profiles.ValueProfile) figure.Number { return v.Lo - .1 }, profiles.Supports},
		{.5, func(v profiles.ValueProfile) figure.Number { return v.Lo }, profiles.Open},
		{.5, func(v profiles.ValueProfile) figure.Number { return v.Hi + .1 }, profiles.Open},
		{-.6, func(profiles.ValueProfile) figure.Number { return 1 }, profiles.Opposes},
		{-.6, func(v profiles.ValueProfile) figure.Number { return v.Hi + .1 }, profiles.Opposes},
		{-.6, func(v profiles.ValueProfile) figure.Number { return v.Score }, profiles.Open},
		{-.6, func(v profiles.ValueProfile) figure.Number { return v.Lo - .1 }, profiles.Open},
	} {
		m.Values[at].Neutral = figure.Number(math.NaN())
		told := of(c.support)
		if !told.Score.Known() || (told.Score > 0) != (c.support > 0) {
			t.Fatalf("support %v: %+v", c.support, told)
		}
		m.Values[at].Neutral = c.neutral(told)
		if got := of(c.support); got.Side != c.want {
			t.Errorf("%v [%v, %v] beside neutral %v: %s, want %s", told.Score, told.Lo, told.Hi, got.Neutral, got.Side, c.want)
		}
	}
}

// TestNothingIsSaidOfTooLittle: two texts give no score, and the reason; unsupported values never have one.
func TestNothingIsSaidOfTooLittle(t *testing.T) {
	few := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, posts(1, 2))}})[0]
	for _, v := range few.Values {
		if v.Score.Known() || v.Lo.Known() || v.Hi.Known() || v.Why == "" {
			t.Errorf("%+v", v)
		}
	}
	raw, _ := json.Marshal(few)
	if !bytes.Contains(raw, []byte(`"score":null,"lo":null,"hi":null`)) || bytes.Contains(raw, []byte("NaN")) {
		t.Errorf("%s", raw)
	}
	at, _ := model(t).Find(loyalty)
	many := read(t, profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, posts(1, 300))}})[0]
	if v := many.Values[at]; v.Score.Known() || !strings.HasPrefix(v.Why, "unsupported: ") || v.N != 0 {
		t.Errorf("an unsupported value: %+v", v)
	}
}

// TestStoppedJobGoesOn stops a job after so many texts, at each place, and ends with the bytes of one that was never
// stopped. What is embedded again begins with the chunk of the first author that is not finished.
func TestStoppedJobGoesOn(t *testing.T) {
	rows := posts(60, 50) // three chunks
	in := jsonl(t, rows)
	for _, out := range []string{"out.jsonl", "out.csv"} {
		whole := filepath.Join(t.TempDir(), out)
		job := profiles.ReadJob{In: profiles.TextFile{Path: in}, Model: model(t), Out: whole}
		enc := &made{}
		sum, err := profiles.Read(context.Background(), job, enc)
		must(t, err)
		want, _ := os.ReadFile(whole)
		if sum.Authors != 60 || sum.Texts != 3000 || len(want) == 0 {
			t.Fatalf("%+v", sum)
		}
		for _, stop := range []int{1, 1025, 2049} {
			job.Out = filepath.Join(t.TempDir(), out)
			halt := errors.New("halt")
			broken := &made{fail: func(texts int) error {
				if texts >= stop {
					return halt
				}
				return nil
			}}
			if _, err := profiles.Read(context.Background(), job, broken); !errors.Is(err, halt) {
				t.Fatalf("%v", err)
			}
			if _, err := os.Stat(job.Out); err == nil {
				t.Error("a job that was stopped left its output")
			}
			half, err := os.OpenFile(job.Out+".unfinished", os.O_APPEND|os.O_WRONLY, 0)
			must(t, err)
			half.WriteString(`{"author":"author-59","te`) // what a kill leaves
			half.Close()
			again := &made{}
			sum, err := profiles.Read(context.Background(), job, again)
			must(t, err)
			if got, _ := os.ReadFile(job.Out); !bytes.Equal(got, want) {
				t.Errorf("%s, stopped at %d: other bytes", out, stop)
			}
			if done := stop / 1024 * 1024; sum.Before != done/50 || again.texts != 3000-max(0, done-1024) {
				t.Errorf("stopped at %d: %d authors were there, %d texts embedded again", stop, sum.Before, again.texts)
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(job.Out), "*.unfinished")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		}
	}
	// Another job's profiles are not taken for this one's.
	job := profiles.ReadJob{In: profiles.TextFile{Path: in}, Model: model(t), Out: filepath.Join(t.TempDir(), "o.jsonl")}
	must(t, os.WriteFile(job.Out+".unfinished", []byte("{\"job\":\"another\"}\n{\"author\":\"author-00\"}\n"), 0o600))
	if sum, err := profiles.Read(context.Background(), job, &made{}); err != nil || sum.Before != 0 || sum.Authors != 60 {
		t.Errorf("%+v, %v", sum, err)
	}
}

// TestNoTextIsKept has a canary in every text and looks for it in all that is written; asked to quote, it is there.
func TestNoTextIsKept(t *testing.T) {
	rows := posts(2, 40)
	for i := range rows {
		rows[i].Text += " canary-7291"
	}
	for _, quote := range []bool{false, true} {
		dir := t.TempDir()
		var shown bytes.Buffer
		var all []profiles.TextProfile
		job := profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, rows)}, Model: model(t), Quote: quote,
			Out: filepath.Join(dir, "out.jsonl"), Each: func(p profiles.TextProfile) error {
				all = append(all, p)
				return profiles.WriteProfile(&shown, p)
			}}
		_, err := profiles.Read(context.Background(), job, &made{})
		must(t, err)
		must(t, job.Model.WritePage(&shown, nil, all...))
		kept, _ := os.ReadFile(job.Out)
		if found := bytes.Contains(append(kept, shown.Bytes()...), []byte("canary")); found != quote {
			t.Errorf("quote is %v, and the canary is there: %v", quote, found)
		}
	}
	// Errors name places, not words.
	bad := jsonl(t, rows) // the encoder fails on the way
	job := profiles.ReadJob{In: profiles.TextFile{Path: bad}, Model: model(t)}
	fails := &made{fail: func(int) error { return fault.New(fault.Unavailable, "gone") }}
	if _, err := profiles.Read(context.Background(), job, fails); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v", err)
	}
}

func TestTextsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		name, path, author string
		says               string
	}{
		{"no such ending", file(t, "a.docx", "x"), "", ".parquet"},
		{"no text", file(t, "a.jsonl", "{\"author\":\"a\"}\n"), "", `line 1: has no key "text"`},
		{"a number as text", file(t, "a.jsonl", "{\"text\":\"a b\"}\n{\"text\":7}\n"), "", "line 2"},
		{"a key twice", file(t, "a.jsonl", "{\"text\":\"a\",\"text\":\"b\"}\n"), "", "line 1"},
		{"a mistyped author", file(t, "a.jsonl", "{\"text\":\"a\",\"autor\":\"b\"}\n"), "", "autor"},
		{"no such column", file(t, "a.csv", "text\nx\n"), "who", `"who"`},
		{"a mistyped column", file(t, "a.csv", "text,Authors\nx,y\n"), "", "Authors"},
		{"no texts' column", file(t, "a.csv", "words\nx\n"), "", `"text"`},
		{"no row", file(t, "a.csv", "text\n"), "", "holds no text"},
		{"bytes that are no text", file(t, "a.txt", "fine words\n\xff\xfe\xfd\n"), "", "line 2"},
		{"a torn Parquet", file(t, "a.parquet", "PAR1 torn"), "", "a.parquet"},
	} {
		job := profiles.ReadJob{In: profiles.TextFile{Path: c.path, Author: c.author}, Model: model(t)}
		enc := &made{}
		_, err := profiles.Read(context.Background(), job, enc)
		if err == nil || !strings.Contains(err.Error(), c.says) || enc.texts > 0 {
			t.Errorf("%s: %v, %d texts embedded", c.name, err, enc.texts)
		}
	}
	job := profiles.ReadJob{In: profiles.TextFile{Path: jsonl(t, posts(1, 2))}, Model: model(t),
		Authors: []string{"nobody"}}
	if _, err := profiles.Read(context.Background(), job, &made{}); fault.Of(err) != fault.Invalid {
		t.Errorf("an author without texts: %v", err)
	}
	job.Authors = nil
	if _, err := profiles.Read(context.Background(), job, &made{weight: "2"}); fault.Of(err) != fault.Mismatch {
		t.Errorf("another model: %v", err)
	}
}

// TestLinesAreTextsOfOneAuthor: a .txt has a text a line.
func TestLinesAreTextsOfOneAuthor(t *testing.T) {
	var lines string
	for _, p := range posts(1, 40) {
		lines += p.Text + "\n"
	}
	got := read(t, profiles.ReadJob{In: profiles.TextFile{Path: file(t, "a.txt", lines)}})
	if len(got) != 1 || got[0].Author != "" || got[0].Texts != 40 || !got[0].Values[0].Score.Known() {
		t.Errorf("%+v", got)
	}
}
