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

// rightfulHTTP are the answers that a strange body may get; 404 is a model that is not served.
var rightfulHTTP = []int{http.StatusOK, http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge,
	http.StatusUnsupportedMediaType, http.StatusTooManyRequests}

// pieces of bodies, by field.
var (
	inputs = []string{
		`"a lie"`, `["a lie", "no"]`, `[1, 2, 0]`, `[[1, 2, 0], [3]]`, `["I owe her the truth."]`,
		`""`, `[]`, `[""]`, `[[]]`, `null`, `[null]`, `[[null]]`, `{}`, `1`, `[1, "a"]`, `[-1]`, `[1.5]`, `[4294967296]`,
		`["a", 1]`,
		`"\u0000"`, `"\ud800"`, "\"\xff\"", `[[[1]]]`, strings.Repeat("[", 2000), `"` + strings.Repeat("a ", 3000) + `"`,
		"[" + strings.Repeat(`"a",`, 300) + `"a"]`,
	}
	others = []string{
		`"model": "any"`, `"encoding_format": "float"`, `"encoding_format": "base64"`, `"dimensions": 3`, `"user": "u"`,
		`"model": 1`, `"encoding_format": "hex"`, `"dimensions": 0`, `"dimensions": -1`, `"dimensions": 1e9`,
		`"dimensions": "3"`, `"stream": true`, `"input": "again"`,
	}
)

// body makes one.
func body(random *rand.Rand) []byte {
	if random.IntN(10) == 0 {
		return noise(random, random.IntN(200))
	}
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
