package anchors

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	bank "hives/data/anchors"
	"hives/encoder"
	"hives/internal/fault"
)

// Keys of a theory bank's Meta; docs/ANCHORS.md describes them. They are names in files: one that changed would make
// older banks speak of nothing.
const (
	metaEmbedder   = "embedder" // encoder.Identity, JSON
	metaWeights    = bank.MetaWeights
	metaTokenizer  = "tokenizer_sha256"
	metaRowsFile   = "rows_file"
	metaRowsSHA    = bank.MetaRows
	metaHeldOut    = "held_out" // one a line: name and digest
	metaNotFor     = "not_for"  // digests of weights, one a line
	metaPrevious   = "previous_sha256"
	metaNextID     = "next_id"
	metaSettings   = "settings" // Settings, JSON
	metaReport     = "report"   // Report, JSON
	metaDetails    = "clusters" // []Detail, JSON, ordered by id
	metaSummariser = "summariser"
)

// Settings are the choices that a bank's bytes depend on, beside rows and embedder. Two banks with equal rows,
// embedder and settings, their sentences from medoids, must be equal to the byte.
type Settings struct {
	K            int     `json:"k"`
	Spherical    bool    `json:"spherical"`
	Seed         uint64  `json:"seed"`
	Restarts     int     `json:"restarts"`
	MaxPasses    int     `json:"max_passes"`
	Tolerance    float64 `json:"tolerance"`
	BatchSize    int     `json:"batch_size"`
	Epochs       int     `json:"epochs"`
	Exemplars    int     `json:"exemplars"`
	MinExemplars int     `json:"min_exemplars"`
	Merge        float64 `json:"merge_spreads"`
	Match        float64 `json:"match_spreads"`
}

// settings picks what the bytes depend on. Progress, files and the summariser are told elsewhere. The JSON is in the
// order of the fields, so equal settings are equal bytes.
func (o *Options) settings() Settings {
	k := o.KMeans
	return Settings{
		K: k.K, Spherical: k.Spherical, Seed: k.Seed, Restarts: k.Restarts, MaxPasses: k.MaxPasses,
		Tolerance: k.Tolerance, BatchSize: k.BatchSize, Epochs: k.Epochs,
		Exemplars: o.Exemplars, MinExemplars: o.MinExemplars, Merge: o.Merge, Match: o.Match,
	}
}

// describe writes what the bank rests on. The engine is left out of the embedder: a rebuild elsewhere with equal
// vectors is the same bank. Files go in by name and digest, never by folder.
func (b *Built) describe(id encoder.Identity, next int32, o Options) error {
	m := b.Bank.Meta
	id.Engine = ""
	m[metaWeights], m[metaTokenizer] = id.WeightsSHA256, id.TokenizerSHA256
	m[metaRowsFile], m[metaRowsSHA] = filepath.Base(o.Rows), b.corpus.SHA256
	m[metaNextID] = strconv.Itoa(int(next))
	m[metaSummariser] = medoidName
	if o.Summariser != nil {
		m[metaSummariser] = o.Summariser.Name()
	}
	// Sorted, each once: the bank is the same in whatever order the flags stood.
	notFor := slices.Clone(o.NotFor)
	slices.Sort(notFor)
	m[metaNotFor] = strings.Join(slices.Compact(notFor), "\n")
	checked, err := digests(o.HeldOut)
	if err != nil {
		return err
	}
	m[metaHeldOut] = strings.Join(checked, "\n")
	if o.Previous != "" {
		sums, err := digests([]string{o.Previous})
		if err != nil {
			return err
		}
		m[metaPrevious] = sums[0]
	}
	// Structures are kept as JSON, under one key each; the order of writing does not matter, the file's is
	// sorted.
	for key, v := range map[string]any{
		metaEmbedder: id, metaSettings: o.settings(), metaReport: b.Report, metaDetails: b.details,
	} {
		raw, err := json.Marshal(v)
		if err != nil {
			return err
		}
		m[key] = string(raw)
	}
	return nil
}

// spreadOf returns the spread of the texts that a bank was made from. Rows are assigned by the bank's spread, not by
// their own: limits must mean the same for the training part and for the test part. NaN and 0 are refused alike:
// neither is above 0.
func spreadOf(b *bank.Bank) (float64, error) {
	var r Report
	if err := json.Unmarshal([]byte(b.Meta[metaReport]), &r); err != nil || !(r.Spread > 0) {
		return 0, fault.New(fault.Invalid, "anchors: the bank does not say how far its texts are apart; "+
			"make it with hives anchors build")
	}
	return r.Spread, nil
}

// Details returns what a bank's Meta says of its anchors, in their order. Those that a review took out of the bank
// are described still, and passed over. An anchor that is not described was not made by a build. Looked up by id and
// not by place: a review may have taken anchors out of the middle.
func Details(b *bank.Bank) ([]Detail, error) {
	var all []Detail
	bad := json.Unmarshal([]byte(b.Meta[metaDetails]), &all)
	byID := make(map[int32]Detail, len(all))
	for _, d := range all {
		byID[d.ID] = d
	}
	out := make([]Detail, len(b.Anchors))
	for i, a := range b.Anchors {
		d, ok := byID[a.ID]
		if bad != nil || !ok {
			return nil, fault.New(fault.Invalid, "anchors: the bank does not describe its clusters; "+
				"make it with hives anchors build")
		}
		out[i] = d
	}
	return out, nil
}
