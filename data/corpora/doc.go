// Package corpora turns published corpora of values and morals into rows.
//
//	valueeval      Touché23-ValueEval    svt, one row a label, no direction
//	mfrc           Moral Foundations     mft level 1, no direction
//	               Reddit Corpus
//	social-chem    Social Chemistry 101  mft level 1, direction by the sign of the action's judgement
//	moral-stories  Moral Stories         mft level 1 of the rule it was written from, both directions
//	valuenet       ValueNet              svt level 2, both directions
//	valueprism     ValuePrism            svt, mft, duty and right by the value's name, both directions
//	valueeval24    Touché24-ValueEval    svt, attained and constrained as direction
//	denevil        Denevil, MoralPrompt  mft level 1, no direction
//	valueflow      the authors' CSV      all theories, with anchors
//
// Where to begin: corpora.go has what importers share, tables.go how files are read, names.go how a publisher's
// name finds its node; then any importer, each a file of its own, of which valuenet.go is the shortest. A new
// corpus is such a file and an entry in sources.go:
//
//	func readMine(c *collector) error {
//		paths, err := find(c.In, "*.csv")                        // which files
//		…
//		return c.eachRow(path, quoted, []string{"text", "value"}, func(r record) error {
//			t, err := newText(r.get("text"), r.get("topic"))   // cleaned; the group is the topic
//			…
//			l, known := lookUp("svt", r.get("value"))           // the node of that name; c.miss if none
//			c.add(t, l.theory, l.path, data.Supports, data.SourceAnnotated)
//			return nil
//		})
//	}
//
// docs/DATA.md gives every mapping with its reason. An importer reads all files of its corpus in a folder,
// cleans the texts, merges duplicates and accounts for every record: it became rows, or it is counted under
// a reason, or it is bad and named by file and line.
package corpora
