//go:build goexperiment.simd && amd64

package bf16

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// numbers are of no type's kind: what they are rounded to matters.
func numbers(draw *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(draw.NormFloat64())
	}
	return v
}

// plain is x·Wᵀ in float64, of numbers rounded by round.
func plain(w, x []float32, out, in int, round func(float32) float32) []float64 {
	var y []float64
	for t := range len(x) / in {
		for o := range out {
			sum := 0.0
			for i := range in {
				sum += float64(round(w[o*in+i])) * float64(round(x[t*in+i]))
			}
			y = append(y, sum)
		}
	}
	return y
}

func packed(w []float32, out, in int) *Matrix {
	m := NewMatrix(out, in)
	for o := range out {
		m.Set(o, w[o*in:(o+1)*in])
	}
	return m
}

func inputs(x []float32, in int) *Inputs {
	var p Inputs
	p.Begin(len(x)/in, in)
	for t := range len(x) / in {
		p.Set(t, x[t*in:(t+1)*in])
	}
	return &p
}

func apart(y []float32, want []float64) (worst float64) {
	for i := range want {
		worst = math.Max(worst, math.Abs(float64(y[i])-want[i]))
	}
	return worst
}

// The nearest bfloat16 by arithmetic: float32 numbers of 8 bits of fraction, ties to the even one.
func nearest(v float32) float32 {
	if v == 0 {
		return 0
	}
	_, exponent := math.Frexp(float64(v))
	step := math.Ldexp(1, exponent-8)
	return float32(math.RoundToEven(float64(v)/step) * step)
}

// Products hold to sums in float64 of numbers that were rounded one by one, for numbers of tokens that take every tile,
// and sizes that fill no panel.
func TestProductsHoldToPlainSums(t *testing.T) {
	if !Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	for _, size := range [][2]int{{64, 64}, {192, 130}, {70, 33}, {5, 3}, {1, 1}} {
		out, in := size[0], size[1]
		for _, tokens := range []int{1, 2, 3, 4, 5, 15, 16, 17, 23, 48} {
			draw := rand.New(rand.NewPCG(22, uint64(tokens*1000+out)))
			w, x := numbers(draw, out*in), numbers(draw, tokens*in)
			m, stride := packed(w, out, in), out+3
			y := make([]float32, tokens*stride)
			m.Multiply(y, stride, inputs(x, in), 0, m.Groups(), false)
			got := make([]float32, 0, tokens*out)
			for k := range tokens {
				got = append(got, y[k*stride:k*stride+out]...)
				if !slices.Equal(y[k*stride+out:(k+1)*stride], make([]float32, 3)) {
					t.Fatalf("%d × %d, %d tokens: wrote beyond a token's numbers", out, in, tokens)
				}
			}
			limit := 1e-5 * math.Sqrt(float64(in))
			if d := apart(got, plain(w, x, out, in, nearest)); d > limit {
				t.Errorf("%d × %d, %d tokens: differs by %g", out, in, tokens, d)
			}
			// Negative control: the same sums of numbers that were not rounded are told apart.
			if d := apart(got, plain(w, x, out, in, func(v float32) float32 { return v })); d < limit {
				t.Errorf("%d × %d, %d tokens: rounding changes nothing: the check sees nothing", out, in, tokens)
			}
		}
	}
}

