// Package textfile reads text files that people and other programs write: delimited tables and lines of JSON. It is the
// one reader of both, and says what it saw: another encoding, other line ends, another separator, a quote that nobody
// closes.
//
// What can be read in one way only is read: a byte-order mark, blank lines at the end, CRLF, a table parted by tabs or
// semicolons, a spreadsheet's "sep=" line. A quoted cell comes back to the byte, CRLF included. Everything else is
// refused: one row by a RowError, after which the next row can be read, or the file by a fault.
//
// The caller owes Close, and the check of each cell it uses with Unreadable: cells nobody needs may hold anything.
//
// What it says of files that people send:
//
//	café;ja                       a table parted by semicolons: read
//	"a cell, with a comma",b      two cells
//	a "quoted" word,b             refused, one row: a quote inside a cell that is not quoted
//	"never closed                 refused, one row; the rows after it are read
//	ÿþt·e·x·t·                    refused, the file: UTF-16, save it as UTF-8
//	PK…                           refused, the file: a spreadsheet's own format
package textfile
