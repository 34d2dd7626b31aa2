package parquettext

import (
	"bytes"
	"math"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// element is a leaf of a schema.
func element(kind format.Type, logical format.LogicalTypeValue) *format.SchemaElement {
	return &format.SchemaElement{Type: thrift.New(kind), LogicalType: format.LogicalType{Value: logical}}
}

// older is a leaf that only has a converted type.
func older(kind format.Type, converted deprecated.ConvertedType, scale int32) *format.SchemaElement {
	return &format.SchemaElement{Type: thrift.New(kind), ConvertedType: thrift.New(converted), Scale: thrift.New(scale)}
}

func TestValuesByLogicalType(t *testing.T) {
	i32, i64 := parquet.Int32Value, parquet.Int64Value
	raw := func(b ...byte) parquet.Value { return parquet.FixedLenByteArrayValue(b) }
	text := func(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }
	micro := format.TimeUnit{Value: &format.MicroSeconds{}}
	milli := format.TimeUnit{Value: &format.MilliSeconds{}}
	nano := format.TimeUnit{Value: &format.NanoSeconds{}}
	noon := time.Date(2024, 3, 1, 12, 0, 0, 500_000_000, time.UTC)
	for _, c := range []struct {
		reason string
		e      *format.SchemaElement
		v      parquet.Value
		want   string
		class  Class
	}{
		{"text", element(format.ByteArray, &format.StringType{}), text("é"), "é", Words},
		{"text of an older writer", older(format.ByteArray, deprecated.UTF8, 0), text("é"), "é", Words},
		{"enum", element(format.ByteArray, &format.EnumType{}), text("mft"), "mft", Words},
		{"enum of an older writer", older(format.ByteArray, deprecated.Enum, 0), text("mft"), "mft", Words},
		{"JSON is its own text", element(format.ByteArray, &format.JsonType{}), text(`{"a":1}`), `{"a":1}`, Other},
		{"decimal in 32 bits", element(format.Int32, &format.DecimalType{Scale: 1, Precision: 9}), i32(30), "3.0", Number},
		{"decimal in 64 bits", element(format.Int64, &format.DecimalType{Scale: 2, Precision: 18}), i64(-125),
			"-1.25", Number},
		{"decimal in bytes", element(format.FixedLenByteArray, &format.DecimalType{Scale: 1, Precision: 20}), raw(0xff, 0xce),
			"-5.0", Number},
		{"decimal in bytes, positive", element(format.ByteArray, &format.DecimalType{Scale: 0, Precision: 4}),
			raw(0x00, 0xff), "255", Number},
		{"decimal below one", element(format.Int32, &format.DecimalType{Scale: 3, Precision: 9}), i32(-7), "-0.007", Number},
		{"decimal zero", element(format.Int32, &format.DecimalType{Scale: 2, Precision: 9}), i32(0), "0.00", Number},
		{"decimal beyond 64 bits", element(format.ByteArray, &format.DecimalType{Scale: 1, Precision: 38}),
			raw(1, 0, 0, 0, 0, 0, 0, 0, 0), "1844674407370955161.6", Number},
		{"decimal of an older writer", older(format.Int32, deprecated.Decimal, 1), i32(-10), "-1.0", Number},
		{"a byte without a sign", element(format.Int32, &format.IntType{BitWidth: 8}), i32(200), "200", Number},
		{"32 bits without a sign", element(format.Int32, &format.IntType{BitWidth: 32}), i32(-1), "4294967295", Number},
		{"64 bits without a sign", element(format.Int64, &format.IntType{BitWidth: 64}), i64(-1), "18446744073709551615",
			Number},
		{"16 bits with one", element(format.Int32, &format.IntType{BitWidth: 16, IsSigned: true}), i32(-3), "-3", Number},
		{"without a sign, older writer", older(format.Int32, deprecated.Uint32, 0), i32(-1), "4294967295", Number},
		{"64 bits without a sign, older writer", older(format.Int64, deprecated.Uint64, 0), i64(-1), "18446744073709551615",
			Number},
		{"a signed byte, older writer", older(format.Int32, deprecated.Int8, 0), i32(-1), "-1", Number},
		{"a number without a type", element(format.Int64, nil), i64(-9), "-9", Number},
		{"single precision", element(format.Float, nil), parquet.FloatValue(.1), "0.1", Number},
		{"double precision", element(format.Double, nil), parquet.DoubleValue(1), "1", Number},
		{"half precision", element(format.FixedLenByteArray, &format.Float16Type{}), raw(0x00, 0x3e), "1.5", Number},
		{"half precision, negative", element(format.FixedLenByteArray, &format.Float16Type{}), raw(0x00, 0xbc), "-1", Number},
		{"the smallest half", element(format.FixedLenByteArray, &format.Float16Type{}), raw(0x01, 0x00), "5.9604645e-08",
			Number},
		{"a half that is infinite", element(format.FixedLenByteArray, &format.Float16Type{}), raw(0x00, 0xfc),
			"-Inf", Number},
		{"a half that is none", element(format.FixedLenByteArray, &format.Float16Type{}), raw(0x01, 0x7c), "NaN", Number},
		{"date", element(format.Int32, &format.DateType{}), i32(19783), "2024-03-01", Other},
		{"date before 1970", element(format.Int32, &format.DateType{}), i32(-1), "1969-12-31", Other},
		{"date of an older writer", older(format.Int32, deprecated.Date, 0), i32(19783), "2024-03-01", Other},
		{"time in milliseconds", element(format.Int32, &format.TimeType{Unit: milli}), i32(45_296_007), "12:34:56.007",
			Other},
		{"time in nanoseconds", element(format.Int64, &format.TimeType{Unit: nano}), i64(1), "00:00:00.000000001", Other},
		{"time of an older writer", older(format.Int64, deprecated.TimeMicros, 0), i64(3_600_000_000), "01:00:00", Other},
		{"moment in microseconds", element(format.Int64, &format.TimestampType{Unit: micro}), i64(noon.UnixMicro()),
			"2024-03-01T12:00:00.5", Other},
		{"moment in UTC", element(format.Int64, &format.TimestampType{Unit: milli, IsAdjustedToUTC: true}),
			i64(noon.UnixMilli()), "2024-03-01T12:00:00.5Z", Other},
		{"moment in nanoseconds", element(format.Int64, &format.TimestampType{Unit: nano}), i64(-1),
			"1969-12-31T23:59:59.999999999", Other},
		{"moment in the year 9999", element(format.Int64, &format.TimestampType{Unit: milli}), i64(253402300799000),
			"9999-12-31T23:59:59", Other},
		{"moment of an older writer", older(format.Int64, deprecated.TimestampMillis, 0), i64(noon.UnixMilli()),
			"2024-03-01T12:00:00.5Z", Other},
		{"moment in 96 bits", element(format.Int96, nil), parquet.Int96Value(deprecated.Int96{1, 0, julianEpoch + 19783}),
			"2024-03-01T00:00:00.000000001", Other},
		{"UUID", element(format.FixedLenByteArray, &format.UUIDType{}),
			raw(0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff),
			"00112233-4455-6677-8899-aabbccddeeff", Other},
		{"truth", element(format.Boolean, nil), parquet.BooleanValue(true), "true", Other},
	} {
		_, class, show := describe(c.e)
		if show == nil || class != c.class {
			t.Errorf("%s: class %d, want %d", c.reason, class, c.class)
			continue
		}
		if got := show(c.v); got != c.want {
			t.Errorf("%s: %q, want %q", c.reason, got, c.want)
		}
	}
}

func TestTypesWithoutText(t *testing.T) {
	for reason, e := range map[string]*format.SchemaElement{
		"BSON":                          element(format.ByteArray, &format.BsonType{}),
		"BSON of an older writer":       older(format.ByteArray, deprecated.Bson, 0),
		"interval":                      older(format.FixedLenByteArray, deprecated.Interval, 0),
		"geometry":                      element(format.ByteArray, &format.GeometryType{}),
		"bytes of a fixed length":       element(format.FixedLenByteArray, nil),
		"bytes that nothing is said of": element(format.ByteArray, nil),
	} {
		name, class, _ := describe(e)
		if class != None || name == "" {
			t.Errorf("%s: %q of class %d", reason, name, class)
		}
	}
	if _, class, _ := describe(element(format.Int32, &format.NullType{})); class != Null {
		t.Errorf("a column of nulls has class %d", class)
	}
}

// The dumb twin of half: every finite number of 16 bits, from the formula.
func TestEveryHalf(t *testing.T) {
	for bits := range 1 << 16 {
		sign, exponent, fraction := 1.0, bits>>10&31, float64(bits%1024)
		if bits >= 1<<15 {
			sign = -1
		}
		want := sign * math.Pow(2, -14) * fraction / 1024
		if exponent == 31 {
			continue
		} else if exponent > 0 {
			want = sign * math.Pow(2, float64(exponent)-15) * (1 + fraction/1024)
		}
		got := half(parquet.FixedLenByteArrayValue([]byte{byte(bits), byte(bits >> 8)}))
		if got != float(parquet.FloatValue(float32(want))) {
			t.Fatalf("%#04x: %s, want %v", bits, got, want)
		}
	}
}

// Columns find their leaves behind nested ones, which have several.
func TestColumnsBehindNestedOnes(t *testing.T) {
	type inner struct {
		A int32  `parquet:"a"`
		B string `parquet:"b"`
	}
	type row struct {
		In   inner          `parquet:"in"`
		Map  map[string]int `parquet:"map"`
		List []string       `parquet:"list,list"`
		Many []int32        `parquet:"many"`
		Text string         `parquet:"text"`
		Odd  []byte         `parquet:"odd"`
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, []row{{inner{1, "x"}, map[string]int{"k": 1, "l": 2}, []string{"p", "q"}, []int32{1, 2},
		"one", []byte{1}},
		{inner{2, "y"}, nil, nil, nil, "two", nil}}); err != nil {
		t.Fatal(err)
	}
	file, err := parquet.OpenFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	classes := map[string]Class{}
	for _, c := range Columns(file) {
		classes[c.Name] = c.Class
		if c.Name != "text" {
			continue
		}
		page, err := c.Pages().ReadPage()
		if err != nil {
			t.Fatal(err)
		}
		values := make([]parquet.Value, 2)
		if n, _ := page.Values().ReadValues(values); n != 2 || c.Text(values[0]) != "one" || c.Text(values[1]) != "two" {
			t.Errorf("%d values, %v", n, values)
		}
	}
	for name, want := range map[string]Class{"in": None, "map": None, "list": None, "many": None, "text": Words,
		"odd": None} {
		if classes[name] != want {
			t.Errorf("%s has class %d, want %d", name, classes[name], want)
		}
	}
}
