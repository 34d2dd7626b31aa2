package vidb

// Formats of a question.
const (
	FormatBinary  = "binary"  // which of two supports the value more
	FormatDefault = "default" // all texts in order
	FormatOneShot = "oneshot" // the same, with a worked example
)

// built notes what the windows were made by.
func (v *Value) built(o DesignOptions, jurors []Juror, format, wording string) {
	v.Seed, v.K, v.M, v.Format, v.Order, v.Judges = o.Seed, o.K, o.M, format, o.Order, jurors
	v.Settings.Pairing, v.Settings.Rotation, v.Settings.Overlap, v.Settings.Wording = o.Pairing, o.Rotation,
		o.Overlap, wording
}
