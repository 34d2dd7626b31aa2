package parquetfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/compress/lz4"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"

	"hives/internal/fault"
)

// open is what readers do before they read: Open, then Look at all columns.
func open(path string) error {
	f, err := Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Look()
}

// bounded fails if opening a file takes more memory than four times what files may unpack to, all that was freed
// included.
func bounded(t *testing.T, path string) error {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := open(path)
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > 4*Floor {
		t.Errorf("%d MiB were taken", taken>>20)
	}
	return err
}

func put(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.parquet")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

type row struct {
	Text string  `parquet:"text"`
	Note *string `parquet:"note,optional"`
}

var codecs = map[string]compress.Codec{
	"none": &parquet.Uncompressed, "snappy": &parquet.Snappy, "gzip": &parquet.Gzip, "zstd": &parquet.Zstd,
	// the slow one takes minutes for a text of one letter
	"brotli": &parquet.Brotli, "lz4": &lz4.Codec{Level: lz4.Fastest},
}

var encodings = map[string]parquet.Node{
	"plain": parquet.Encoded(parquet.String(), &parquet.Plain), "dictionary": parquet.Encoded(parquet.String(),
		&parquet.RLEDictionary),
	"lengths":  parquet.Encoded(parquet.String(), &parquet.DeltaLengthByteArray),
	"prefixes": parquet.Encoded(parquet.String(), &parquet.DeltaByteArray),
}

// written is a file of rows by the library's writer.
func written(t *testing.T, rows []row, text parquet.Node, codec compress.Codec, version int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b, parquet.NewSchema("rows", parquet.Group{"text": text,
		"note": parquet.Optional(text)}),
		parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(8<<20))
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestWhatWritersWriteIsLetThrough: every encoding, compression and version of pages, and what is added up is no less
// than the texts that a plain reader gets, counted one by one.
func TestWhatWritersWriteIsLetThrough(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var rows []row
	sum := int64(0)
	for i := range 3000 {
		r := row{Text: strings.Repeat("ab c", random.IntN(60)) + fmt.Sprint(i/7)}
		sum += int64(len(r.Text))
		if random.IntN(3) > 0 {
			note := fmt.Sprint(random.IntN(20), strings.Repeat("x", random.IntN(9)))
			r.Note, sum = &note, sum+int64(len(note))
		}
		rows = append(rows, r)
	}
	for encoding, node := range encodings {
		for name, codec := range codecs {
			for version := 1; version <= 2; version++ {
				f, err := Open(put(t, written(t, rows, node, codec, version)))
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Look(); err != nil {
					t.Errorf("%s, %s, pages of version %d: %v", encoding, name, version, err)
				}
				m := &meter{left: math.MaxInt64}
				if err := f.count(nil, m); err != nil || math.MaxInt64-m.left < sum {
					t.Errorf("%s, %s, version %d: %d bytes counted (%v), texts hold %d", encoding, name, version, math.MaxInt64-m.left,
						err, sum)
				}
				if m := (&meter{left: sum - 1}); f.count(nil, m) == nil { // the count can refuse
					t.Errorf("%s, %s, version %d: let through with less than it holds", encoding, name, version)
				}
				f.Close()
			}
		}
	}
}

// TestBombs: small files that truly hold more than Floor, by what packs them: a dictionary, compression, or prefixes.
func TestBombs(t *testing.T) {
	long := strings.Repeat("a", 64<<10)
	rows := make([]row, 2000)
	var plain []byte
	offsets := []uint32{0}
	for i := range rows {
		rows[i].Text, plain = long, append(plain, words(long)...)
		offsets = append(offsets, uint32((i+1)*len(long)))
	}
	prefixes, err := parquet.DeltaByteArray.EncodeByteArray(nil, bytes.Repeat([]byte(long), len(rows)), offsets)
	if err != nil {
		t.Fatal(err)
	}
	bombs := map[string][]byte{
		"dictionary":         written(t, rows, encodings["dictionary"], &parquet.Uncompressed, 1),
		"dictionary, packed": written(t, rows, encodings["dictionary"], &parquet.Zstd, 2),
		"prefixes": forged{kind: format.ByteArray, rows: 2000, pages: []forgedPage{data(format.DeltaByteArray, 2000,
			prefixes)}}.bytes(t),
	}
	for name, codec := range codecs {
		packed, err := codec.Encode(nil, plain)
		if err != nil {
			t.Fatal(err)
		}
		page := data(format.Plain, 2000, packed)
		page.head.UncompressedPageSize = int32(len(plain))
		if name != "none" && name != "snappy" && name != "lz4" { // which pack by 255 at the most
			bombs[name] = forged{kind: format.ByteArray, rows: 2000, codec: codec.CompressionCodec(),
				pages: []forgedPage{page}}.bytes(t)
		}
		page.head.UncompressedPageSize = 1 << 10 // and where the page says less than it holds
		if name != "none" {
			path := put(t, forged{kind: format.ByteArray, rows: 2000, codec: codec.CompressionCodec(),
				pages: []forgedPage{page}}.bytes(t))
			if err := bounded(t, path); err == nil {
				t.Errorf("%s: a page that unpacks to more than it says was let through", name)
			}
		}
	}
	for name, content := range bombs {
		err := bounded(t, put(t, content))
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), "rows.parquet") ||
			!strings.Contains(err.Error(), "as CSV") {
			t.Errorf("%s: %d bytes that hold %d: %v", name, len(content), len(plain), err)
		}
	}
}

