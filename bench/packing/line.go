package main

import (
	"fmt"
	"slices"

	"hives/encoder/local"
	"hives/pack"
)

// Of embedd's line: what waits, and how much of it is looked at to make up a batch. 64 callers with 8 texts each is
// what bench/loadtest's saturation offers too.
const (
	callers  = 64 // that always have a request under way
	perCall  = 8  // texts
	lineSize = 8000
)

// inLine serves some of the rows as embedd does under more load than it can bear: each batch holds the text whose turn
// it is and is made up out of the texts of so many batches. It prints the cost beside that of all texts known at once.
//
// Ids are all 0: packing looks at lengths alone.
func inLine(lengths []int, maxLength int) error {
	texts := make([][]int32, min(lineSize, len(lengths)))
	for i := range texts { // steps of a prime, so that neighbours differ in length
		texts[i] = make([]int32, lengths[i*7919%len(lengths)])
	}
	shapes := local.Shapes(maxLength)
	for _, attention := range []float64{1900, 130} { // that of the 0.6B shape on two cores, and of the demo's
		all, err := pack.Many(texts, shapes)
		if err != nil {
			return err
		}
		least := 0.0
		for _, b := range all {
			least += b.Shape.Cost(attention)
		}
		// embedd looks at two: docs/PACKING.md has the table that this prints, and what more would bring.
		for _, windows := range []int{1, 2, 4, 8} {
			cost, passed, err := serve(texts, shapes, windows, attention)
			if err != nil {
				return err
			}
			fmt.Printf("attention at %4.0f, out of %d    %.3f of the throughput of all at once; no text saw more than %d "+
				"batches\n", attention, windows, least/cost, passed)
		}
	}
	return nil
}

// serve returns what the batches cost and for how many the text that waited longest was in the line.
//
//	line      texts that wait, oldest first
//	window    as many of them as windows batches hold, and one at least
//	batch     pack.Next of the window: the first is in it, the others as they fit
//	a call that has all its texts back asks for the next eight
//
// No engine runs: cost is what pack's own model of a batch's time says.
func serve(texts [][]int32, shapes []pack.Shape, windows int, attention float64) (cost float64, passed int, err error) {
	largest := 0
	for _, s := range shapes {
		largest = max(largest, s.Tokens())
	}
	var line []int
	open, next := map[int]int{}, 0 // calls with the number of their texts that are in the line
	seen := make([]int, len(texts))
	for {
		for ; len(open) < callers && next < len(texts); next += perCall {
			for text := next; text < min(next+perCall, len(texts)); text++ {
				line = append(line, text)
				open[next/perCall]++
			}
		}
		// Every text has been served: callers had no more to ask.
		if len(line) == 0 {
			return cost, passed, nil
		}
		var window [][]int32
		for tokens := windows * largest; len(window) < len(line); {
			text := texts[line[len(window)]]
			if tokens -= len(text); tokens < 0 && len(window) > 0 {
				break
			}
			window = append(window, text)
		}
		b, err := pack.Next(window, shapes, attention)
		if err != nil {
			return 0, 0, err
		}
		// Cost is in positions, with attention's share at this row length: the same on every machine.
		cost += b.Shape.Cost(attention)
		for _, text := range line {
			seen[text]++
			passed = max(passed, seen[text])
		}
		// From behind, so that the places in front stay what they are.
		slices.Sort(b.Members)
		for _, m := range slices.Backward(b.Members) {
			// A text's call is its number divided by eight: calls took the texts in order.
			if call := line[m] / perCall; open[call] > 1 {
				open[call]--
			} else {
				delete(open, call)
			}
			line = slices.Delete(line, m, m+1)
		}
	}
}
