package gguf

import (
	"math"
	"runtime"
	"strings"
	"testing"

	peer "github.com/gomlx/go-huggingface/models/gguf"
	"github.com/google/go-cmp/cmp"

	"hives/internal/fault"
)

// one adds a good tensor of eight bytes, for files whose fault lies elsewhere.
func one() *builder { return newBuilder().tensor("w", F32, 0, 2).bytes(8) }

var hostile = []struct {
	name string
	file []byte
	kind fault.Kind
	want string // part of the error
}{
	{"another format", append([]byte("GGML"), make([]byte, 40)...), fault.Invalid, "does not begin with GGUF"},
	{"too short", []byte("GGUF"), fault.Corrupt, "4 bytes are no file"},
	{"version 1", func() []byte { b := one(); b.version = 1; return b.file() }(), fault.Invalid, "version 1"},
	{"big-endian", func() []byte { b := one(); b.version = 3 << 24; return b.file() }(), fault.Invalid, "big-endian"},
	{"huge count of tensors", func() []byte { b := one(); b.tensorCount = 1 << 40; return b.file() }(), fault.Corrupt,
		"1099511627776 tensors"},
	{"huge count of keys", func() []byte { b := one(); b.keyCount = math.MaxInt64; return b.file() }(), fault.Corrupt,
		"metadata keys are announced"},
	{"one tensor too few", func() []byte { b := one(); b.tensorCount, b.data = 2, nil; return b.file() }(), fault.Corrupt,
		"tensor 1:"},
	{"one key too few", func() []byte { b := newBuilder(); b.keyCount = 1; return b.file() }(), fault.Corrupt,
		"metadata key 0"},
	{"key longer than the file", join([]byte(magic), u32(3), u64(0), u64(1), u64(math.MaxUint64), []byte("key")),
		fault.Corrupt, "18446744073709551615 bytes are announced"},
	{"same key twice", one().key("a", kindU8, []byte{1}).key("a", kindU8, []byte{1}).file(), fault.Corrupt,
		`"a" stands twice`},
	{"unknown value type", one().key("a", 13, u64(0)).file(), fault.Corrupt, "value type 13"},
	{"unknown element type", one().array("a", 99, 1, u64(0)).file(), fault.Corrupt, "value type 99"},
	{"array of arrays", one().array("a", kindArray, 1, u32(0), u64(0)).file(), fault.Corrupt, "array of arrays"},
	{"array longer than the file", one().array("a", kindF64, 1<<40).file(), fault.Corrupt, "are left"},
	{"array whose bytes overflow", one().array("a", kindF64, 1<<61+1).file(), fault.Corrupt,
		"array of 2305843009213693953"},
	{"strings longer than the file", one().array("a", kindString, math.MaxUint64, text("x")).file(), fault.Corrupt, `"a"`},
	{"string longer than the file", one().key("a", kindString, u64(1<<50)).file(), fault.Corrupt, "are announced"},
	{"alignment of 0", one().key(keyAlignment, kindU32, u32(0)).file(), fault.Corrupt, "no power of two"},
	{"alignment of 24", one().key(keyAlignment, kindU32, u32(24)).file(), fault.Corrupt, "no power of two"},
	{"alignment in words", one().key(keyAlignment, kindString, text("32")).file(), fault.Corrupt, "no power of two"},
	{"alignment in an empty array", one().array(keyAlignment, kindU32, 0).file(), fault.Corrupt, "no power of two"},
	{"same tensor twice", one().tensor("w", F32, 0, 2).file(), fault.Corrupt, `"w" stands twice`},
	{"unknown type", newBuilder().tensor("w", 13, 0, 256).bytes(512).file(), fault.Invalid, `tensor "w": ` +
		`type 13 is not supported: F32`},
	{"type far away", newBuilder().tensor("w", math.MaxUint32, 0, 256).bytes(512).file(), fault.Invalid,
		"type 4294967295"},
	{"part of a block", newBuilder().tensor("w", Q8_0, 0, 33).bytes(64).file(), fault.Corrupt, "not whole blocks of 32"},
	{"part of a large block", newBuilder().tensor("w", Q6_K, 0, 128).bytes(512).file(), fault.Corrupt,
		"not whole blocks of 256"},
	{"five axes", newBuilder().tensor("w", F32, 0, 1, 1, 1, 1, 1).bytes(8).file(), fault.Corrupt, "5 axes"},
	{"an axis of 0", newBuilder().tensor("w", F32, 0, 2, 0).bytes(8).file(), fault.Corrupt, "an axis of 0"},
	{"a negative axis", newBuilder().tensor("w", F32, 0, math.MaxUint64).bytes(8).file(), fault.Corrupt,
		"an axis of 18446744073709551615"},
	{"axes that overflow", newBuilder().tensor("w", F32, 0, 1<<30, 1<<30, 1<<30, 1<<30).bytes(8).file(), fault.Corrupt,
		"overflows"},
	{"more numbers than bytes", newBuilder().tensor("w", F32, 0, 1<<30, 1<<20).bytes(8).file(), fault.Corrupt,
		"the file holds 8"},
	{"offset not aligned", newBuilder().tensor("w", F32, 4, 1).bytes(8).file(), fault.Corrupt,
		"offset 4 is no multiple of 32"},
	{"negative offset", newBuilder().tensor("w", F32, math.MaxUint64-31, 1).bytes(8).file(), fault.Corrupt,
		"the file holds 8"},
	{"offset behind the end", newBuilder().tensor("w", F32, 64, 1).bytes(8).file(), fault.Corrupt, "the file holds 8"},
	{"cut off", newBuilder().tensor("w", F32, 0, 3).bytes(8).file(), fault.Corrupt, "12 bytes at offset 0"},
	{"overlap", newBuilder().tensor("v", F32, 0, 16).tensor("w", F32, 32, 1).bytes(64).file(), fault.Corrupt,
		`tensor "w": its bytes overlap those of "v"`},
	{"the same bytes twice", newBuilder().tensor("v", F32, 0, 1).tensor("w", F32, 0, 1).bytes(4).file(),
		fault.Corrupt, "overlap"},
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			path := save(t, c.file)
			_, err := Open(path)
			if fault.Of(err) != c.kind || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("error %v (%v), want %v of the file that says %q", err, fault.Of(err), c.kind, c.want)
			}
		})
	}
}

