// Package parquetfile opens Parquet files that nobody vouches for. A few kilobytes of one can claim, or truly hold,
// more than any memory: a page of zeros, a text of a megabyte that a dictionary hands to a million rows, a run of
// 2^31 equal values in five bytes, a list in the footer that is longer than the file. Open therefore walks what
// stands in the file before anybody allocates by what it claims:
//
//	the footer     each list and text ends within the footer                              open.go, thrift.go
//	pages          each ends within its column; it unpacks to no more than it says        pages.go, unpack.go
//	what they hold lengths of texts, of runs and of deltas, added up as rows will hold them   values.go
//
// and refuses a file that would unpack to more than Ratio times its size, and more than Floor. A file of rows has a
// text in each, which packs to a tenth at best; the same texts again and again under many labels make up for the
// rest.
//
// The reader itself is the library's (parquet-go). What stands here reads the same bytes once more, in a way that can
// run nowhere: it allocates by the file's size and by what the meter has left, and by nothing that the file claims.
//
// The caller owes Look before the first column is read, and Close. Errors of kind Invalid and NotFound name the file
// and are whole; any other means damage, which the caller names. The price is that compressed pages are unpacked twice.
//
//	f, err := parquetfile.Open(path)
//	defer f.Close()
//	err = f.Look("text", "label")       // the columns that are wanted; without any, all
//	rows := f.File                      // the library's file, safe to read now
package parquetfile
