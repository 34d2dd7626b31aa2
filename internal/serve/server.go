package serve

import (
	"context"
	"log/slog"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/encoding"
	_ "google.golang.org/grpc/encoding/proto" // registers "proto"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	"hives/internal/fault"
	"hives/internal/serve/schedule"
	"hives/internal/serve/share"
	hivesv1 "hives/proto/hives/v1"
	teiv1 "hives/proto/tei/v1"
)

// Companion is a listener beside gRPC: it runs until ctx ends, which is after the last call has its answer. An
// error ends the server.
type Companion func(ctx context.Context, s *Server) error

// Options of a server. Limits and Times are needed, and Load or Begin; the rest is what others plug in. Options are
// what tests and the daemon put a server together from; nothing in the package reads a flag or a variable of the
// environment.
type Options struct {
	Load       Loader // nil embeds nothing: what Begin brings serves alone
	Limits     Limits
	Times      Times
	CacheTexts int    // vectors kept; 0 keeps none
	Server     string // program and version
	Log        *slog.Logger

	Credentials credentials.TransportCredentials // nil serves plaintext
	Unary       []grpc.UnaryServerInterceptor    // who is asking; inside log and recovery, outside the limits
	Stream      []grpc.StreamServerInterceptor
	GRPC        []grpc.ServerOption // statistics handlers and the like
	Register    []func(*Server, grpc.ServiceRegistrar)
	Companions  []Companion
	// Begin is what companions need before the server says SERVING, such as a model of their own. An error ends the
	// start.
	Begin   []func(ctx context.Context) error
	Checks  []func(ctx context.Context) error // of companions' models, at every self-check
	OnBatch func(schedule.Batch)              // after every batch, from the engine goroutine
	Observe Observer
	Admit   Admit
}

// Admit may refuse a request's texts before any work, or wait where they are bulk. It charges its caller for about
// so many tokens; paid is told the exact number, if it comes to that. Nil admits all.
type Admit func(ctx context.Context, tokens int, bulk bool) (paid func(tokens int), err error)

// Server answers requests with the current Generation. mu guards current alone; swap is held as long as a swap
// takes, which may be minutes, so it is another lock and never taken under mu.
type Server struct {
	opt    Options
	grpc   *grpc.Server
	health *health.Server

	mu        sync.RWMutex
	current   *Generation                    // nil until the first is ready
	listener  atomic.Pointer[share.Listener] // gRPC's, once it runs
	listeners sync.Map                       // all of them by name

	swap    sync.Mutex // held during a swap
	retired sync.WaitGroup

	ready    chan struct{}   // closed when the first generation serves
	over     context.Context // ends when draining begins
	end      context.CancelFunc
	lost     chan error // why the engine is lost
	places   places
	arrivals arrivals
	checks   atomic.Uint64 // numbers self-checks
}

