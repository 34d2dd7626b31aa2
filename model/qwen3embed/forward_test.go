package qwen3embed_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	. "github.com/gomlx/gomlx/core/graph" //nolint:revive // graph code reads as formulas
	"github.com/gomlx/gomlx/ml/model"

	"hives/internal/engine"
	"hives/model/qwen3embed"
	"hives/model/transformer"
)

// padded lays texts out in rows of s tokens; fill is what stands at padded positions.
func padded(texts [][]int32, s int, fill int32) (ids [][]int32, lengths []int32) {
	for _, text := range texts {
		row := make([]int32, s)
		for i := range row {
			row[i] = fill
		}
		copy(row[s-len(text):], text)
		ids, lengths = append(ids, row), append(lengths, int32(len(text)))
	}
	return ids, lengths
}

func randomTexts(seed uint64, vocabulary int, lengths ...int) [][]int32 {
	draw := rand.New(rand.NewPCG(seed, 0))
	var texts [][]int32
	for _, n := range lengths {
		text := make([]int32, n)
		for i := range text {
			text[i] = int32(draw.IntN(vocabulary))
		}
		texts = append(texts, text)
	}
	return texts
}

// TestVectorsDoNotDependOnCompany embeds texts one by one without padding and in padded batches, with
// both poolings. The padding id also stands inside texts: only lengths may tell padding apart.
func TestVectorsDoNotDependOnCompany(t *testing.T) {
	const seed, tolerance = 5, 2e-6
	t.Logf("seed %d", seed)
	m := tinyModel(t, seed)
	texts := randomTexts(seed, 3, 1, 2, 7, 12, 12) // a vocabulary of 3, so that the padding id 0 is frequent
	both := func(ids, lengths *Node) []*Node {
		return []*Node{
			L2Normalize(m.Raw(ids, lengths, transformer.LastToken, transformer.F32), -1),
			L2Normalize(m.Raw(ids, lengths, transformer.MeanTokens, transformer.F32), -1),
		}
	}
	ids, lengths := padded(texts, 16, 0)
	together := run(t, m, ids, lengths, both)
	ids, lengths = padded(texts, 16, 96)
	other := run(t, m, ids, lengths, both)
	h := m.Config.HiddenSize
	for i, text := range texts {
		alone := run(t, m, [][]int32{text}, []int32{int32(len(text))}, both)
		for p, name := range []string{"last", "mean"} {
			row := together[p][i*h : (i+1)*h]
			near(t, fmt.Sprintf("text %d, %s: padded against alone", i, name), row, alone[p], tolerance)
			near(t, fmt.Sprintf("text %d, %s: another padding id", i, name), other[p][i*h:(i+1)*h], row, 0)
			norm := 0.0
			for _, v := range row {
				norm += float64(v) * float64(v)
			}
			if math.Abs(norm-1) > 1e-5 {
				t.Errorf("text %d, %s: squared norm %g", i, name, norm)
			}
		}
	}
	// The control: a wrong length must change the vector, or the checks above see nothing.
	wrong := run(t, m, ids[2:3], []int32{lengths[2] + 1}, both)
	if d := distance(wrong[0], together[0][2*h:3*h]); d < 100*tolerance {
		t.Errorf("a leaking mask moves the vector by %g only", d)
	}
}

func distance(a, b []float32) float64 {
	worst := 0.0
	for i := range a {
		worst = math.Max(worst, math.Abs(float64(a[i])-float64(b[i])))
	}
	return worst
}

func TestHiddenRefusesShapes(t *testing.T) {
	m := tinyModel(t, 1)
	exec := model.MustNewExec(engine.OpenForTest(t).Backend, m.Store, func(_ *model.Scope, ids, lengths *Node) *Node {
		return m.Hidden(ids, lengths, transformer.F32, nil)
	})
	defer exec.Finalize()
	_, err := exec.Call1([][]int32{{1, 2}}, []int32{1, 1})
	if err == nil || !strings.Contains(err.Error(), "want [B, S] and [B]") {
		t.Errorf("two lengths for one row: %v", err)
	}
}

// TestLastIsTheLastPositionOfHidden holds the short cut of the last layer to the plain path.
func TestLastIsTheLastPositionOfHidden(t *testing.T) {
	m := tinyModel(t, 9)
	ids, lengths := padded(randomTexts(9, 97, 1, 5, 16, 11), 16, 0)
	out := run(t, m, ids, lengths, func(ids, lengths *Node) []*Node {
		plain := qwen3embed.Pool(m.Hidden(ids, lengths, transformer.F32, nil), lengths, transformer.LastToken,
			transformer.F32)
		return []*Node{m.Last(ids, lengths, transformer.F32), plain}
	})
	near(t, "last position", out[0], out[1], 2e-6)
}
