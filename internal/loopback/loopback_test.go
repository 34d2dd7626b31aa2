package loopback

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

func TestHosts(t *testing.T) {
	for address, want := range map[string]bool{
		"localhost": true, "LocalHost:80": true, "127.0.0.1": true, "127.8.9.1:1": true, "[::1]": true, "[::1]:8080": true,
		"::1":                  true,
		"[::ffff:127.0.0.1]:1": true,
		"":                     false, ":80": false, "0.0.0.0:80": false, "[::]:80": false, "10.0.0.1": false,
		"127.0.0.1.evil.example":    false,
		"localhost.evil.example:80": false, "evil.example": false, "127.1": false, "2130706433": false,
		"localhost@evil.example": false,
	} {
		if got := Address(address); got != want {
			t.Errorf("%q: %v", address, got)
		}
	}
}

func TestReadable(t *testing.T) {
	for text, want := range map[string]bool{
		"http://evil.example/v1": true, "http://10.1.2.3:80": true, "http://0.0.0.0:8080": true, "HTTP://host/v1": true,
		"http://127.0.0.1.nip.io": true,
		"https://evil.example":    false, "HTTPS://evil.example": false, "http://127.0.0.1:8080/v1": false,
		"http://[::1]/v1": false, "http://localhost": false,
	} {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := Readable(u); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// TestGuard holds each way in which a browser tells of a foreign page to its status, and what programs send to 200.
func TestGuard(t *testing.T) {
	ok := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		host, name, value string
		named             bool
		status            int
	}{
		{"127.0.0.1:1", "", "", true, 200},
		{"[::1]:1", "", "", true, 200},
		{"evil.example", "", "", true, 421},
		{"evil.example", "", "", false, 200},
		{"", "", "", true, 421},
		{"localhost:1", "Origin", "http://localhost:1", true, 200},
		{"localhost:1", "Origin", "http://localhost:2", true, 403},
		{"localhost:1", "Origin", "http://evil.example", true, 403},
		{"localhost:1", "Origin", "null", true, 403},
		{"localhost:1", "Origin", "", true, 403},
		{"host.example", "Origin", "http://evil.example", false, 403},
		{"localhost:1", "Sec-Fetch-Site", "none", true, 200},
		{"localhost:1", "Sec-Fetch-Site", "same-origin", true, 200},
		{"localhost:1", "Sec-Fetch-Site", "same-site", true, 403},
		{"localhost:1", "Sec-Fetch-Site", "cross-site", true, 403},
		{"host.example", "Sec-Fetch-Site", "cross-site", false, 403},
	} {
		r := httptest.NewRequest("GET", "/debug/pprof/", nil)
		r.Host = c.host
		if c.name != "" {
			r.Header.Set(c.name, c.value)
		}
		w := httptest.NewRecorder()
		if Guard(ok, c.named).ServeHTTP(w, r); w.Code != c.status {
			t.Errorf("%+v: status %d", c, w.Code)
		}
	}
}
