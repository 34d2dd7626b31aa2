package parquettext

import (
	"encoding/binary"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// bytesText takes the bytes as they are; whether they are UTF-8 is for the reader to check.
func bytesText(v parquet.Value) string { return string(v.ByteArray()) }

// float prints as few digits as tell the number apart, of a FLOAT among 32-bit numbers: 0.1 stays 0.1.
func float(v parquet.Value) string {
	if v.Kind() == parquet.Float {
		return strconv.FormatFloat(float64(v.Float()), 'g', -1, 32)
	}
	return strconv.FormatFloat(v.Double(), 'g', -1, 64)
}

// integer prints numbers without a sign as such: the INT32 of -1 is 4294967295.
func integer(l *format.IntType) func(parquet.Value) string {
	if l.IsSigned {
		return parquet.Value.String
	}
	return func(v parquet.Value) string {
		if v.Kind() == parquet.Int32 {
			return strconv.FormatUint(uint64(v.Uint32()), 10)
		}
		return strconv.FormatUint(v.Uint64(), 10)
	}
}

// decimal puts the point where the scale says. The unscaled number is an INT32, an INT64 or big-endian bytes. Big
// numbers, since a DECIMAL may have 38 digits and more. With a scale of 2, 5 is "0.05" and −1234 is "-12.34".
func decimal(kind format.Type, scale int32) func(parquet.Value) string {
	return func(v parquet.Value) string {
		n := new(big.Int)
		switch kind {
		case format.Int32:
			n.SetInt64(int64(v.Int32()))
		case format.Int64:
			n.SetInt64(v.Int64())
		default:
			raw := v.ByteArray()
			n.SetBytes(raw)
			if len(raw) > 0 && raw[0] >= 0x80 { // two's complement
				n.Sub(n, new(big.Int).Lsh(big.NewInt(1), uint(8*len(raw))))
			}
		}
		digits := new(big.Int).Abs(n).String()
		if scale > 0 {
			// At least one digit before the point: 5 at a scale of 2 becomes 005.
			if missing := int(scale) + 1 - len(digits); missing > 0 {
				digits = strings.Repeat("0", missing) + digits
			}
			digits = digits[:len(digits)-int(scale)] + "." + digits[len(digits)-int(scale):]
		}
		if n.Sign() < 0 {
			digits = "-" + digits
		}
		return digits
	}
}

// half is a number of 16 bits, little-endian: a sign, 5 bits of exponent with a bias of 15, 10 bits of fraction.
func half(v parquet.Value) string {
	bits := binary.LittleEndian.Uint16(v.ByteArray())
	exponent, fraction := int(bits>>10&0x1f), float64(bits&0x3ff)
	// (1 + fraction/1024) · 2^(exponent − 15), with the fraction as a whole number of 1024ths.
	x := math.Ldexp(1024+fraction, exponent-25)
	switch {
	// Numbers near 0 have no leading 1.
	case exponent == 0:
		x = math.Ldexp(fraction, -24)
	case exponent == 0x1f && fraction == 0:
		x = math.Inf(1)
	case exponent == 0x1f:
		x = math.NaN()
	}
	if bits&0x8000 != 0 {
		x = -x
	}
	return strconv.FormatFloat(x, 'g', -1, 32)
}

// date counts calendar days from 1 January 1970, before it too.
func date(v parquet.Value) string {
	return time.Unix(0, 0).UTC().AddDate(0, 0, int(v.Int32())).Format(time.DateOnly)
}

// clock is the time of a day.
func clock(kind format.Type, l *format.TimeType) func(parquet.Value) string {
	return func(v parquet.Value) string {
		n := v.Int64()
		if kind == format.Int32 {
			n = int64(v.Int32())
		}
		return moment(0, n, l.Unit.Value.Duration()).Format("15:04:05.999999999")
	}
}

// timestamp is a moment with its zone, or one of a calendar that hangs nowhere.
func timestamp(l *format.TimestampType) func(parquet.Value) string {
	layout := "2006-01-02T15:04:05.999999999"
	if l.IsAdjustedToUTC {
		layout += "Z"
	}
	return func(v parquet.Value) string { return moment(0, v.Int64(), l.Unit.Value.Duration()).Format(layout) }
}

// moment is n units after the beginning of 1970 and some seconds. All nanoseconds since would not fit an int64.
func moment(seconds, n int64, unit time.Duration) time.Time {
	each := int64(time.Second / unit)
	whole, rest := n/each, n%each
	return time.Unix(seconds+whole, rest*int64(unit)).UTC()
}

// julianEpoch is the Julian day of 1 January 1970.
const julianEpoch = 2440588

// int96 is the older form of a timestamp: nanoseconds of a day, then the Julian day. A Julian day begins at noon in
// astronomy; here, as Spark and Impala write it, at midnight.
func int96(v parquet.Value) string {
	x := v.Int96()
	seconds := (int64(x[2]) - julianEpoch) * 24 * 60 * 60
	return moment(seconds, int64(x[0])|int64(x[1])<<32, time.Nanosecond).Format("2006-01-02T15:04:05.999999999")
}

// uuid writes 16 bytes in the usual groups; anything else as plain hexadecimal digits.
func uuid(v parquet.Value) string {
	x := hex.EncodeToString(v.ByteArray())
	if len(x) != 32 {
		return x
	}
	return x[:8] + "-" + x[8:12] + "-" + x[12:16] + "-" + x[16:20] + "-" + x[20:]
}
