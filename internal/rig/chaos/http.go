package chaos

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// rightfulHTTP are the answers that a strange body may get; 404 is a model that is not served. None is of the 500s.
var rightfulHTTP = []int{http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge,
	http.StatusUnsupportedMediaType, http.StatusTooManyRequests}

// pieces of bodies, by field. The first five of inputs are right, so that bodies that mean something come often
// enough; after them comes what JSON allows and an embedding does not, and what is not even JSON.
var (
	inputs = []string{
		`"a lie"`, `["a lie", "no"]`, `[1, 2, 0]`, `[[1, 2, 0], [3]]`, `["I owe her the truth."]`,
		// From here on wrong: empty, of another type, numbers that are no ids, half a pair of surrogates, deep,
		// long, many.
		`""`, `[]`, `[""]`, `[[]]`, `null`, `[null]`, `[[null]]`, `{}`, `1`, `[1, "a"]`, `[-1]`, `[1.5]`, `[4294967296]`,
		`["a", 1]`,
		`"\u0000"`, `"\ud800"`, "\"\xff\"", `[[[1]]]`, strings.Repeat("[", 2000), `"` + strings.Repeat("a ", 3000) + `"`,
		"[" + strings.Repeat(`"a",`, 300) + `"a"]`,
	}
	others = []string{
		`"model": "any"`, `"encoding_format": "float"`, `"encoding_format": "base64"`, `"dimensions": 3`, `"user": "u"`,
		// From here on wrong, or a field twice.
		`"model": 1`, `"encoding_format": "hex"`, `"dimensions": 0`, `"dimensions": -1`, `"dimensions": 1e9`,
		`"dimensions": "3"`, `"stream": true`, `"input": "again"`,
	}
)

// body makes one: noise in a tenth of the cases, else fields, spoiled in a quarter. A field may come twice with two
// values, as JSON allows.
func body(random *rand.Rand) []byte {
	if random.IntN(10) == 0 {
		return noise(random, random.IntN(200))
	}
	// Half of the bodies are of right pieces only, so that a server which refuses everything is noticed.
	known := 5 // of either list, the first ones are right
	if random.IntN(2) == 0 {
		known = len(inputs)
	}
	fields := []string{`"input": ` + inputs[random.IntN(known)]}
	for range random.IntN(3) {
		fields = append(fields, others[random.IntN(min(known, len(others)))])
	}
	out := []byte("{" + strings.Join(fields, ", ") + "}")
	if random.IntN(4) == 0 {
		return spoil(random, out)
	}
	return out
}

// BarrageHTTP posts n strange bodies to /v1/embeddings, as Barrage does with messages.
//
// judge sees what was answered with 200 only. An error of the transport ends it: a server that closes the
// connection in place of an answer is not right either.
func BarrageHTTP(ctx context.Context, addr string, n int, seed uint64, judge func(body, reply []byte) error) (Outcome,
	error) {
	random := rand.New(rand.NewPCG(seed, 6))
	out := Outcome{}
	for i := range n {
		request := body(random)
		status, reply, err := post(ctx, addr, request)
		if err != nil {
			return out, fmt.Errorf("body %d of seed %d: %w", i, seed, err)
		}
		out[strconv.Itoa(status)]++
		if !slices.Contains(rightfulHTTP, status) {
			return out, fmt.Errorf("body %d of seed %d (%d bytes): status %d", i, seed, len(request), status)
		}
		if status == http.StatusOK {
			if err := judge(request, reply); err != nil {
				return out, fmt.Errorf("body %d of seed %d: %w", i, seed, err)
			}
		}
	}
	return out, nil
}

// post is one POST of any bytes as JSON. It reads the reply whole, so that its connection can be used again.
func post(ctx context.Context, addr string, request []byte) (status int, reply []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addr+"/v1/embeddings", bytes.NewReader(request))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer answer.Body.Close()
	reply, err = io.ReadAll(answer.Body)
	return answer.StatusCode, reply, err
}
