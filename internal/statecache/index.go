package statecache

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"slices"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Kinds of files, as their headers name them.
const (
	kindStates = "hives.states"
	kindIndex  = "hives.states-index"
)

// recordBytes is the size of an index record; its last four are the checksum of those before.
//
//	id 16 | offset 8 | tokens 4 | CRC-32C of the states 4 | CRC-32C of the 32 bytes before 4
const recordBytes = 16 + 8 + 4 + 4 + 4

// castagnoli is the polynomial that processors have an instruction for.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// textID is the first half of the SHA-256 of a text's token ids, each an int32, little-endian.
type textID [16]byte

// idOf is over the ids as the model gets them, framing included: the same words behind another prompt are another
// text.
func idOf(tokens []int32) (id textID) {
	raw, _ := binary.Append(make([]byte, 0, 4*len(tokens)), binary.LittleEndian, tokens)
	sum := sha256.Sum256(raw)
	copy(id[:], sum[:])
	return id
}

// entry says where a text's states lie.
type entry struct {
	offset int64 // from the start of the file
	tokens uint32
	sum    uint32 // CRC-32C of the states
}

// record is one text's line of the index; its own checksum tells a torn one. Its size is recordBytes whatever the
// text, so the index needs no separators.
func record(id textID, e entry) []byte {
	b := append(make([]byte, 0, recordBytes), id[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(e.offset))
	b = binary.LittleEndian.AppendUint32(b, e.tokens)
	b = binary.LittleEndian.AppendUint32(b, e.sum)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// readIndex returns the entries up to the first record that is cut or damaged, and the length of the part of
// the file that they fill. A later record of a text replaces an earlier one.
//
//	header, whole, whole, damaged, whole     two entries; good 512 + 72: the next writer cuts there
func readIndex(path string, k Key) (entries map[textID]entry, good int64, err error) {
	entries = map[textID]entry{}
	raw, err := fsutil.ReadRegular(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && (len(raw) < headerBytes || blank(raw[:headerBytes])) {
		return entries, 0, nil // not begun, or ended in its first write
	}
	if err != nil {
		return nil, 0, fsutil.Classify(err, path)
	}
	if err := checkHeader(path, raw, k.header(kindIndex)); err != nil {
		return nil, 0, err
	}
	good = headerBytes
	for rest := raw[headerBytes:]; len(rest) >= recordBytes; rest = rest[recordBytes:] {
		r := rest[:recordBytes]
		if binary.LittleEndian.Uint32(r[recordBytes-4:]) != crc32.Checksum(r[:recordBytes-4], castagnoli) {
			break
		}
		entries[textID(r[:16])] = entry{
			int64(binary.LittleEndian.Uint64(r[16:])), binary.LittleEndian.Uint32(r[24:]), binary.LittleEndian.Uint32(r[28:]),
		}
		good += recordBytes
	}
	return entries, good, nil
}

// blank tells whether there are only zeros where a header belongs: a power cut may leave a file's length without what
// was written to it. No header is: it begins with a brace.
func blank(head []byte) bool { return !slices.ContainsFunc(head, func(b byte) bool { return b != 0 }) }

// checkHeader refuses a file that was made for something else. The remedy is safe, since everything in it can be
// computed. raw has at least headerBytes bytes, which both callers have seen to.
func checkHeader(path string, raw, want []byte) error {
	if !bytes.Equal(raw[:headerBytes], want) {
		return fault.New(fault.Corrupt, "%s does not begin as states of these weights do; remove it, and it is made anew",
			path)
	}
	return nil
}
