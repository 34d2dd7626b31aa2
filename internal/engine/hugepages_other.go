//go:build !(cgo && !noxla && linux && (amd64 || arm64))

package engine

// HugePages has nothing to ask for where no plugin is loaded, or where the C library is another.
func HugePages() {}
