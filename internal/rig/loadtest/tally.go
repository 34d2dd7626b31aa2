package loadtest

import (
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/status"

	"hives/client"
	hivesv1 "hives/proto/hives/v1"
)

// Names under which failures are counted that no error names.
const (
	unsent = "not sent"     // too many requests were under way
	wrong  = "WRONG ANSWER" // another number of vectors, or one that is not its text's
)

// Tally counts what came of a load. Times belong to requests that were due in the counted part; texts and tokens to
// answers that came in it, whenever they were due: the first is what a caller waits, the second what the daemon
// does in a second.
type Tally struct {
	counted   time.Duration
	tolerance float64
	from, to  time.Time // requests due in between are counted, and answers that come in between

	mu         sync.Mutex
	open       int
	requests   int
	latencies  []time.Duration // of answered requests
	texts      int             // in answers that came in time to count
	tokens     int
	errors     map[string]int // by code and reason
	difference float64
}

// within tells the counted part, from the end of the warm-up to the end of sending.
func (t *Tally) within(at time.Time) bool { return !at.Before(t.from) && at.Before(t.to) }

// enter counts a request, unless too many are under way.
// Without a bound a daemon that stands still would fill this process with goroutines, and the client would be what
// is measured.
func (t *Tally) enter(due time.Time, most int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.within(due) {
		t.requests++
	}
	if most > 0 && t.open >= most {
		t.fail(due, unsent)
		return false
	}
	t.open++
	return true
}

// fail files an error. The caller holds mu.
func (t *Tally) fail(due time.Time, name string) {
	if t.within(due) {
		t.errors[name]++
	}
}

// Kind names an error by its code, and its reason where the daemon gave one.
// As "ResourceExhausted QUEUE_FULL": the code alone does not tell which limit it was.
func Kind(err error) string {
	name := status.Code(err).String()
	if reason := client.Reason(err); reason != "" {
		name += " " + reason
	}
	return name
}

// failed and answered end what enter began, exactly once for each request that was sent.
func (t *Tally) failed(due time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open--
	t.fail(due, Kind(err))
}

// answered files a reply: its time from when it was due, and its size if it came in the counted part. difference is
// how far its vectors are from the right ones; beyond the tolerance it counts as wrong and as nothing else.
func (t *Tally) answered(due time.Time, r *hivesv1.EmbedResponse, difference float64) {
	now := time.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open--
	if !(difference <= t.tolerance) {
		// Also one of the warm-up: a wrong answer is never left out.
		t.errors[wrong]++ // whenever it came
		return
	}
	t.difference = max(t.difference, difference)
	if t.within(due) {
		t.latencies = append(t.latencies, now.Sub(due))
	}
	if !t.within(now) {
		return
	}
	t.texts += len(r.Embeddings)
	for _, e := range r.Embeddings {
		t.tokens += int(e.Tokens)
	}
}

// Result is a tally's figures, as they are written down. Requests = Answered + the sum of Errors, but for wrong
// answers outside the counted part.
type Result struct {
	Seconds       float64        `json:"seconds"`
	Requests      int            `json:"requests"`
	Answered      int            `json:"answered"`
	TextsPerS     float64        `json:"texts_per_s"`
	TokensPerS    float64        `json:"tokens_per_s"`
	P50ms         float64        `json:"p50_ms"`
	P90ms         float64        `json:"p90_ms"`
	P99ms         float64        `json:"p99_ms"`
	MaxMs         float64        `json:"max_ms"`
	Errors        map[string]int `json:"errors"`
	MaxDifference float64        `json:"largest_difference"` // from the vectors of the texts alone, of the right answers
}

// Result computes the figures. With no answer the times are 0.
func (t *Tally) Result() Result {
	t.mu.Lock()
	defer t.mu.Unlock()
	slices.Sort(t.latencies)
	s := t.counted.Seconds()
	return Result{
		Seconds: s, Requests: t.requests, Answered: len(t.latencies),
		TextsPerS: float64(t.texts) / s, TokensPerS: float64(t.tokens) / s,
		P50ms: quantile(t.latencies, .5), P90ms: quantile(t.latencies, .9), P99ms: quantile(t.latencies, .99),
		MaxMs: quantile(t.latencies, 1), Errors: t.errors, MaxDifference: t.difference,
	}
}

// Wrong is how many answers were not their texts'.
func (r Result) Wrong() int { return r.Errors[wrong] }

// quantile is the least of the sorted times that a share q of them does not exceed, in milliseconds.
//
//	10 times, q .5     index 5: five are below it
//	10 times, q .99    index 9: the largest
func quantile(sorted []time.Duration, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := min(int(q*float64(len(sorted))), len(sorted)-1)
	return sorted[at].Seconds() * 1e3
}
