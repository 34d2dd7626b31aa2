//go:build !daulet

package tokenizer

import "hives/internal/fault"

// OpenDaulet needs a program built with -tags daulet, after scripts/build_tokenizers.sh.
func OpenDaulet(path string) (Tokenizer, error) {
	return nil, fault.New(fault.Unavailable, "open %s with daulet/tokenizers: this program was built without it; "+
		"run scripts/build_tokenizers.sh and build with -tags daulet, or use the plain tokenizer", path)
}
