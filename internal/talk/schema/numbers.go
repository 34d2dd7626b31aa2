package schema

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// most15 is the largest whole number that is written: 15 digits, which every reader keeps exactly (float64 has 2⁵³).
const most15 = 999_999_999_999_999

// whole reads a number that is whole, also as 2.0 or 2e0. Both are whole to JSON Schema, and a bound may be written
// so.
func whole(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	x, err := n.Float64()
	return x, err == nil && x == math.Trunc(x)
}

// bound is one of the four keywords, if it is given. It may have a fraction; what is made of that is its caller's
// matter.
func bound(path string, s map[string]any, keyword string) (x float64, given bool, err error) {
	v, given := s[keyword]
	if !given {
		return 0, false, nil
	}
	n, ok := v.(json.Number)
	if !ok {
		return 0, true, refuse(path+"/"+keyword, "want a number")
	}
	if x, err = n.Float64(); err != nil {
		return 0, true, refuse(path+"/"+keyword, "want a number that float64 can hold")
	}
	return x, true, nil
}

// integer is a whole number within its bounds, which may be broken: from 0.5 on is from 1 on.
//
//	minimum .5, maximum 3     1 to 3
//	exclusiveMinimum 1        from 2 on
//	minimum -12, maximum 7    0 to 7, or - and 1 to 12: no -0
func (c *compiler) integer(path string, s map[string]any) (*node, error) {
	low, high := -float64(most15), float64(most15)
	for _, limit := range []struct {
		keyword string
		narrow  func(x float64)
	}{
		{"minimum", func(x float64) { low = max(low, math.Ceil(x)) }},
		{"maximum", func(x float64) { high = min(high, math.Floor(x)) }},
		{"exclusiveMinimum", func(x float64) { low = max(low, math.Floor(x)+1) }},
		{"exclusiveMaximum", func(x float64) { high = min(high, math.Ceil(x)-1) }},
	} {
		x, given, err := bound(path, s, limit.keyword)
		if err != nil {
			return nil, err
		}
		if given {
			limit.narrow(x)
		}
	}
	if low > high {
		return nil, refuse(path, "no whole number of at most 15 digits lies within its bounds")
	}
	var many []*node
	if high >= 0 {
		many = append(many, c.digits(int64(max(low, 0)), int64(high)))
	}
	if low < 0 {
		many = append(many, c.seq(c.text("-"), c.digits(int64(max(1, -high)), int64(-low))))
	}
	return c.alt(many...), nil
}

// number is one with or without a fraction. Its bounds are whole, since the digits of a fraction are not counted
// through.
//
//	0 to 1: 0, 1, or 0.…        −2 to 1: 0, 1, 0.…, -1, -2, -0.… or -1.…
func (c *compiler) number(path string, s map[string]any) (*node, error) {
	low, given, err := bound(path, s, "minimum")
	if err != nil {
		return nil, err
	}
	if !given {
		low = -most15
	}
	high, given, err := bound(path, s, "maximum")
	if !given {
		high = most15
	}
	switch {
	case err != nil:
		return nil, err
	case low != math.Trunc(low):
		return nil, refuse(path+"/minimum", "%v is not whole: of a number only whole bounds are in the subset", low)
	case high != math.Trunc(high):
		return nil, refuse(path+"/maximum", "%v is not whole: of a number only whole bounds are in the subset", high)
	case low > min(high, most15) || high < -most15:
		return nil, refuse(path, "no number of at most 15 digits lies within its bounds")
	}
	from, to := int64(max(low, -most15)), int64(min(high, most15))
	var many []*node
	if to >= 0 {
		many = append(many, c.digits(max(from, 0), to), c.fraction(max(from, 0), to-1))
	}
	if from < 0 {
		minus := c.text("-")
		many = append(many, c.seq(minus, c.digits(max(1, -to), -from)), c.seq(minus, c.fraction(max(0, -to), -from-1)))
	}
	return c.alt(many...), nil
}

// fraction is a number with a point whose whole part is from a to b.
//
//	0 to 1      0.… and 1.…, one to 15 digits behind the point
func (c *compiler) fraction(a, b int64) *node {
	return c.seq(c.digits(a, b), c.text("."), c.repeat(c.class('0', '9'), 1, 15))
}

// digits are the whole numbers from a to b, 0 ≤ a, without zeros in front; none where b < a. One length after the
// other: 7 to 123 is 7 to 9, 10 to 99 and 100 to 123.
func (c *compiler) digits(a, b int64) *node {
	var many []*node
	for a <= b {
		low := strconv.FormatInt(a, 10)
		high := min(b, int64(math.Pow10(len(low)))-1)
		many = append(many, c.same(low, strconv.FormatInt(high, 10)))
		a = high + 1
	}
	return c.alt(many...)
}

// same are the numbers from low to high, of equally many digits. With the same first digit the rest decides; else
//
//	234 to 567:  2 then 34 to 99, or 3 to 4 then any two digits, or 5 then 00 to 67
func (c *compiler) same(low, high string) *node {
	if low == high {
		return c.text(low)
	}
	rest := len(low) - 1
	if low[0] == high[0] {
		return c.seq(c.text(low[:1]), c.same(low[1:], high[1:]))
	}
	if strings.Trim(low[1:], "0") == "" && strings.Trim(high[1:], "9") == "" {
		return c.seq(c.class(low[0], high[0]), c.any(rest))
	}
	many := []*node{
		c.seq(c.text(low[:1]), c.same(low[1:], strings.Repeat("9", rest))),
		c.seq(c.text(high[:1]), c.same(strings.Repeat("0", rest), high[1:])),
	}
	if low[0]+1 < high[0] {
		many = append(many, c.seq(c.class(low[0]+1, high[0]-1), c.any(rest)))
	}
	return c.alt(many...)
}

// any is n digits.
func (c *compiler) any(n int) *node { return c.repeat(c.class('0', '9'), n, n) }
