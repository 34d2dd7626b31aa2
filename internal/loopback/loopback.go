package loopback

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// Host tells whether a name or an address is this machine's alone. A name is resolved nowhere: of names only localhost
// counts, and an empty host is every interface.
func Host(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// Address does so for host:port, for a host alone, and for [::1].
func Address(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
	}
	return Host(host)
}

// Readable tells whether others could read a key on its way to u: it leaves this machine without TLS.
func Readable(u *url.URL) bool { return !strings.EqualFold(u.Scheme, "https") && !Host(u.Hostname()) }

// Foreign tells whether a browser sent the request for a page that is not of the server itself. Two headers are
// asked because browsers differ: old ones send Origin only with what may change something, newer ones say of every
// request where it began.
func Foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none": // none is a person's own doing: an address typed, a bookmark
	default:
		return true // same-site too: another port of this machine is another's page
	}
	origin := r.Header.Values("Origin")
	if len(origin) == 0 {
		return false
	}
	u, err := url.Parse(origin[0])
	return err != nil || len(origin) > 1 || u.Host == "" || !strings.EqualFold(u.Host, r.Host)
}

// Guard refuses what a foreign page sends, and every other name than this machine's where named is set, as it is for a
// listener on loopback.
func Guard(next http.Handler, named bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case named && !Address(r.Host):
			http.Error(w, "this listener answers to 127.0.0.1, [::1] and localhost", http.StatusMisdirectedRequest)
		case Foreign(r):
			http.Error(w, "this request was sent by a page of another site", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
