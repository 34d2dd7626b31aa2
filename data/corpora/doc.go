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
// docs/DATA.md gives every mapping with its reason. An importer reads all files of its corpus in a folder,
// cleans the texts, merges duplicates and accounts for every record: it became rows, or it is counted under
// a reason, or it is bad and named by file and line.
package corpora
