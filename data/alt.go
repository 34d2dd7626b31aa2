package data

import "hives/data/theories"

// Alternatives returns, for each row, the level ids of the value's paths beside the numbered one: one for
// hedonism, humility and face, none for all other rows. A path with a name that no row bears has an id beyond
// LevelNames' length, unlike every row's, so that comparing stays plain.
//
//	row            numbered path                       alternatives
//	hedonism       openness to change 0, hedonism 0    self-enhancement 1, hedonism 0
//	achievement    self-enhancement 1, achievement 1   none
//
// Samplers must not take a row for a negative, and text-level metrics may count it as equal, if either path of
// one agrees with either path of the other.
func (l *Labels) Alternatives(rows []Row) [][][3]int32 {
	ids := l.pathIDs(rows)
	out := make([][][3]int32, len(rows))
	cache := map[label][][3]int32{}
	for i := range rows {
		r := &rows[i]
		key := label{theory: r.Theory, path: canonical(r, l.Theories)}
		alt, known := cache[key] // a corpus has few paths and many rows
		if !known {
			for _, p := range l.Theories.AltPaths(key.theory, key.path) {
				alt = append(alt, ids.of(r.Theory, p))
			}
			cache[key] = alt
		}
		out[i] = alt
	}
	return out
}

// levelIDs finds a level's id by theory and name, as NewLabels numbered them.
type levelIDs struct {
	known [3]map[string]int32
}

// pathIDs recovers the numbering from the rows that the labels were made of: a level's id goes by theory and
// name, so the other path of a value often has known numbers.
func (l *Labels) pathIDs(rows []Row) *levelIDs {
	ids := &levelIDs{}
	for k := range ids.known {
		ids.known[k] = map[string]int32{}
	}
	for i := range rows {
		for k, name := range canonical(&rows[i], l.Theories) {
			if name != "" {
				ids.known[k][rows[i].Theory+"\x00"+name] = l.Levels[i][k]
			}
		}
	}
	return ids
}

// of numbers a path; a name without rows gets the next free id of its level.
func (ids *levelIDs) of(theory string, p theories.Path) [3]int32 {
	var out [3]int32
	for k, name := range p {
		out[k] = Missing
		if name == "" {
			continue
		}
		key := theory + "\x00" + name
		id, ok := ids.known[k][key]
		if !ok {
			id = int32(len(ids.known[k]))
			ids.known[k][key] = id
		}
		out[k] = id
	}
	return out
}
