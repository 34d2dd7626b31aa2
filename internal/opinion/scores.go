package opinion

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/fsutil"
	"hives/internal/textfile"
	"hives/vidb"
)

// Files of a build that hives score reads and writes.
const (
	statementsFile = "statements"
	scoresFile     = "scores"
	lines          = ".jsonl"
)

// statementID names a statement among responses: the question's id and the option's letter.
func statementID(q *Question, option int) string { return fmt.Sprintf("%s/%c", q.ID, 'A'+option) }

// writeStatements writes those that keep accepts, as hives score reads responses; n counts them.
func writeStatements(path string, questions []*Question, keep func(q *Question, option int) bool) (n int, err error) {
	var raw []byte
	for _, q := range questions {
		for o, text := range q.Statements {
			if !keep(q, o) {
				continue
			}
			n++
			line, err := json.Marshal(map[string]string{"id": statementID(q, o), "query": q.ID, "dataset": "survey",
				"response": text})
			if err != nil {
				return 0, err
			}
			raw = append(append(raw, line...), '\n')
		}
	}
	return n, fsutil.WriteBytes(path, raw)
}

// near tells whether a value is among the n nearest of a statement, by cosine; the first of equal ones. 0 is all.
func near(q *Question, option, value, n int) bool {
	closer := 0
	for v, x := range q.Similarity[option] {
		if own := q.Similarity[option][value]; x > own || x == own && v < value {
			closer++
		}
	}
	return n == 0 || closer < n
}

// score has statements scored by what hives score calls, and reads the scores back: all for all values, or with Nearest
// each for its nearest values alone, value by value. warnings name values of which no answer can be used: they have no
// intensity anywhere.
func (b Build) score(ctx context.Context, values []string, questions []*Question) (warnings []string, err error) {
	if b.Nearest == 0 {
		all := func(*Question, int) bool { return true }
		scores, warning, err := b.scored(ctx, values, "", questions, all)
		if err != nil {
			return nil, err
		}
		return warning, readScores([]string{scores}, values, questions)
	}
	var files []string
	for v, id := range values {
		scores, warning, err := b.scored(ctx, []string{id}, "-"+strings.ReplaceAll(id, "/", "-"), questions,
			func(q *Question, option int) bool { return near(q, option, v, b.Nearest) })
		if err != nil {
			return nil, err
		}
		if warnings = append(warnings, warning...); scores != "" {
			files = append(files, scores)
		}
	}
	return warnings, readScores(files, values, questions)
}

// scored is one job of hives score; scores is its file, "" where no statement is kept.
func (b Build) scored(ctx context.Context, values []string, name string, questions []*Question,
	keep func(*Question, int) bool) (scores string, warnings []string, err error) {
	j := vidb.ScoreJob{
		Path: b.VIDB, Values: values, Known: b.Known, In: filepath.Join(b.Out, statementsFile+name+lines),
		Out: filepath.Join(b.Out, scoresFile+name+lines), Options: b.Score, Config: b.judges,
		Votes: filepath.Join(b.Out, VotesFile), Yes: true, Bar: b.Bar,
	}
	if n, err := writeStatements(j.In, questions, keep); err != nil || n == 0 {
		return "", nil, err
	}
	summaries, err := vidb.ScoreResponses(ctx, j)
	if err != nil && len(summaries) == 0 {
		return "", nil, err
	} else if err != nil {
		warnings = append(warnings, err.Error())
	}
	return j.Out, warnings, nil
}

// readScores fills in intensities: the mean over the judges that have one.
func readScores(paths []string, values []string, questions []*Question) error {
	type sum struct{ total, n float64 }
	sums := map[string][]sum{}
	for _, path := range paths {
		err := textfile.EachLine(path, func(line int, raw []byte) error {
			var row vidb.ResponseScore
			if err := json.Unmarshal(raw, &row); err != nil {
				return fault.New(fault.Corrupt, "%s: line %d: %w", path, line, err)
			}
			at := slices.Index(values, row.ValueID)
			if at < 0 || row.Score == nil {
				return nil
			}
			if sums[row.ID] == nil {
				sums[row.ID] = make([]sum, len(values))
			}
			sums[row.ID][at].total += *row.Score
			sums[row.ID][at].n++
			return nil
		})
		if err != nil {
			return err
		}
	}
	for _, q := range questions {
		q.Intensity = nil
		for o := range q.Statements {
			row := make([]figure.Number, len(values))
			for v := range row {
				row[v] = figure.Number(math.NaN())
				if all := sums[statementID(q, o)]; all != nil && all[v].n > 0 {
					row[v] = figure.Number(all[v].total / all[v].n)
				}
			}
			q.Intensity = append(q.Intensity, row)
		}
	}
	return nil
}
