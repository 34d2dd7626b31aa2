package answers

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/interview"
	"hives/internal/judge"
	"hives/internal/parquetfile"
	"hives/internal/strictjson"
)

// Row is one answer that was kept: a row of mlvalues.parquet.
type Row struct {
	QuestionID string   `parquet:"question_id" json:"question_id"`
	TextID     string   `parquet:"text_id" json:"text_id"`
	Group      string   `parquet:"group" json:"group"`
	ValueID    string   `parquet:"value_id" json:"value_id"`
	Level      int32    `parquet:"level" json:"level"`
	Question   string   `parquet:"question" json:"question"`
	Answer     string   `parquet:"answer" json:"answer"`
	Degree     float64  `parquet:"d_prime" json:"d_prime"`                          // 2 · mean of all judgements
	Touched    *float64 `parquet:"d_prime_touched,optional" json:"d_prime_touched"` // of parts that any role found touched
	Gap        float64  `parquet:"gap" json:"gap"`                                  // of the one that was searched by
	Attempts   int32    `parquet:"attempts" json:"attempts"`
	Refused    int32    `parquet:"refused" json:"refused"`  // attempts that were refusals
	Stop       string   `parquet:"stop" json:"stop"`        // accepted or exhausted
	Roles      []string `parquet:"roles,list" json:"roles"` // who judged, as they were told
	Parts      []string `parquet:"sub_values,list" json:"sub_values"`
	Judgements string   `parquet:"J" json:"J"` // JSON, [role][sub-value] of −1, 0, 1 and null

	Writer       string `parquet:"provider" json:"provider"` // identities, JSON
	Judge        string `parquet:"judge" json:"judge"`
	AnswerPrompt string `parquet:"answer_prompt" json:"answer_prompt"` // SHA-256 of the request, as in the votes file
	WritePrompt  string `parquet:"write_prompt" json:"write_prompt"`   // name@SHA-256 of the template
	JudgePrompt  string `parquet:"judge_prompt" json:"judge_prompt"`
	Seed         int64  `parquet:"seed" json:"seed"`
	Corpus       string `parquet:"corpus" json:"corpus"`
	Licence      string `parquet:"licence" json:"licence"`
}

// Failure is an answer, or a question, that there is none of: a line of failed.jsonl.
type Failure struct {
	QuestionID string         `json:"question_id"`
	ValueID    string         `json:"value_id"`
	Level      *Level         `json:"level"` // null where there is no question
	Attempts   int            `json:"attempts"`
	Why        map[string]int `json:"why"` // attempts by reason
}

const (
	kindKey, kindRows = "hives.kind", "mlvalues"
	versionKey        = "hives.version"
	version           = 1
)

// writeRows puts rows and failures beside the votes, each file whole or not at all. Equal answers make equal bytes.
func (b *builder) writeRows(rows []Row) error {
	var lines bytes.Buffer
	for _, f := range b.failed {
		raw, err := json.Marshal(f)
		if err != nil {
			return err
		}
		lines.Write(append(raw, '\n'))
	}
	return fsutil.WriteFiles(
		fsutil.File{Path: filepath.Join(b.job.Out, RowsFile), Write: func(w io.Writer) error {
			out := parquet.NewGenericWriter[Row](w, parquet.Compression(&parquet.Snappy), parquet.CreatedBy("hives", "1", ""),
				parquet.KeyValueMetadata(kindKey, kindRows), parquet.KeyValueMetadata(versionKey, strconv.Itoa(version)))
			if _, err := out.Write(rows); err != nil {
				return err
			}
			return out.Close()
		}},
		fsutil.File{Path: filepath.Join(b.job.Out, FailedFile), Write: func(w io.Writer) error {
			_, err := w.Write(lines.Bytes())
			return err
		}})
}

