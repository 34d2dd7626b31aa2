// Package vidb makes and reads value-intensity databases: how strongly each text of a pool supports a value, on a scale
// from −10 to 10, with the orders that say so.
//
// The way of a value, each step a function here and a command of hives vidb:
//
//	pool     Draw     rows → the texts, balanced between directions, frozen under a hash
//	build    Build    windows of texts → orders by judges, or by people's own grades
//	fit      Fit      orders → utilities with errors → scores; no judge is asked
//	check    Check    seven voters look at each score; what they doubt waits for people
//	show     Table    the figures of a value; Page draws them
//	export   Export   Parquet and CSV; Import reads them and the authors' files
//
// Two commands work with a database that stands:
//
//	hives score       ScoreResponses   where other texts stand among these
//	hives stability   Stability        how much scores hang on who is asked, orders beside ratings
//
// A reader needs three lines:
//
//	file, err := vidb.Open("vidb.db", known)   // refuses other versions
//	v, err := file.Value("mft/care-harm")      // About, Texts and Scores; the pool's hash is checked
//	utility := v.Utility(17)                   // logits, of the final score of v.Texts[17]
//
// Files are never changed in place. Save writes a new one, with the other values of the old one, and equal contents
// give equal bytes: a build that was killed and taken up again ends with the file of an unbroken one (FORMAT.md).
//
// What the package refuses: a value without a definition, a pool of fewer than two texts, windows that the design
// cannot fill, a file whose pool or definition is not the one at hand, orders that leave the pool in parts that never
// met, a constant pool. It never turns a missing number into 0.
//
// Axis letters: N texts of a pool, W windows, J judges, k places of a window, m windows that a text is drawn for.
package vidb
