package daemon

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"google.golang.org/grpc"

	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fault"
	"hives/internal/serve"
)

// Run serves until ctx ends, and returns nil then if the model was loaded by then. The log goes to w, for people
// where that is a terminal.
//
// The order of the start: addresses are taken first (another daemon on the port is found at once), then files of
// certificates and tokens are read, the engine is opened, and the model is loaded last, as it takes longest. A
// client that connects meanwhile is told STARTING.
//
// What is closed at the end depends on how it ended. After a regular one the engine is closed. After a lost one it
// is not: a call may still be inside it, and freeing what it reads would crash the process before its log is out.
//
//	nil             ctx ended, and every accepted call was answered or its time ran out
//	Unavailable     an address is taken; the engine was lost, or hung for engine_timeout
//	usage           settings that could not work
//	other kinds     those of the model's files: NotFound, Mismatch, Corrupt
func Run(ctx context.Context, c Config, w io.Writer) error {
	if err := c.Validate(); err != nil {
		return err
	}
	level, err := logLevel(c.LogLevel)
	if err != nil {
		return err
	}
	log, err := cli.Logger(w, c.LogFormat, level)
	if err != nil {
		return err
	}
	log = quiet(log)
	// Taken before the model is loaded: a second daemon on this port would otherwise load for minutes and fail then.
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fault.New(fault.Unavailable, "listen: %w", err)
	}
	defer listener.Close()
	p, err := open(ctx, c, log)
	if err != nil {
		return err
	}
	defer p.close()
	eng, err := engine.Open(ctx, engine.Options{Kind: engine.Kind(c.Engine), Threads: c.Threads})
	if err != nil {
		return err
	}
	// p.plug after options: what is plugged in stands on the server's own options and adds to them.
	o := options(c, eng, log)
	p.plug(&o)
	s, err := serve.New(o)
	if err != nil {
		eng.Close()
		return err
	}
	log.Info("listening", "grpc", listener.Addr().String(), "engine", eng.Choice)
	go func() { // until then nobody waits for an answer, and the engine that compiles hears of no signal
		<-s.Ready()
		cli.EndsItself(ctx)
	}()
	stop := reloadOnHangup(p, s)
	defer stop()
	if err := s.Run(ctx, listener); err != nil {
		return err // the engine is in an unknown state: the end of the process frees it
	}
	// s.Run has returned nil: no call is inside the engine any more.
	eng.Close()
	return nil
}

// options are the server's own; whatever is served beside gRPC, who may call and what is measured is plugged in by
// parts.
func options(c Config, e *engine.Engine, log *slog.Logger) serve.Options {
	var load serve.Loader
	if c.Model != "" {
		load = loader(c, e)
	}
	return serve.Options{
		Load: load, Limits: c.limits(), Times: c.times(), CacheTexts: c.CacheTexts,
		Server: "embedd " + cli.BuildInfo().Release, Log: log,
		Register: []func(*serve.Server, grpc.ServiceRegistrar){serve.RegisterValues, serve.RegisterProfiles},
	}
}

// reloadOnHangup reads tokens and swaps model and vectors at every SIGHUP. What goes wrong is logged by the server,
// which goes on with what it has. Hangups that come during a reload are one more reload: the channel holds one. The
// goroutine lives until stop is called.
func reloadOnHangup(p *parts, s *serve.Server) (stop func()) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		for {
			select {
			case <-hangup:
				_ = p.reload(ctx, s)
			case <-ctx.Done():
				return
			}
		}
	}()
	return func() { signal.Stop(hangup); cancel() }
}

// logLevel knows slog's four names, in any case, and its forms like info+2.
func logLevel(name string) (slog.Level, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(name)); err != nil {
		return 0, fault.New(fault.Invalid, "log level %q: want debug, info, warn or error", name)
	}
	return level, nil
}
