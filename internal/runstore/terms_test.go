package runstore

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOlderTermsHaveTodaysNames: lines of a run that an older program began and this one went on with are read alike.
func TestOlderTermsHaveTodaysNames(t *testing.T) {
	for line, want := range map[string]string{
		`{"kind":"train","step":1,"loss":3,"loss_hierarchical":1,"loss_individual":2,"loss_theory":1,` +
			`"loss_levels":[1]}`: `{"kind":"train","step":1,"loss":3,"loss_levels":[1],"terms":{"hierarchical":1,` +
			`"individual":2,"theory":1}}`,
		`{"kind":"train","step":1,"loss":3,"terms":{"hierarchical":3}}`: `{"kind":"train","step":1,"loss":3}`,
		`{"kind":"train","step":1,"loss":3,"terms":{"hierarchical":1}}`: `{"kind":"train","step":1,"loss":3,` +
			`"terms":{"hierarchical":1}}`,
		`{"kind":"validation","step":1,"loss_hierarchical":1}`: `{"kind":"validation","step":1,"loss_hierarchical":1}`,
		`{"kind":"train","step":1,"loss":3,"loss_scale":1024}`: `{"kind":"train","step":1,"loss":3,"loss_scale":1024}`,
	} {
		var got, wanted map[string]any
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(want), &wanted); err != nil {
			t.Fatal(err)
		}
		NameTerms(got)
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}
