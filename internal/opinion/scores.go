package opinion

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"

	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/fsutil"
	"hives/internal/textfile"
	"hives/vidb"
)

// Files of a build that hives score reads and writes.
const (
	statementsFile = "statements.jsonl"
	scoresFile     = "scores.jsonl"
)

// statementID names a statement among responses: the question's id and the option's letter.
func statementID(q *Question, option int) string { return fmt.Sprintf("%s/%c", q.ID, 'A'+option) }

// writeStatements writes them as hives score reads responses.
func writeStatements(path string, questions []*Question) error {
	var raw []byte
	for _, q := range questions {
		for o, text := range q.Statements {
			line, err := json.Marshal(map[string]string{"id": statementID(q, o), "query": q.ID, "dataset": "survey",
				"response": text})
			if err != nil {
				return err
			}
			raw = append(append(raw, line...), '\n')
		}
	}
	return fsutil.WriteBytes(path, raw)
}

// score has every statement scored for every value by what hives score calls, and reads the scores back. A value of
// which no answer can be used has no intensity anywhere, which is told.
func (b Build) score(ctx context.Context, values []string, questions []*Question) (warning string, err error) {
	j := vidb.ScoreJob{
		Path: b.VIDB, Values: values, Known: b.Known, In: filepath.Join(b.Out, statementsFile),
		Out: filepath.Join(b.Out, scoresFile), Options: b.Score, Config: b.judges, Votes: filepath.Join(b.Out, VotesFile),
		Yes: true, Bar: b.Bar,
	}
	if err := writeStatements(j.In, questions); err != nil {
		return "", err
	}
	summaries, err := vidb.ScoreResponses(ctx, j)
	if err != nil && len(summaries) == 0 {
		return "", err
	} else if err != nil {
		warning = err.Error()
	}
	return warning, readScores(j.Out, values, questions)
}

// readScores fills in intensities: the mean over the judges that have one.
func readScores(path string, values []string, questions []*Question) error {
	type sum struct{ total, n float64 }
	sums := map[string][]sum{}
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
