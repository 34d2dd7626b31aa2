package vidb

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"hives/intensity"
	"hives/internal/fsutil"
	"hives/internal/judge"
)

// ResponseScore is one row of scores: a response, a value and a judge. What has no number is null, never 0: a response
// that stood first in every window has no utility and no error, one without a usable answer no score either.
type ResponseScore struct {
	ID           string           `json:"id" parquet:"id"`
	Query        string           `json:"query,omitempty" parquet:"query"`
	Dataset      string           `json:"dataset,omitempty" parquet:"dataset"`
	ValueID      string           `json:"value_id" parquet:"value_id"`
	Judge        string           `json:"judge" parquet:"judge"`
	Score        *float64         `json:"score" parquet:"score,optional"`
	Lo           *float64         `json:"lo" parquet:"lo,optional"` // 95 %, cut at ±10; a guarded score may lie outside
	Hi           *float64         `json:"hi" parquet:"hi,optional"`
	U            *float64         `json:"u" parquet:"u,optional"`   // logits, or units of the score with --utility score
	SE           *float64         `json:"se" parquet:"se,optional"` // on the scale of scores
	Status       intensity.Status `json:"status" parquet:"status"`
	Refused      bool             `json:"refused" parquet:"refused"`
	WindowsAsked int              `json:"windows_asked" parquet:"windows_asked"`
	WindowsUsed  int              `json:"windows_used" parquet:"windows_used"`
	Places       []int            `json:"places" parquet:"places,list"`   // of the response in each window, from 1
	Ranks        []int            `json:"ranks" parquet:"ranks,list"`     // that the judge gave it, from 1; −1: unusable
	Anchors      [][]string       `json:"anchors" parquet:"anchors,list"` // text_ids as shown
	Panel        string           `json:"panel" parquet:"panel"`
	K            int              `json:"k" parquet:"k"`
	M            int              `json:"m" parquet:"m"`
	Seed         uint64           `json:"seed" parquet:"seed"`
	Beta         float64          `json:"beta" parquet:"beta"` // the judge's sharpness
	Utility      string           `json:"utility" parquet:"utility"`
	Estimate     string           `json:"estimate" parquet:"estimate"`
	Prior        *float64         `json:"prior" parquet:"prior,optional"` // score that its vector lets expect, before a judge
	PriorSD      *float64         `json:"prior_sd" parquet:"prior_sd,optional"`
	VIDB         string           `json:"vidb" parquet:"vidb"` // hash of the value's texts and scores
}

// Hash identifies all that a score depends on in a value: its words, its texts, and where they stand. Another value of
// the file, or who made the scores, does not change it.
// It is written beside every score: scores of two files may be compared where their hashes are equal, and nowhere else.
func (v *Value) Hash() string {
	var b strings.Builder
	fmt.Fprintln(&b, v.ValueID, v.DefinitionHash, v.PoolHash, v.Calibration, v.Mean, v.MaxAbs)
	for i, s := range v.Scores {
		fmt.Fprintln(&b, s.Theta, s.SE, s.Final, s.Status, v.Utility(i))
	}
	return judge.Hash(b.String())[:16]
}

// row is a response's before it is scored. Places and ranks are numbered from 1, since people read them. A window
// without a usable answer keeps its place and its anchors: that it was asked is part of the account.
func (s *scoring) row(r Response, voter judge.Voter, windows []Window) ResponseScore {
	row := ResponseScore{
		ID: r.ID, Query: r.Query, Dataset: r.Dataset, ValueID: s.v.ValueID, Judge: voter.Name, Refused: r.Refused,
		WindowsAsked: len(windows), Panel: s.o.Panel, K: s.o.K, M: s.o.M, Seed: s.o.Seed, Utility: s.o.Utility,
		Estimate: s.o.Estimate, VIDB: s.hash, Places: []int{}, Ranks: []int{}, Anchors: [][]string{},
	}
	if r.empty() {
		row.Status = StatusEmpty
	}
	for _, w := range windows {
		var anchors []string
		for place, text := range w.Shown {
			if s.isResponse(text) {
				row.Places = append(row.Places, place+1)
			} else {
				anchors = append(anchors, s.v.Texts[text].ID)
			}
		}
		row.Anchors = append(row.Anchors, anchors)
		rank := -1
		if used := s.ranks([]Window{w}); len(used) > 0 {
			rank = used[0].Rank
			row.WindowsUsed++
		}
		row.Ranks = append(row.Ranks, rank)
	}
	return row
}

// checkScoreOut knows the kinds of file before anybody is asked.
func checkScoreOut(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jsonl", ".csv", ".parquet":
		return fsutil.CheckWritableFile(path)
	}
	return invalid("--out %s: want .jsonl, .csv or .parquet", path)
}

// WriteScores writes rows, as lines of JSON, as a table or as Parquet by the name's end. All three hold the same rows
// in the same order, so their bytes are a function of responses, database, judges' answers and options, and of nothing
// else.
func WriteScores(path string, rows []ResponseScore) error {
	write := writeScoreLines
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		write = writeScoreTable
	case ".parquet":
		write = writeScoreParquet
	}
	return fsutil.WriteFile(path, func(w io.Writer) error { return write(w, rows) })
}

// writeScoreLines keeps <, > and & as they are: people read these files, and no browser does.
func writeScoreLines(w io.Writer, rows []ResponseScore) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	for _, r := range rows {
		if err := out.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// writeScoreParquet has the rows' bytes depend on them alone: the library's own name would change with it.
func writeScoreParquet(w io.Writer, rows []ResponseScore) error {
	out := parquet.NewGenericWriter[ResponseScore](w, parquet.Compression(&parquet.Snappy),
		parquet.CreatedBy("hives", "1", ""), parquet.KeyValueMetadata("hives.kind", "scores"))
	if _, err := out.Write(rows); err != nil {
		return err
	}
	return out.Close()
}

// writeScoreTable has lists as JSON within a cell, and an empty cell for null.
func writeScoreTable(w io.Writer, rows []ResponseScore) error {
	out := csv.NewWriter(w)
	head := []string{"id", "query", "dataset", "value_id", "judge", "score", "lo", "hi", "u", "se", "status", "refused",
		"windows_asked", "windows_used", "places", "ranks", "anchors", "panel", "k", "m", "seed", "beta", "utility",
		"estimate", "prior", "prior_sd", "vidb"}
	if err := out.Write(head); err != nil {
		return err
	}
	for _, r := range rows {
		err := out.Write([]string{r.ID, r.Query, r.Dataset, r.ValueID, r.Judge, exact(r.Score), exact(r.Lo), exact(r.Hi),
			exact(r.U), exact(r.SE), string(r.Status), strconv.FormatBool(r.Refused), strconv.Itoa(r.WindowsAsked),
			strconv.Itoa(r.WindowsUsed), asJSON(r.Places), asJSON(r.Ranks), asJSON(r.Anchors), r.Panel, strconv.Itoa(r.K),
			strconv.Itoa(r.M), strconv.FormatUint(r.Seed, 10), exact(&r.Beta), r.Utility, r.Estimate, exact(r.Prior),
			exact(r.PriorSD), r.VIDB})
		if err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// exact is a number with all its digits, nothing for null.
//
//	0.1 + 0.2     0.30000000000000004, which reads back as the same number
func exact(x *float64) string {
	if x == nil {
		return ""
	}
	return strconv.FormatFloat(*x, 'g', -1, 64)
}
