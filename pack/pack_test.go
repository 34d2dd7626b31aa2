package pack_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"hives/pack"
)

// check walks every position of a batch and returns what is wrong with it. It is the plain twin of the
// packer: it knows nothing of how places are found.
func check(b pack.Batch, texts [][]int32) error {
	if len(b.IDs) != b.Rows*b.Length || len(b.Texts) != len(b.IDs) || len(b.Last) != b.Shape.Texts ||
		len(b.Members) > b.Shape.Texts {
		return fmt.Errorf("%d ids, %d texts, %d last, %d members for %+v", len(b.IDs), len(b.Texts), len(b.Last),
			len(b.Members), b.Shape)
	}
	found := make([][]int32, b.Shape.Texts)
	last := make([]int32, b.Shape.Texts)
	for row := range b.Rows {
		for column := range b.Length {
			at := row*b.Length + column
			slot := b.Texts[at]
			if slot == -1 && b.IDs[at] == 0 {
				continue
			}
			if slot < 0 || int(slot) >= len(b.Members) {
				return fmt.Errorf("position %d: slot %d of %d, id %d", at, slot, len(b.Members), b.IDs[at])
			}
			if n := len(found[slot]); n > 0 && (last[slot] != int32(at-1) || column == 0) {
				return fmt.Errorf("slot %d: a gap or a row's end before position %d", slot, at)
			}
			found[slot], last[slot] = append(found[slot], b.IDs[at]), int32(at)
		}
	}
	for slot := range found {
		switch {
		case b.Last[slot] != last[slot]:
			return fmt.Errorf("slot %d ends at %d, Last says %d", slot, last[slot], b.Last[slot])
		case slot < len(b.Members) && !slices.Equal(found[slot], texts[b.Members[slot]]):
			return fmt.Errorf("slot %d holds %v, text %d is %v", slot, found[slot], b.Members[slot], texts[b.Members[slot]])
		}
	}
	return nil
}

// rowsNeeded is first-fit decreasing as the textbook has it: sort, then search the rows from the first.
func rowsNeeded(texts [][]int32, length int) int {
	sorted := slices.Clone(texts)
	slices.SortStableFunc(sorted, func(a, b []int32) int { return cmp.Compare(len(b), len(a)) })
	var rooms []int
	for _, text := range sorted {
		at := slices.IndexFunc(rooms, func(room int) bool { return room >= len(text) })
		if at < 0 {
			at, rooms = len(rooms), append(rooms, length)
		}
		rooms[at] -= len(text)
	}
	return len(rooms)
}

func drawTexts(t *rapid.T, most, longest int) [][]int32 {
	lengths := rapid.SliceOfN(rapid.IntRange(1, longest), 1, most).Draw(t, "lengths")
	next := int32(0) // ids tell every token apart, so that a text in the wrong place is seen
	texts := make([][]int32, len(lengths))
	for i, n := range lengths {
		for range n {
			next++
			texts[i] = append(texts[i], next)
		}
	}
	return texts
}

func drawShapes(t *rapid.T, most, longest int) []pack.Shape {
	shape := rapid.Custom(func(t *rapid.T) pack.Shape {
		return pack.Shape{
			Rows:   rapid.IntRange(1, 12).Draw(t, "rows"),
			Length: rapid.IntRange(1, 2*longest).Draw(t, "length"),
			Texts:  rapid.IntRange(1, 2*most).Draw(t, "texts"),
		}
	})
	return rapid.SliceOfN(shape, 0, 6).Draw(t, "shapes")
}

func TestOneHoldsEveryTextOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := drawTexts(t, 30, 20)
		shapes := append(drawShapes(t, 30, 20), pack.Shape{Rows: 30, Length: 20, Texts: 30})
		b, err := pack.One(texts, shapes)
		if err != nil {
			t.Fatal(err)
		}
		if err := check(b, texts); err != nil {
			t.Fatal(err)
		}
		total := 0
		for i, text := range texts {
			total += len(text)
			if b.Members[i] != i {
				t.Fatalf("slot %d holds text %d", i, b.Members[i])
			}
		}
		if b.Tokens() != total || b.Fill() != float64(total)/float64(b.Rows*b.Length) {
			t.Fatalf("%d tokens, fill %g, of %d in %+v", b.Tokens(), b.Fill(), total, b.Shape)
		}
		longest := slices.MaxFunc(texts, func(a, b []int32) int { return cmp.Compare(len(a), len(b)) })
		first := slices.IndexFunc(shapes, func(s pack.Shape) bool {
			return len(texts) <= s.Texts && len(longest) <= s.Length && rowsNeeded(texts, s.Length) <= s.Rows
		})
		if b.Shape != shapes[first] {
			t.Fatalf("took %+v, the first that holds them is %+v", b.Shape, shapes[first])
		}
	})
}

func TestManyHoldsEveryTextOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := drawTexts(t, 200, 20)
		shapes := append(drawShapes(t, 200, 20), pack.Shape{Rows: 1, Length: 20, Texts: 3})
		batches, err := pack.Many(texts, shapes)
		if err != nil {
			t.Fatal(err)
		}
		seen := make([]int, len(texts))
		for _, b := range batches {
			if err := check(b, texts); err != nil {
				t.Fatal(err)
			}
			if len(b.Members) == 0 || !slices.Contains(shapes, b.Shape) {
				t.Fatalf("%d texts in %+v", len(b.Members), b.Shape)
			}
			for _, m := range b.Members {
				seen[m]++
			}
		}
		for i, n := range seen {
			if n != 1 {
				t.Fatalf("text %d is in %d batches", i, n)
			}
		}
	})
}

// TestPlacesFollowLengthsAlone gives other ids of the same lengths.
func TestPlacesFollowLengthsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := drawTexts(t, 40, 20)
		shapes := []pack.Shape{{1, 20, 8}, {4, 20, 40}, {8, 32, 64}, {40, 20, 40}}
		others := make([][]int32, len(texts))
		for i, text := range texts {
			others[i] = make([]int32, len(text))
		}
		one, err := pack.One(texts, shapes)
		same, err2 := pack.One(others, shapes)
		if err != nil || err2 != nil || one.Shape != same.Shape || !slices.Equal(one.Texts, same.Texts) ||
			!slices.Equal(one.Last, same.Last) {
			t.Fatalf("%v, %v: %v and %v", err, err2, one, same)
		}
	})
}

// TestCheckSeesDamage is the control of check: every field damaged in turn must be noticed.
func TestCheckSeesDamage(t *testing.T) {
	const seed = 3
	draw := rand.New(rand.NewPCG(seed, 0))
	texts := [][]int32{{1, 2, 3}, {4}, {5, 6}, {7, 8, 9, 10}}
	for name, damage := range map[string]func(b *pack.Batch, at int){
		"an id":         func(b *pack.Batch, at int) { b.IDs[at]++ },
		"a slot number": func(b *pack.Batch, at int) { b.Texts[at] = (b.Texts[at]+2)%5 - 1 },
		"a last token":  func(b *pack.Batch, at int) { b.Last[at%len(b.Last)]++ },
		"a member":      func(b *pack.Batch, at int) { b.Members[at%4] = (b.Members[at%4] + 1) % 4 },
		"a moved token": func(b *pack.Batch, at int) { b.IDs[0], b.IDs[11] = b.IDs[11], b.IDs[0] },
	} {
		b, err := pack.One(texts, []pack.Shape{{Rows: 2, Length: 6, Texts: 6}})
		if err != nil {
			t.Fatal(err)
		}
		if err := check(b, texts); err != nil {
			t.Fatal(err)
		}
		if damage(&b, draw.IntN(len(b.IDs))); check(b, texts) == nil {
			t.Errorf("seed %d: %s damaged, and nothing noticed", seed, name)
		}
	}
}

func TestRefusals(t *testing.T) {
	row := []pack.Shape{{Rows: 2, Length: 4, Texts: 3}}
	one := func(texts [][]int32, shapes []pack.Shape) error { _, err := pack.One(texts, shapes); return err }
	many := func(texts [][]int32, shapes []pack.Shape) error { _, err := pack.Many(texts, shapes); return err }
	for _, c := range []struct {
		name string
		pack func([][]int32, []pack.Shape) error
		in   [][]int32
		into []pack.Shape
		says string
	}{
		{"no shapes", one, [][]int32{{1}}, nil, "no shapes"},
		{"no rows", many, [][]int32{{1}}, []pack.Shape{{0, 4, 1}}, "shape of 0 rows × 4 tokens for 1 texts"},
		{"too many tokens to count", one, [][]int32{{1}}, []pack.Shape{{1 << 16, 1 << 16, 1}}, "fewer than 2³¹"},
		{"an empty text", many, [][]int32{{1}, {}}, row, "text 1 has no tokens"},
		{"a long text", many, [][]int32{{1}, make([]int32, 5)}, row, "text 1: 5 tokens, the longest row holds 4"},
		{"more texts than slots", one, [][]int32{{1}, {1}, {1}, {1}}, row, "4 texts of 4 tokens"},
		{"more tokens than rows", one, [][]int32{make([]int32, 3), make([]int32, 3), make([]int32, 3)}, row,
			"3 texts of 9 tokens, the longest of 3; the largest of 1 shapes is 2 × 4 for 3 texts"},
		{"no room side by side", one, [][]int32{make([]int32, 3), make([]int32, 3), make([]int32, 2)}, row,
			"3 texts of 8 tokens"},
	} {
		if err := c.pack(c.in, c.into); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.says)
		}
	}
	if batches, err := pack.Many(nil, row); len(batches) != 0 || err != nil {
		t.Errorf("no texts: %v, %v", batches, err)
	}
}

