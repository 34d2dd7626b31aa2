// Package parquettext turns the values of a Parquet file's columns into text, as their logical types mean them: the
// DECIMAL of 30 tenths is "3.0", the DATE of 19783 days "2024-03-01", a UUID its 36 characters. It knows the logical
// types and the older converted types, which some writers use alone.
//
// A column that has no text form (nested, binary, BSON, INTERVAL, VARIANT, a type of the future) is described all the
// same, so that its reader can refuse it or leave it out by name.
package parquettext
