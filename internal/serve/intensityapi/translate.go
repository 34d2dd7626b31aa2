package intensityapi

import (
	"math"

	"google.golang.org/protobuf/proto"

	"hives/intensity"
	"hives/internal/fault"
	"hives/internal/serve"
	pb "hives/proto/hives/v1alpha1"
	"hives/vidb"
)

// Enums of the interface, which clients see, and words of package vidb, which files hold. They are translated here and
// nowhere else. The value 0 of each is its default.
var (
	panels = map[pb.Panel]string{pb.Panel_PANEL_BUCKETED: vidb.PanelBucketed, pb.Panel_PANEL_FIXED: vidb.PanelFixed,
		pb.Panel_PANEL_RANDOM: vidb.PanelRandom}
	utilities = map[pb.Utility]string{pb.Utility_UTILITY_LOGIT: vidb.UtilityLogit,
		pb.Utility_UTILITY_SCORE: vidb.UtilityScore}
	scales    = map[pb.Scale]string{pb.Scale_SCALE_FIT: vidb.ScaleFit, pb.Scale_SCALE_ONE: vidb.ScaleOne}
	estimates = map[pb.Estimate]string{pb.Estimate_ESTIMATE_MLE: vidb.EstimateMLE,
		pb.Estimate_ESTIMATE_POSTERIOR: vidb.EstimatePosterior}
	formats = map[pb.Format]string{pb.Format_FORMAT_ORDER: vidb.FormatDefault,
		pb.Format_FORMAT_ONE_SHOT: vidb.FormatOneShot}
	statuses = map[intensity.Status]pb.Status{intensity.OK: pb.Status_STATUS_OK, intensity.Above: pb.Status_STATUS_ABOVE,
		intensity.Below: pb.Status_STATUS_BELOW, intensity.Unranked: pb.Status_STATUS_UNRANKED,
		vidb.StatusEmpty: pb.Status_STATUS_EMPTY}
)

// most bounds k and m as they come: far beyond what is taken, and far from where a product of numbers runs over.
const most = 1 << 20

// options reads what a request wants, with the defaults of hives score. An enum's number that this version does not
// know is refused: a default in its place would be another score than was asked for.
func options(r *pb.ScoreOptions) (vidb.ScoreOptions, error) {
	o := vidb.DefaultScore()
	if r.GetK() > most || r.GetM() > most {
		return o, serve.Refuse(fault.Invalid, "OPTION", "k %d, m %d: want at most %d", r.GetK(), r.GetM(), most)
	}
	if r != nil && r.K != nil {
		o.K = int(*r.K)
	}
	if r != nil && r.M != nil {
		o.M = int(*r.M)
	}
	o.MaxSE, o.Seed = r.GetMaxSe(), r.GetSeed()
	known := pick(panels, r.GetPanel(), &o.Panel) && pick(utilities, r.GetUtility(), &o.Utility) &&
		pick(scales, r.GetScale(), &o.Scale) && pick(estimates, r.GetEstimate(), &o.Estimate) &&
		pick(formats, r.GetFormat(), &o.Format)
	switch {
	case !known:
		return o, serve.Refuse(fault.Invalid, "OPTION", "panel %d, utility %d, scale %d, estimate %d, format %d: this "+
			"server does not know one of them", r.GetPanel(), r.GetUtility(), r.GetScale(), r.GetEstimate(), r.GetFormat())
	case math.IsNaN(o.MaxSE) || math.IsInf(o.MaxSE, 0):
		return o, serve.Refuse(fault.Invalid, "OPTION", "max_se %v: want an error in logits, or 0 for any", o.MaxSE)
	}
	if err := o.Validate(); err != nil {
		return o, serve.Refuse(fault.Invalid, "OPTION", "%s", plain(err))
	}
	return o, nil
}

// pick translates an enum unless it is unspecified; false if there is no such number.
func pick[E ~int32](of map[E]string, asked E, to *string) bool {
	if asked == 0 {
		return true
	}
	word, known := of[asked]
	if known {
		*to = word
	}
	return known
}

// enum is pick's way back. Every word of an option has a number, since pick or the default chose it.
func enum[E ~int32](of map[E]string, word string) E {
	for number, w := range of {
		if w == word {
			return number
		}
	}
	return 0
}

// Bounds of what a reply holds, in bytes: too much rather than too little, since a reply that gRPC refuses for its size
// comes after the judges were paid.
const (
	scoreBytes  = longestID + 400 // numbers, hash, value, judge, and its part of the summaries
	windowBytes = 16
	anchorBytes = 40 // a text_id is 32 digits
)

// reply is what comes of a call.
func reply(rows []vidb.ResponseScore, summaries []vidb.ScoreSummary, o vidb.ScoreOptions,
	done *tally) *pb.ScoreResponse {
	out := &pb.ScoreResponse{Asked: done.asked.Load(), Kept: done.kept.Load(), Options: &pb.ScoreOptions{
		K: proto.Uint32(uint32(o.K)), M: proto.Uint32(uint32(o.M)), Panel: enum(panels, o.Panel),
		Utility: enum(utilities, o.Utility), Scale: enum(scales, o.Scale), Estimate: enum(estimates, o.Estimate),
		Format: enum(formats, o.Format), MaxSe: o.MaxSE, Seed: o.Seed,
	}}
	for _, r := range rows {
		out.Scores = append(out.Scores, scoreProto(r))
	}
	for _, s := range summaries {
		out.Summaries = append(out.Summaries, summaryProto(s))
	}
	return out
}

// scoreProto leaves out what has no number.
func scoreProto(r vidb.ResponseScore) *pb.Score {
	out := &pb.Score{Id: r.ID, ValueId: r.ValueID, Judge: r.Judge, Status: statuses[r.Status], Score: r.Score, Low: r.Lo,
		High: r.Hi, U: r.U, StandardError: r.SE, Refused: r.Refused, Beta: r.Beta, Database: r.VIDB}
	for at, place := range r.Places {
		w := &pb.Window{Place: uint32(place), Anchors: r.Anchors[at]}
		if rank := r.Ranks[at]; rank > 0 {
			w.Rank = proto.Uint32(uint32(rank))
		}
		out.Windows = append(out.Windows, w)
	}
	return out
}

func summaryProto(s vidb.ScoreSummary) *pb.Summary {
	out := &pb.Summary{ValueId: s.ValueID, Judge: s.Judge, Responses: uint32(s.Responses), Scored: uint32(s.Scored),
		Refused: uint32(s.Refused), Mean: s.Mean, Low: s.Lo, High: s.Hi, StandardDeviation: s.SD, IntervalWidth: s.Width,
		WindowsAsked: uint32(s.Asked), WindowsUsed: uint32(s.Used), AnchorsBorrowed: uint32(s.Borrowed), PlaceP: s.PlaceP,
		LengthSpearman: s.Length, Beta: s.Beta, BetaNote: s.BetaNote, Warnings: s.Warnings}
	for _, n := range s.First {
		out.FirstByPlace = append(out.FirstByPlace, uint32(n))
	}
	return out
}
