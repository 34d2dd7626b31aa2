package hub

import (
	"cmp"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/loopback"
)

// defaultEndpoint is the public hub: the documented default of HF_ENDPOINT.
const defaultEndpoint = "https://huggingface.co"

// secret prints as a mark, so that no format verb can give it away. The bytes are had by string(token) alone, which
// stands at one place: where the header is set.
type secret string

func (secret) String() string   { return "(token)" }
func (secret) GoString() string { return "(token)" }

// Settings say which hub is asked, with which token, and where its cache lies on this machine.
type Settings struct {
	Endpoint *url.URL
	Token    secret
	Cache    string // folder with models--OWNER--NAME below
	Offline  bool   // the cache alone
}

// FromEnvironment reads the variables of huggingface_hub, so that a machine set up for it needs nothing else. A
// token over a readable way is refused here, before there is any client that could send it.
//
//	HF_ENDPOINT                            the hub; a mirror of one's own
//	HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE    the cache, else hub below HF_HOME
//	HF_HUB_OFFLINE                         ask nobody
//	HF_TOKEN, HUGGING_FACE_HUB_TOKEN       the token, else the file of HF_TOKEN_PATH, else token below HF_HOME
//	HF_HUB_DISABLE_IMPLICIT_TOKEN          send none
func FromEnvironment() (Settings, error) {
	home := hfHome()
	s := Settings{
		Cache:   cmp.Or(os.Getenv("HF_HUB_CACHE"), os.Getenv("HUGGINGFACE_HUB_CACHE"), filepath.Join(home, "hub")),
		Offline: on("HF_HUB_OFFLINE"),
	}
	var err error
	if s.Endpoint, err = parseEndpoint(cmp.Or(os.Getenv("HF_ENDPOINT"), defaultEndpoint)); err != nil {
		return s, err
	}
	// Offline nothing is asked, so a token would only lie in memory.
	if on("HF_HUB_DISABLE_IMPLICIT_TOKEN") || s.Offline {
		return s, nil
	}
	if s.Token, err = readToken(home); err != nil {
		return s, err
	}
	if s.Token != "" && loopback.Readable(s.Endpoint) {
		return s, fault.New(fault.Invalid, "HF_ENDPOINT %s is without TLS, and a token is set: use https, or "+
			"leave the token out with HF_HUB_DISABLE_IMPLICIT_TOKEN=1", s.Endpoint.Host)
	}
	return s, nil
}

// hfHome is the folder of cache and token.
//
//	HF_HOME     else XDG_CACHE_HOME/huggingface     else ~/.cache/huggingface
func hfHome() string {
	if dir := os.Getenv("HF_HOME"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_CACHE_HOME"); dir != "" {
		return filepath.Join(dir, "huggingface")
	}
	home, _ := os.UserHomeDir() // without one the cache is looked for in the working folder
	return filepath.Join(home, ".cache", "huggingface")
}

// parseEndpoint refuses what a request's path could not be joined to, and secrets in the address.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(text, "/"))
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" ||
		u.Fragment != "" {
		// its text may hold a password
		return nil, fault.New(fault.Invalid, "HF_ENDPOINT: want https://HOST[:PORT][/PATH]")
	}
	if u.User != nil {
		return nil, fault.New(fault.Invalid, "HF_ENDPOINT holds a user: put the token into HF_TOKEN instead")
	}
	return u, nil
}

// readToken takes the token from the environment or from the file that `hf auth login` writes. A file that
// HF_TOKEN_PATH names must be there; the usual one need not. A token with a line break in it would end the header and
// begin another: it is refused, never cut.
func readToken(home string) (secret, error) {
	text := cmp.Or(os.Getenv("HF_TOKEN"), os.Getenv("HUGGING_FACE_HUB_TOKEN"))
	if text == "" {
		path := cmp.Or(os.Getenv("HF_TOKEN_PATH"), filepath.Join(home, "token"))
		raw, err := fsutil.ReadRegular(path)
		if err != nil && (!os.IsNotExist(err) || os.Getenv("HF_TOKEN_PATH") != "") {
			return "", fault.New(fault.Invalid, "read the token: %w; make it readable, or set HF_TOKEN", err)
		}
		text = string(raw)
	}
	text = strings.TrimSpace(text)
	if strings.ContainsFunc(text,
		func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) || r == ' ' }) {
		return "", fault.New(fault.Invalid, "the token holds spaces or characters that no token has: check "+
			"HF_TOKEN or the token file")
	}
	return secret(text), nil
}

// on reads a switch as huggingface_hub does. Anything else, "0" and "false" among it, is off.
func on(name string) bool {
	switch strings.ToUpper(os.Getenv(name)) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// origin is what a token belongs to: scheme, host and port. https://hub and https://hub:443 are one origin, and HUB
// is hub.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
