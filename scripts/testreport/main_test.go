package main

import (
	"strings"
	"testing"
)

const events = `{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:7: no mount: not permitted\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- SKIP: TestA (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"quiet words\n"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`

func TestSkippedTestsAreNamed(t *testing.T) {
	var out strings.Builder
	if err := report(strings.NewReader(events), &out); err != nil {
		t.Fatal(err)
	}
	want := "ok  \tp\t0.1s\ndid not run: TestA of p: no mount: not permitted\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

func TestFailuresAreShownWhole(t *testing.T) {
	const failing = `{"Action":"output","Package":"p","Test":"TestC/x","Output":"    c_test.go:9: got 1\n"}
{"Action":"fail","Package":"p","Test":"TestC/x"}
{"Action":"output","Package":"p","Output":"panic: torn\n"}
{"Action":"output","Package":"p","Output":"goroutine 1\n"}
{"Action":"fail","Package":"p"}
{"ImportPath":"q","Action":"build-output","Output":"q.go:1: syntax error\n"}
{"ImportPath":"q","Action":"build-fail"}
a line of the toolchain
`
	var out strings.Builder
	if report(strings.NewReader(failing), &out) == nil {
		t.Error("a failed test is no error")
	}
	for _, want := range []string{"c_test.go:9: got 1", "panic: torn", "goroutine 1", "syntax error",
		"a line of the toolchain"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in %q", want, out.String())
		}
	}
}
