package textfile

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/whatis"
)

// MaxRecord bounds a line, and a row of several lines, in bytes: a file without line ends, or with a quote that nobody
// closes, is refused rather than read into memory.
const MaxRecord = 64 << 20

// bufferSize is what is looked at to tell the encoding, and read at a time.
const bufferSize = 1 << 16

// source gives the lines of a text file. offset and line belong together: back sets both, so that messages name the
// right line.
type source struct {
	path   string
	file   *os.File
	in     *bufio.Reader
	offset int64 // where the next line begins
	line   int   // lines given so far
	buffer []byte
}

// open opens a file and refuses what is no UTF-8 text with line ends. The beginning is looked at, not read: nothing
// of it is lost to whoever reads next.
func open(path string) (*source, error) {
	f, err := fsutil.OpenData(path)
	if err != nil {
		return nil, err
	}
	s := &source{path: path, file: f, in: bufio.NewReaderSize(f, bufferSize)}
	head, _ := s.in.Peek(bufferSize) // what is wrong with the file shows when it is read
	if reason := otherThanText(head); reason != "" {
		f.Close()
		return nil, fault.New(fault.Invalid, "%s: %s", path, reason)
	}
	if bytes.HasPrefix(head, mark) {
		s.in.Discard(len(mark))
		s.offset = int64(len(mark))
	}
	return s, nil
}

// mark is the byte-order mark of UTF-8, which spreadsheets begin a file with.
var mark = []byte("\uFEFF")

const saveAsUTF8 = "save it as UTF-8 (in a spreadsheet: \"CSV UTF-8\")"

// beginnings tell files that are no text.
var beginnings = []struct{ bytes, reason string }{
	{"\xff\xfe\x00\x00", "is in UTF-32; " + saveAsUTF8},
	{"\x00\x00\xfe\xff", "is in UTF-32; " + saveAsUTF8},
	{"\xff\xfe", "is in UTF-16; " + saveAsUTF8},
	{"\xfe\xff", "is in UTF-16; " + saveAsUTF8},
	{"PK\x03\x04", "is a ZIP archive or a spreadsheet's own file; unpack it, or save the table as CSV in UTF-8"},
	{"PAR1", "is a Parquet file; give it the ending .parquet"},
}

// otherThanText tells why the beginning of a file cannot be read, empty if it can. Each answer names what to do.
// Read as if it were UTF-8, UTF-16 would give cells full of NUL bytes and an old Mac's file one endless line.
func otherThanText(head []byte) string {
	for _, b := range beginnings {
		if bytes.HasPrefix(head, []byte(b.bytes)) {
			return b.reason
		}
	}
	if is := whatis.Bytes(head); is != "" {
		return "is " + is
	}
	// Latin letters in UTF-16 have every second byte 0; which of the two tells the byte order.
	if len(head) >= 4 && (head[0] == 0) != (head[1] == 0) && (head[0] == 0) == (head[2] == 0) &&
		(head[1] == 0) == (head[3] == 0) {
		return "is in UTF-16 without a mark; " + saveAsUTF8
	}
	inner := bytes.TrimSuffix(head, []byte("\r"))
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(inner, '\r') >= 0 {
		return "ends its lines with CR alone, as old Macs did; write them with LF or CRLF"
	}
	return ""
}

// next returns the next line with its end; it is valid until the next call. io.EOF ends. Pieces are put together
// because a line may be longer than the buffer; MaxRecord is what bounds it.
func (s *source) next() ([]byte, error) {
	s.buffer = s.buffer[:0]
	for {
		piece, err := s.in.ReadSlice('\n')
		s.buffer = append(s.buffer, piece...)
		switch {
		case len(s.buffer) > MaxRecord:
			return nil, fault.New(fault.Invalid, "%s: line %d is longer than %d MiB; does the file lack line ends?",
				s.path, s.line+1, MaxRecord>>20)
		case err == bufio.ErrBufferFull:
			continue
		case err != nil && err != io.EOF:
			return nil, fsutil.Classify(err, s.path)
		case len(s.buffer) == 0:
			return nil, io.EOF
		}
		s.offset += int64(len(s.buffer))
		s.line++
		return s.buffer, nil
	}
}

// back goes back to where a line began. A pipe cannot go back, and says so with what would help.
func (s *source) back(offset int64, line int) error {
	if _, err := s.file.Seek(offset, io.SeekStart); err != nil {
		return fault.New(fault.Invalid, "%s: line %d cannot be read again (%w); give the name of a file", s.path,
			line+1, err)
	}
	s.in.Reset(s.file)
	s.offset, s.line = offset, line
	return nil
}

func (s *source) close() error { return s.file.Close() }

// content is a line without its end.
func content(line []byte) []byte {
	line = bytes.TrimSuffix(line, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r"))
}

// Unreadable tells why a cell is no text, empty if it is one.
func Unreadable(cell string) string {
	switch {
	case !utf8.ValidString(cell):
		return "holds bytes that are not UTF-8; save the file as UTF-8"
	case strings.IndexByte(cell, 0) >= 0:
		return "holds a NUL byte"
	}
	return ""
}

// EachLine gives the lines of a file, without their ends, with their numbers from 1. A line is valid until use
// returns. Blank lines at the end are passed over; one with more behind it is given, for the caller to judge. A
// blank line in the middle is given as an empty one, so that numbers stay those of an editor.
func EachLine(path string, use func(number int, line []byte) error) error {
	s, err := open(path)
	if err != nil {
		return err
	}
	defer s.close() // read-only: closing cannot lose anything
	given := 0
	for {
		line, err := s.next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		if line = content(line); len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		// Blank lines are held back until something follows them: at the end nothing does, and they are nobody's
		// rows.
		for given++; given < s.line; given++ {
			if err := use(given, nil); err != nil {
				return err
			}
		}
		if err := use(given, line); err != nil {
			return err
		}
	}
}
