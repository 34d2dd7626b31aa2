// Package parquetfile opens Parquet files that nobody vouches for. A few kilobytes of one can claim, or truly hold,
// more than any memory: a page of zeros, a text of a megabyte that a dictionary hands to a million rows, a run of 2^31
// equal values in five bytes, a list in the footer that is longer than the file. Open therefore walks what stands in
// the file before anybody allocates by what it claims:
//
//	the footer     each list and text ends within the footer
//	pages          each ends within its column; it unpacks to no more than it says
//	what they hold lengths of texts, of runs and of deltas, added up as rows will hold them
//
// and refuses a file that would unpack to more than Ratio times its size, and more than Floor. A file of rows has a
// text in each, which packs to a tenth at best; the same texts again and again under many labels make up for the rest.
package parquetfile
