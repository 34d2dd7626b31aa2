package client

import (
	"testing"

	"pgregory.net/rapid"

	hivesv1 "hives/proto/hives/v1"
)

// TestSplitKeepsTheLimits draws texts and limits: every text is in one part, in order, and no part of several
// texts is beyond a limit.
func TestSplitKeepsTheLimits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := func(name string, least int) uint32 {
			return uint32(rapid.SampledFrom([]int{0, least, 3 * least, 50 * least}).Draw(t, name))
		}
		info := &hivesv1.GetInfoResponse{
			Model: &hivesv1.ModelVersion{Dimension: 16},
			Limits: &hivesv1.Limits{
				MaxTexts: limit("texts", 1), MaxLength: 32, MaxRequestTokens: limit("tokens", 40),
				MaxRequestBytes: limit("bytes", slack), MaxReplyBytes: limit("reply", slack),
			},
		}
		r := &hivesv1.EmbedRequest{Prompt: "p", Encoding: rapid.SampledFrom([]hivesv1.Encoding{0, 1, 2, 3}).Draw(t,
			"encoding")}
		for _, n := range rapid.SliceOfN(rapid.IntRange(1, 3000), 1, 60).Draw(t, "lengths") {
			r.Texts = append(r.Texts, string(make([]byte, n)))
		}
		vector := map[hivesv1.Encoding]int{0: 64, 1: 32, 2: 16, 3: 2}[r.Encoding]
		next, l := 0, info.Limits
		for _, p := range split(r, info) {
			if p.from != next || p.to <= p.from {
				t.Fatalf("part %v after text %d", p, next)
			}
			next = p.to
			bytes, tokens := 0, 0
			for _, text := range r.Texts[p.from:p.to] {
				bytes += len(text)
				tokens += min(len(text)+2, 32)
			}
			n := p.to - p.from
			beyond := (l.MaxTexts > 0 && n > int(l.MaxTexts)) || (l.MaxRequestTokens > 0 && tokens > int(l.MaxRequestTokens)) ||
				(l.MaxRequestBytes > 0 && bytes > int(l.MaxRequestBytes)) ||
				(l.MaxReplyBytes > 0 && n*vector > int(l.MaxReplyBytes))
			if n > 1 && beyond {
				t.Fatalf("part %v has %d bytes and %d tokens, limits %v", p, bytes, tokens, l)
			}
		}
		if next != len(r.Texts) {
			t.Fatalf("%d of %d texts are in a part", next, len(r.Texts))
		}
	})
}
