package trainer

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hives/internal/rig/goldentest"
)

// Of package time a run uses only what measures spans on the monotonic clock: a clock that is set back or
// forward, by hand or by NTP, moves no decision and no file. Dates, deadlines and timers would.
func TestNoWallClockDecides(t *testing.T) {
	allowed := []string{"Now", "Since", "Duration", "Second", "Millisecond"}
	root := goldentest.ModuleRoot(t)
	found := 0
	for _, dir := range []string{"internal/trainer", "internal/trainer/loop", "internal/trainer/step",
		"internal/trainer/state",
		"internal/trainer/start", "internal/trainer/contrast", "internal/runstore", "internal/fsutil", "internal/optim",
		"checkpoints", "samplers", "losses", "cmd/train"} {
		packages, err := parser.ParseDir(token.NewFileSet(), filepath.Join(root, dir), func(f fs.FileInfo) bool {
			return !strings.HasSuffix(f.Name(), "_test.go")
		}, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range packages {
			ast.Inspect(p, func(n ast.Node) bool {
				s, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "time" {
					if found++; !slices.Contains(allowed, s.Sel.Name) {
						t.Errorf("%s uses time.%s", dir, s.Sel.Name)
					}
				}
				// What turns a reading of the clock into a date.
				if slices.Contains([]string{"Unix", "UnixNano", "UnixMilli", "UTC", "ModTime"}, s.Sel.Name) {
					t.Errorf("%s uses %s of a time", dir, s.Sel.Name)
				}
				return true
			})
		}
	}
	if found == 0 {
		t.Error("the check sees no use of package time, not even that of the rate of tokens")
	}
}
