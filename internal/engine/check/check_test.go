package check

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"hives/internal/engine"
	"hives/internal/fault"
)

// inProcess stands in for a fresh process: one repeat of the step on the tests' engine.
func inProcess(t *testing.T) Launch {
	t.Helper()
	e := engine.OpenForTest(t)
	return func(ctx context.Context, opt Options) ([]byte, error) {
		var out bytes.Buffer
		err := Steps(ctx, Options{Engine: string(e.Name), Repeats: opt.Repeats}, &out)
		return out.Bytes(), err
	}
}

func TestSoundEnginePasses(t *testing.T) {
	if engine.OpenForTest(t).Name == engine.Go {
		t.Skip("the Go engine is what plugins are held against")
	}
	var out bytes.Buffer
	if err := Run(context.Background(), Options{Repeats: 2}, inProcess(t), &out); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	for _, w := range []string{"f32: 8 of 8", "bf16: 8 of 8", "of the Go engine"} {
		if !strings.Contains(out.String(), w) {
			t.Errorf("output lacks %q:\n%s", w, &out)
		}
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
		{"results differ inside a process", launchOf(Report{Hashes: map[string]int{hash("a"): 1, hash("b"): 1}}), "2 different results"},
		{"results differ between processes", launchOf(one, Report{Hashes: map[string]int{hash("b"): 2}}), "2 different results"},
		{"nothing reported", launchOf(Report{}), "no repeat"},
		{"values missing", launchOf(one), "0 tensors"},
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
	e := engine.OpenForTest(t)
	raw, err := inProcess(t)(context.Background(), Options{Repeats: 1})
	if err != nil {
		t.Fatal(err)
	}
	var r Report
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Values) != 1+weightsPerModel {
		t.Fatalf("%d tensors on %s, want the loss and %d gradients", len(r.Values), e.Name, weightsPerModel)
	}
	last := r.Values[len(r.Values)-1]
	last[7] += 0.01 * last[7] * 1000
	err = compareWithGo(context.Background(), r.Values, &bytes.Buffer{})
	if fault.Of(err) != fault.Mismatch || !strings.Contains(err.Error(), "do not pin") {
		t.Errorf("got %v", err)
	}
}

func TestRepeatsMustBePositive(t *testing.T) {
	err := Run(context.Background(), Options{}, nil, nil)
	if fault.ExitCode(err) != fault.ExitUsage {
		t.Errorf("got %v", err)
	}
}
