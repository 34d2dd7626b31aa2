// Package fsutil writes files and folders so that a reader, or a machine that lost power, never sees half
// of one: temporary name beside the target, fsync, rename, fsync of the folder. Names of work in progress
// begin with a dot; a kill may leave them, and Restore clears them away.
//
// Why so many steps: a file system may write names and contents to the disk in any order, so after a power cut a
// file may have its new name and none of its new bytes.
//
//	write .a.tmp-1      the name a still means the old file
//	fsync .a.tmp-1      its bytes are on the disk
//	rename to a         in one step, for every reader
//	fsync the folder    the new name is on the disk
//
// Leaving one of them out shows in no ordinary test. internal/rig/powercut keeps account of the syncs by ObserveSyncs
// and tells tests what a power cut would leave.
//
// A signal is the other end that may come in the middle. Abandon then removes whatever has only its temporary name.
package fsutil
