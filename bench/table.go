package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fsutil"
)

// The table stands between these lines of docs/BENCHMARKS.md.
const (
	begin = "<!-- rows of bench/results.json: `go run ./bench --render` writes them -->"
	end   = "<!-- end of the rows -->"
)

// notYet is why a row has no figure whose turn never came.
const notYet = "not measured yet"

func (b *bench) resultsFile() string { return filepath.Join(b.root, "bench", "results.json") }

func (b *bench) read() (out []result, err error) {
	raw, err := os.ReadFile(b.resultsFile())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		return nil, fmt.Errorf("%s: %w", b.resultsFile(), err)
	}
	return out, nil
}

// write puts new lines in place of older ones of the same names, in the order of the rows, and makes the table anew.
// Lines of rows that there are no more go.
func (b *bench) write(fresh []result) error {
	old, err := b.read()
	if err != nil {
		return err
	}
	for i := range fresh {
		fresh[i].Commit = cmp.Or(b.commit, b.describe())
	}
	var all []result
	for _, r := range b.rows() {
		for i, x := range r.empty(notYet) {
			x.Date = "" // of no measurement
			work, peer := x.Work, x.PeerName
			for _, known := range [][]result{old, fresh} { // the later one wins
				at := slices.IndexFunc(known, func(y result) bool { return y.Name == x.Name && y.Why != notYet })
				if at >= 0 && !keeps(x, known[at]) {
					x = known[at]
				}
			}
			// Words and goals are the program's of now; only what was measured is kept.
			if x.Work = work; x.Peer != nil {
				x.PeerName = peer
			}
			x.judge(r.goals()[i])
			all = append(all, x)
		}
	}
	raw, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		return err
	}
	if err := fsutil.WriteBytes(b.resultsFile(), append(raw, '\n')); err != nil {
		return err
	}
	doc := filepath.Join(b.root, "docs", "BENCHMARKS.md")
	page, err := os.ReadFile(doc)
	if err != nil {
		return err
	}
	text, err := replace(string(page), table(all))
	if err != nil {
		return fmt.Errorf("%s: %w", doc, err)
	}
	return fsutil.WriteBytes(doc, []byte(text))
}

// keeps tells whether a figure outlives what came later. It does so where the row could not be measured, or only
// without its peer; not where the two outputs differ, since then it is true no more.
func keeps(old, later result) bool {
	return old.Ours != nil && later.Ours == nil && !strings.HasPrefix(later.Why, differ) ||
		old.Peer != nil && strings.HasPrefix(later.Why, alone)
}

// replace puts a table between the two lines.
func replace(page, table string) (string, error) {
	before, rest, ok := strings.Cut(page, begin+"\n")
	_, after, closed := strings.Cut(rest, end+"\n")
	if !ok || !closed {
		return "", fmt.Errorf("it has no two lines %q and %q around the table", begin, end)
	}
	return before + begin + "\n\n" + table + "\n" + end + "\n" + after, nil
}

// table has a part for rows beside a peer or a goal, one for growth curves, and then what they were measured with.
func table(all []result) string {
	var beside, growing, reasons, with []string
	lacking := map[string][]string{} // works by the reason why they have no figure, or no peer
	for _, x := range all {
		if c := x.cells(); strings.HasPrefix(x.Name, "grow-") {
			power := "–"
			if x.Power != nil {
				power = figure(*x.Power)
			}
			c = []string{x.Work, dash(x.curveCell()), power, c[4], c[5]}
			growing = append(growing, "| "+strings.Join(c, " | ")+" |")
		} else {
			beside = append(beside, "| "+strings.Join(c, " | ")+" |")
		}
		if x.Why != "" && !strings.HasSuffix(x.Name, "-peak") && !strings.HasSuffix(x.Name, "-resident") {
			if lacking[x.Why] == nil {
				reasons = append(reasons, x.Why)
			}
			lacking[x.Why] = append(lacking[x.Why], x.Work)
		}
		for v := range strings.SplitSeq(strings.Join(x.Versions, ", "), ", ") {
			if v != "" && !slices.Contains(with, v) {
				with = append(with, v)
			}
		}
	}
	var s strings.Builder
	s.WriteString(wrap(digest(all)) + "\n\n")
	s.WriteString("| work | ours | peer | times better | goal | | by, others, rounds |\n|---|---|---|---|---|---|---|\n")
	s.WriteString(strings.Join(beside, "\n") + "\n")
	if len(growing) > 0 {
		s.WriteString("\n| growth | processor seconds | power | goal | |\n|---|---|---|---|---|\n")
		s.WriteString(strings.Join(growing, "\n") + "\n")
	}
	for _, why := range reasons {
		s.WriteString("\n" + wrap("No figure, "+why+": "+strings.Join(lacking[why], "; ")+".") + "\n")
	}
	s.WriteString("\n" + wrap("Measured with "+strings.Join(with, ", ")+". On "+machines(all)+".") + "\n")
	return s.String()
}

