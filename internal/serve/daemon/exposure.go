package daemon

import (
	"net"

	"hives/internal/fault"
	"hives/internal/loopback"
)

// exposure says how a listener is protected, and which protections its owner has waived.
type exposure struct {
	tls, tokens   bool // what there is
	noTLS, noAuth bool // what was waived
}

// checkListeners holds every address to the rule, and names what is only half given. All three are held to one rule:
// an admin listener shows profiles of the process, and HTTP answers as gRPC does.
func (c Config) checkListeners() error {
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		return fault.New(fault.Invalid, "TLS needs --tls-cert and --tls-key, both")
	case c.ClientCA != "" && c.TLSCert == "":
		return fault.New(fault.Invalid, "--client-ca asks clients for certificates, which needs TLS: give "+
			"--tls-cert and --tls-key")
	}
	e := exposure{tls: c.TLSCert != "", tokens: c.TokensFile != "", noTLS: c.InsecureNoTLS, noAuth: c.InsecureNoAuth}
	for _, address := range []string{c.Listen, c.HTTPListen, c.AdminListen} {
		// gRPC's address may not be empty: a daemon that listens nowhere is a mistake, and check says so.
		if address == "" && address != c.Listen {
			continue // switched off
		}
		if err := e.check(address); err != nil {
			return err
		}
	}
	return nil
}

// check applies the rule: the loopback interface needs nothing; beyond it TLS and tokens are needed, each unless it
// was waived by its own setting; and tokens never travel in plaintext.
//
//	address           TLS   tokens   served?
//	127.0.0.1:50051   no    no       yes: only this machine reaches it
//	0.0.0.0:50051     no    no       only with both waivers
//	0.0.0.0:50051     no    yes      never: whoever listens would have the tokens
//	0.0.0.0:50051     yes   no       only with --insecure-no-auth
//	0.0.0.0:50051     yes   yes      yes
//
// Invariant: no combination of settings sends a token beyond loopback without TLS (TestExposure).
func (e exposure) check(address string) error {
	host, _, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return fault.New(fault.Invalid, "listen address %q: want host:port, as 127.0.0.1:50051", address)
	case loopback.Host(host):
		return nil
	case !e.tls && e.tokens:
		return fault.New(fault.Invalid, "%s is beyond loopback, and tokens would travel there in plaintext: set "+
			"up TLS, or serve without tokens", address)
	case !e.tls && !e.noTLS:
		return fault.New(fault.Invalid, "%s is beyond loopback: set up TLS, or waive it with --insecure-no-tls",
			address)
	case !e.tokens && !e.noAuth:
		return fault.New(fault.Invalid,
			"%s is beyond loopback: ask for tokens, or waive them with --insecure-no-auth", address)
	}
	return nil
}
