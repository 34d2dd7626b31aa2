package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// What a file may unpack to, in bytes: Ratio times its size, and in any case Floor. So a file of 1 MB may become 256
// MB in memory, and one of 1 kB 64 MB.
const (
	Ratio = 256
	Floor = 64 << 20
)

// magic stands at both ends; before the last stands the length of the footer in four bytes.
//
//	PAR1 | pages of the first column, of the second … | indexes | footer | its length, 4 bytes | PAR1
//
// The footer stands last because a writer knows it last. Everything is found through it, so it is looked at first.
const magic, tail = "PAR1", 8

// File is an open file. From is the same file for the walk, which reads pieces of it by their place.
type File struct {
	*parquet.File
	From *os.File
	Size int64
}

// Open opens the file at path and reads its footer. Errors of the kinds Invalid and NotFound are whole; any other is
// for the caller to name as damage. Look comes before a column is read.
func Open(path string) (f *File, err error) {
	from, err := fsutil.OpenData(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil { // the library panics on some damaged files
			err = fmt.Errorf("%v", r)
		}
		if err != nil {
			from.Close()
		}
	}()
	info, err := from.Stat()
	if err != nil {
		return nil, err
	}
	f = &File{From: from, Size: info.Size()}
	if err := f.footer(); err != nil {
		return nil, err
	}
	f.File, err = parquet.OpenFile(from, f.Size, parquet.SkipBloomFilters(true))
	return f, err
}

// Look refuses a file of which the columns below its root with these names, all without any, would unpack to more
// than they may, or whose pages are not what they claim. What is refused as too much is of kind Invalid and says what
// to do; a page that is not what it claims is damage.
func (f *File) Look(names ...string) (err error) {
	defer func() {
		if r := recover(); r != nil { // a schema that the library let pass
			err = fmt.Errorf("%v", r)
		}
	}()
	if err := f.count(names, &meter{left: f.most()}); !errors.Is(err, errTooMuch) {
		return err
	}
	return fault.New(fault.Invalid, "%s: has %d bytes, but its rows would take more than %d, which no real texts do: "+
		"is it from a source you trust? Then write it anew without compression and dictionaries, or as CSV",
		f.From.Name(),
		f.Size, f.most())
}

// Close ends the use of the file.
func (f *File) Close() error { return f.From.Close() }

// most is what the file may unpack to.
func (f *File) most() int64 { return max(Floor, Ratio*f.Size) }

// footer walks the description of the file, and the indexes of its pages. The library reads the indexes when it opens
// a file, by the lengths that the footer gives, so they are walked here too.
func (f *File) footer() error {
	if f.Size < int64(len(magic)+tail) {
		return errors.New("too short")
	}
	// An encrypted file ends in PARE instead.
	end, err := f.piece(f.Size-tail, tail)
	if err != nil {
		return err
	}
	if string(end[4:]) != magic {
		return errors.New("it does not end as Parquet does, or is encrypted")
	}
	n := int64(binary.LittleEndian.Uint32(end))
	raw, err := f.walked(f.Size-tail-n, n)
	if err != nil {
		return err
	}
	var about format.FileMetaData
	var compact thrift.CompactProtocol
	if err := thrift.Unmarshal(&compact, raw, &about); err != nil {
		return err
	}
	for _, group := range about.RowGroups {
		for _, c := range group.Columns {
			_, columns := f.walked(c.ColumnIndexOffset, int64(c.ColumnIndexLength))
			_, offsets := f.walked(c.OffsetIndexOffset, int64(c.OffsetIndexLength))
			if err := errors.Join(columns, offsets); err != nil {
				return fmt.Errorf("an index of pages: %w", err)
			}
		}
	}
	return nil
}

// walked reads a struct, none where its length is 0. The bytes are returned as they are; what matters is that a
// reader of them cannot be led to ask for more.
func (f *File) walked(at, n int64) ([]byte, error) {
	raw, err := f.piece(at, n)
	if err == nil && n != 0 {
		_, err = walk(raw)
	}
	return raw, err
}

// piece reads a part of the file, if it has one there. Every place and length of the file goes through here. The last
// comparison is a difference and not a sum, which could run over.
func (f *File) piece(at, n int64) ([]byte, error) {
	if at < 0 || n < 0 || n > f.Size-at {
		return nil, errors.New("it claims bytes beyond the file's end")
	}
	raw := make([]byte, n)
	_, err := f.From.ReadAt(raw, at)
	return raw, err
}

// count walks the pages of the wanted columns. One meter serves all of them: many columns that are each just small
// enough are too much together.
//
// Rows are counted against what row groups say, since a reader makes room by the footer's count.
func (f *File) count(wanted []string, m *meter) error {
	leaves := leavesOf(f.Metadata().Schema)
	rows := int64(0)
	for _, group := range f.Metadata().RowGroups {
		if len(group.Columns) != len(leaves) || group.NumRows < 0 {
			return errors.New("a row group has other columns than the file")
		}
		rows += group.NumRows
		for i := range group.Columns {
			if len(wanted) > 0 && !slices.Contains(wanted, leaves[i].root) {
				continue
			}
			p := &pages{file: f, leaf: leaves[i], chunk: &group.Columns[i].MetaData, meter: m}
			if err := p.walk(group.NumRows); err != nil {
				return fmt.Errorf("column %q: %w", leaves[i].root, err)
			}
		}
	}
	if rows < f.Metadata().NumRows {
		return fmt.Errorf("it claims %d rows, its row groups hold %d", f.Metadata().NumRows, rows)
	}
	return nil
}

// leaf is a column that holds values.
//
// A value that is null is not written; its level says at which depth the path to it ended. A list of optional texts:
//
//	optional group tags (LIST) { repeated group list { optional binary element } }
//	root tags, repeated 1, definition 3
//
//	null 0,   [] 1,   [null] 2,   ["x"] 3
type leaf struct {
	root                 string // the column below the file's root that it belongs to
	kind                 format.Type
	repeated, definition byte // highest levels
}

// leavesOf lists the leaves, depth first, as row groups do. The schema is a flat list, each group followed by its
// children; the first element is the root.
//
//	root 2, a, b 2, b.x, b.y     leaves a, b.x and b.y, the latter two of root b
func leavesOf(elements []format.SchemaElement) (leaves []leaf) {
	at := 1
	var below func(parent leaf)
	below = func(parent leaf) {
		// The recursion goes as deep as the schema, whose groups are each an element: no deeper than the footer is
		// long.
		e := elements[at] // beyond the end: Look calls that damage
		at++
		if parent.root == "" {
			parent.root = e.Name
		}
		switch {
		case !e.RepetitionType.Valid, e.RepetitionType.V == format.Required:
		case e.RepetitionType.V == format.Repeated:
			parent.repeated++
			fallthrough
		default:
			parent.definition++
		}
		if e.NumChildren.V == 0 {
			parent.kind = e.Type.V
			leaves = append(leaves, parent)
		}
		for range e.NumChildren.V {
			below(parent)
		}
	}
	for range elements[0].NumChildren.V {
		below(leaf{})
	}
	return leaves
}
