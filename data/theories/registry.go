package theories

import "sync/atomic"

// registered is the set of what was registered; to go once every caller passes its own.
var registered atomic.Pointer[Set]

// Registered is the set that Register made.
func Registered() Set {
	if s := registered.Load(); s != nil {
		return *s
	}
	return Set{}
}

func Register(t *Tree) error {
	s, err := Registered().With(t)
	if err == nil {
		registered.Store(&s)
	}
	return err
}

func RegisterFiles(files ...string) error {
	s, err := Load(files...)
	if err != nil {
		return err
	}
	registered.Store(&s)
	return nil
}

func BuiltIn() []string                         { return Builtin().Names() }
func Names() []string                           { return Registered().Names() }
func Get(theory string) (*Tree, bool)           { return Registered().Get(theory) }
func Sources() map[string]string                { return Registered().Sources() }
func ParseID(id string) (string, Path, error)   { return Registered().ParseID(id) }
func Resolve(theory, name string) []Path        { return Registered().Resolve(theory, name) }
func AltPaths(theory string, p Path) []Path     { return Registered().AltPaths(theory, p) }
func Canonical(theory string, p Path) Path      { return Registered().Canonical(theory, p) }
func Validate(theory string, p Path) error      { return Registered().Validate(theory, p) }
func Match(theory string, p Path) (Path, error) { return Registered().Match(theory, p) }
func List(o ListOptions) (*Listing, error)      { return Registered().List(o) }
func Define(valueID string) (Definition, error) { return Registered().Define(valueID) }
func FindName(name string) []Node               { return Registered().FindName(name) }
