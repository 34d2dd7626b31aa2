// Package fsutil writes files so that a reader, or a machine that lost power, never sees half of one.
package fsutil
