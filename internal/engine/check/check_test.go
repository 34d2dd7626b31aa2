package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"hives/internal/engine"
	"hives/internal/fault"
)

// reported is what one process says of the tests' engine: two repeats, idle and loaded.
var reported = sync.OnceValues(func() ([]byte, error) {
	var out bytes.Buffer
	err := Steps(context.Background(), Options{Engine: string(testKind), Repeats: 2}, &out)
	return out.Bytes(), err
})

var testKind engine.Kind

// launch returns reported in place of a fresh process.
func launch(t *testing.T) Launch {
	t.Helper()
	testKind = engine.OpenForTest(t).Name
	return func(context.Context, Options) ([]byte, error) { return reported() }
}

var fromGo = sync.OnceValues(func() ([][]float32, error) { return goValues(context.Background()) })

func TestSoundEnginePasses(t *testing.T) {
	raw, err := launch(t)(nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := judge(r.Hashes, 4, &out); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	for _, w := range []string{"f32: 4 of 4", "bf16: 4 of 4"} {
		if !strings.Contains(out.String(), w) {
			t.Errorf("output lacks %q:\n%s", w, &out)
		}
	}
	want, err := fromGo()
	if err != nil {
		t.Fatal(err)
	}
	if err := compare(r.Values, want, &out); err != nil {
		t.Error(err)
	}
}

// hash is a made-up digest.
func hash(digit string) string { return "f32 " + strings.Repeat(digit, 64) }

func launchOf(reports ...Report) Launch {
	return func(context.Context, Options) ([]byte, error) {
		r := reports[0]
		if len(reports) > 1 {
			reports = reports[1:]
		}
		return json.Marshal(r)
	}
}

func TestUnsoundEnginesAreRefused(t *testing.T) {
	one := Report{Hashes: map[string]int{hash("a"): 2}}
	for _, c := range []struct {
		name   string
		launch Launch
		word   string
	}{
		{"results differ inside a process", launchOf(Report{Hashes: map[string]int{hash("a"): 1, hash("b"): 1}}),
			"2 different results"},
		{"results differ between processes", launchOf(one, Report{Hashes: map[string]int{hash("b"): 2}}),
			"2 different results"},
		{"nothing reported", launchOf(Report{}), "no repeat"},
		{"process died", func(context.Context, Options) ([]byte, error) { return nil, errors.New("killed") }, "killed"},
		{"torn report", func(context.Context, Options) ([]byte, error) { return []byte("{"), nil }, "read its report"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Run(context.Background(), Options{Repeats: 1}, c.launch, &bytes.Buffer{})
			if err == nil || !strings.Contains(err.Error(), c.word) {
				t.Errorf("got %v, want %q", err, c.word)
			}
		})
	}
}

func TestWrongValuesAreRefused(t *testing.T) {
	want, err := fromGo()
	if err != nil {
		t.Fatal(err)
	}
	if len(want) != 1+weightsPerModel {
		t.Fatalf("%d tensors, want the loss and %d gradients", len(want), weightsPerModel)
	}
	if err := compare(want, want, &bytes.Buffer{}); err != nil {
		t.Errorf("equal values: %v", err)
	}
	last := len(want) - 1
	wrong := slices.Clone(want)
	wrong[last] = slices.Clone(want[last])
	wrong[last][7] += 0.01
	nan := slices.Clone(want)
	nan[0] = []float32{float32(math.NaN())}
	for name, got := range map[string][][]float32{"one entry": wrong, "NaN": nan, "missing": want[1:]} {
		if err := compare(got, want, &bytes.Buffer{}); fault.Of(err) != fault.Mismatch {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestRepeatsMustBePositive(t *testing.T) {
	err := Run(context.Background(), Options{}, nil, nil)
	if fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("got %v", err)
	}
}
