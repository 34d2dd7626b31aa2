package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	files, err := os.ReadDir(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(from, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(to, f.Name())); err != nil { // the old bytes are still mapped
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, f.Name()), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExposure(t *testing.T) {
	for _, c := range []struct {
		address string
		e       exposure
		says    string // "" is allowed
	}{
		{"127.0.0.1:1", exposure{}, ""},
		{"127.9.9.9:1", exposure{}, ""},
		{"[::1]:1", exposure{}, ""},
		{"localhost:1", exposure{}, ""},
		{"127.0.0.1:1", exposure{tokens: true}, ""},
		{":1", exposure{}, "--insecure-no-tls"},
		{"0.0.0.0:1", exposure{}, "--insecure-no-tls"},
		{"10.0.0.1:1", exposure{noAuth: true}, "--insecure-no-tls"},
		{"localhost.example.org:1", exposure{}, "--insecure-no-tls"},
		{"10.0.0.1:1", exposure{noTLS: true}, "--insecure-no-auth"},
		{"10.0.0.1:1", exposure{tls: true}, "--insecure-no-auth"},
		{"10.0.0.1:1", exposure{tokens: true, noTLS: true}, "plaintext"},
		{"10.0.0.1:1", exposure{tls: true, tokens: true}, ""},
		{"10.0.0.1:1", exposure{tls: true, noAuth: true}, ""},
		{"10.0.0.1:1", exposure{noTLS: true, noAuth: true}, ""},
		{"nonsense", exposure{}, "host:port"},
	} {
		err := c.e.check(c.address)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s with %+v: %v, want %q", c.address, c.e, err, c.says)
		}
	}
}