// ReadRows reads a file of answers, or that of a run's folder. Each row is checked: what it is counted by must be
// there.
func ReadRows(path string) (rows []Row, err error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, RowsFile)
	}
	torn := func(err error) error {
		return fault.New(cmp.Or(fault.Of(err), fault.Corrupt), "%s: %w; build it anew, its votes are kept", path, err)
	}
	file, err := parquetfile.Open(path)
	if fault.Of(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "%s: no such file of answers; make it with hives vcai build", path)
	}
	if err != nil {
		return nil, torn(err)
	}
	defer file.Close()
	defer func() {
		if r := recover(); r != nil { // the library panics on some damaged files
			rows, err = nil, torn(fmt.Errorf("%v", r))
		}
	}()
	kind, _ := file.Lookup(kindKey)
	if kind != kindRows {
		return nil, fault.New(fault.Mismatch, "%s: holds %q, not %s; make them with hives vcai build", path, kind, kindRows)
	}
	if stored, _ := file.Lookup(versionKey); stored != strconv.Itoa(version) {
		return nil, fault.New(fault.Mismatch, "%s: version %q, this program reads %d: use a newer hives", path, stored,
			version)
	}
	for _, column := range []string{
		"question_id", "text_id", "group", "value_id", "level", "question", "answer", "d_prime", "gap", "stop",
	} {
		if _, ok := file.Schema().Lookup(column); !ok {
			return nil, fault.New(fault.Corrupt, "%s: has no column %q: build it anew", path, column)
		}
	}
	if err := file.Look(); err != nil {
		return nil, torn(err)
	}
	if rows, err = parquet.Read[Row](file.From, file.Size); err != nil {
		return nil, torn(err)
	}
	seen := map[string]int{}
	for i, r := range rows {
		key := fmt.Sprint(r.ValueID, " ", r.Level, " ", r.QuestionID)
		if at, twice := seen[key]; twice {
			return nil, fault.New(fault.Corrupt, "%s: rows %d and %d are the same question at one level", path, at, i+1)
		}
		seen[key] = i + 1
		if r.QuestionID == "" || r.ValueID == "" || r.Answer == "" || r.Level < -2 || r.Level > 2 {
			return nil, fault.New(fault.Corrupt, "%s: row %d lacks question_id, value_id or answer, or its level %d is not "+
				"from −2 to 2", path, i+1, r.Level)
		}
		if !(math.Abs(r.Degree) <= 2 && r.Gap >= 0 && r.Gap <= 4) { // NaN too
			return nil, fault.New(fault.Corrupt, "%s: row %d: d_prime %v is no degree from −2 to 2, or gap %v no distance of "+
				"two", path, i+1, r.Degree, r.Gap)
		}
	}
	return rows, nil
}

// readFailures reads those of a folder; none where rows came without one.
func readFailures(path string) (out []Failure, err error) {
	raw, err := os.ReadFile(filepath.Join(path, FailedFile))
	if err != nil {
		return nil, nil //nolint:nilerr // rows alone are enough to count
	}
	for n, line := range bytes.Split(bytes.TrimSpace(raw), []byte("\n")) {
		var f Failure
		if len(line) == 0 {
			continue
		}
		if err := strictjson.DecodeOnly(line, &f); err != nil {
			return nil, fault.New(fault.Corrupt, "%s, line %d: %w", filepath.Join(path, FailedFile), n+1, err)
		}
		out = append(out, f)
	}
	return out, nil
}

// about is run.json: what the folder's answers depend on.
type about struct {
	Format   int               `json:"format"`
	Kind     string            `json:"kind"` // vcai
	Run      string            `json:"run"`
	Settings map[string]string `json:"settings"`
	Prompts  map[string]string `json:"prompts"`
	Roles    []string          `json:"roles"` // the pool, in its order
	// Finished tells that every answer these settings ask for is stored, or has failed for good: a second start asks
	// nobody, so nobody need agree to pay.
	Finished bool `json:"finished"`
}

