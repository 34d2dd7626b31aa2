package data

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"hives/internal/fault"
)

// spoolLimit bounds a string read back from a spool, in bytes: a larger length is damage, not a text.
const spoolLimit = 1 << 30

// appendRow writes a row with its place for a spool: the place, the numbers, then every string with its length. A
// spool lives as long as one command, so it has no version. Digest hashes the same bytes: another order of fields
// would change every stored digest.
//
//	place   direction  individual  theory   text      …  licence   extras    name value …
//	uvarint varint     varint      varint   n, bytes     n, bytes  uvarint   n, bytes each, names ascending
func appendRow(b []byte, place uint64, r *Row) []byte {
	b = binary.AppendUvarint(b, place)
	for _, n := range []int32{r.Direction, r.IndividualAnchor, r.TheoryAnchor} {
		b = binary.AppendVarint(b, int64(n))
	}
	for _, s := range r.strings() {
		b = appendString(b, *s)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Extra)))
	names := make([]string, 0, len(r.Extra))
	for name := range r.Extra {
		names = append(names, name)
	}
	slices.Sort(names) // Digest hashes these bytes, so equal rows must have equal ones
	for _, name := range names {
		b = appendString(appendString(b, name), r.Extra[name])
	}
	return b
}

// appendOrigin writes where a row stands, before the row.
func appendOrigin(b []byte, o origin) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, uint64(o.file)), uint64(o.row))
}

// readPlaced reads back an origin and the row behind it; io.EOF ends.
func readPlaced(in *bufio.Reader, r *Row) (place uint64, o origin, err error) {
	file, err := binary.ReadUvarint(in)
	if err != nil {
		return 0, o, err // io.EOF before the first byte of a row: the regular end
	}
	row, err := binary.ReadUvarint(in)
	if err != nil {
		return 0, o, spoolError(err)
	}
	place, err = readRow(in, r)
	return place, origin{int(file), int(row)}, spoolError(err)
}

// appendString writes a string with its length before it, so that any byte may stand in it.
func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// strings points to the text columns in the order of Columns.
func (r *Row) strings() [10]*string {
	return [10]*string{&r.Text, &r.Theory, &r.Level1, &r.Level2, &r.Level3, &r.DirectionSource,
		&r.TextID, &r.Group, &r.Corpus, &r.Licence}
}

// readRow reads back what appendRow wrote into a fresh Row; io.EOF ends. Nothing else can end a spool: a cut in the
// middle of a row is an error, since rows would be lost without a word.
func readRow(in *bufio.Reader, r *Row) (place uint64, err error) {
	if place, err = binary.ReadUvarint(in); err != nil {
		return 0, err // io.EOF before the first byte of a row: the regular end
	}
	for _, n := range []*int32{&r.Direction, &r.IndividualAnchor, &r.TheoryAnchor} {
		x, err := binary.ReadVarint(in)
		if err != nil {
			return 0, spoolError(err)
		}
		*n = int32(x)
	}
	for _, s := range r.strings() {
		if *s, err = readString(in); err != nil {
			return 0, spoolError(err)
		}
	}
	extras, err := binary.ReadUvarint(in)
	for ; err == nil && extras > 0; extras-- {
		var name, value string
		if name, err = readString(in); err == nil {
			value, err = readString(in)
		}
		if r.Extra == nil {
			r.Extra = map[string]string{}
		}
		r.Extra[name] = value
	}
	return place, spoolError(err)
}

// readString reads a length and so many bytes.
func readString(in *bufio.Reader) (string, error) {
	n, err := binary.ReadUvarint(in)
	if err != nil {
		return "", err
	}
	if n > spoolLimit {
		return "", fmt.Errorf("a text of %d bytes", n)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(in, b)
	return string(b), err
}

// spoolError tells an end inside a row from the end of the spool.
func spoolError(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		return nil
	}
	return fault.New(fault.Corrupt, "read rows set aside for merging: %w; is the temporary folder's disk full?", err)
}
