package data

// Direction of a text towards a value.
const (
	Opposes  int32 = -1
	Neither  int32 = 0 // judged neutral, or nobody judged: DirectionSource tells which
	Supports int32 = 1
)

// Where a direction comes from.
const (
	SourceAnnotated = "annotated" // an annotator said which way the text points
	SourceJudgement = "judgement" // the sign of a moral judgement of the action
	SourceNone      = "none"      // nobody judged; the direction is 0
)

// NoAnchor is the id of a row that no anchor sentence is assigned to.
const NoAnchor int32 = -1

// Row is one (text, value) annotation; a text with several values stands in several rows.
// The Parquet and CSV columns bear the names in the tags.
type Row struct {
	Text             string `parquet:"text"`
	Theory           string `parquet:"theory"`  // svt, mft, duty, right
	Level1           string `parquet:"level_1"` // empty where the path has ended
	Level2           string `parquet:"level_2"`
	Level3           string `parquet:"level_3"`
	Direction        int32  `parquet:"direction"` // +1, −1, 0
	DirectionSource  string `parquet:"direction_source"`
	IndividualAnchor int32  `parquet:"individual_anchor"` // id in the plain-language bank, −1 none
	TheoryAnchor     int32  `parquet:"theory_anchor"`     // id in the cross-theory bank, −1 none
	TextID           string `parquet:"text_id"`           // first 16 bytes of SHA-256 of the normalised text, hex
	Group            string `parquet:"group"`             // what must not cross a split
	Corpus           string `parquet:"corpus"`
	Licence          string `parquet:"licence"`

	// Extra holds unknown columns, kept as text through every tool.
	Extra map[string]string `parquet:"-"`
}

// Levels returns the path as an array, coarse to fine.
func (r *Row) Levels() [3]string { return [3]string{r.Level1, r.Level2, r.Level3} }
