package chaos

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"
)

// noText stands for bytes that are no UTF-8, which the library would not put into a message. Malformed puts the
// bytes in their place afterwards; they are as many, so lengths stay right.
const noText = "\x01no text\x01"

// harmless texts and numbers, of which messages are made that mean something; strange ones are all of them and more:
// nothing, blanks, control characters, marks without letters, much of little, edges of what a field holds.
var (
	harmless = []string{"a lie", "I owe her the truth.", "no", "🙂", "query", "mft/care-harm"}
	strange  = append([]string{
		"", " ", "\n\t", "\x00", noText, noText + " a lie", "\ufeff", "\u0301\u0301\u0301", "<|endoftext|>", "%s%n", "\u202e",
		strings.Repeat("a", 5000), strings.Repeat("🙂", 300), strings.Repeat(" ", 3000),
	}, harmless...)

	small   = []uint64{0, 1, 2, 3, 7, 8}
	numbers = append([]uint64{255, 256, 8191, 8192, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32, math.MaxUint64},
		small...)
)

// maker makes messages of any type from its description, so that it needs no line for a new field.
type maker struct {
	random  *rand.Rand
	texts   []string
	numbers []uint64
	wild    bool // enumerations may hold what they do not know
}

// Malformed makes the bytes of one request for a method: of its type, with harmless or strange contents, perhaps with
// bytes changed, or bytes alone.
//
//	1 in 10     up to 200 bytes of noise
//	5 in 10     harmless texts and small numbers: most of these are answered
//	4 in 10     strange ones, with enumerations that nobody knows
//	then 1 in 4 of the latter two is spoiled
func Malformed(random *rand.Rand, input protoreflect.MessageDescriptor) []byte {
	// Strange is the default; half of all messages are made harmless below.
	k := &maker{random, strange, numbers, true}
	switch random.IntN(10) {
	case 0:
		return noise(random, random.IntN(200))
	case 1, 2, 3, 4, 5:
		k = &maker{random, harmless, small, false}
	}
	m := dynamicpb.NewMessage(input)
	k.fill(m, 0)
	// Deterministic, since the order of fields would else be another one in each process, and a seed would mean
	// nothing.
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err) // of proto3's fields only text can be wrong, and all of ours is right
	}
	raw = bytes.ReplaceAll(raw, []byte(noText), []byte("\xff\xfe\xed\xa0\x80\xff\xc0\xaf\xf5"))
	if random.IntN(4) == 0 {
		raw = spoil(random, raw)
	}
	return raw
}

// noise is n random bytes.
func noise(random *rand.Rand, n int) []byte {
	out := make([]byte, n)
	for i := range out {
		out[i] = byte(random.Uint32())
	}
	return out
}

// spoil flips bits, cuts the end off, or puts noise in: what a bad cable, a full disk and a wrong pointer do. It
// may change raw itself.
func spoil(random *rand.Rand, raw []byte) []byte {
	if len(raw) == 0 {
		return raw
	}
	at := random.IntN(len(raw))
	switch random.IntN(4) {
	case 0:
		return raw[:at]
	// Noise in the middle moves all that is behind it, so lengths no longer fit.
	case 1:
		return append(append(append([]byte(nil), raw[:at]...), noise(random, 1+random.IntN(8))...), raw[at:]...)
	case 2: // the first bytes are tags and lengths
		raw[random.IntN(min(4, len(raw)))] ^= 1 << random.IntN(8)
	default:
		raw[at] ^= 1 << random.IntN(8)
	}
	return raw
}

// deepest message in a message that is filled. A message that may hold itself would not end otherwise.
const deepest = 3

// fill sets each field in half of the cases, so that each pair of fields is now and then there and now and then
// not.
func (k *maker) fill(m protoreflect.Message, depth int) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		switch f := fields.Get(i); {
		case k.random.IntN(2) == 0 || f.IsMap() || f.Message() != nil && depth == deepest:
		case f.IsList():
			k.list(f, m.Mutable(f).List(), depth)
		case f.Message() != nil:
			k.fill(m.Mutable(f).Message(), depth+1)
		default:
			m.Set(f, k.scalar(f))
		}
	}
}

// list appends mostly few items, now and then more than a request may have: 256 texts is the limit, and 250 to 269
// come.
func (k *maker) list(f protoreflect.FieldDescriptor, list protoreflect.List, depth int) {
	n := 1 + k.random.IntN(4)
	if k.random.IntN(40) == 0 {
		n = 250 + k.random.IntN(20)
	}
	for range n {
		if f.Message() != nil {
			k.fill(list.AppendMutable().Message(), depth+1)
		} else {
			list.Append(k.scalar(f))
		}
	}
}

// scalar is a value of a field's type from the maker's texts and numbers. A number that is too large for the field
// is cut to its bits, which makes negative ones.
func (k *maker) scalar(f protoreflect.FieldDescriptor) protoreflect.Value {
	n := k.numbers[k.random.IntN(len(k.numbers))]
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(k.texts[k.random.IntN(len(k.texts))])
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(noise(k.random, k.random.IntN(64)))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n%2 == 0)
	case protoreflect.EnumKind:
		known := uint64(f.Enum().Values().Len())
		// Two numbers beyond those that the enumeration has.
		if k.wild {
			known += 2
		}
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(int32(n % known)))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(int64(n))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(n)
	case protoreflect.FloatKind: // the multipliers spread numbers over all bits, NaN and infinities among them
		return protoreflect.ValueOfFloat32(math.Float32frombits(uint32(n) * 2654435761))
	default:
		return protoreflect.ValueOfFloat64(math.Float64frombits(n * 0x9E3779B97F4A7C15))
	}
}
