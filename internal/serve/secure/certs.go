package secure

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"slices"
	"sync"
	"time"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// lookAgain is how long a certificate is served without a look at its files.
const lookAgain = time.Second

// Files are PEM files. Without ClientCA clients need no certificate.
type Files struct{ Cert, Key, ClientCA string }

// Certificates are a server's, as of their files. TLS asks for the configuration at every handshake, so a file that
// was renewed is in use without a restart and without a watcher's goroutine.
//
// Invariant: a certificate that serves, or a client CA that vouches, is only ever replaced by one that is valid today
// (TestOnlyCertificatesOfTodayReplaceAGoodOne, TestExpiredClientCA).
type Certificates struct {
	files Files
	log   *slog.Logger

	mu     sync.Mutex
	looked time.Time
	seen   [][]byte // contents at the last look, good or bad
	good   *tls.Config
	later  *tls.Config // of seen, when its day has not come yet
}

// OpenCertificates reads the files, and refuses what could not serve.
func OpenCertificates(f Files, log *slog.Logger) (*Certificates, error) {
	c := &Certificates{files: f, log: log, looked: time.Now()}
	var err error
	if c.seen, err = f.read(); err != nil {
		return nil, err
	}
	if c.good, err = f.parse(c.seen); err != nil {
		return nil, err
	}
	if err := f.inTime(c.good, c.seen[2], time.Now()); err != nil { // nobody is served better by no server
		log.Error("handshakes will fail", "error", err)
	}
	return c, nil
}

// Config is for a listener that speaks protocols, the preferred first. With a client CA it asks every client for a
// certificate of it.
func (c *Certificates) Config(protocols ...string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			now := c.current().Clone()
			now.NextProtos = protocols
			return now, nil
		},
	}
}

// current looks at the files again from time to time; contents are compared, since a clock may stand still and a
// mounted secret is a link. A bad pair is looked at and logged once: seen holds it, and only other contents are
// parsed again. One of tomorrow is kept in later and taken when its time has come.
func (c *Certificates) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A thousand handshakes a second read the files once.
	if time.Since(c.looked) < lookAgain {
		return c.good
	}
	c.looked = time.Now()
	contents, err := c.files.read()
	if err == nil && slices.EqualFunc(contents, c.seen, slices.Equal) {
		if c.later != nil && c.files.inTime(c.later, contents[2], c.looked) == nil {
			c.take(c.later)
		}
		return c.good
	}
	// Whatever becomes of them, these contents have been looked at.
	c.seen, c.later = contents, nil
	var next *tls.Config
	if err == nil {
		next, err = c.files.parse(contents)
	}
	if err == nil {
		c.later = next
		err = c.files.inTime(next, contents[2], c.looked)
	}
	if err != nil {
		c.log.Error("the certificate was not replaced", "error", err)
		return c.good
	}
	c.take(next)
	return c.good
}

// take is called with mu held, as current is the only one who calls it.
func (c *Certificates) take(next *tls.Config) {
	c.log.Info("the certificate was replaced")
	c.good, c.later = next, nil
}

// inTime refuses a certificate that clients would refuse now, and authorities in PEM form of which none can vouch for a
// client now.
func (f Files) inTime(c *tls.Config, authorities []byte, now time.Time) error {
	err := valid("certificate "+f.Cert, c.Certificates[0].Leaf, now)
	if err != nil || f.ClientCA == "" {
		return err
	}
	for _, authority := range certificates(authorities) {
		if err = valid("client CA "+f.ClientCA, authority, now); err == nil {
			return nil
		}
	}
	return err
}

func valid(what string, c *x509.Certificate, now time.Time) error {
	switch {
	case now.After(c.NotAfter):
		return fault.New(fault.Invalid, "%s has expired on %s: renew it", what, c.NotAfter.UTC().Format(time.RFC3339))
	case now.Before(c.NotBefore):
		return fault.New(fault.Invalid, "%s is valid from %s only: it is taken then", what,
			c.NotBefore.UTC().Format(time.RFC3339))
	}
	return nil
}

// certificates are those of a PEM file; x509.CertPool leaves out what is none, and so does this.
func certificates(raw []byte) (all []*x509.Certificate) {
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			all = append(all, c)
		}
	}
	return all
}

// read takes all three files in one go. They may still be of two renewals; then key and certificate do not fit, and
// the next look reads both anew.
func (f Files) read() (contents [][]byte, err error) {
	for _, path := range []string{f.Cert, f.Key, f.ClientCA} {
		var raw []byte
		if path != "" {
			if raw, err = fsutil.ReadRegular(path); err != nil {
				return nil, fsutil.Classify(err, path)
			}
		}
		contents = append(contents, raw)
	}
	return contents, nil
}

// parse never puts file contents into an error.
func (f Files) parse(contents [][]byte) (*tls.Config, error) {
	// It also checks that the key is the certificate's.
	pair, err := tls.X509KeyPair(contents[0], contents[1])
	if err != nil {
		return nil, fault.New(fault.Invalid, "certificate %s with key %s: %w", f.Cert, f.Key, err)
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	if f.ClientCA == "" {
		return out, nil
	}
	out.ClientAuth, out.ClientCAs = tls.RequireAndVerifyClientCert, x509.NewCertPool()
	if !out.ClientCAs.AppendCertsFromPEM(contents[2]) {
		return nil, fault.New(fault.Invalid, "client CA %s: no certificate in PEM form", f.ClientCA)
	}
	return out, nil
}
