package intensityapi

import (
	"context"
	"errors"
	"strings"

	"hives/internal/fault"
	"hives/internal/serve"
	pb "hives/proto/hives/v1alpha1"
	"hives/vidb"
)

// service is the gRPC side.
type service struct {
	pb.UnimplementedIntensityServiceServer
	api *API
	s   *serve.Server
}

// Score implements the method for gRPC.
func (v service) Score(ctx context.Context, r *pb.ScoreRequest) (*pb.ScoreResponse, error) {
	out, err := v.api.score(ctx, v.s, r)
	v.api.counts.call(out, err)
	if err != nil {
		return nil, serve.Status(err)
	}
	return out, nil
}

// score takes a request from its check to its scores. The order is that of the costs: what can be seen without work, a
// caller's room and quota, and only then judges.
//
//	check    counts and options            nothing was done
//	plan     windows are drawn             some milliseconds
//	room     TOO_MANY_JUDGEMENTS, QUOTA    nobody was asked
//	judges   seconds to minutes, and money
func (a *API) score(ctx context.Context, s *serve.Server, r *pb.ScoreRequest) (
	*pb.ScoreResponse, error) {
	judges, base, err := a.ready()
	if err != nil {
		return nil, err
	}
	o, err := options(r.GetOptions())
	if err != nil {
		return nil, err
	}
	values, err := a.find(base, r.GetValueIds())
	if err != nil {
		return nil, err
	}
	responses, err := read(r.GetResponses(), s.Limits().Texts)
	if err != nil {
		return nil, err
	}
	if err := a.fits(len(responses), len(values), len(judges.Judges()), o, s.Limits()); err != nil {
		return nil, err
	}
	plan, err := judges.Plan(values, o, responses)
	if err != nil {
		return nil, serve.Refuse(fault.Invalid, "CANNOT_SCORE", "%s", plain(err))
	}
	place, ok := a.places.TryEnter(serve.Caller(ctx), plan.Calls)
	if !ok {
		return nil, serve.Refuse(fault.Exhausted, "TOO_MANY_JUDGEMENTS", "the call needs %d questions to judges, and of %d "+
			"that may wait %d do, some room being kept for other callers", plan.Calls, a.places.Size(), a.places.Used())
	}
	defer place.Leave()
	if _, err := s.Admit(ctx, int(plan.Tokens)); err != nil {
		return nil, err
	}
	done := &tally{api: a}
	rows, summaries, err := plan.Score(ctx, done)
	if err != nil {
		return nil, a.failed(ctx, err)
	}
	return reply(rows, summaries, o, done), nil
}

// find finds the values. Their ids are named in no error but those that the database holds: what a client sent may be a
// text.
func (a *API) find(base *vidb.Base, ids []string) ([]*vidb.Value, error) {
	holds := strings.Join(base.IDs(), ", ")
	if len(ids) == 0 {
		return nil, serve.Refuse(fault.Invalid, "NO_VALUES", "the request names no value: the database holds %s", holds)
	}
	if len(ids) > len(base.IDs()) {
		return nil, serve.Refuse(fault.Invalid, "VALUE_TWICE", "%d values are asked for, and the database holds %d: %s",
			len(ids), len(base.IDs()), holds)
	}
	var out []*vidb.Value
	seen := map[string]bool{}
	for at, id := range ids {
		found, err := base.Find(id)
		if err != nil {
			return nil, serve.Refuse(fault.NotFound, "UNKNOWN_VALUE", "value %d is none of the database's, which are %s", at,
				holds)
		}
		if seen[found.ValueID] {
			return nil, serve.Refuse(fault.Invalid, "VALUE_TWICE", "value %d is named twice", at)
		}
		seen[found.ValueID] = true
		out = append(out, found)
	}
	return out, nil
}

// What a response may have, in bytes. A judge reads its text beside k − 1 texts of at most 1,200 characters each: one
// of this length among them is known by its length alone. An id goes into every score of the reply.
const (
	longest   = 32 << 10
	longestID = 256
)

// read makes responses of a request's, and refuses what could not be scored, by its place.
func read(in []*pb.Response, most int) ([]vidb.Response, error) {
	switch {
	case len(in) == 0:
		return nil, serve.Refuse(fault.Invalid, "NO_TEXTS", "the request has no response")
	case len(in) > most:
		return nil, serve.Refuse(fault.Invalid, "TOO_MANY_TEXTS", "%d responses in one request, %d are taken", len(in), most)
	}
	var out []vidb.Response
	for at, r := range in {
		if len(r.GetText()) > longest {
			return nil, serve.Refuse(fault.Invalid, "TEXT_TOO_LONG", "response %d has %d bytes, %d are taken", at,
				len(r.GetText()), longest)
		}
		if len(r.GetId()) > longestID {
			return nil, serve.Refuse(fault.Invalid, "RESPONSE", "the id of response %d has %d bytes, %d are taken", at,
				len(r.GetId()), longestID)
		}
		out = append(out, vidb.Response{ID: r.GetId(), Text: r.GetText(), Group: r.GetGroup(), Pair: r.GetPair(),
			Refused: r.GetRefused()})
	}
	out, err := vidb.CleanResponses(out)
	if err != nil {
		return nil, serve.Refuse(fault.Invalid, "RESPONSE", "%s", plain(err))
	}
	return out, nil
}

// fits refuses a request that there could never be room for, before its windows are drawn. Numbers are of a client's
// choosing, so they are multiplied as floats.
func (a *API) fits(responses, values, judges int, o vidb.ScoreOptions, l serve.Limits) error {
	scores := float64(responses) * float64(values) * float64(judges)
	if calls := scores * float64(o.M); calls > float64(a.Calls) {
		return serve.Refuse(fault.Invalid, "TOO_MANY_QUESTIONS", "%d responses, %d values, %d judges and m %d are %.0f "+
			"questions, and %d are taken at once: send fewer responses or values", responses, values, judges, o.M, calls,
			a.Calls)
	}
	if scores*float64(scoreBytes+o.M*(windowBytes+o.K*anchorBytes)) > float64(l.ReplyBytes) {
		return serve.Refuse(fault.Invalid, "REPLY_TOO_LARGE", "the scores of %d responses, %d values and %d judges do not "+
			"fit a reply of %d bytes: send fewer", responses, values, judges, l.ReplyBytes)
	}
	return nil
}

// failed words what stopped the judges. Their own errors name endpoints, models and files of the server: those are for
// the log.
func (a *API) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	switch fault.Of(err) {
	case fault.Exhausted:
		a.Log.Error("the judges' budget is spent", "error", err)
		return serve.Refuse(fault.Exhausted, "JUDGE_BUDGET", "the judges' budget is spent: who runs the server can raise "+
			"it; every answer so far is kept")
	case fault.Unavailable, fault.Mismatch: // away, or another model answers under its name
		a.Log.Error("a judge does not answer", "error", err)
		return serve.Refuse(fault.Unavailable, "JUDGE_UNAVAILABLE", "a judge does not answer, or not in a usable form; the "+
			"server's log says more; every answer so far is kept")
	}
	a.Log.Error("responses could not be scored", "kind", fault.Of(err).String())
	return errors.New("scores") // without a kind: internal, and its words stay here
}

// plain takes out of an error what means something on a command line alone.
func plain(err error) string {
	return strings.NewReplacer("vidb: ", "", "--max-se", "max_se", "--", "").Replace(err.Error())
}
