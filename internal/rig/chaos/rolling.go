package chaos

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"hives/client"
	"hives/internal/rig/loadtest"
	hivesv1 "hives/proto/hives/v1"
)

// RoundRobin is a policy without retries, to see what they are worth: of 2,216 calls in 15 s it lost 13, all on the
// killed connection, and the client's own policy lost none of as many (docs/RELIABILITY.md).
const RoundRobin = `{"loadBalancingConfig": [{"round_robin": {}}]}`

// RollingPlan is a load on several daemons of which the first is killed after a third of the time, and the second
// drained after two thirds. It takes two daemons at least, and a third one if any is to stay.
type RollingPlan struct {
	Daemons   []*loadtest.Daemon
	Policy    string // a service config; empty takes the client's own, with retries
	Rate      float64
	Texts     int // a call, 0 for a mix
	For       time.Duration
	Seed      uint64
	Tolerance float64
}

// Rolled is what the client of a rolling saw. Failures on the killed connection are what a kill costs; one anywhere
// else is a mistake, and so is a wrong answer, wherever it came from.
type Rolled struct {
	Calls    int
	Answered map[string]int // by what became of the daemon: killed, drained, stayed
	Killed   map[string]int // failures on the killed daemon's connection, by kind
	Others   map[string]int // all other failures and wrong answers
	Drain    time.Duration  // from SIGTERM to the end of the process
}

// String is the line that a test leaves in its log, and that docs/RELIABILITY.md was written from.
func (r Rolled) String() string {
	return fmt.Sprintf("%d calls, answered %v; failed on the killed connection %v, elsewhere %v; drained in %.2f s",
		r.Calls, r.Answered, r.Killed, r.Others, r.Drain.Seconds())
}

// Dial opens one round-robin client over all addresses. They are given as a list by hand, where DNS would name them
// in a cluster: the client sees the same.
func Dial(ctx context.Context, daemons []*loadtest.Daemon, options ...client.Option) (*client.Client, error) {
	var state resolver.State
	for _, d := range daemons {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: d.Addr}}})
	}
	// The scheme's name is a made-up one: only this client knows it.
	list := manual.NewBuilderWithScheme("embedd")
	list.InitialState(state)
	options = append(options, client.WithDialOptions(grpc.WithResolvers(list)))
	return client.Dial(ctx, "embedd:///all", options...)
}

// rolling is one under way. mu guards out, which every answer is filed in.
type rolling struct {
	p     RollingPlan
	known *loadtest.Known
	c     *client.Client
	burst sync.WaitGroup
	mu    sync.Mutex
	out   Rolled
}

// Rolling does it and waits for the last answer. The error is that of a daemon that did not end as it should.
//
//	0        load
//	For/3    45 large calls, then SIGKILL to the first
//	2·For/3  SIGTERM to the second, which answers what it has and ends
//	For      the last call is sent, and waited for
func Rolling(ctx context.Context, p RollingPlan, known *loadtest.Known) (Rolled, error) {
	var options []client.Option
	if p.Policy != "" {
		options = append(options, client.WithServiceConfig(p.Policy))
	}
	c, err := Dial(ctx, p.Daemons, options...)
	if err != nil {
		return Rolled{}, err
	}
	defer c.Close()
	r := &rolling{p: p, known: known, c: c, out: Rolled{Answered: map[string]int{}, Killed: map[string]int{},
		Others: map[string]int{}}}
	ended := make(chan error, 1)
	go func() { ended <- r.strike(ctx) }()
	r.load(ctx)
	err = <-ended
	r.burst.Wait()
	return r.out, err
}

// load sends requests at random moments and waits for their answers. The moments are those of a Poisson process, so
// the pauses are exponential: calls do not wait for each other, as those of many clients do not.
func (r *rolling) load(ctx context.Context) {
	random := rand.New(rand.NewPCG(r.p.Seed, 3))
	var wg sync.WaitGroup
	begin := time.Now()
	for due := begin; ; {
		due = due.Add(time.Duration(random.ExpFloat64() / r.p.Rate * float64(time.Second)))
		if due.Sub(begin) > r.p.For {
			break
		}
		time.Sleep(time.Until(due))
		which := r.known.Draw(random, r.p.Texts)
		wg.Go(func() { r.ask(ctx, which) })
	}
	wg.Wait()
}

// ask makes one call by the client as a user would, and learns from gRPC which daemon had its last try.
func (r *rolling) ask(ctx context.Context, which []int) {
	ctx, cancel := context.WithTimeout(ctx, replyTimeout)
	defer cancel()
	// gRPC fills it in when the call has ended, retries included.
	var at peer.Peer // of the last try
	reply, err := r.c.Embed(ctx, r.known.Request(which), grpc.Peer(&at))
	r.file(at, which, reply, err)
}

// file counts one call under what became of it and of the daemon that had it last. A call that never found a
// connection has no peer and is a failure elsewhere.
func (r *rolling) file(at peer.Peer, which []int, reply *hivesv1.EmbedResponse, err error) {
	addr := "none"
	if at.Addr != nil {
		addr = at.Addr.String()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.out.Calls++
	switch {
	case err != nil && addr == r.p.Daemons[0].Addr:
		r.out.Killed[loadtest.Kind(err)]++
	case err != nil:
		r.out.Others[loadtest.Kind(err)]++
	// Also of a retry that met another daemon: all of them serve the same weights, so the vector must be the same.
	case !(r.known.Compare(which, reply) <= r.p.Tolerance):
		r.out.Others["WRONG ANSWER"]++
	default:
		r.out.Answered[r.fate(addr)]++
	}
}

// fate is what becomes of a daemon in this plan, by its address.
func (r *rolling) fate(addr string) string {
	switch addr {
	case r.p.Daemons[0].Addr:
		return "killed"
	case r.p.Daemons[1].Addr:
		return "drained"
	}
	return "stayed"
}

// bursting calls are begun just before the kill, so that some of them are under way on the killed one.
const bursting = 45

// strike kills one and drains another. Just before the kill it asks for all texts twice in each of several calls,
// so that the kill meets work. The time of the drain is written down: it must end by itself, with 0.
func (r *rolling) strike(ctx context.Context) error {
	time.Sleep(r.p.For / 3)
	all := make([]int, 2*len(r.known.Texts))
	for i := range all {
		all[i] = i % len(r.known.Texts)
	}
	for range bursting {
		r.burst.Go(func() { r.ask(ctx, all) })
	}
	// So that the calls are sent by then; none of them is answered so soon.
	time.Sleep(time.Millisecond)
	r.p.Daemons[0].Kill()
	time.Sleep(r.p.For / 3)
	begin := time.Now()
	err := r.p.Daemons[1].Signal(syscall.SIGTERM)
	r.out.Drain = time.Since(begin)
	if err != nil {
		return fmt.Errorf("the drained daemon: %w\n%s", err, r.p.Daemons[1].Log())
	}
	return nil
}
