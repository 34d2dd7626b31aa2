// Package parquettext turns the values of a Parquet file's columns into text, as their logical types mean them: the
// DECIMAL of 30 tenths is "3.0", the DATE of 19783 days "2024-03-01", a UUID its 36 characters. It knows the logical
// types and the older converted types, which some writers use alone.
//
// A column that has no text form (nested, binary, BSON, INTERVAL, VARIANT, a type of the future) is described all the
// same, so that its reader can refuse it or leave it out by name.
//
//	stored                              type                      text
//	INT32 30                            DECIMAL(9,1)              3.0
//	INT32 19783                         DATE                      2024-03-01
//	INT64 1709251200000                 TIMESTAMP(MILLIS, UTC)    2024-03-01T00:00:00Z
//	INT32 −1                            UINT_32                   4294967295
//	2 bytes 00 3c                       FLOAT16                   1
//	BYTE_ARRAY without a type           none is said              refused as text, or taken as such by request
//
// A text is read by people and by programs that compare strings, so one value has one text, whatever integer, byte
// order or zone it was stored in.
package parquettext
