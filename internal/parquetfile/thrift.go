package parquetfile

import (
	"encoding/binary"
	"errors"
)

// Types of Thrift's compact protocol, in which footers and the headers of pages are written.
//
// A field is a byte, the step from the last field's number above its type, and then its value; a struct ends with 0:
//
//	15 14          field 1 (step 1), type 5, a whole number: 0x14, zigzag of 10
//	19 2c …        field 2, type 9, a list: 2 elements of type 12, structs
//	00             the end
const (
	typeTrue, typeFalse  = 1, 2
	typeByte             = 3
	typeInt16, typeInt64 = 4, 6
	typeDouble           = 7
	typeBinary           = 8
	typeList, typeSet    = 9, 10
	typeMap              = 11
	typeStruct           = 12
	deepest              = 32 // structs in structs; Parquet's own go to about 8
	errorOfThrift        = "what describes it is cut off or no Thrift"
)

// errThrift says nothing of where: whoever damaged the file knows, and nobody else can mend it.
var errThrift = errors.New(errorOfThrift)

// walk returns the length of the struct that raw begins with. Every list and text in it ends within raw, so a reader
// that makes room for as many as are claimed makes room for no more than there are bytes. It knows no field's
// meaning, so it walks whatever a newer writer adds.
func walk(raw []byte) (int, error) {
	w := &walker{raw: raw}
	w.structure(0)
	if w.bad {
		return 0, errThrift
	}
	return w.at, nil
}

// walker reads on and remembers that something was bad, so that its methods need return no errors. Invariant: at
// never exceeds len(raw), and once bad it stays bad.
type walker struct {
	raw []byte
	at  int
	bad bool
}

// byte is 0 at the end, which structure takes for a stop; walk then finds that it was bad.
func (w *walker) byte() byte {
	if w.at >= len(w.raw) {
		w.bad = true
		return 0
	}
	w.at++
	return w.raw[w.at-1]
}

// uvarint reads 7 bits a byte, the lowest first. Whole numbers are zigzag of it; walking needs only where they end.
func (w *walker) uvarint() uint64 {
	n, k := binary.Uvarint(w.raw[w.at:])
	if k <= 0 {
		w.bad = true
		return 0
	}
	w.at += k
	return n
}

// skip passes over n bytes.
func (w *walker) skip(n uint64) {
	if n > uint64(len(w.raw)-w.at) {
		w.bad = true
		return
	}
	w.at += int(n)
}

// structure reads fields up to the stop. The depth is bounded because a file of opening structs alone would use up
// the stack.
func (w *walker) structure(depth int) {
	for !w.bad && depth < deepest {
		head := w.byte()
		if head == 0 {
			return
		}
		if head>>4 == 0 { // the field's number follows where it is no small step from the last
			w.uvarint()
		}
		if kind := head & 15; kind != typeTrue && kind != typeFalse { // a field's truth stands in its type
			w.value(kind, depth)
		}
	}
	w.bad = true
}

// value reads one value of a type. A list has its length above its elements' type, or, from 15 on, in a number behind
// it.
func (w *walker) value(kind byte, depth int) {
	switch kind {
	case typeTrue, typeFalse, typeByte: // of a list
		w.skip(1)
	case typeInt16, typeInt16 + 1, typeInt64:
		w.uvarint()
	case typeDouble:
		w.skip(8)
	case typeBinary:
		w.skip(w.uvarint())
	case typeList, typeSet:
		head := w.byte()
		n := uint64(head >> 4)
		if n == 15 {
			n = w.uvarint()
		}
		w.many(n, depth, head&15)
	case typeMap:
		if n := w.uvarint(); n > 0 {
			kinds := w.byte()
			w.many(n, depth, kinds>>4, kinds&15)
		}
	case typeStruct:
		w.structure(depth + 1)
	default:
		w.bad = true
	}
}

// many passes over n times the kinds. Each value has a byte at the least. So a list that claims more values than
// bytes are left is refused before the first.
func (w *walker) many(n uint64, depth int, kinds ...byte) {
	if w.bad || n > uint64(len(w.raw)-w.at) {
		w.bad = true
	}
	for ; n > 0 && !w.bad; n-- {
		for _, kind := range kinds {
			w.value(kind, depth+1)
		}
	}
}
