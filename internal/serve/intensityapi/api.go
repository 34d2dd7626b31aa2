package intensityapi

import (
	"context"
	"log/slog"
	"sync/atomic"

	"google.golang.org/grpc"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/serve"
	"hives/internal/serve/share"
	pb "hives/proto/hives/v1alpha1"
	"hives/vidb"
)

// Options of an API.
type Options struct {
	VIDB   string       // the database
	Known  theories.Set // by which its values are named
	Judges vidb.Config  // who is asked, and what they may spend
	Votes  string       // file that keeps every answer
	Calls  int          // questions to judges that may wait or be under way, of all callers
	Log    *slog.Logger
}

// API is the service. It is registered from the start and refuses until Open has done its work: a client that connects
// early is told so.
type API struct {
	Options
	places *share.Pool
	judges atomic.Pointer[vidb.Evaluator]
	base   atomic.Pointer[vidb.Base]
	counts counts
}

// New makes an API that has opened nothing.
func New(o Options) *API {
	a := &API{Options: o}
	a.places = share.NewPool(o.Calls, func(who share.Who) {
		o.Log.Warn("a limit was reached: this caller had no room", "limit", "judge calls", "size", o.Calls, "caller",
			who.Caller)
	})
	return a
}

// Open reads the database and seats the judges. It is for serve.Options.Begin: what is wrong with either ends the
// start.
func (a *API) Open(ctx context.Context) error {
	base, err := a.Read()
	if err != nil {
		return err
	}
	judges, err := vidb.OpenEvaluator(ctx, a.Judges, a.Votes)
	if err != nil {
		return err
	}
	a.judges.Store(judges)
	a.Take(base)
	a.Log.Info("judges are seated", "judges", judges.Judges(), "values", base.IDs())
	return nil
}

// Close frees judges and votes file. It comes after the last call.
func (a *API) Close() {
	if judges := a.judges.Load(); judges != nil {
		judges.Close()
	}
}

// Read reads the database anew and changes nothing: a reload may still fail elsewhere.
func (a *API) Read() (*vidb.Base, error) { return vidb.OpenBase(a.VIDB, a.Known) }

// Take serves another database from now on. Calls under way end with the one that they began with.
func (a *API) Take(base *vidb.Base) { a.base.Store(base) }

// Register adds the service; it is for serve.Options.Register.
func (a *API) Register(s *serve.Server, to grpc.ServiceRegistrar) {
	pb.RegisterIntensityServiceServer(to, service{api: a, s: s})
}

// ready is what a call works with, or why there is nothing yet.
func (a *API) ready() (*vidb.Evaluator, *vidb.Base, error) {
	judges, base := a.judges.Load(), a.base.Load()
	if judges == nil || base == nil {
		return nil, nil, serve.Refuse(fault.Unavailable, "STARTING", "the judges are being seated; the health service says "+
			"when it serves")
	}
	return judges, base, nil
}