// TestManyTakesSmallShapesForLittle holds plans of few texts to what a person would do.
func TestManyTakesSmallShapesForLittle(t *testing.T) {
	shapes := []pack.Shape{{1, 16, 2}, {1, 32, 4}, {1, 64, 8}, {8, 64, 64}}
	for _, c := range []struct {
		name    string
		lengths []int
		want    []pack.Shape
	}{
		{"one short text", []int{5}, shapes[:1]},
		{"one text of a row", []int{64}, shapes[2:3]},
		{"two that share a row", []int{10, 20}, shapes[1:2]},
		{"more slots than the small row has", []int{2, 2, 2}, shapes[1:2]},
		{"a full batch and a short text", append(slices.Repeat([]int{32}, 16), 16), []pack.Shape{shapes[3], shapes[0]}},
	} {
		var texts [][]int32
		for _, n := range c.lengths {
			texts = append(texts, make([]int32, n))
		}
		batches, err := pack.Many(texts, shapes)
		if err != nil {
			t.Fatal(err)
		}
		var got []pack.Shape
		for _, b := range batches {
			got = append(got, b.Shape)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// TestNextHoldsTheFirstText lays out batch after batch and holds each to its promises: the first text is in it, no
// text is in it twice, and no other shape, filled likewise, would have cost less for a token of text.
func TestNextHoldsTheFirstText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := drawTexts(t, 100, 20)
		shapes := append(drawShapes(t, 100, 20), pack.Shape{Rows: 1, Length: 20, Texts: 3})
		attention := rapid.Float64Range(1, 5000).Draw(t, "attention")
		for len(texts) > 0 {
			b, err := pack.Next(texts, shapes, attention)
			if err != nil {
				t.Fatal(err)
			}
			if err := check(b, texts); err != nil {
				t.Fatal(err)
			}
			gone := map[int]bool{}
			for _, m := range b.Members {
				gone[m] = true
			}
			if !gone[0] || len(gone) != len(b.Members) {
				t.Fatalf("the first text of %v in %v", b.Members, b.Shape)
			}
			for _, shape := range shapes {
				if shape.Length < len(texts[0]) {
					continue
				}
				other, err := pack.Next(texts, []pack.Shape{shape}, attention)
				if err != nil {
					t.Fatal(err)
				}
				if perToken(&other, attention) < perToken(&b, attention)-1e-9 {
					t.Fatalf("%v at %g for a token of text, %v would cost %g", b.Shape, perToken(&b, attention), shape,
						perToken(&other, attention))
				}
			}
			texts = slices.Collect(func(yield func([]int32) bool) {
				for i, text := range texts {
					if !gone[i] && !yield(text) {
						return
					}
				}
			})
		}
	})
}

// perToken is what a token of a batch's text costs, by the documented rule: a call costs 64 tokens.
func perToken(b *pack.Batch, attention float64) float64 {
	return (b.Shape.Cost(attention) + 64) / float64(b.Tokens())
}

func TestNextRefuses(t *testing.T) {
	shapes := []pack.Shape{{Rows: 2, Length: 4, Texts: 4}}
	for _, c := range []struct {
		name  string
		texts [][]int32
		says  string
	}{
		{"no texts", nil, "no texts"},
		{"a text without tokens", [][]int32{{1}, {}}, "text 1 has no tokens"},
		{"a long first text", [][]int32{{1, 2, 3, 4, 5}, {1}}, "text 0: 5 tokens, the longest row holds 4"},
	} {
		if _, err := pack.Next(c.texts, shapes, 512); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.says)
		}
	}
	if _, err := pack.Next([][]int32{{1}}, shapes, 0); err == nil || !strings.Contains(err.Error(), "attention length 0") {
		t.Errorf("attention at 0: %v", err)
	}
	if b, err := pack.Next([][]int32{{1}, {1, 2, 3, 4, 5}}, shapes, 512); err != nil || len(b.Members) != 1 {
		t.Errorf("a long second text waits for a call in which it is the first: %v, %v", b.Members, err)
	}
}

// BenchmarkNext makes up a batch out of texts for two, as embedd does between two batches.
func BenchmarkNext(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 1))
	var texts [][]int32
	for left := 2 * 2048; left > 0; {
		n := min(256, 4+int(random.ExpFloat64()*20))
		texts, left = append(texts, make([]int32, n)), left-n
	}
	shapes := []pack.Shape{{Rows: 1, Length: 16, Texts: 2}, {Rows: 1, Length: 64, Texts: 8},
		{Rows: 1, Length: 256, Texts: 32},
		{Rows: 64, Length: 32, Texts: 256}, {Rows: 16, Length: 128, Texts: 256}, {Rows: 8, Length: 256, Texts: 256}}
	for b.Loop() {
		if _, err := pack.Next(texts, shapes, 512); err != nil {
			b.Fatal(err)
		}
	}
}
