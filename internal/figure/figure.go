// Package figure is a number that may be undefined: NaN in Go, null in JSON. A 0 in its place would be read as a
// result.
package figure

import (
	"encoding/json"
	"math"
)

// Number is such a one.
type Number float64

// Known tells whether there is a figure.
func (n Number) Known() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes the shortest decimal that reads back as the same number, and null for NaN and infinities, which
// JSON has not.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Known() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads null back as NaN.
func (n *Number) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(raw, (*float64)(n))
}
