// Package outside is the module of a stranger: it builds and runs a program in a module of its own that uses the public
// packages alone, as docs/LIBRARY.md shows it.
package outside
