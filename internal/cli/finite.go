package cli

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"strconv"

	"github.com/pelletier/go-toml/v2/unstable"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/internal/fault"
)

// errNotFinite is one error for file, --set and flags, so that all three say the same.
var errNotFinite = errors.New("no finite number; write one, or leave the setting out")

// finiteFile refuses nan and inf in a TOML file, with their row. TOML has both, but no setting means anything by them,
// and a bound that is compared with nan never holds: a budget of nan would bound nothing.
func finiteFile(path string, raw []byte) error {
	var p unstable.Parser
	p.Reset(raw)
	for p.NextExpression() {
		if n := notFinite(p.Expression()); n != nil {
			at := p.Shape(n.Raw).Start
			return fault.New(fault.Invalid, "%s:%d:%d: %s is %w", path, at.Line, at.Column, n.Data, errNotFinite)
		}
	}
	return p.Error()
}

// notFinite is the first such number in an expression, nil if there is none. TOML writes them inf, +inf, -inf, nan;
// a float in digits never ends so.
func notFinite(n *unstable.Node) *unstable.Node {
	if n.Kind == unstable.Float && (bytes.HasSuffix(n.Data, []byte("inf")) || bytes.HasSuffix(n.Data, []byte("nan"))) {
		return n
	}
	for it := n.Children(); it.Next(); {
		if found := notFinite(it.Node()); found != nil {
			return found
		}
	}
	return nil
}

// finite looks into lists and arrays too. What is no number is finite.
func finite(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !finite(v.Index(i)) {
				return false
			}
		}
	}
	return true
}

// refuseNotFinite is finiteFile for the flags of a command line.
func refuseNotFinite(c *cobra.Command) (err error) {
	c.Flags().Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if list, many := f.Value.(pflag.SliceValue); many {
			values = list.GetSlice()
		}
		numbers := slices.Contains([]string{"float64", "float32", "float64Slice", "float32Slice"}, f.Value.Type())
		for _, text := range values {
			if x, e := strconv.ParseFloat(text, 64); numbers && e == nil && !finite(reflect.ValueOf(x)) {
				err = fault.Usage(fault.New(fault.Invalid, "--%s %s: %w", f.Name, text, errNotFinite))
			}
		}
	})
	return err
}