// A header cut off anywhere is an error, never a panic and never a file with less in it.
func TestCutAnywhere(t *testing.T) {
	whole := newBuilder().key("a", kindU32, u32(7)).array("b", kindString, 2, text("x"), text("yy")).
		tensor("v", Q4_0, 0, 32, 2).tensor("w", F32, 64, 2).bytes(72).file()
	mustOpen(t, save(t, whole))
	for n := headBytes; n < len(whole); n++ { // less is refused before it is parsed
		if _, err := parse(whole[:n]); err == nil {
			t.Errorf("%d of %d bytes were taken for a file", n, len(whole))
		}
	}
}

// Refusing a header allocates nothing of the size that it announces; the longest of these is 208 bytes.
func TestHostileHeadersCostNothing(t *testing.T) {
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	for _, c := range hostile {
		before := allocated()
		if _, err := parse(c.file); err == nil {
			t.Errorf("%s: no error", c.name)
		}
		if cost := allocated() - before; cost > 1<<16 {
			t.Errorf("%s: %d bytes allocated for a file of %d", c.name, cost, len(c.file))
		}
	}
}

func TestMetadata(t *testing.T) {
	b := newBuilder().key("u8", kindU8, []byte{200}).key("i8", kindI8, []byte{200}).key("u16", kindU16, []byte{1, 2}).
		key("i16", kindI16, []byte{0xFF, 0xFF}).key("i32", kindI32, u32(math.MaxUint32)).key("u64", kindU64, u64(5)).
		key("i64", kindI64, u64(math.MaxUint64)).key("beyond", kindU64, u64(math.MaxUint64)).
		key("f32", kindF32, f32(1e-5)).key("f64", kindF64, u64(math.Float64bits(.1))).key("yes", kindBool, []byte{1}).
		key("s", kindString, text("é")).array("ss", kindString, 2, text(""), text("b")).array("is", kindI32, 2,
		u32(1), u32(2)).
		array("fs", kindF32, 1, f32(1)).array("none", kindString, 0)
	f := mustOpen(t, save(t, b.file()))
	for key, want := range map[string]int{"u8": 200, "i8": -56, "u16": 513, "i16": -1, "i32": -1, "u64": 5, "i64": -1} {
		if got, err := f.Int(key); got != want || err != nil {
			t.Errorf("%s: %d, error %v, want %d", key, got, err, want)
		}
	}
	for key, want := range map[string]float64{"f32": 1e-5, "f64": .1, "u8": 200} {
		if got, err := f.Float(key); got != want || err != nil {
			t.Errorf("%s: %v, error %v, want %v", key, got, err, want)
		}
	}
	s, err := f.String("s")
	yes, err2 := f.Bool("yes")
	ss, err3 := f.Strings("ss")
	is, err4 := f.Ints("is")
	none, err5 := f.Strings("none")
	if s != "é" || !yes || err != nil || err2 != nil || err3 != nil || err4 != nil || err5 != nil ||
		!cmp.Equal(ss, []string{"", "b"}) || !cmp.Equal(is, []int{1, 2}) || len(none) != 0 {
		t.Errorf("%q %v %q %v %q, errors %v %v %v %v %v", s, yes, ss, is, none, err, err2, err3, err4, err5)
	}
	if len(f.Keys()) != 16 || f.Keys()[0] != "u8" || !f.Has("none") || f.Has("x") {
		t.Errorf("keys %v", f.Keys())
	}
}