// A token's product is the same bits in any company and in any place.
func TestProductsDoNotDependOnCompany(t *testing.T) {
	if !Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	const out, in = 192, 1000
	draw := rand.New(rand.NewPCG(1, 2))
	m, token := packed(numbers(draw, out*in), out, in), numbers(draw, in)
	alone := make([]float32, out)
	m.Multiply(alone, out, inputs(token, in), 0, m.Groups(), false)
	for _, tokens := range []int{2, 3, 7, 16, 21, 40} {
		for place := range tokens {
			x := numbers(draw, tokens*in)
			copy(x[place*in:], token)
			y := make([]float32, tokens*out)
			m.Multiply(y, out, inputs(x, in), 0, m.Groups(), false)
			if !slices.Equal(y[place*out:(place+1)*out], alone) {
				t.Fatalf("token %d of %d has other bits than alone", place, tokens)
			}
		}
	}
	// Negative control: another order of the same sum has other bits.
	turned, back := slices.Clone(token), slices.Clone(m.bytes)
	slices.Reverse(turned)
	for o := range out {
		for i := range m.steps { // columns 2i and 2i+1 of row o change places with their mirror
			at, to := m.word(o, i), m.word(o, m.steps-1-i)
			copy(m.bytes[to:to+2], back[at+2:at+4])
			copy(m.bytes[to+2:to+4], back[at:at+2])
		}
	}
	y := make([]float32, out)
	m.Multiply(y, out, inputs(turned, in), 0, m.Groups(), false)
	if slices.Equal(y, alone) {
		t.Error("the same sums from behind have the same bits: the check sees nothing")
	}
}

// word is where the two numbers of a step of row o lie.
func (m *Matrix) word(o, step int) int {
	return o/lanes*m.panelBytes() + step*4*lanes + o%lanes*4
}

// Adding, shares of rows, columns and blocks are the whole product in other ways.
func TestPartsOfAProduct(t *testing.T) {
	if !Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	const out, in, tokens = 150, 34, 16
	draw := rand.New(rand.NewPCG(3, 4))
	w, x := numbers(draw, out*in), numbers(draw, tokens*in)
	m, p := packed(w, out, in), inputs(x, in)
	whole := make([]float32, tokens*out)
	m.Multiply(whole, out, p, 0, m.Groups(), false)

	y := slices.Repeat([]float32{1}, tokens*out)
	for share := range m.Groups() {
		m.Multiply(y, out, p, share, share+1, true)
	}
	for i := range y {
		if y[i] != 1+whole[i] {
			t.Fatalf("added in shares: %g at %d, want 1 + %g", y[i], i, whole[i])
		}
	}

	var columns Matrix
	columns.Reset(7, 300) // of other sizes before
	columns.Reset(out, in)
	column := func(i int) []float32 {
		var c []float32
		for o := range out {
			c = append(c, w[o*in+i])
		}
		return c
	}
	for _, i := range draw.Perm(in) {
		columns.SetColumn(i, column(i))
	}
	if !slices.Equal(columns.bytes, m.bytes) {
		t.Error("set by columns it is another matrix than set by rows")
	}
	row := make([]float32, in)
	for o := range out {
		m.Get(o, row)
		for i, v := range row {
			if v != nearest(w[o*in+i]) {
				t.Fatalf("row %d, column %d is read as %g, want %g", o, i, v, nearest(w[o*in+i]))
			}
		}
	}

	var block [256]float32
	for panel := range (out + lanes - 1) / lanes {
		m.Block(&block, panel, p, in/2)
		for k := range tokens {
			for o := panel * lanes; o < min(out, (panel+1)*lanes); o++ {
				if block[k*lanes+o%lanes] != whole[k*out+o] {
					t.Fatalf("block %d: token %d, row %d: %g, want %g", panel, k, o, block[k*lanes+o%lanes], whole[k*out+o])
				}
			}
		}
	}
	for _, tie := range []float32{1.00390625, 1.01171875} { // one is nearer to the even below, one to the even above
		if Round(tie) != nearest(tie) || Round(tie) == tie {
			t.Errorf("%g becomes %g, want the even neighbour %g", tie, Round(tie), nearest(tie))
		}
	}
}

func TestTheSelfTestPasses(t *testing.T) {
	if !Supported() {
		t.Skip("this processor has no AVX512_BF16")
	}
	if err := Check(); err != nil {
		t.Error(err)
	}
	// Negative control: a kernel that leaves the last step out is told.
	whole := tiles[2].run
	defer func() { tiles[2].run = whole }()
	tiles[2].run = func(acc *float32, w *byte, stride int, x *byte, steps int) { whole(acc, w, stride, x, steps-1) }
	if Check() == nil {
		t.Error("a kernel that computes wrongly passes")
	}
}
