package pack

import "testing"

// texts are n texts of so many tokens each.
func texts(n, tokens int) [][]int32 {
	out := make([][]int32, n)
	for i := range out {
		out[i] = make([]int32, tokens)
	}
	return out
}

// Of two shapes that the texts fill alike, many short rows are cheaper than one long row, whose attention is over all
// of it: 256 tokens cost 256 · (1 + 16/512) = 264 in rows of 16 and 384 in one of 256.
func TestShortRowsArePreferred(t *testing.T) {
	short, long := Shape{Rows: 16, Length: 16, Texts: 32}, Shape{Rows: 1, Length: 256, Texts: 32}
	for _, shapes := range [][]Shape{{short, long}, {long, short}} {
		batches, err := Many(texts(32, 8), shapes)
		if err != nil || len(batches) != 1 || batches[0].Shape != short {
			t.Errorf("Many of %v: %d batches, the first of %v (%v)", shapes, len(batches), batches[0].Shape, err)
		}
		b, err := Next(texts(32, 8), shapes, 512)
		if err != nil || b.Shape != short {
			t.Errorf("Next of %v takes %v (%v)", shapes, b.Shape, err)
		}
	}
}

// Rows of 20 hold two texts of 8 and leave 4 tokens empty, a row of 200 holds 25 and is full. Per token of text the
// first costs (200 · (1 + 20/A) + 64) / 160, the second (200 · (1 + 200/A) + 64) / 200: they are equal at A = 530.
func TestAttentionDecidesBetweenShortAndFull(t *testing.T) {
	short, full := Shape{Rows: 10, Length: 20, Texts: 40}, Shape{Rows: 1, Length: 200, Texts: 40}
	for attention, want := range map[float64]Shape{64: short, 500: short, 560: full, 1e9: full} {
		for _, shapes := range [][]Shape{{short, full}, {full, short}} {
			b, err := Next(texts(100, 8), shapes, attention)
			if err != nil || b.Shape != want {
				t.Errorf("attention as dear as the rest at %g: %v, want %v (%v)", attention, b.Shape, want, err)
			}
		}
	}
}

// Many weighs attention as small models need it: per token of text a row of 20 that is four fifths full costs 1.70, a
// full row of 400 costs 1.94. By tokens alone, 1.65 and 1.16, the long row would win.
func TestManyWeighsAttention(t *testing.T) {
	short, full := Shape{Rows: 10, Length: 20, Texts: 40}, Shape{Rows: 1, Length: 400, Texts: 50}
	batches, err := Many(texts(100, 8), []Shape{full, short})
	if err != nil || batches[0].Shape != short {
		t.Errorf("the first of %d batches is of %v, want %v (%v)", len(batches), batches[0].Shape, short, err)
	}
}