// cells are work, ours, peer, ratio with its extremes, goal, verdict, and how it was measured.
func (x result) cells() []string {
	c := []string{x.Work, "–", "–", "–", dash(x.Goal), x.Verdict, ""}
	if x.Ours != nil {
		c[1] = figure(*x.Ours) + " " + x.Unit
		if x.Unit != "MiB" {
			by := map[string]string{"wall": "wall", "processor": "CPU"}[x.Basis]
			c[6] = fmt.Sprintf("%s, %.1f, %d ×", by, x.Others, x.Rounds)
		}
	}
	if x.Peer != nil {
		c[2] = x.PeerName + " " + figure(*x.Peer)
	}
	if x.Ratio != nil {
		c[3] = fmt.Sprintf("%s (%s–%s)", figure(*x.Ratio), figure(x.Spread[0]), figure(x.Spread[1]))
	}
	return c
}

func (x result) curveCell() string {
	var parts []string
	for _, p := range x.Curve {
		parts = append(parts, figure(float64(p.Size))+": "+figure(p.Seconds))
	}
	return strings.Join(parts, ", ")
}

func dash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// digest counts the goals, and names those that were not reached, and where the peer is ahead.
func digest(all []result) string {
	count, short, behind := map[string]int{}, []string{}, []string{}
	work := ""
	for _, x := range all {
		name := x.Work
		if strings.HasPrefix(name, "its ") {
			name = work + ": " + name
		} else {
			work = name
		}
		if x.Ratio != nil && *x.Ratio < 1 {
			behind = append(behind, name)
		}
		if x.Goal == "" {
			continue
		}
		count[x.Verdict]++
		if x.Verdict == missed || x.Verdict == undecided {
			short = append(short, name)
		}
	}
	text := fmt.Sprintf("Of %d goals %d are reached, %d missed, %d undecided, %d without a figure.",
		count[reached]+count[missed]+count[undecided]+count[""], count[reached], count[missed], count[undecided], count[""])
	if len(short) > 0 {
		text += " Not reached: " + strings.Join(short, "; ") + "."
	}
	if len(behind) > 0 {
		text += " Behind the peer: " + strings.Join(behind, "; ") + "."
	}
	return text
}

// machines are those of the lines, each once, with the dates from the first to the last.
func machines(all []result) string {
	var seen, dates []string
	for _, x := range all {
		if x.Ours != nil {
			dates, seen = append(dates, x.Date), append(seen, x.Machine)
		}
	}
	if len(dates) == 0 {
		return "no machine yet"
	}
	slices.Sort(seen)
	return fmt.Sprintf("%s; %s to %s", strings.Join(slices.Compact(seen), ", "), slices.Min(dates), slices.Max(dates))
}

// wrap breaks lines at 120 columns.
func wrap(text string) string {
	var s strings.Builder
	column := 0
	for word := range strings.FieldsSeq(text) {
		if column > 0 && column+1+len(word) > 118 {
			s.WriteString("\n")
			column = 0
		} else if column > 0 {
			s.WriteString(" ")
			column++
		}
		s.WriteString(word)
		column += len(word)
	}
	return s.String()
}
