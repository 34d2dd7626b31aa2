package client

import (
	"context"
	"crypto/tls"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"

	"hives/internal/fault"
	hivesv1 "hives/proto/hives/v1"
	hivesv1alpha1 "hives/proto/hives/v1alpha1"
)

const (
	// maxReply bounds a message from the server, far above what it sends by default.
	maxReply = 64 << 20
	// maxKept is the largest request that gRPC keeps for another try. Its own default, 256 KiB, is less than 256
	// texts may have, and what was not kept is never sent again.
	maxKept = 8 << 20
)

// Client is a connection to one or several servers of one model.
type Client struct {
	conn    *grpc.ClientConn
	target  string
	options options
	info    *hivesv1.GetInfoResponse

	hivesv1.EmbedServiceClient
	// Values asks for value vectors, scores and neighbours.
	Values hivesv1.ValueServiceClient
	// Intensity has the server's judges score responses. A call lasts as long as they take: give its context a deadline of
	// minutes. Responses of one call are not cut into several, since judges' sharpness is fitted to a call.
	Intensity hivesv1alpha1.IntensityServiceClient
	// Profiles reads values off the texts of one author. Texts of one call are one profile, so they are not cut into
	// several: Info's limits say how many a call takes.
	Profiles hivesv1alpha1.ProfileServiceClient
}

// Dial connects to a target and asks it for its limits. A target is grpc://host:port, grpcs://host:port (TLS), or
// any name that gRPC resolves, as dns:///embedd.example:50051 for all addresses of a headless service.
//
// A server that is not up is an error here, not at the first text. The limits are those of the server that
// answered; all servers of a target are taken to have the same.
func Dial(ctx context.Context, target string, opts ...Option) (*Client, error) {
	o := defaults()
	for _, opt := range opts {
		opt(&o)
	}
	addr, secure, err := address(target, o)
	if err != nil {
		return nil, err
	}
	if o.token != nil {
		if _, err := o.token(); err != nil { // said here: inside a call gRPC would try again
			return nil, fault.New(fault.Invalid, "endpoint %s: the token cannot be read: %w", target, err)
		}
	}
	c := &Client{target: target, options: o}
	if c.conn, err = grpc.NewClient(addr, c.dialOptions(secure)...); err != nil {
		return nil, fault.New(fault.Invalid, "endpoint %s: %w", target, err)
	}
	c.EmbedServiceClient = hivesv1.NewEmbedServiceClient(c.conn)
	c.Values = hivesv1.NewValueServiceClient(c.conn)
	c.Intensity = hivesv1alpha1.NewIntensityServiceClient(c.conn)
	c.Profiles = hivesv1alpha1.NewProfileServiceClient(c.conn)
	if c.info, err = c.GetInfo(ctx, &hivesv1.GetInfoRequest{}); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// dialOptions are what every connection has: encryption or none, the policy for tries, bounds, the token, and the
// two interceptors that give errors their kind.
func (c *Client) dialOptions(secure bool) []grpc.DialOption {
	transport := insecure.NewCredentials()
	if secure {
		config := c.options.tls
		if config == nil {
			config = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		transport = credentials.NewTLS(config)
	}
	out := []grpc.DialOption{
		grpc.WithTransportCredentials(transport),
		grpc.WithDefaultServiceConfig(c.options.config),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReply), grpc.MaxRetryRPCBufferSize(maxKept)),
		grpc.WithChainUnaryInterceptor(c.unary),
		grpc.WithChainStreamInterceptor(c.stream),
	}
	if c.options.token != nil {
		out = append(out, grpc.WithPerRPCCredentials(bearer{c.options.token, secure}))
	}
	return append(out, c.options.dial...)
}

// Info is what the server said of itself when the client dialled.
func (c *Client) Info() *hivesv1.GetInfoResponse { return c.info }

// Conn is the connection, for other services on it such as grpc.health.v1.
func (c *Client) Conn() *grpc.ClientConn { return c.conn }

// Close ends the connection; calls under way fail.
func (c *Client) Close() error { return c.conn.Close() }