// New makes a server that listens to nobody yet. Run may be called once.
func New(o Options) (*Server, error) {
	if err := o.Limits.Validate(); err != nil {
		return nil, err
	}
	if err := o.Times.validate(); err != nil {
		return nil, err
	}
	if o.Load == nil && len(o.Begin) == 0 {
		return nil, fault.New(fault.Invalid, "a server needs a loader")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Server{opt: o, health: health.NewServer(), ready: make(chan struct{}), lost: make(chan error, 1)}
	s.places = s.newPlaces(o.Limits, runtime.GOMAXPROCS(0))
	// over is the beginning of the end: streams listen to it, calls do not.
	s.over, s.end = context.WithCancel(context.Background())
	s.grpc = grpc.NewServer(s.serverOptions()...)
	s.setHealth(false)
	s.register()
	return s, nil
}

// services are those whose health is told by name, beside the empty one.
var services = []string{"", hivesv1.EmbedService_ServiceDesc.ServiceName, teiv1.Embed_ServiceDesc.ServiceName}

// setHealth tells every service the same: they share one engine.
func (s *Server) setHealth(serving bool) {
	status := healthv1.HealthCheckResponse_NOT_SERVING
	if serving {
		status = healthv1.HealthCheckResponse_SERVING
	}
	for _, name := range services {
		s.health.SetServingStatus(name, status)
	}
}

// register puts all services behind early, but for reflection, which reads its own messages.
func (s *Server) register() {
	to := early{s.grpc, s}
	healthv1.RegisterHealthServer(to, s.health)
	hivesv1.RegisterEmbedServiceServer(to, embedService{s: s})
	registerTEI(to, s)
	for _, add := range s.opt.Register {
		add(s, to)
	}
	reflection.Register(s.grpc)
}

// Windows of HTTP/2, in bytes: what a client may send of a stream and of a connection before anybody reads it. They
// are fixed, since grpc-go would otherwise let them grow with the speed of a client.
const (
	streamWindow     = 64 << 10
	connectionWindow = 1 << 20
)

// serverOptions bound what a client can take: message and header sizes, streams, silent connections, pings.
func (s *Server) serverOptions() []grpc.ServerOption {
	l, t := s.opt.Limits, s.opt.Times
	out := []grpc.ServerOption{
		// One codec for all: whatever content type a client names, its message is protobuf or MALFORMED.
		grpc.ForceServerCodecV2(tolerant{encoding.GetCodecV2("proto")}),
		grpc.MaxRecvMsgSize(l.RequestBytes), grpc.MaxSendMsgSize(l.ReplyBytes), grpc.MaxHeaderListSize(transportHeader),
		grpc.MaxConcurrentStreams(uint32(l.Streams)), grpc.ConnectionTimeout(handshake),
		// Windows of a fixed size: of a stream whose message is not read yet, as much as this takes memory, no more.
		grpc.InitialWindowSize(streamWindow), grpc.InitialConnWindowSize(connectionWindow),
		grpc.InTapHandle(tapped), grpc.StatsHandler(connStats{s}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: fastestPing, PermitWithoutStream: true}),
	}
	out = append(out, grpc.KeepaliveParams(connectionTimes(t)))
	if s.opt.Credentials != nil {
		out = append(out, grpc.Creds(s.opt.Credentials))
	}
	return append(append(out, s.interceptors()...), s.opt.GRPC...)
}

// connectionTimes translates: to grpc a time of 0 is its default, which is two hours for pings and never for the rest.
func connectionTimes(t Times) keepalive.ServerParameters {
	p := keepalive.ServerParameters{MaxConnectionIdle: t.Idle, Time: t.Keepalive, Timeout: pingTimeout,
		MaxConnectionAge: t.Age, MaxConnectionAgeGrace: t.AgeGrace}
	if t.Keepalive == 0 {
		p.Time = math.MaxInt64
	}
	return p
}

// Acquire returns the generation that serves now. It stays whole until release is called, also when another is
// swapped in.
//
// The counting happens under the read lock, and a swap changes current under the write lock: so a generation that is
// no longer current gets no new users, and waiting for the old ones ends.
//
// Error: Unavailable (STARTING) until the first model serves. Whoever forgets release keeps the old weights in
// memory after a swap, for ever.
func (s *Server) Acquire() (g *Generation, release func(), err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.opt.Load == nil {
		return nil, nil, Refuse(fault.NotFound, "NO_EMBEDDER", "this server embeds nothing: it was started without --model")
	}
	if s.current == nil {
		return nil, nil, Refuse(fault.Unavailable, "STARTING",
			"the model is being loaded; the health service says when it serves")
	}
	g = s.current
	g.users.Add(1)
	return g, g.users.Done, nil
}

// Ready is closed once the server serves.
func (s *Server) Ready() <-chan struct{} { return s.ready }

// Serving tells whether the health service says SERVING.
func (s *Server) Serving() bool {
	r, err := s.health.Check(context.Background(), &healthv1.HealthCheckRequest{})
	return err == nil && r.Status == healthv1.HealthCheckResponse_SERVING
}

// Limits are those that requests are held to.
func (s *Server) Limits() Limits { return s.opt.Limits }

// Calls is how many calls are in progress.
func (s *Server) Calls() int { return s.places.calls.Used() }