// forged is a file of one column and one page that claims what the test says.
type forged struct {
	kind     format.Type
	optional bool
	codec    format.CompressionCodec
	rows     int64
	pages    []forgedPage
	footer   func(*format.FileMetaData)
}

type forgedPage struct {
	head format.PageHeader
	body []byte
}

func (f forged) bytes(t *testing.T) []byte {
	t.Helper()
	var compact thrift.CompactProtocol
	marshal := func(v any) []byte {
		raw, err := thrift.Marshal(&compact, v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	out := []byte(magic)
	for _, p := range f.pages {
		out = append(append(out, marshal(&p.head)...), p.body...)
	}
	repetition := format.Required
	if f.optional {
		repetition = format.Optional
	}
	meta := &format.FileMetaData{Version: 1, NumRows: f.rows,
		Schema: []format.SchemaElement{{Name: "rows", NumChildren: thrift.New(int32(1))},
			{Name: "text", Type: thrift.New(f.kind), RepetitionType: thrift.New(repetition)}},
		RowGroups: []format.RowGroup{{NumRows: f.rows, Columns: []format.ColumnChunk{{MetaData: format.ColumnMetaData{
			Type: f.kind, PathInSchema: []string{"text"}, Codec: f.codec, NumValues: f.rows, DataPageOffset: int64(len(magic)),
			TotalCompressedSize: int64(len(out) - len(magic)),
		}}}}}}
	if f.footer != nil {
		f.footer(meta)
	}
	end := marshal(meta)
	out = append(out, end...)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(end))), magic...)
}

// data is a page that says it holds that many values.
func data(encoding format.Encoding, values int32, body []byte) forgedPage {
	head := format.PageHeader{Type: format.DataPage, CompressedPageSize: int32(len(body)),
		UncompressedPageSize: int32(len(body))}
	head.DataPageHeader = thrift.New(format.DataPageHeader{NumValues: values, Encoding: encoding,
		DefinitionLevelEncoding: format.RLE})
	return forgedPage{head, body}
}

func words(texts ...string) (out []byte) {
	for _, text := range texts {
		out = append(binary.LittleEndian.AppendUint32(out, uint32(len(text))), text...)
	}
	return out
}

func uvarints(n ...uint64) (out []byte) {
	for _, x := range n {
		out = binary.AppendUvarint(out, x)
	}
	return out
}

// claims are forged files of a few bytes that make a reader which believes them run out of memory.
var claims = map[string]forged{
	"values": {kind: format.Int32, rows: math.MaxInt32,
		pages: []forgedPage{data(format.Plain, math.MaxInt32, nil)}},
	"rows that pages do not hold": {kind: format.ByteArray, rows: 1 << 40,
		pages: []forgedPage{data(format.Plain, 1, words("a"))}},
	"a run of levels": {kind: format.ByteArray, optional: true, rows: 1,
		pages: []forgedPage{data(format.Plain, 1, append(words(string(append(uvarints(math.MaxInt32<<1), 0))),
			words("a")...))}},
	"a run of places in a dictionary": {kind: format.ByteArray, rows: 1,
		pages: []forgedPage{data(format.RLEDictionary, 1, append([]byte{1}, append(uvarints(math.MaxInt32<<1), 0)...))}},
	"packed places": {kind: format.ByteArray, rows: 1,
		pages: []forgedPage{data(format.RLEDictionary, 1, append([]byte{0}, uvarints(math.MaxInt32<<1|1)...))}},
	"a run of truths": {kind: format.Boolean, rows: 1,
		pages: []forgedPage{data(format.RLE, 1, words(string(append(uvarints(math.MaxInt32<<1), 1))))}},
	"deltas": {kind: format.Int64, rows: 1, pages: []forgedPage{data(format.DeltaBinaryPacked, 1,
		uvarints(128, 4, math.MaxInt32, 0))}},
	"lengths": {kind: format.ByteArray, rows: 1, pages: []forgedPage{data(format.DeltaLengthByteArray, 1,
		uvarints(128, 4, math.MaxInt32, 0))}},
	"prefixes": {kind: format.ByteArray, rows: 1, pages: []forgedPage{data(format.DeltaByteArray, 1,
		uvarints(128, 4, math.MaxInt32, 0))}},
	"second suffixes": {kind: format.ByteArray, rows: 1, pages: []forgedPage{data(format.DeltaByteArray, 1,
		uvarints(128, 4, 1, 0, 128, 4, math.MaxInt32, 0))}},
	"a page's bytes": {kind: format.ByteArray, rows: 1, pages: []forgedPage{func() forgedPage {
		p := data(format.Plain, 1, words("a"))
		p.head.CompressedPageSize = math.MaxInt32
		return p
	}()}},
	"a page's bytes unpacked": {kind: format.ByteArray, rows: 1, codec: format.Snappy,
		pages: []forgedPage{func() forgedPage {
			p := data(format.Plain, 1, words("a"))
			p.head.UncompressedPageSize = math.MaxInt32
			return p
		}()}},
	"a length of Snappy": {kind: format.ByteArray, rows: 1, codec: format.Snappy,
		pages: []forgedPage{data(format.Plain, 1, uvarints(math.MaxUint32))}},
	"LZ4 that is none": {kind: format.ByteArray, rows: 1, codec: format.Lz4Raw,
		pages: []forgedPage{data(format.Plain, 1, bytes.Repeat([]byte{0xff}, 99))}},
	"a column's bytes": {kind: format.ByteArray, rows: 1, pages: []forgedPage{data(format.Plain, 1, words("a"))},
		footer: func(m *format.FileMetaData) { m.RowGroups[0].Columns[0].MetaData.TotalCompressedSize = 1 << 50 }},
	"an index of pages": {kind: format.ByteArray, rows: 1, pages: []forgedPage{data(format.Plain, 1, words("a"))},
		footer: func(m *format.FileMetaData) {
			m.RowGroups[0].Columns[0].OffsetIndexOffset, m.RowGroups[0].Columns[0].OffsetIndexLength = 4, math.MaxInt32
		}},
}

