package parquettext

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/deprecated"
	"github.com/parquet-go/parquet-go/format"
)

// Class says what a column's values are.
type Class int

const (
	Other  Class = iota // has a text form, but is neither of the following: DATE, UUID, BOOLEAN …
	Words               // text
	Number              // whole or not
	Null                // always empty
	None                // has no text form
)

// Column is a column below a file's root.
type Column struct {
	Name  string
	Type  string // as messages name it: "DECIMAL(9,1)", "a nested column"
	Class Class
	Text  func(parquet.Value) string // of a value that is not null; of Class None only unmarked bytes have it

	leaf *parquet.Column
}

// Unmarked tells bytes that nothing is said of, which older writers mean as text.
func (c *Column) Unmarked() bool { return c.Class == None && c.Text != nil }

// Columns describes the columns of a file in their order. Parquet keeps a schema as a flat list, each group followed
// by its children. at walks it beside the columns:
//
//	root 3, a, b 2, b.x, b.y, c     at = 1 (a), 2 (b, a group: skip 2 more), 5 (c)
//
// Counting only columns would give c the type of b.x (TestColumnsBehindNestedOnes).
func Columns(file *parquet.File) []Column {
	elements := file.Metadata().Schema // depth first; the root stands at 0
	var out []Column
	at := 1
	for _, column := range file.Root().Columns() {
		c := Column{Name: column.Name(), Type: "a nested column", Class: None, leaf: column}
		// A list of texts has no one text form, and joining its parts would invent one.
		if column.Leaf() && column.Repeated() {
			c.Type = "a repeated column"
		} else if column.Leaf() {
			c.Type, c.Class, c.Text = describe(&elements[at])
		}
		at = past(elements, at)
		out = append(out, c)
	}
	return out
}

// past is the place behind an element and all below it.
func past(elements []format.SchemaElement, at int) int {
	next := at + 1
	for range elements[at].NumChildren.V {
		next = past(elements, next)
	}
	return next
}

// Pages reads a plain column from its beginning.
func (c *Column) Pages() parquet.Pages { return c.leaf.Pages() }

// describe finds what a leaf's values are. The newer annotation goes before the older one; without any, what is
// stored is all that is known.
func describe(e *format.SchemaElement) (name string, class Class, text func(parquet.Value) string) {
	logical := e.LogicalType.Value
	if logical == nil && e.ConvertedType.Valid {
		if logical = converted(e); logical == nil {
			return fmt.Sprintf("of the converted type %d, such as INTERVAL (21)", e.ConvertedType.V), None, nil
		}
	}
	if logical == nil {
		return physical(e)
	}
	name = logical.String()
	// Every case says three things: the name for messages, what kind of values they are, and how one is written.
	switch l := logical.(type) {
	case *format.StringType, *format.EnumType:
		return name, Words, bytesText
	case *format.JsonType:
		return name, Other, bytesText
	case *format.IntType:
		return name, Number, integer(l)
	case *format.DecimalType:
		return name, Number, decimal(e.Type.V, l.Scale)
	case *format.Float16Type:
		return name, Number, half
	case *format.DateType:
		return name, Other, date
	case *format.TimeType:
		return name, Other, clock(e.Type.V, l)
	case *format.TimestampType:
		return name, Other, timestamp(l)
	case *format.UUIDType:
		return name, Other, uuid
	case *format.NullType:
		return name, Null, bytesText
	}
	return name, None, nil // BSON, VARIANT, GEOMETRY, and what comes after this program
}

// physical is a leaf without a logical type.
func physical(e *format.SchemaElement) (name string, class Class, text func(parquet.Value) string) {
	name = e.Type.V.String()
	switch e.Type.V {
	case format.Boolean:
		return name, Other, parquet.Value.String
	case format.Int32, format.Int64:
		return name, Number, parquet.Value.String
	case format.Int96:
		return name, Other, int96
	case format.Float, format.Double:
		return name, Number, float
	case format.ByteArray: // older writers leave texts unmarked, and so do writers of pictures
		return "BYTE_ARRAY without a type", None, bytesText
	}
	return fmt.Sprintf("%s of %d bytes without a type", name, e.TypeLength.V), None, nil
}

// converted gives the logical type that an older writer's converted type stands for; nil for INTERVAL.
func converted(e *format.SchemaElement) format.LogicalTypeValue {
	integer := func(bits int8, signed bool) format.LogicalTypeValue {
		return &format.IntType{BitWidth: bits, IsSigned: signed}
	}
	milli := format.TimeUnit{Value: &format.MilliSeconds{}}
	micro := format.TimeUnit{Value: &format.MicroSeconds{}}
	switch e.ConvertedType.V {
	case deprecated.UTF8:
		return &format.StringType{}
	case deprecated.Enum:
		return &format.EnumType{}
	case deprecated.Decimal:
		return &format.DecimalType{Scale: e.Scale.V, Precision: e.Precision.V}
	case deprecated.Date:
		return &format.DateType{}
	case deprecated.TimeMillis:
		return &format.TimeType{IsAdjustedToUTC: true, Unit: milli}
	case deprecated.TimeMicros:
		return &format.TimeType{IsAdjustedToUTC: true, Unit: micro}
	case deprecated.TimestampMillis:
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: milli}
	case deprecated.TimestampMicros:
		return &format.TimestampType{IsAdjustedToUTC: true, Unit: micro}
	// The four stand side by side in the format's numbering, so the width follows from the distance: 8, 16, 32, 64.
	case deprecated.Uint8, deprecated.Uint16, deprecated.Uint32, deprecated.Uint64:
		return integer(8<<(e.ConvertedType.V-deprecated.Uint8), false)
	case deprecated.Int8, deprecated.Int16, deprecated.Int32, deprecated.Int64:
		return integer(8<<(e.ConvertedType.V-deprecated.Int8), true)
	case deprecated.Json:
		return &format.JsonType{}
	case deprecated.Bson:
		return &format.BsonType{}
	}
	return nil
}
