package client

import (
	"context"
	"crypto/tls"
	"fmt"
	"strings"

	"google.golang.org/grpc"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/loopback"
)

// options collects what Dial was given.
type options struct {
	tls      *tls.Config
	token    func() (string, error)
	config   string
	parallel int
	patience int
	dial     []grpc.DialOption
}

func defaults() options { return options{config: ServiceConfig, parallel: 4, patience: 5} }

// Option changes how a client dials or calls.
type Option func(*options)

// WithTLS encrypts, and presents the configuration's certificate where it has one. A target that begins with
// grpcs:// is encrypted without it, by the system's authorities.
func WithTLS(c *tls.Config) Option { return func(o *options) { o.tls = c } }

// WithToken sends a bearer token.
func WithToken(token string) Option {
	return func(o *options) { o.token = func() (string, error) { return token, nil } }
}

// WithTokenFile sends the bearer token in a file, read anew for each call: a token that was replaced is used at
// once. Spaces and line breaks around it are taken off.
func WithTokenFile(path string) Option {
	return func(o *options) {
		o.token = func() (string, error) {
			raw, err := fsutil.ReadRegular(path)
			return strings.TrimSpace(string(raw)), err
		}
	}
}

// WithServiceConfig takes another policy than ServiceConfig.
func WithServiceConfig(json string) Option { return func(o *options) { o.config = json } }

// WithParallel is how many requests EmbedAll has under way at once (4).
func WithParallel(n int) Option { return func(o *options) { o.parallel = max(1, n) } }

// WithPatience is how often a call is sent to a server that says it is full (5), 1 for once.
func WithPatience(tries int) Option { return func(o *options) { o.patience = max(1, tries) } }

// WithDialOptions adds options of gRPC itself.
func WithDialOptions(more ...grpc.DialOption) Option {
	return func(o *options) { o.dial = append(o.dial, more...) }
}

// bearer puts the token into every call.
type bearer struct {
	token  func() (string, error)
	secure bool
}

// GetRequestMetadata implements credentials.PerRPCCredentials.
func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := b.token()
	if err != nil {
		return nil, fmt.Errorf("the token cannot be read: %w", err)
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// RequireTransportSecurity implements credentials.PerRPCCredentials.
func (b bearer) RequireTransportSecurity() bool { return b.secure }

// address splits a target into what gRPC dials and whether it is encrypted.
//
//	grpc://10.0.0.7:50051       10.0.0.7:50051, plain; refused with a token
//	grpcs://embedd.example:443  embedd.example:443, encrypted
//	dns:///embedd:50051         itself, plain unless WithTLS
func address(target string, o options) (addr string, secure bool, err error) {
	scheme, rest, found := strings.Cut(target, "://")
	switch {
	case found && scheme == "grpc":
		target = rest
	case found && scheme == "grpcs":
		target, secure = rest, true
	}
	secure = secure || o.tls != nil
	if o.token != nil && !secure && !local(target) {
		return "", false, fault.New(fault.Invalid, "endpoint %s: a token would travel unencrypted beyond this machine; "+
			"use grpcs:// or TLS", target)
	}
	return target, secure, nil
}

// local tells whether a target cannot leave this machine.
func local(target string) bool {
	if strings.HasPrefix(target, "unix:") || strings.HasPrefix(target, "unix-abstract:") {
		return true
	}
	return loopback.Address(target[strings.LastIndex(target, "/")+1:]) // dns:///host:port, passthrough:///host:port
}
