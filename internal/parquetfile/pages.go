package parquetfile

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Bytes that are read for the header of a page. It holds the least and the greatest value, so it may be long. Nearly
// all are shorter than the first, so a page costs one small read; those that are not are read again.
const header, longHeader = 1 << 10, 64 << 20

// valueBytes is what a value takes in a row beside its text: a place in a list of offsets or of numbers. It is what
// makes 2^31 nulls too much, which have no text and stand in five bytes.
const valueBytes = 8

// errTooMuch is turned into words for people in one place, Look.
var errTooMuch = errors.New("it unpacks to more than it may")

// meter is how many bytes are left of what may be unpacked.
//
// Invariant: left is never below 0, so it bounds whatever is allocated next.
type meter struct{ left int64 }

// take refuses what is too much, and what runs over on the way.
func (m *meter) take(n int64) error {
	if n < 0 || n > m.left {
		return errTooMuch
	}
	m.left -= n
	return nil
}

// takeValues is take for n values. It divides before it multiplies: 2^61 values times 8 would be 0.
func (m *meter) takeValues(n int64) error {
	if n < 0 || n > m.left/valueBytes {
		return errTooMuch
	}
	return m.take(n * valueBytes)
}

// pages are those of one column in one row group. A dictionary, where there is one, is the first page of a column;
// lengths are kept of it until the last.
type pages struct {
	file    *File
	leaf    leaf
	chunk   *format.ColumnMetaData
	meter   *meter
	lengths []int64 // of the dictionary's texts
}

// walk looks at every page. A column holds a value or a null for each row. Pages are followed by their own sizes and
// not by the index, as a reader of the whole column does. Fewer values than rows are damage; more are lists.
func (p *pages) walk(rows int64) error {
	at := p.chunk.DataPageOffset
	if d := p.chunk.DictionaryPageOffset; d != 0 { // as the library has it
		at = d
	}
	end := at + p.chunk.TotalCompressedSize
	if at < 0 || end < at || end > p.file.Size {
		return errors.New("it ends beyond the file")
	}
	values := int64(0)
	for at < end {
		h, n, err := p.header(at, end)
		if err != nil {
			return err
		}
		at += n
		if size := int64(h.CompressedPageSize); size < 0 || size > end-at {
			return fmt.Errorf("a page claims %d bytes, %d are left", size, end-at)
		}
		count, err := p.page(h, at)
		if err != nil {
			return err
		}
		values += count
		at += int64(h.CompressedPageSize)
	}
	if rows > values {
		return fmt.Errorf("it claims %d rows, its pages hold %d", rows, values)
	}
	return nil
}

// header reads the header at a place, and its length. Only what walk found to end is handed to the library's decoder.
func (p *pages) header(at, end int64) (*format.PageHeader, int64, error) {
	for _, most := range []int64{header, longHeader} {
		raw, err := p.file.piece(at, min(most, end-at))
		if err != nil {
			return nil, 0, err
		}
		n, err := walk(raw)
		if err != nil {
			continue // longer, or no header
		}
		h := &format.PageHeader{}
		var compact thrift.CompactProtocol
		return h, int64(n), thrift.Unmarshal(&compact, raw[:n], h)
	}
	return nil, 0, errThrift
}

// page looks at one page and returns how many values it holds. The size that a page says it unpacks to is taken from
// the meter before it is unpacked.
func (p *pages) page(h *format.PageHeader, at int64) (values int64, err error) {
	if err := p.meter.take(int64(h.UncompressedPageSize)); err != nil {
		return 0, err
	}
	raw, err := p.file.piece(at, int64(h.CompressedPageSize))
	if err != nil {
		return 0, err
	}
	switch {
	case h.Type == format.DictionaryPage && h.DictionaryPageHeader.Valid:
		if raw, err = unpack(p.chunk.Codec, raw, int(h.UncompressedPageSize)); err == nil {
			err = p.dictionary(raw, int64(h.DictionaryPageHeader.V.NumValues))
		}
		return 0, err
	case h.Type == format.DataPage && h.DataPageHeader.Valid:
		return p.first(&h.DataPageHeader.V, raw, int(h.UncompressedPageSize))
	case h.Type == format.DataPageV2 && h.DataPageHeaderV2.Valid:
		return p.second(&h.DataPageHeaderV2.V, raw, int(h.UncompressedPageSize))
	}
	return 0, nil // the library refuses it, or passes over it
}

// first is a data page of version 1: all of it is compressed, and levels have their length before them.
//
//	compressed: [length, repetition levels] [length, definition levels] values
//
// A level that can only be 0 is left out.
func (p *pages) first(h *format.DataPageHeader, raw []byte, size int) (int64, error) {
	values := int64(h.NumValues)
	raw, err := unpack(p.chunk.Codec, raw, size)
	if err != nil {
		return 0, err
	}
	for _, level := range []struct {
		highest  byte
		encoding format.Encoding
	}{{p.leaf.repeated, h.RepetitionLevelEncoding}, {p.leaf.definition, h.DefinitionLevelEncoding}} {
		if level.highest == 0 {
			continue
		}
		if level.encoding != format.RLE {
			return 0, fmt.Errorf("levels in the encoding %v, which is not read", level.encoding)
		}
		var runs []byte
		if runs, raw, err = cut(raw); err != nil {
			return 0, err
		}
		if err := p.runs(runs, width(int64(level.highest)), nil); err != nil {
			return 0, err
		}
	}
	return values, p.values(h.Encoding, raw, values)
}

// second is a data page of version 2: its levels stand before what is compressed.
//
//	plain: repetition levels, definition levels     compressed: values
//
// The levels' lengths stand in the header, so nothing need be unpacked to find them.
func (p *pages) second(h *format.DataPageHeaderV2, raw []byte, size int) (int64, error) {
	for _, level := range []struct {
		highest byte
		length  int32
	}{{p.leaf.repeated, h.RepetitionLevelsByteLength}, {p.leaf.definition, h.DefinitionLevelsByteLength}} {
		if level.length < 0 || int(level.length) > len(raw) {
			return 0, errors.New("levels end beyond their page")
		}
		if err := p.runs(raw[:level.length], width(int64(level.highest)), nil); err != nil {
			return 0, err
		}
		raw = raw[level.length:]
	}
	if !h.IsCompressed.Valid || h.IsCompressed.V {
		var err error
		if raw, err = unpack(p.chunk.Codec, raw, size); err != nil {
			return 0, err
		}
	}
	return int64(h.NumValues), p.values(h.Encoding, raw, int64(h.NumValues))
}