func TestMetadataOfAnotherType(t *testing.T) {
	f := mustOpen(t, save(t, newBuilder().key("n", kindU8, []byte{1}).key("s", kindString, text("x")).
		key("beyond", kindU64, u64(math.MaxUint64)).array("fs", kindF32, 1, f32(1)).file()))
	for name, get := range map[string]func(key string) error{
		"String":  func(k string) error { _, err := f.String(k); return err },
		"Int":     func(k string) error { _, err := f.Int(k); return err },
		"Float":   func(k string) error { _, err := f.Float(k); return err },
		"Bool":    func(k string) error { _, err := f.Bool(k); return err },
		"Strings": func(k string) error { _, err := f.Strings(k); return err },
		"Ints":    func(k string) error { _, err := f.Ints(k); return err },
	} {
		if err := get("absent"); fault.Of(err) != fault.NotFound {
			t.Errorf("%s of a key that is absent: %v", name, err)
		}
		for _, key := range []string{"fs", "s", "n", "beyond"} {
			if name == "String" && key == "s" || (name == "Int" || name == "Float") && key == "n" {
				continue
			}
			if err := get(key); fault.Of(err) != fault.Invalid || !strings.Contains(err.Error(), key) {
				t.Errorf("%s of %s: %v", name, key, err)
			}
		}
	}
}

// Tensors come in the order of their bytes, whatever the header's, each with its own: the peer mixes the names of
// such a file up, so it is asked about ordered files only.
func TestTensorsNotInOrder(t *testing.T) {
	b := newBuilder().tensor("late", F32, 32, 2).tensor("early", F32, 0, 1, 3).bytes(40)
	copy(b.data[32:], join(f32(1), f32(2)))
	copy(b.data, join(f32(3), f32(4), f32(5)))
	f := mustOpen(t, save(t, b.file()))
	if diff := cmp.Diff([]string{"early", "late"}, f.Names()); diff != "" {
		t.Error(diff)
	}
	late, _ := f.Tensor("late")
	early, _ := f.Tensor("early")
	row, number := make([]float32, 2), make([]float32, 1)
	late.Row(0, row)
	early.Row(2, number)
	if !cmp.Equal(row, []float32{1, 2}) || number[0] != 5 || !cmp.Equal(early.Shape, []int{3, 1}) || early.Rows() != 3 {
		t.Errorf("late %v, last of early %v, shape %v", row, number, early.Shape)
	}
	if _, err := f.Tensor("absent"); fault.Of(err) != fault.NotFound {
		t.Errorf("absent: %v", err)
	}
	f.Forget(late.Data) // may be read again
	if late.Row(0, row); row[1] != 2 {
		t.Errorf("after Forget: %v", row)
	}
}

// What Python's gguf package wrote, go-huggingface's reader sees as this one does.
func TestPeerReadsTheSame(t *testing.T) {
	theirs, err := peer.Open("testdata/llama.gguf")
	if err != nil {
		t.Fatal(err)
	}
	ours := mustOpen(t, "testdata/llama.gguf")
	if len(theirs.TensorInfos) != len(ours.Names()) || len(ours.Names()) == 0 {
		t.Fatalf("%d tensors, the peer has %d", len(ours.Names()), len(theirs.TensorInfos))
	}
	for _, info := range theirs.TensorInfos {
		tensor, err := ours.Tensor(info.Name)
		if err != nil {
			t.Fatal(err)
		}
		size := 1
		for _, d := range tensor.Shape {
			size *= d
		}
		if n := int64(len(tensor.Data)); n != info.NumBytes() || size == 0 {
			t.Errorf("%s: %d bytes, the peer has %d", info.Name, n, info.NumBytes())
		}
	}
}
