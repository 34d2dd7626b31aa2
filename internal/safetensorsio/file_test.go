package safetensorsio

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"hives/internal/fault"
	"hives/internal/rig/goldentest"
)

// save puts bytes into a file of the test.
func save(t testing.TB, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.safetensors")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// assemble builds a file from a header text and a data section, right or wrong.
func assemble(header string, dataBytes int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	out = append(out, header...)
	return append(out, make([]byte, dataBytes)...)
}

func readAll(t testing.TB, f *File) []Tensor {
	t.Helper()
	var out []Tensor
	for _, name := range f.Names() {
		tensor, err := f.Tensor(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tensor)
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		tensors := drawTensors(rt)
		metadata := rapid.MapOf(rapid.String(), rapid.String()).Draw(rt, "metadata")
		var first, second bytes.Buffer
		if err := Write(&first, tensors, metadata); err != nil {
			rt.Fatal(err)
		}
		f, err := Open(save(t, first.Bytes()))
		if err != nil {
			rt.Fatal(err)
		}
		defer f.Close()
		got := readAll(t, f)
		want := map[string]Tensor{}
		for _, tensor := range tensors {
			want[tensor.Name] = tensor
		}
		if len(got) != len(want) {
			rt.Fatalf("%d tensors, want %d", len(got), len(want))
		}
		for _, tensor := range got {
			if diff := cmp.Diff(want[tensor.Name], tensor); diff != "" {
				rt.Fatalf("tensor %q changed (-written +read):\n%s", tensor.Name, diff)
			}
		}
		if diff := cmp.Diff(metadata, f.Metadata()); diff != "" {
			rt.Fatalf("metadata changed:\n%s", diff)
		}
		if err := Write(&second, got, metadata); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			rt.Fatalf("the bytes depend on the order of the tensors (%v)", err)
		}
	})
}

func drawTensors(rt *rapid.T) []Tensor {
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z<"é.]{0,8}`), 0, 6, rapid.ID[string]).Draw(rt, "names")
	var out []Tensor
	for _, name := range names {
		in := Info{
			Name:  name,
			DType: rapid.SampledFrom([]string{"F32", "BF16", "U8", "I64", "F64", "BOOL"}).Draw(rt, "dtype"),
			Shape: rapid.SliceOfN(rapid.IntRange(0, 4), 0, 3).Draw(rt, "shape"),
		}
		size, err := in.Bytes()
		if err != nil {
			rt.Fatal(err)
		}
		data := rapid.SliceOfN(rapid.Byte(), int(size), int(size)).Draw(rt, "data")
		out = append(out, Tensor{in.Name, in.DType, in.Shape, data})
	}
	return out
}

