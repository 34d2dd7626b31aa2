package transformer

import "fmt"

// Pooling says how the states of a text become one vector. Which one is right is a matter of the training: the states
// of other positions than those that were pooled there are by-products.
type Pooling string

const (
	// LastToken takes the state of the end token: what Qwen3-Embedding was trained for.
	LastToken Pooling = "last"
	// MeanTokens averages the states of the real tokens, the end token included: for most encoders of the BERT
	// family, and for a language model that was never an embedder.
	MeanTokens Pooling = "mean"
	// FirstToken takes the state of the first token, [CLS] in BERT. It is for models whose tokens see those on their
	// right too: elsewhere it would know one token of the text.
	FirstToken Pooling = "first"
)

// ParsePooling reads "last", "mean" or "first"; empty is LastToken.
func ParsePooling(name string) (Pooling, error) {
	switch p := Pooling(name); p {
	case "":
		return LastToken, nil
	case LastToken, MeanTokens, FirstToken:
		return p, nil
	}
	return "", fmt.Errorf("pooling %q: want last, mean or first", name)
}
