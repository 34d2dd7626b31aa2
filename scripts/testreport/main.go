// Command testreport shows what `go test -json` says: a line a package, all that a failed test wrote, and at the end
// every test that was skipped, with its reason. A plain `go test` passes over skipped tests in silence.
//
//	go test -json ./... | go run ./scripts/testreport
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// event is a line of go test -json. Test is empty where a package itself speaks; ImportPath stands for it while it
// is built.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

func main() {
	if err := report(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "testreport:", err)
		os.Exit(1)
	}
}

// reporter holds what tests wrote until it is known whether anybody wants to read it: a test that passes is
// forgotten, one that fails is shown whole.
type reporter struct {
	out     io.Writer
	said    map[string][]string // by package and test
	skipped []string
	failed  bool
}

// report writes what happened and returns an error when something failed. Skips come last, where they are still on
// the screen: a gate that is green because it skipped must not look like one that compared.
func report(in io.Reader, out io.Writer) error {
	r := &reporter{out: out, said: map[string][]string{}}
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case line != "" && json.Unmarshal([]byte(line), &e) == nil:
			r.handle(e)
		// A line that is JSON and no event has an empty Action, which handle passes over.
		default: // not of go test: what the toolchain says beside it
			fmt.Fprint(out, line)
		}
		if err == io.EOF {
			break
		} else if err != nil {
			return err
		}
	}
	for _, s := range r.skipped {
		fmt.Fprintln(out, s)
	}
	if r.failed {
		return errors.New("tests failed")
	}
	return nil
}

// handle takes one event in the order of the stream, in which packages are mixed. Output is kept by package and
// test.
func (r *reporter) handle(e event) {
	key := e.Package + " " + e.Test
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.out, e.Output)
	case "output":
		if e.Test == "" && shown(e.Output) {
			fmt.Fprint(r.out, e.Output)
			return
		}
		r.said[key] = append(r.said[key], e.Output)
	// A test's parents fail after it, and add their own few lines.
	case "fail", "build-fail":
		r.failed = true
		fmt.Fprint(r.out, strings.Join(r.said[key], ""))
		delete(r.said, key)
	case "skip":
		if e.Test != "" {
			r.skipped = append(r.skipped, fmt.Sprintf("did not run: %s of %s: %s", e.Test, e.Package, reason(r.said[key])))
		}
		delete(r.said, key)
	case "pass":
		delete(r.said, key)
	}
}

// shown are a package's own lines that a plain go test shows too.
func shown(output string) bool {
	return strings.HasPrefix(output, "ok ") || strings.HasPrefix(output, "FAIL") || strings.HasPrefix(output, "panic:")
}

// reason is what a skipped test said, without the lines of the framework and the place in the code.
//
//	=== RUN   TestA
//	    a_test.go:7: no mount: not permitted      → no mount: not permitted
//	--- SKIP: TestA (0.00s)
func reason(said []string) string {
	var words []string
	for _, line := range said {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "===") || strings.HasPrefix(line, "---") {
			continue
		}
		if at, rest, ok := strings.Cut(line, ": "); ok && strings.Contains(at, ".go:") {
			line = rest
		}
		words = append(words, line)
	}
	if len(words) == 0 {
		return "it gave no reason"
	}
	return strings.Join(words, " ")
}
