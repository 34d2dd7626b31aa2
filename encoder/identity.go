package encoder

import "fmt"

// Unlike says how two models that should be one differ, and is empty where the vectors of both may be compared.
// Name and engine may differ, since they change no vector beyond rounding; but models that do not tell their
// weights are known by their name alone.
//
//	demo/model of run 1 and of run 2              "weights 3f9c… and 81aa…"
//	the same folder, here and behind embedd       "" (names and engines differ)
//	two HTTP endpoints, one model name            "" (nothing better is known)
func (id Identity) Unlike(other Identity) string {
	switch {
	case id.WeightsSHA256 != other.WeightsSHA256:
		return fmt.Sprintf("weights %s and %s", short(id.WeightsSHA256), short(other.WeightsSHA256))
	case id.WeightsSHA256 == "" && id.Name != other.Name:
		return fmt.Sprintf("names %q and %q, and neither tells its weights", id.Name, other.Name)
	case id.TokenizerSHA256 != other.TokenizerSHA256:
		return fmt.Sprintf("tokenizers %s and %s", short(id.TokenizerSHA256), short(other.TokenizerSHA256))
	case id.Dimension != other.Dimension:
		return fmt.Sprintf("%d and %d dimensions", id.Dimension, other.Dimension)
	case id.MaxLength != other.MaxLength:
		return fmt.Sprintf("%d and %d tokens at most", id.MaxLength, other.MaxLength)
	case id.Pooling != other.Pooling:
		return fmt.Sprintf("pooling %q and %q", id.Pooling, other.Pooling)
	}
	return ""
}

// short is enough of a digest to recognise it by.
func short(digest string) string {
	if digest == "" {
		return "(not told)"
	}
	return digest[:min(12, len(digest))]
}