// Every tensor starts at a multiple of its width, whatever stands before it.
func TestTensorsAreAligned(t *testing.T) {
	var b bytes.Buffer
	err := Write(&b, []Tensor{
		{"a", "U8", []int{3}, make([]byte, 3)},
		{"b", "F64", []int{}, make([]byte, 8)},
		{"c", "BF16", []int{1, 3}, make([]byte, 6)},
		{"d", "F32", []int{5}, make([]byte, 20)},
	}, map[string]string{"odd": "length"})
	if err != nil {
		t.Fatal(err)
	}
	header, data, err := split(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	if len(header)%8 != 0 {
		t.Errorf("the header takes %d bytes, not a multiple of 8", len(header))
	}
	entries, _, err := parseHeader(header, int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.begin%dtypes[e.DType].bytes != 0 {
			t.Errorf("%s (%s) starts at byte %d", e.Name, e.DType, e.begin)
		}
	}
}

// ok is a correct entry of eight bytes, for headers whose fault lies elsewhere.
const ok = `"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`

var hostile = []struct {
	name, header string
	dataBytes    int
	want         string // part of the error
}{
	{"empty header", "", 0, "does not begin"},
	{"leading blank", " {" + ok + "}", 8, "does not begin"},
	{"array", "[1]", 0, "does not begin"},
	{"torn JSON", "{" + ok, 8, "EOF"},
	{"second object", "{" + ok + "}{}", 8, "more than one"},
	{"same name twice", "{" + ok + "," + ok + "}", 8, `"w" stands twice`},
	{"same key twice", `{"w":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8, `"dtype" stands twice`},
	{"same name escaped", "{" + ok + `,"\u0077":{"dtype":"U8","shape":[0],"data_offsets":[8,8]}}`, 8, `"w" stands twice`},
	{"unknown key", `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}}`, 8, `unknown key "x"`},
	{"unknown dtype", `{"w":{"dtype":"F3","shape":[2],"data_offsets":[0,8]}}`, 8, `tensor "w": dtype "F3"`},
	{"dtype in small letters", `{"w":{"dtype":"f32","shape":[2],"data_offsets":[0,8]}}`, 8, `dtype "f32"`},
	{"no shape", `{"w":{"dtype":"F32","data_offsets":[0,8]}}`, 8, "missing"},
	{"null shape", `{"w":{"dtype":"F32","shape":null,"data_offsets":[0,8]}}`, 8, "not an array"},
	{"null in offsets", `{"w":{"dtype":"F32","shape":[2],"data_offsets":[null,8]}}`, 8, "whole numbers"},
	{"one offset", `{"w":{"dtype":"F32","shape":[2],"data_offsets":[8]}}`, 8, "missing"},
	{"three offsets", `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}`, 8, "at most 2"},
	{"fraction", `{"w":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}`, 8, "not a whole number"},
	{"beyond 64 bits", `{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,99999999999999999999]}}`, 8,
		"not a whole number"},
	{"negative offset", `{"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}`, 8, "not a range"},
	{"offsets reversed", `{"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}`, 8, "not a range"},
	{"negative axis", `{"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}`, 8, "negative axis"},
	{"shape unlike bytes", `{"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8, "needs 12 bytes"},
	{"shape overflows", `{"w":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8]}}`, 8, "overflows"},
	{"too many axes", `{"w":{"dtype":"F32","shape":[` + strings.Repeat("1,", 16) + `1],"data_offsets":[0,4]}}`, 4,
		"at most 16"},
	{"overlap", "{" + ok + `,"v":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8, `tensor "v": starts at byte 4`},
	{"gap", "{" + ok + `,"v":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}`, 16, `tensor "v": starts at byte 12`},
	{"truncated", "{" + ok + "}", 7, "need 8 bytes, the file holds 7"},
	{"beyond the file", `{"w":{"dtype":"U8","shape":[1099511627776],"data_offsets":[0,1099511627776]}}`, 8, "cut off"},
	{"appended to", "{" + ok + "}", 9, "holds 9"},
	{"metadata of numbers", `{"__metadata__":{"a":1},` + ok + "}", 8, "not a string"},
	{"metadata twice", `{"__metadata__":{},"__metadata__":{},` + ok + "}", 8, "stands twice"},
	{"deep nesting", `{"w":` + strings.Repeat("[", 20000) + "}", 8, "not a JSON object"},
}

func TestHostileHeaders(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			path := save(t, assemble(c.header, c.dataBytes))
			f, err := Open(path)
			if err == nil {
				f.Close()
				t.Fatal("accepted")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("%q does not name the file and %q", err, c.want)
			}
			if fault.Of(err) != fault.Corrupt {
				t.Errorf("kind %v, want corrupt", fault.Of(err))
			}
			if len(err.Error()) > 1000 {
				t.Errorf("an error of %d bytes", len(err.Error()))
			}
		})
	}
}

