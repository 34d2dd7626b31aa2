package review

import (
	"crypto/rand"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"hives/internal/fault"
	"hives/internal/loopback"
)

// maxBody bounds a request's body in bytes: a note and a sentence have room, a flood has none.
const maxBody = 64 << 10

// newToken returns 26 letters of at least 128 random bits. It is of this start alone: an address in a browser's
// history opens nothing tomorrow.
func newToken() string { return rand.Text() }

// onlyHere refuses to listen where others could knock. "0.0.0.0:8080" and ":8080" are every interface, and refused:
// the token alone would stand between the texts and a network.
//
//	127.0.0.1:0, [::1]:8080, localhost:8080     this machine
//	192.168.0.7:8080, :8080, 8080               refused
func onlyHere(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fault.Usage(fault.New(fault.Invalid, "listen %q: want host:port, such as 127.0.0.1:0", address))
	}
	if !loopback.Host(host) {
		return fault.Usage(fault.New(fault.Invalid,
			"listen %q: review serves this machine only: name 127.0.0.1, ::1 or localhost", address))
	}
	return nil
}

// guard lets a request through to next, its path without the token, if it comes from the page itself. It stands
// before every address of the page, so that none can be forgotten.
//
//	who asks                                     is stopped by
//	a page of another site, by its script        Origin; it could not read the answer, but might decide something
//	the same, under a name that it made to       Host
//	resolve to 127.0.0.1
//	another program of this machine              the token
//	a form of a megabyte                         maxBody
type guard struct {
	token string
	host  string // host:port that the browser was sent to
	next  http.Handler
}

// ServeHTTP sets what browsers are told of every page: store nothing, guess no types, share no window with other
// sites.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if status, why := g.refusal(r); status != 0 {
		http.Error(w, why, status)
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if r.Method == http.MethodPost {
		if err := r.ParseForm(); err != nil {
			http.Error(w, "The form is too long or damaged.", http.StatusRequestEntityTooLarge)
			return
		}
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	// Not "no-referrer": with it browsers send Origin: null even to the page's own forms.
	h.Set("Referrer-Policy", "same-origin")
	http.StripPrefix("/"+g.token, g.next).ServeHTTP(w, r)
}

// refusal says why a request is not let through; status 0 lets it.
//
//	Host is not ours            421
//	no token, or another's      403
//	PUT, DELETE …               405
//	POST without our Origin     403
//	a body of more than 64 kB   413
//
// The comparison takes the same time whatever is wrong, so that the token cannot be found letter by letter.
func (g *guard) refusal(r *http.Request) (status int, why string) {
	// A foreign name that was made to resolve to this machine (DNS rebinding) still stands in Host.
	if r.Host != g.host {
		return http.StatusMisdirectedRequest, "This server answers to " + g.host + " only."
	}
	token, _, slash := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if subtle.ConstantTimeCompare([]byte(token), []byte(g.token)) != 1 || !slash {
		return http.StatusForbidden, "Open the address that hives review printed when it started."
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return 0, ""
	case http.MethodPost:
	default:
		return http.StatusMethodNotAllowed, "Only GET and POST are understood."
	}
	if r.Header.Get("Origin") != "http://"+g.host {
		return http.StatusForbidden, "This form was sent from another page."
	}
	if r.ContentLength > maxBody {
		return http.StatusRequestEntityTooLarge, "The form is too long."
	}
	return 0, ""
}

// policy is the Content-Security-Policy of a page whose style and script bear the nonce. It keeps a text that got
// through as markup, by a fault of ours, from running or loading anything. The nonce is new for every page, so a text
// that repeats an earlier one gets nothing by it.
func policy(nonce string) string {
	return "default-src 'none'; style-src 'nonce-" + nonce + "'; script-src 'nonce-" + nonce +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}