func TestClaimsAreNotBelieved(t *testing.T) {
	for name, f := range claims {
		if err := bounded(t, put(t, f.bytes(t))); err == nil {
			t.Errorf("%s: let through", name)
		}
	}
	// The control: the same forgery with claims that hold.
	for name, f := range map[string]forged{
		"texts": {kind: format.ByteArray, rows: 2, pages: []forgedPage{data(format.Plain, 2, words("a", "bc"))}},
		"texts, some left out": {kind: format.ByteArray, optional: true, rows: 2,
			pages: []forgedPage{data(format.Plain, 2, append(words(string([]byte{4, 1})), words("a", "bc")...))}},
		"truths": {kind: format.Boolean, rows: 8, pages: []forgedPage{data(format.RLE, 8, words(string([]byte{16, 1})))}},
		"deltas": {kind: format.Int64, rows: 1, pages: []forgedPage{data(format.DeltaBinaryPacked, 1,
			uvarints(128, 4, 1, 0))}},
	} {
		path := put(t, f.bytes(t))
		if err := open(path); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		file, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		page, err := file.Root().Columns()[0].Pages().ReadPage()
		if err != nil || page.NumValues() != f.rows {
			t.Errorf("%s: the library reads %v, %v", name, page, err)
		}
		file.Close()
	}
}

// TestFootersAreWalked: lists and texts that claim more than there is, nesting without end, a length beyond the file.
func TestFootersAreWalked(t *testing.T) {
	end := func(footer []byte, length uint32) []byte {
		out := append([]byte(magic), footer...)
		return append(binary.LittleEndian.AppendUint32(out, length), magic...)
	}
	list := append([]byte{0x29, 0xfc}, uvarints(math.MaxInt32)...) // field 2, a list of structs
	text := append([]byte{0x68}, uvarints(math.MaxInt32)...)       // field 6, a text
	deep := bytes.Repeat([]byte{0x1c}, 1<<20)                      // a struct in a struct …
	for name, content := range map[string][]byte{
		"list": end(list, uint32(len(list))), "text": end(text, uint32(len(text))), "deep": end(deep, uint32(len(deep))),
		"length": end(list, math.MaxUint32), "short": []byte("PAR1"), "empty": nil,
		"encrypted": append(end(nil, 0)[:8], "PARE"...),
	} {
		if err := bounded(t, put(t, content)); err == nil {
			t.Errorf("%s: let through", name)
		}
	}
}

// TestDamageNeverPanicsOrGrows flips bytes of a whole file, one at a time and several.
func TestDamageNeverPanicsOrGrows(t *testing.T) {
	note := "n"
	whole := written(t, []row{{"a text", &note}, {"another", nil}, {"a text", &note}}, encodings["dictionary"],
		&parquet.Lz4Raw, 1)
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		spoiled := bytes.Clone(whole)
		for range 1 + random.IntN(3) {
			spoiled[random.IntN(len(spoiled))] = byte(random.IntN(256))
		}
		f, err := Open(put(t, spoiled))
		if err != nil {
			continue
		}
		if f.Look() == nil {
			drainColumns(f)
		}
		f.Close()
	}
}

// drainColumns reads what was let through; the library may find it damaged.
func drainColumns(f *File) {
	defer func() { recover() }()
	for _, c := range f.Root().Columns() {
		pages := c.Pages()
		for {
			if _, err := pages.ReadPage(); err != nil {
				if err != io.EOF {
					pages.Close()
				}
				break
			}
		}
	}
}