// settings are by name, so that two runs can be compared key by key. Lists of questions and texts stand in them by
// their hash. What moves no answer is left out: budgets, rates, how many are asked at once.
func (b *builder) settings() map[string]string {
	j := b.job
	var asked []string
	for _, q := range b.questions {
		asked = append(asked, q.ID, q.Text, q.value.ID, q.Group, q.TextID, q.Corpus, q.Licence)
	}
	for _, s := range b.statements {
		asked = append(asked, s.row.TextID, s.row.Text, s.value.ID, s.row.Group, s.row.Corpus, s.row.Licence)
	}
	var values []string
	for _, v := range b.values {
		values = append(values, v.ID)
	}
	out := map[string]string{
		"questions": judge.Hash(compact(asked)), "decomposition": b.known.hash, "values": strings.Join(values, " "),
		"levels": fmt.Sprint(j.Levels), "roles": strconv.Itoa(j.Roles), "near": fmt.Sprint(j.Near),
		"rewrites": strconv.Itoa(j.Rewrites), "retry": j.Retry, "aggregate": j.Aggregate, "seed": fmt.Sprint(j.Seed),
		"slots": judge.Hash(compact(preambles(b.pool))), "attempts": strconv.Itoa(b.cfg.Attempts),
	}
	for i, v := range b.cfg.Voters {
		out[v.Name] = b.identities[i]
	}
	return out
}

func preambles(all []interview.Persona) (out []string) {
	for _, p := range all {
		out = append(out, p.Preamble)
	}
	return out
}

// about is what run.json says of this run.
func (b *builder) about(run judge.Run) about {
	return about{Format: 1, Kind: "vcai", Run: run.ID, Settings: b.settings(), Roles: preambles(b.pool),
		Prompts: map[string]string{Writer: promptHash(b.write.Name), Judge: promptHash(b.judge.Name)}}
}

// begun reads the folder's run.json, nil where there is none yet.
func (b *builder) begun() (*about, error) {
	path := filepath.Join(b.job.Out, RunFile)
	raw, err := fsutil.ReadRegular(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) || fault.Of(err) == fault.NotFound:
		return nil, nil
	case err != nil:
		return nil, err
	}
	var was about
	if err := strictjson.Decode(raw, &was); err != nil || was.Kind != "vcai" || was.Format > 1 {
		return nil, fault.New(fault.Mismatch, "%s is no run of hives vcai build: give another --out", path)
	}
	return &was, nil
}

// finished tells whether a run of these settings has come to its end and its votes are there.
func (b *builder) finished(run judge.Run, stored judge.Estimate) bool {
	was, err := b.begun()
	return err == nil && was != nil && was.Finished && stored.Requests > 0 && changed(*was, b.about(run)) == nil
}

// begin writes run.json before anybody is asked, and refuses a folder that was begun with other settings: its rows
// would be of two kinds.
func (b *builder) begin(run judge.Run) error {
	now := b.about(run)
	was, err := b.begun()
	if err != nil {
		return err
	}
	if was != nil {
		err := changed(*was, now)
		if err != nil && !b.job.AllowChanged {
			return fmt.Errorf("%s: %w", b.job.Out, err)
		}
		now.Finished = err == nil && was.Finished
	}
	return b.writeAbout(now)
}

func (b *builder) writeAbout(now about) error {
	out, err := json.MarshalIndent(now, "", " ")
	if err != nil {
		return err
	}
	return fsutil.WriteBytes(filepath.Join(b.job.Out, RunFile), append(out, '\n'))
}

// changed names the settings that differ.
func changed(was, now about) error {
	var keys []string
	for _, of := range []struct{ was, now map[string]string }{{was.Settings, now.Settings}, {was.Prompts, now.Prompts}} {
		for _, key := range slices.Sorted(maps.Keys(of.now)) {
			if of.was[key] != of.now[key] && !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return judge.OtherSettings(keys)
}

// compact is one line of JSON.
func compact(v any) string {
	raw, _ := json.Marshal(v) // identities and lists of strings always marshal
	return string(raw)
}
