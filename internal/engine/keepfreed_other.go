//go:build !(cgo && !noxla && linux && (amd64 || arm64))

package engine

// KeepFreed has nothing to do where no plugin is loaded, or where the C library is another.
func KeepFreed() {}
