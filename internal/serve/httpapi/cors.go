package httpapi

import (
	"net/http"
	"slices"
)

// exposed are the headers of ours that a page may read.
const exposed = "Retry-After, Retry-After-Ms, " + weightsHeader

// allowed tells whether pages of origin may call. An empty origin is no page: programs send none.
func allowed(origins []string, origin string) bool {
	return origin != "" && (slices.Contains(origins, "*") || slices.Contains(origins, origin))
}

// cors lets pages of some origins call, as browsers ask it: an OPTIONS request before the call, and a header on
// every reply. No cookie counts here, so no credentials are let through; a token is a header like another. Vary is
// set even for those that are not allowed, or a cache between could give one site's answer to another.
func cors(next http.Handler, origins []string) http.Handler {
	if len(origins) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, origin := w.Header(), r.Header.Get("Origin")
		h.Add("Vary", "Origin")
		if !allowed(origins, origin) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", exposed)
		// A preflight asks whether a call would be allowed; it is answered here and counts as none.
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST")
		if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
			h.Set("Access-Control-Allow-Headers", asked)
		}
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}
