package evaluate

import (
	"fmt"
	"slices"

	"hives/metrics"
)

// mapSpec names one picture: values of one theory at a level against those of another. svt at level 2 against mft
// at level 1 is twelve values by six. Across theories a picture shows whether neighbours are those that one expects,
// such as benevolence and care.
type mapSpec struct {
	theory [2]string
	level  [2]int
}

// heatMapSpecs are the pictures of the four theories; those without rows are left out. First each theory at its
// headline's level, then finer, then pairs of theories in which neighbours are expected.
var heatMapSpecs = []mapSpec{
	{[2]string{"svt", "svt"}, [2]int{2, 2}},
	{[2]string{"mft", "mft"}, [2]int{1, 1}},
	{[2]string{"duty", "duty"}, [2]int{1, 1}},
	{[2]string{"right", "right"}, [2]int{2, 2}},
	{[2]string{"svt", "svt"}, [2]int{3, 3}},
	{[2]string{"mft", "mft"}, [2]int{2, 2}},
	{[2]string{"svt", "mft"}, [2]int{2, 1}},
	{[2]string{"duty", "mft"}, [2]int{1, 1}},
	{[2]string{"svt", "duty"}, [2]int{2, 1}},
	{[2]string{"svt", "right"}, [2]int{2, 2}},
}

// mapSpecs adds the pictures of one's own theories: at the headline's level, at the finest where that is another, and
// against each theory before it. For craft with two levels, beside rows of mft:
//
//	craft level 1    craft level 2    mft level 1 against craft level 1
func (b *Bench) mapSpecs() []mapSpec {
	present := map[string]bool{}
	for _, theory := range b.labels.TheoryNames {
		present[theory] = true
	}
	out, listed := slices.Clone(heatMapSpecs), TheoryOrder(present)
	for _, own := range OwnTheories(present) {
		level, finest := b.headlineLevel(own), b.finestLevel(own)
		out = append(out, mapSpec{[2]string{own, own}, [2]int{level, level}})
		if finest > level {
			out = append(out, mapSpec{[2]string{own, own}, [2]int{finest, finest}})
		}
		for _, other := range listed[:slices.Index(listed, own)] {
			out = append(out, mapSpec{[2]string{other, own}, [2]int{b.headlineLevel(other), level}})
		}
	}
	return out
}

// heatMaps computes the mean cosine between the rows of every two values of each picture. Pairs of one text are
// left out: two values that often stand on one text would be near for that alone.
//
//	mft level 1      care   fairness           rows of care with other rows of care: .62
//	  care            .62        .41           with rows of fairness: .41
//	  fairness        .41        .58           (made-up numbers)
//
// The diagonal is a mean as well, not 1: it says how close a value's own texts lie, which is what the others are to be
// compared with.
func (b *Bench) heatMaps(v *metrics.Vectors) []HeatMap {
	var out []HeatMap
	for _, spec := range b.mapSpecs() {
		var names [2][]string
		var rows [2][][]int
		// Rows of the picture are side 0, columns side 1; a theory that the rows lack leaves its side empty.
		for side := range 2 {
			theory := slices.Index(b.labels.TheoryNames, spec.theory[side])
			if theory < 0 {
				continue
			}
			var paths []metrics.Path
			paths, rows[side] = metrics.RowsByValue(b.labels, int32(theory), spec.level[side])
			for _, p := range paths {
				last := spec.level[side] - 1
				names[side] = append(names[side], b.labels.LevelNames[last][p.Levels[last]])
			}
		}
		if len(rows[0]) == 0 || len(rows[1]) == 0 {
			continue
		}
		// Names and cells stand in the order of the values' ids, which all systems of a bench share: maps can be
		// laid beside each other cell by cell.
		m := HeatMap{Rows: names[0], Columns: names[1], RowCount: counts(rows[0]), ColCount: counts(rows[1])}
		m.Name = fmt.Sprintf("%s level %d", spec.theory[0], spec.level[0])
		if spec.theory[0] != spec.theory[1] {
			m.Name += fmt.Sprintf(" against %s level %d", spec.theory[1], spec.level[1])
		}
		for _, line := range metrics.CosineMap(v, b.labels, rows[0], rows[1]) {
			var cells []Number
			for _, c := range line {
				cells = append(cells, Number(c))
			}
			m.Cells = append(m.Cells, cells)
		}
		out = append(out, m)
	}
	return out
}

// counts is the number of rows of each value. It stands beside the map: a cell of ten rows is no cell of a thousand.
func counts(groups [][]int) []int {
	out := make([]int, len(groups))
	for k, rows := range groups {
		out[k] = len(rows)
	}
	return out
}
