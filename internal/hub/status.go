package hub

import (
	"net/http"

	"hives/internal/fault"
)

// refusal turns a status that is no success into an error with its remedy. Bodies are left out: a server could echo
// the token in one. Only what may pass by itself is marked passing: asking again for a model that is not there
// changes nothing.
//
//	401 403        Invalid        the token or the licence
//	404            NotFound       the id, the revision or the file
//	408 429 5xx    Unavailable    passing, after Retry-After
//	else           Unavailable    final
func (c *client) refusal(resp *http.Response) error {
	host := c.Endpoint.Host
	status := resp.StatusCode
	if origin(resp.Request.URL) != origin(c.Endpoint) {
		return c.elsewhere(resp)
	}
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fault.New(fault.Invalid, "hub %s answers %d: %s", host, status,
			c.rightsRemedy(resp.Header.Get("X-Error-Code")))
	case http.StatusNotFound:
		return fault.New(fault.NotFound, "hub %s answers 404: %s", host, missingRemedy(resp.Header.Get("X-Error-Code")))
	}
	err := fault.New(fault.Unavailable, "hub %s answers %d", host, status)
	if temporary(status) {
		return passing{error: err, after: retryAfter(resp.Header, c.now())}
	}
	return err
}

// elsewhere is a refusal by a host that the hub redirected to. Its signed addresses expire, which it says with 401,
// 403, 404 or 410: the next try asks the hub for a new one.
func (c *client) elsewhere(resp *http.Response) error {
	err := fault.New(fault.Unavailable, "hub %s redirects to a host that answers %d", c.Endpoint.Host, resp.StatusCode)
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return passing{error: err}
	}
	if temporary(resp.StatusCode) {
		return passing{error: err, after: retryAfter(resp.Header, c.now())}
	}
	return err
}

// temporary tells statuses after which the same request may succeed.
func temporary(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooManyRequests || status >= 500
}

// rightsRemedy follows the hub's code for the cause. A hub hides private models by the same answer as misspelt ids.
func (c *client) rightsRemedy(code string) string {
	switch {
	case code == "GatedRepo" && c.Token != "":
		return "the model is gated: accept its licence on its page with the account of this token"
	case c.Token != "":
		return "check the id, accept the licence on the model's page, and check that the token in HF_TOKEN is " +
			"valid and may read it"
	}
	return "check the id; for a private or gated model accept its licence on its page and set HF_TOKEN"
}

// missingRemedy follows the hub's code: a model that is there and a revision that is not want different words.
func missingRemedy(code string) string {
	if code == "RevisionNotFound" {
		return "the model has no such revision: check --revision"
	}
	return "no such model, revision or file: check the id and --revision"
}
