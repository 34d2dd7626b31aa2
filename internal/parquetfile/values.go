package parquetfile

import (
	"encoding/binary"
	"errors"
	"math/bits"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

var errCut = errors.New("a page ends in the middle of what it holds")

// dictionary notes how long the texts of a dictionary are, which rows hold as often as they name them.
//
//	lengths 1000000, 3     a row that names place 0 takes a megabyte, one that names place 1 three bytes
//
// Dictionaries of numbers need no lengths: a value is valueBytes, wherever it stands.
func (p *pages) dictionary(raw []byte, values int64) error {
	if err := p.meter.takeValues(values); err != nil || p.leaf.kind != format.ByteArray {
		return err
	}
	p.lengths = nil
	for range values {
		text, rest, err := cut(raw)
		if err != nil {
			return err
		}
		p.lengths = append(p.lengths, int64(len(text)))
		raw = rest
	}
	return nil
}

// values takes from the meter what a page's values unpack to.
//
//	PLAIN                    as long as it stands there: the page's own size has been taken
//	RLE_DICTIONARY           a byte of width, then runs of places in the dictionary
//	RLE                      of truths: runs of width 1
//	DELTA_BINARY_PACKED      numbers
//	DELTA_LENGTH_BYTE_ARRAY  lengths as deltas, then the texts one after another
//	DELTA_BYTE_ARRAY         how much of the text before is kept, then the rests: a byte more each time makes n²/2 of n
func (p *pages) values(encoding format.Encoding, raw []byte, values int64) error {
	if err := p.meter.takeValues(values); err != nil {
		return err
	}
	switch encoding {
	case format.PlainDictionary, format.RLEDictionary:
		if len(raw) == 0 {
			return nil
		}
		return p.runs(raw[1:], uint(raw[0]), p.lengths)
	case format.RLE:
		runs, _, err := cut(raw)
		if err != nil {
			return err
		}
		return p.runs(runs, 1, nil)
	case format.DeltaBinaryPacked, format.DeltaLengthByteArray:
		_, err := p.deltas(raw)
		return err
	case format.DeltaByteArray: // a text may begin with all of the text before it, and so on
		suffixes, err := p.deltas(raw)
		if err == nil {
			_, err = p.deltas(suffixes)
		}
		if err == nil {
			err = p.meter.take(int64(parquet.DeltaByteArray.EstimateDecodeByteArraySize(raw)))
		}
		return err
	}
	return nil // as long as it stands there
}

// cut takes a piece off that has its length in four bytes before it.
//
//	03 00 00 00 61 62 63 64     piece "abc", rest "d"
func cut(raw []byte) (piece, rest []byte, err error) {
	if len(raw) < 4 {
		return nil, nil, errCut
	}
	n := int64(binary.LittleEndian.Uint32(raw))
	if raw = raw[4:]; n > int64(len(raw)) {
		return nil, nil, errCut
	}
	return raw[:n], raw[n:], nil
}

// width is the number of bits of the numbers up to highest. Of 0 it is 0: such numbers take no bits. Of 3 it is 2.
func width(highest int64) uint { return uint(bits.Len64(uint64(highest))) }

// runs adds up the hybrid of runs and packed bits in which levels and places in a dictionary stand: a run is its
// length, doubled, and a value; packed bits are the number of groups of eight, doubled, and one. lengths are of the
// texts that the values stand for, if they do.
//
//	width 2    06 02           6 = 3·2: three times the value 2
//	width 2    03 e4 1b        3 = 1·2 + 1: one group of eight, 0 1 2 3 3 2 1 0 in two bytes
func (p *pages) runs(raw []byte, width uint, lengths []int64) error {
	if width > 32 {
		return errors.New("numbers of more than 32 bits in a dictionary")
	}
	for len(raw) > 0 {
		head, k := binary.Uvarint(raw)
		if k <= 0 {
			return errCut
		}
		raw = raw[k:]
		n, packed := int64(head>>1), head&1 == 1
		bytes := int64(width+7) / 8
		if packed {
			if n > p.meter.left { // before it is multiplied
				return errTooMuch
			}
			bytes, n = n*int64(width), 8*n
		}
		// The last group of packed bits may be cut off, as some writers leave it.
		piece := raw[:min(bytes, int64(len(raw)))]
		raw = raw[len(piece):]
		if err := p.meter.takeValues(n); err != nil {
			return err
		}
		if err := p.texts(piece, width, n, packed, lengths); err != nil {
			return err
		}
	}
	return nil
}

// texts takes the texts that n values of a run or of packed bits stand for. A run multiplies, so it is one step
// however long; packed bits are looked at one by one, of which there are no more than eight for each byte and bit of
// width.
func (p *pages) texts(piece []byte, width uint, n int64, packed bool, lengths []int64) error {
	if lengths == nil || n == 0 {
		return nil
	}
	if !packed {
		each := length(lengths, number(piece, 0, width))
		if each > 0 && n > p.meter.left/each {
			return errTooMuch
		}
		return p.meter.take(n * each)
	}
	for i := range n {
		if err := p.meter.take(length(lengths, number(piece, uint(i)*width, width))); err != nil {
			return err
		}
	}
	return nil
}

// length is that of a dictionary's text; a place beyond the end is the library's to refuse. It counts as nothing
// here.
func length(lengths []int64, at uint64) int64 {
	if at >= uint64(len(lengths)) {
		return 0
	}
	return lengths[at]
}

// number reads a number of width bits, the lowest first; what is cut off counts as zeros.
//
//	e4 = 11 10 01 00, width 2     bit 0 → 0, bit 2 → 1, bit 4 → 2, bit 6 → 3
//
// Eight bytes are enough: 32 bits from any bit of the first byte on.
func number(piece []byte, bit, width uint) uint64 {
	var eight [8]byte
	if from := int(bit / 8); from < len(piece) {
		copy(eight[:], piece[from:])
	}
	return binary.LittleEndian.Uint64(eight[:]) >> (bit % 8) & (1<<width - 1)
}

// deltas takes the numbers of one sequence of deltas and returns what stands behind it. Its head has the sizes of a
// block and how many parts a block has, how many numbers come, and the first; a block has its least delta and the
// widths of its parts' numbers, and then these.
//
//	block 128, parts 4, total 5, first 7 | least −2, widths 3 0 0 0 | 32 numbers of 3 bits = 12 bytes
//
// Parts beyond the last number have a width and no bytes: the loop stops at the number.
func (p *pages) deltas(raw []byte) (rest []byte, err error) {
	next := func() uint64 {
		n, k := binary.Uvarint(raw)
		if k <= 0 {
			err = errCut
			return 0
		}
		raw = raw[k:]
		return n
	}
	block, parts, total := next(), next(), next()
	next()
	if err != nil || parts == 0 || block == 0 || block > 1<<20 || parts > block || total > 1<<31 {
		return nil, errCut
	}
	if err := p.meter.takeValues(int64(total)); err != nil {
		return nil, err
	}
	for left := int64(total) - 1; left > 0 && err == nil; {
		next()
		widths := raw[:min(int(parts), len(raw))]
		raw = raw[len(widths):]
		for _, width := range widths {
			size := int(block/parts) * int(width) / 8
			raw = raw[min(size, len(raw)):]
			if left -= int64(block / parts); left <= 0 {
				break
			}
		}
		if len(widths) == 0 {
			return nil, errCut
		}
	}
	return raw, err
}
