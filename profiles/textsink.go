package profiles

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"hives/internal/fault"
	"hives/internal/figure"
	"hives/internal/fsutil"
)

// sink keeps finished profiles beside Out until all are there: a line a profile, below a line that says whose they are.
// A kill leaves at most half a line at its end, which is cut off. Without a path it keeps nothing.
//
//	out.csv.unfinished     {"job": "9f86…"}
//	                       {"author": "anna", …}
//	                       {"author": "ber          ← cut off when the job goes on
type sink struct {
	out, path string
	file      *os.File
	begin     int64 // of the first profile
}

type sinkHead struct {
	Job string `json:"job"`
}

// CheckOut refuses a name that says no format.
func CheckOut(path string) error {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".jsonl", ".csv":
		return nil
	}
	return fault.Usage(fault.New(fault.Invalid, "--out %s: want .jsonl or .csv", path))
}

// openSink opens the profiles of an earlier start, or begins anew where there are none, or of another job.
func openSink(out, job string) (*sink, error) {
	s := &sink{out: out, path: out + ".unfinished"}
	if err := fsutil.CheckRegular(s.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var err error
	if s.file, err = os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return nil, fsutil.Classify(err, s.path)
	}
	if err := s.claim(job); err != nil {
		s.file.Close()
		return nil, err
	}
	return s, nil
}

// claim keeps the whole lines of the same job; anything else is cut off.
func (s *sink) claim(job string) error {
	raw, _ := json.Marshal(sinkHead{job})
	head := string(raw) + "\n"
	in := bufio.NewReader(s.file)
	first, err := in.ReadString('\n')
	if err != nil && err != io.EOF {
		return err
	}
	s.begin = int64(len(head))
	if first != head {
		if err := s.file.Truncate(0); err != nil {
			return fsutil.Classify(err, s.path)
		}
		if _, err := s.file.WriteAt([]byte(head), 0); err != nil {
			return fsutil.Classify(err, s.path)
		}
		_, err := s.file.Seek(0, io.SeekEnd)
		return err
	}
	whole := s.begin
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			break // the end, or a line that was never ended
		}
		whole += int64(len(line))
	}
	if err := s.file.Truncate(whole); err != nil {
		return fsutil.Classify(err, s.path)
	}
	_, err = s.file.Seek(whole, io.SeekStart)
	return err
}

// earlier gives the profiles that are there.
func (s *sink) earlier(use func(TextProfile) error) error {
	if s.file == nil {
		return nil
	}
	return s.each(func(line []byte) error {
		var p TextProfile
		if err := json.Unmarshal(line, &p); err != nil {
			return fault.New(fault.Corrupt, "%s: %w; delete it and begin again", s.path, err)
		}
		return use(p)
	})
}

// each gives the lines of the profiles.
func (s *sink) each(use func(line []byte) error) error {
	size, err := s.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	in := bufio.NewReader(io.NewSectionReader(s.file, s.begin, size-s.begin))
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil
		} else if err != nil {
			return fsutil.Classify(err, s.path)
		}
		if err := use(line); err != nil {
			return err
		}
	}
}

// put adds a profile.
func (s *sink) put(p TextProfile) error {
	if s.file == nil {
		return nil
	}
	raw, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, err := s.file.Write(append(raw, '\n')); err != nil {
		return fsutil.Classify(err, s.path)
	}
	return nil
}

// finish writes Out as a whole, and takes the lines beside it away.
func (s *sink) finish() error {
	if s.file == nil {
		return nil
	}
	err := fsutil.WriteFile(s.out, func(w io.Writer) error {
		if strings.EqualFold(filepath.Ext(s.out), ".csv") {
			return s.table(w)
		}
		return s.each(func(line []byte) error { _, err := w.Write(line); return err })
	})
	if err != nil {
		return err
	}
	s.close()
	if err := os.Remove(s.path); err != nil {
		return fsutil.Classify(err, s.path)
	}
	return nil
}

func (s *sink) close() {
	if s.file != nil {
		s.file.Close() // a line that was not written is written anew
	}
	s.file = nil
}

// tableColumns are those of a table: a row an author and value.
var tableColumns = []string{"author", "texts", "duplicates", "wordless", "counted", "value_id", "score", "lo", "hi",
	"neutral", "side", "n", "n_eff", "unsure", "not_about", "judged", "reason", "evidence_rows", "evidence_shares"}

func (s *sink) table(out io.Writer) error {
	w := csv.NewWriter(out)
	if err := w.Write(tableColumns); err != nil {
		return err
	}
	err := s.earlier(func(p TextProfile) error {
		for _, v := range p.Values {
			if err := w.Write(tableRow(&p, &v)); err != nil {
				return err
			}
		}
		return nil
	})
	w.Flush()
	return errors.Join(err, w.Error())
}

func tableRow(p *TextProfile, v *ValueProfile) []string {
	number := func(x figure.Number) string {
		if !x.Known() {
			return ""
		}
		return strconv.FormatFloat(float64(x), 'g', -1, 64)
	}
	var rows, shares []string
	for _, e := range v.Evidence {
		rows, shares = append(rows, strconv.Itoa(e.Row)), append(shares, number(figure.Number(e.Share)))
	}
	return []string{p.Author, strconv.Itoa(p.Texts), strconv.Itoa(p.Duplicates), strconv.Itoa(p.Wordless),
		string(p.Counted), v.ValueID, number(v.Score), number(v.Lo), number(v.Hi), number(v.Neutral), string(v.Side),
		strconv.Itoa(v.N), fmt.Sprint(v.Effective), strconv.Itoa(v.Unsure), strconv.Itoa(v.Beside),
		strconv.Itoa(v.Judged), v.Why, strings.Join(rows, " "), strings.Join(shares, " ")}
}
