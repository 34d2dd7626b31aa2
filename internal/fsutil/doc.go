// Package fsutil writes files and folders so that a reader, or a machine that lost power, never sees half
// of one: temporary name beside the target, fsync, rename, fsync of the folder. Names of work in progress
// begin with a dot; a kill may leave them, and Restore clears them away.
package fsutil
