// Package mapfile maps files of weights read-only, and gives pages back that have been read.
//
// A mapped page counts as this process' memory once it was touched. A loader that converts hundreds of megabytes
// would therefore hold them twice; Forget lets go of what is converted, so that only the result stays.
//
// The caller owes a file that nobody truncates meanwhile (ours are only ever replaced by rename), and touches no
// part of Data after Close.
package mapfile
