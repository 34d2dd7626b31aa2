package serve_test

import (
	"math"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	hivesv1 "hives/proto/hives/v1"
	pb "hives/proto/hives/v1alpha1"
)

// FuzzProfileTexts sends bytes. An answer counts every text once, has a score with its interval or a reason, and names
// as evidence texts that were sent.
func FuzzProfileTexts(f *testing.F) {
	many := &pb.ProfileTextsRequest{}
	for _, name := range []string{"one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"} {
		many.Texts = append(many.Texts, name+" texts of many", name+" other words", name)
	}
	for _, m := range []proto.Message{
		many, &pb.ProfileTextsRequest{}, &pb.ProfileTextsRequest{Texts: []string{"a lie", "a lie", "!!!", ""}},
		&pb.ProfileTextsRequest{Texts: []string{long, "\x00", "a\u0301 b"}, Overlong: 1},
		&pb.ProfileTextsRequest{Texts: []string{"a lie"}, Overlong: -7},
		&pb.ProfileTextsRequest{Texts: slices.Repeat([]string{"so many texts"}, 65)},
	} {
		raw, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	for _, raw := range []string{"", "\xff", "\x0a\xff\xff\xff\xff\x0f", "\x0a\x02\xff\xfe", "\x12\x00"} {
		f.Add([]byte(raw))
	}
	s, _ := startProfiles(f, profileModel(f))
	fuzzCalls(f, s.Conn, hivesv1.NewEmbedServiceClient(s.Conn), pb.ProfileService_ProfileTexts_FullMethodName,
		func(t *testing.T, r *pb.ProfileTextsResponse) {
			if r.Texts == 0 || r.Duplicates+r.Wordless > r.Texts || len(r.Values) != 2 {
				t.Errorf("%d texts, %d of them duplicates, %d wordless; %d values", r.Texts, r.Duplicates, r.Wordless,
					len(r.Values))
			}
			for _, v := range r.Values {
				profileIsWhole(t, r, v)
			}
		})
}

// profileIsWhole checks that a value has all of a score and no reason, or a reason and nothing of a score.
func profileIsWhole(t *testing.T, r *pb.ProfileTextsResponse, v *pb.ValueProfile) {
	t.Helper()
	scored := v.Score != nil
	if scored != (v.Lo != nil) || scored != (v.Hi != nil) || scored == (v.Reason != "") || v.Side == "" {
		t.Errorf("half a profile: %v", v)
	}
	if scored && !(math.Abs(*v.Score) <= 10 && *v.Lo <= *v.Score && *v.Score <= *v.Hi) {
		t.Errorf("no score: %v", v)
	}
	if v.Answered+v.NotAbout > r.Texts-r.Duplicates-r.Wordless || v.Unsure > v.Answered {
		t.Errorf("%d texts count, %d of them unsure, %d are not about it, of %v", v.Answered, v.Unsure, v.NotAbout, r)
	}
	var shares float64
	for _, e := range v.Evidence {
		if shares += e.Share; e.Text >= r.Texts || !(e.Share >= 0) {
			t.Errorf("evidence of no text: %v", e)
		}
	}
	if shares > 1+1e-9 {
		t.Errorf("shares of evidence are %v of all", shares)
	}
}
