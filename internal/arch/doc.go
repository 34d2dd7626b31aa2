// Package arch holds no code: its test checks which package may import which, each forbidden edge with
// its reason. docs/ARCHITECTURE.md draws the same picture.
package arch
