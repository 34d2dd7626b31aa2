package hub

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hives/internal/fault"
)

// environment clears what the machine has set and sets what is given.
func environment(t *testing.T, home string, vars map[string]string) {
	for _, name := range []string{"HF_ENDPOINT", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH", "HF_HOME",
		"HF_HUB_CACHE",
		"HUGGINGFACE_HUB_CACHE", "XDG_CACHE_HOME", "HF_HUB_OFFLINE", "HF_HUB_DISABLE_IMPLICIT_TOKEN"} {
		t.Setenv(name, vars[name])
	}
	t.Setenv("HOME", home)
}

func TestEnvironment(t *testing.T) {
	home, hf := t.TempDir(), t.TempDir()
	file := filepath.Join(hf, "token")
	if err := os.WriteFile(file, []byte("hf_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		vars            map[string]string
		endpoint, cache string
		token           secret
	}{
		"nothing": {nil, defaultEndpoint, filepath.Join(home, ".cache/huggingface/hub"), ""},
		"token": {map[string]string{"HF_TOKEN": " hf_a \n"}, defaultEndpoint,
			filepath.Join(home, ".cache/huggingface/hub"), "hf_a"},
		"home": {map[string]string{"HF_HOME": hf}, defaultEndpoint, filepath.Join(hf, "hub"), "hf_file"},
		"variable first": {map[string]string{"HF_HOME": hf, "HF_TOKEN": "hf_a"}, defaultEndpoint, filepath.Join(hf, "hub"),
			"hf_a"},
		"paths": {map[string]string{"HF_TOKEN_PATH": file, "HF_HUB_CACHE": "/c"}, defaultEndpoint, "/c", "hf_file"},
		"no token": {map[string]string{"HF_HOME": hf, "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, defaultEndpoint,
			filepath.Join(hf, "hub"), ""},
		"mirror": {map[string]string{"HF_ENDPOINT": "https://mirror.example/hf/", "XDG_CACHE_HOME": "/x"},
			"https://mirror.example/hf", "/x/huggingface/hub", ""},
		"loopback": {map[string]string{"HF_ENDPOINT": "http://127.0.0.1:8080", "HF_TOKEN": "hf_a", "HF_HUB_CACHE": "/c"},
			"http://127.0.0.1:8080", "/c", "hf_a"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			environment(t, home, c.vars)
			s, err := FromEnvironment()
			if err != nil || s.Endpoint.String() != c.endpoint || s.Cache != c.cache || s.Token != c.token {
				t.Errorf("%v: %v %v, token as wanted: %v", err, s.Endpoint, s.Cache, s.Token == c.token)
			}
		})
	}
}

func TestEnvironmentRefuses(t *testing.T) {
	for name, vars := range map[string]map[string]string{
		"token in the clear": {"HF_ENDPOINT": "http://mirror.example", "HF_TOKEN": testToken},
		"user in the URL":    {"HF_ENDPOINT": "https://me:" + testToken + "@mirror.example"},
		"no URL":             {"HF_ENDPOINT": "mirror.example"},
		"two tokens":         {"HF_TOKEN": testToken + " " + testToken},
		"no token file":      {"HF_TOKEN_PATH": "/nonexistent/token"},
	} {
		t.Run(name, func(t *testing.T) {
			environment(t, t.TempDir(), vars)
			_, err := FromEnvironment()
			expectKind(t, err, fault.Invalid, "HF_")
		})
	}
}

func TestTokenDoesNotPrint(t *testing.T) {
	s := Settings{Token: testToken}
	expectNoSecret(t, fmt.Sprintf("%v %+v %#v %s %q", s, s, s, s.Token, s.Token))
}

func TestTokenStaysWithItsOrigin(t *testing.T) {
	endpoint, _ := url.Parse("https://hub.example")
	c := newClient(Settings{Endpoint: endpoint, Token: testToken}, quick, 1)
	for to, kept := range map[string]bool{
		"https://hub.example/x": true, "https://HUB.example:443/x": true, "https://cdn.hub.example/x": false,
		"https://hub.example:8443/x": false, "https://other.example/x": false, "https://hub.example.evil/x": false,
	} {
		req, _ := http.NewRequest(http.MethodGet, to, nil)
		req.Header.Set("Authorization", "Bearer "+testToken)
		if err := c.checkRedirect(req, nil); err != nil || (req.Header.Get("Authorization") != "") != kept {
			t.Errorf("%s: %v, kept %v, want %v", to, err, !kept, kept)
		}
	}
	plain, _ := http.NewRequest(http.MethodGet, "http://hub.example/x", nil)
	if err := c.checkRedirect(plain, nil); err != errDowngrade {
		t.Errorf("a redirect without TLS: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-3": 0, "soon": 0,
		"Sun, 01 Mar 2026 12:01:00 GMT": time.Minute, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
