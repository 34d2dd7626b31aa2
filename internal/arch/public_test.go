package arch

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/doc"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPublicSignaturesNeedNoInternalType walks every exported type, function, method and field of the public packages:
// a stranger must be able to write each of their types down.
func TestPublicSignaturesNeedNoInternalType(t *testing.T) {
	load := importer.ForCompiler(token.NewFileSet(), "gc", exports(t))
	walked := 0
	for path := range list(t) {
		if !isPublic(path) {
			continue
		}
		pkg, err := load.Import(module + "/" + path)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range leaks(pkg) {
			t.Errorf("%s: give the type a name in a public package", line)
		}
		walked++
	}
	if walked < 10 {
		t.Errorf("%d public packages were walked", walked)
	}
}

func isPublic(path string) bool {
	return slices.ContainsFunc(public, func(root string) bool { return below(path, root) })
}

// exports finds what the compiler wrote of each package.
func exports(t *testing.T) func(string) (io.ReadCloser, error) {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, root := range public {
		args = append(args, "../../"+root+"/...")
	}
	raw, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for dec := json.NewDecoder(strings.NewReader(string(raw))); ; {
		var p struct{ ImportPath, Export string }
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// leaks names what a package exports and a stranger cannot write down.
func leaks(pkg *types.Package) (found []string) {
	note := func(where string, t types.Type) {
		if inner := hidden(t, map[types.Type]bool{}); inner != "" {
			found = append(found, pkg.Path()+"."+where+" needs "+inner)
		}
	}
	for _, name := range pkg.Scope().Names() {
		o := pkg.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		named, isType := o.Type().(*types.Named)
		if _, declares := o.(*types.TypeName); !declares || !isType {
			if !declares {
				note(name, o.Type())
			}
			continue // an alias gives a name, and that is enough
		}
		note(name, exported(named.Underlying()))
		for i := range named.NumMethods() {
			if m := named.Method(i); m.Exported() {
				note(name+"."+m.Name(), m.Type())
			}
		}
	}
	return found
}

// exported leaves a struct the fields that others see.
func exported(t types.Type) types.Type {
	s, ok := t.(*types.Struct)
	if !ok {
		return t
	}
	var seen []*types.Var
	for i := range s.NumFields() {
		if f := s.Field(i); f.Exported() {
			seen = append(seen, f)
		}
	}
	return types.NewStruct(seen, nil)
}

// hidden is the first internal type that a type is written with; empty where there is none.
func hidden(t types.Type, seen map[types.Type]bool) string {
	if t == nil || seen[t] {
		return ""
	}
	seen[t] = true
	first := func(parts ...types.Type) string {
		for _, part := range parts {
			if inner := hidden(part, seen); inner != "" {
				return inner
			}
		}
		return ""
	}
	switch t := t.(type) {
	case *types.Alias:
		return "" // written by its own name, which is public or was noted where it is declared
	case *types.Named:
		if p := t.Obj().Pkg(); p != nil && strings.HasPrefix(p.Path(), module+"/internal/") {
			return t.String()
		}
		for i := range t.TypeArgs().Len() {
			if inner := hidden(t.TypeArgs().At(i), seen); inner != "" {
				return inner
			}
		}
	case *types.Signature:
		return first(t.Params(), t.Results())
	case *types.Tuple:
		for i := range t.Len() {
			if inner := hidden(t.At(i).Type(), seen); inner != "" {
				return inner
			}
		}
	case *types.Struct:
		for i := range t.NumFields() {
			if inner := hidden(t.Field(i).Type(), seen); inner != "" {
				return inner
			}
		}
	case *types.Interface:
		for i := range t.NumMethods() {
			if inner := hidden(t.Method(i).Type(), seen); inner != "" {
				return inner
			}
		}
	case *types.Map:
		return first(t.Key(), t.Elem())
	case interface{ Elem() types.Type }: // pointers, slices, arrays, channels
		return hidden(t.Elem(), seen)
	}
	return ""
}

// The negative control: a function over an internal type is found, one over its public alias is not.
func TestLeaksNotice(t *testing.T) {
	in := types.NewPackage(module+"/internal/x", "x")
	inner := types.NewNamed(types.NewTypeName(0, in, "T", nil), types.NewStruct(nil, nil), nil)
	out := types.NewPackage(module+"/y", "y")
	alias := types.NewAlias(types.NewTypeName(0, out, "T", nil), inner)
	for name, of := range map[string]types.Type{"Bad": inner, "Good": alias} {
		v := types.NewVar(0, out, "v", types.NewSlice(types.NewPointer(of)))
		out.Scope().Insert(types.NewFunc(0, out, name, types.NewSignatureType(nil, nil, nil, types.NewTuple(v), nil, false)))
	}
	if got := leaks(out); len(got) != 1 || !strings.Contains(got[0], "Bad needs hives/internal/x.T") {
		t.Errorf("got %q", got)
	}
}

// withoutExample are public packages that others are still drawing.
var withoutExample = []string{"model", "proto", "ranking", "intensity"}

// TestPublicPackagesHaveExamples: each public package has an Example with an output that go test compares.
func TestPublicPackagesHaveExamples(t *testing.T) {
	for _, root := range public {
		if slices.Contains(withoutExample, root) {
			continue
		}
		if !hasExample(t, filepath.Join("..", "..", root)) {
			t.Errorf("package %s has no Example with an Output", root)
		}
	}
	if hasExample(t, ".") {
		t.Error("an Example is seen where there is none")
	}
}

func hasExample(t *testing.T, dir string) bool {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, path := range paths {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return slices.ContainsFunc(doc.Examples(files...), func(e *doc.Example) bool { return e.Output != "" })
}