func TestGoodHeaderBesideTheHostileOnes(t *testing.T) {
	empty := `,"v":{"dtype":"F32","shape":[0,7],"data_offsets":[0,0]}`
	f, err := Open(save(t, assemble("{"+ok+empty+"}  \n", 8)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := fmt.Sprint(f.Names()); got != "[v w]" {
		t.Errorf("names %s", got)
	}
	if _, err := f.Tensor("u"); fault.Of(err) != fault.NotFound || !strings.Contains(err.Error(), `"u"`) {
		t.Errorf("absent tensor: %v", err)
	}
}

func TestHeaderLengthIsBoundedBeforeUse(t *testing.T) {
	for _, n := range []uint64{1 << 63, 1<<64 - 1, maxHeaderBytes + 1, 9} {
		file := binary.LittleEndian.AppendUint64(nil, n)
		_, err := Open(save(t, append(file, "{}      "...)))
		if fault.Of(err) != fault.Corrupt || !strings.Contains(err.Error(), fmt.Sprint(n)) {
			t.Errorf("length %d: %v", n, err)
		}
	}
}

func TestEveryTruncationIsRefused(t *testing.T) {
	var b bytes.Buffer
	if err := Write(&b, []Tensor{{"w", "F32", []int{3}, make([]byte, 12)}}, nil); err != nil {
		t.Fatal(err)
	}
	for n := range b.Len() {
		f, err := Open(save(t, b.Bytes()[:n]))
		if err == nil {
			f.Close()
			t.Errorf("%d of %d bytes were accepted", n, b.Len())
		}
	}
}

func TestOpenNamesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "absent")); fault.Of(err) != fault.NotFound {
		t.Errorf("absent: %v", err)
	}
	if _, err := Open(dir); fault.Of(err) != fault.Invalid {
		t.Errorf("folder: %v", err)
	}
}

func TestWriteRefuses(t *testing.T) {
	four := make([]byte, 4)
	cases := []struct {
		name    string
		tensors []Tensor
		want    string
	}{
		{"two of one name", []Tensor{{"w", "F32", nil, four}, {"w", "U8", []int{4}, four}}, `"w" stands twice`},
		{"the metadata's name", []Tensor{{"__metadata__", "F32", nil, four}}, "cannot be written"},
		{"a name that JSON would alter", []Tensor{{"\xff", "F32", nil, four}}, "cannot be written"},
		{"unknown dtype", []Tensor{{"w", "f32", nil, four}}, "not supported"},
		{"too few bytes", []Tensor{{"w", "F32", []int{2}, four}}, "needs 8 bytes, got 4"},
		{"negative axis", []Tensor{{"w", "F32", []int{-1}, four}}, "negative axis"},
	}
	for _, c := range cases {
		err := Write(&bytes.Buffer{}, c.tensors, nil)
		if fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// What the reference implementation wrote, we would have written byte for byte.
func TestGoldenBytesAreThoseOfTheReference(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(goldentest.Path(t, "a_model"), "*", "*.safetensors"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no weights among the golden values: %v", err)
	}
	for _, path := range paths {
		f, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := Write(&b, readAll(t, f), f.Metadata()); err != nil {
			t.Fatal(err)
		}
		f.Close()
		if want, _ := os.ReadFile(path); !bytes.Equal(want, b.Bytes()) {
			t.Errorf("%s: %d bytes written anew differ from the %d read", filepath.Base(path), b.Len(), len(want))
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, c := range hostile {
		f.Add([]byte(c.header), int64(c.dataBytes))
	}
	f.Add([]byte("{"+ok+"}"), int64(8))
	f.Add([]byte(`{"__metadata__":{"format":"pt"},`+ok+`,"é":{"dtype":"U8","shape":[0],"data_offsets":[8,8]}}`), int64(8))
	f.Fuzz(func(t *testing.T, header []byte, dataBytes int64) {
		entries, metadata, err := parseHeader(header, dataBytes)
		if err != nil {
			return
		}
		var at int64
		infos := make([]Info, len(entries))
		for i, e := range entries {
			if e.begin != at || e.end < e.begin {
				t.Fatalf("entry %d is [%d, %d] after byte %d", i, e.begin, e.end, at)
			}
			at, infos[i] = e.end, e.Info
		}
		if at != dataBytes {
			t.Fatalf("accepted entries cover %d of %d bytes", at, dataBytes)
		}
		again, err := layOut(infos)
		if err != nil {
			t.Fatalf("a header that was read cannot be written: %v", err)
		}
		if _, err := encodeHeader(again, metadata); err != nil {
			t.Fatal(err)
		}
	})
}
