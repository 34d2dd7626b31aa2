package embedfiles

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"

	"hives/data"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/parquetfile"
	"hives/internal/parquettext"
	"hives/internal/whatis"
)

// inputRow is what is read of a row; the library leaves other columns on the disk. A missing text_id reads as "",
// which complete fills in.
type inputRow struct {
	Text   string `parquet:"text"`
	TextID string `parquet:"text_id"`
}

// input is a Parquet file with a column text and perhaps one text_id. Whoever opens it owes close. It is read by one
// goroutine.
type input struct {
	path   string
	file   *parquetfile.File
	reader *parquet.GenericReader[inputRow]
	next   int // row that the reader stands at
}

// openInput opens path and returns it with its description. The whole file is hashed before a row is read: shards on
// other machines must be of the same bytes, and find that out at their start. A file without a row is refused: it
// would be embedded into nothing.
func openInput(path string) (in *input, about Input, err error) {
	about = Input{Name: filepath.Base(path)}
	if about.SHA256, err = fsutil.SHA256(path); err != nil {
		return nil, about, err
	}
	file, err := openParquet(path)
	if err != nil {
		return nil, about, err
	}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	about.Rows = int(file.NumRows())
	if about.Rows == 0 {
		return nil, about, fault.New(fault.Invalid, "%s holds no rows", path)
	}
	return &input{path: path, file: file, reader: parquet.NewGenericReader[inputRow](file.File)}, about, nil
}

// openParquet opens a file and refuses columns that could not be read.
func openParquet(path string) (_ *parquetfile.File, err error) {
	file, err := parquetfile.Open(path)
	if err != nil {
		return nil, torn(path, err)
	}
	defer func() {
		if r := recover(); r != nil { // the library panics on some damaged files
			err = torn(path, fmt.Errorf("%v", r))
		}
		if err != nil {
			file.Close()
		}
	}()
	if err := checkColumns(path, file.File); err != nil {
		return nil, err
	}
	if err := file.Look("text", "text_id"); err != nil {
		return nil, torn(path, err)
	}
	return file, nil
}

// CheckInput refuses a file that Run could not read, by its end, its columns and its pages: before an engine opens.
// Its hash is not taken here: that is Run's, and takes as long as reading the file.
func CheckInput(path string) error {
	file, err := openParquet(path)
	if err != nil {
		return err
	}
	return file.Close()
}

// checkColumns refuses what could only be read as nothing, or as something else than it means. Other columns stay on
// the disk, whatever they are.
//
//	text STRING, text_id STRING     read
//	text STRING                     read, ids made of the texts
//	text BYTE_ARRAY without a type  read as text, as older writers mean it
//	text LIST of STRING             refused: a nested column
//	words STRING                    refused: there is no text
func checkColumns(path string, file *parquet.File) error {
	found := false
	for _, c := range parquettext.Columns(file) {
		if c.Name != "text" && c.Name != "text_id" { // without ids, they are made from the text
			continue
		}
		found = found || c.Name == "text"
		if c.Class != parquettext.Words && !c.Unmarked() {
			return fault.New(fault.Invalid, "%s: want a plain column %q of strings; it is %s", path, c.Name, c.Type)
		}
	}
	if !found {
		return fault.New(fault.Invalid, "%s: want a plain column \"text\" of strings; there is none", path)
	}
	return nil
}

// torn says that a file cannot be read, unless a look at its beginning says what it is instead. "rows.parquet is a
// CSV file" helps more than "bad magic".
func torn(path string, cause error) error {
	if kind := fault.Of(cause); kind == fault.Invalid || kind == fault.NotFound { // says it all
		return cause
	}
	return whatis.Instead(path, "a Parquet file", fault.New(fault.Corrupt, "%s: damaged or cut off (%w); copy it "+
		"again", path, cause))
}

// read returns rows from to to−1, each with a text and an id. Rows are read forwards, so a seek is needed only after
// blocks that were there already.
func (in *input) read(from, to int) (rows []inputRow, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = torn(in.path, fmt.Errorf("%v", r))
		}
	}()
	if in.next != from {
		if err := in.reader.SeekToRow(int64(from)); err != nil {
			return nil, torn(in.path, err)
		}
	}
	rows = make([]inputRow, to-from)
	for done := 0; done < len(rows); {
		n, err := in.reader.Read(rows[done:])
		done += n
		// A reader that gives nothing and no error would go on for ever.
		if done < len(rows) && (n == 0 || (err != nil && !errors.Is(err, io.EOF))) {
			return nil, torn(in.path, errors.Join(err, io.ErrUnexpectedEOF))
		}
	}
	in.next = to
	for i := range rows {
		if err := rows[i].complete(); err != nil {
			return nil, fault.New(fault.Invalid, "%s: row %d: %w; mend it, or leave it out of the file", in.path,
				from+i, err)
		}
	}
	return rows, nil
}

// complete refuses a row that cannot be embedded and gives one without an id the usual one of its text. The error
// repeats no text: read adds file and row.
func (r *inputRow) complete() error {
	switch {
	case r.Text == "":
		return errors.New("the text is empty")
	case !utf8.ValidString(r.Text):
		return errors.New("the text is not UTF-8")
	case r.TextID == "":
		r.TextID = data.TextID(r.Text)
	}
	return nil
}

// close ends the reading; the file is closed after its reader.
func (in *input) close() {
	in.reader.Close()
	in.file.Close() // read-only: closing cannot lose anything
}
