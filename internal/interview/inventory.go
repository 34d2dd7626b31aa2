package interview

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"hives/internal/fault"
	"hives/internal/judge"
	"hives/internal/strictjson"
	"hives/questionnaire"
)

// Inventory is what is asked.
type Inventory struct {
	Format  int                            `json:"format"`
	Kind    string                         `json:"kind"` // inventory
	Name    string                         `json:"name"`
	Note    string                         `json:"note,omitempty"`
	Options []string                       `json:"options"` // from least to most: 1 … K on the scale
	Scales  map[string]Scale               `json:"scales"`
	Groups  map[string]map[string][]string `json:"groups,omitempty"` // scales by the names of groups, several ways of grouping
	Circle  []string                       `json:"circle,omitempty"` // groups in the order of a theory's circle
	Items   []Item                         `json:"items"`
}

// Scale is a value that items ask about.
type Scale struct {
	Name    string `json:"name"`
	ValueID string `json:"value_id,omitempty"`
	About   string `json:"about"` // for the judge: what matters to somebody who holds it
}

// Item is one open question.
type Item struct {
	ID      string `json:"id"`
	Scale   string `json:"scale"`
	Text    string `json:"text"`
	Reverse bool   `json:"reverse,omitempty"` // the more alike, the less of the value
}

//go:embed inventory.json
var ours []byte

// ReadInventory reads a file; "" stands for our own 57 questions. Unknown keys are refused: a way of scoring that is
// not known here would be passed over.
func ReadInventory(path string) (*Inventory, error) {
	v := &Inventory{}
	if _, err := strictjson.ReadFile(path, ours, v); err != nil {
		return nil, err
	}
	if err := v.check(); err != nil {
		return nil, fault.New(fault.Invalid, "%s: %w", path, err)
	}
	return v, nil
}

// check refuses an inventory that cannot be asked or scored, by the first item or scale that is wrong.
func (v *Inventory) check() error {
	bad := func(format string, args ...any) error { return fault.New(fault.Invalid, format, args...) }
	switch {
	case v.Format != 1 || v.Kind != "inventory":
		return bad("format %d, kind %q: want 1 and inventory", v.Format, v.Kind)
	case len(v.Options) < 2:
		return bad("%d options: want two or more", len(v.Options))
	case len(v.Items) == 0:
		return bad("no items")
	}
	seen := map[string]bool{}
	for i, it := range v.Items {
		switch _, ok := v.Scales[it.Scale]; {
		case it.ID == "" || seen[it.ID]:
			return bad("item %d: id %q is empty or stands twice", i+1, it.ID)
		case it.Text == "":
			return bad("item %q has no text", it.ID)
		case !ok:
			return bad("item %q: scale %q is not among the scales", it.ID, it.Scale)
		}
		seen[it.ID] = true
	}
	return v.checkGroups()
}

// checkGroups refuses groups of scales that are not there. A scale in no group is right: three of our nineteen lie
// between the ten basic values or outside of them.
func (v *Inventory) checkGroups() error {
	known := map[string]bool{}
	for way, groups := range v.Groups {
		for name, scales := range groups {
			known[name] = true
			for _, s := range scales {
				if _, ok := v.Scales[s]; !ok {
					return fault.New(fault.Invalid, "groups %s, %s: scale %q is not among the scales", way, name, s)
				}
			}
		}
	}
	for _, name := range v.Circle {
		if !known[name] {
			return fault.New(fault.Invalid, "circle: %q is no group", name)
		}
	}
	return nil
}

// scoring is the inventory as numbers see it: group names are "way/name", for two ways may use one name.
func (v *Inventory) scoring() *questionnaire.Inventory {
	out := &questionnaire.Inventory{Groups: map[string][]string{}}
	for _, it := range v.Items {
		out.Scale = append(out.Scale, it.Scale)
	}
	for way, groups := range v.Groups {
		for name, scales := range groups {
			out.Groups[way+"/"+name] = scales
		}
	}
	return out
}

// scales in the order of their first item, which is the order of tables: a map of scales has none.
func (v *Inventory) scales() (codes []string) {
	for _, it := range v.Items {
		if !slices.Contains(codes, it.Scale) {
			codes = append(codes, it.Scale)
		}
	}
	return codes
}

// sum is the SHA-256 of what is asked, however its file was laid out.
func (v *Inventory) sum() string {
	raw, _ := json.Marshal(v) // strings, lists and maps of them always marshal
	return judge.Hash(string(raw))
}

// String is for a line of output.
func (v *Inventory) String() string {
	return fmt.Sprintf("%s: %d questions on %d values, %d options", v.Name, len(v.Items), len(v.scales()), len(v.Options))
}
