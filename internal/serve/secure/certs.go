package secure

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"os"
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

// Certificates are a server's, as of their files.
type Certificates struct {
	files Files
	log   *slog.Logger

	mu     sync.Mutex
	looked time.Time
	seen   [][]byte // contents at the last look, good or bad
	good   *tls.Config
}

// OpenCertificates reads the files, and refuses what could not serve.
func OpenCertificates(f Files, log *slog.Logger) (*Certificates, error) {
	c := &Certificates{files: f, log: log, looked: time.Now()}
	var err error
	if c.seen, err = f.read(); err != nil {
		return nil, err
	}
	c.good, err = f.parse(c.seen)
	return c, err
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
// mounted secret is a link.
func (c *Certificates) current() *tls.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookAgain {
		return c.good
	}
	c.looked = time.Now()
	contents, err := c.files.read()
	if err == nil && slices.EqualFunc(contents, c.seen, slices.Equal) {
		return c.good
	}
	c.seen = contents
	var next *tls.Config
	if err == nil {
		next, err = c.files.parse(contents)
	}
	if err != nil {
		c.log.Error("the certificate was not replaced", "error", err)
		return c.good
	}
	c.log.Info("the certificate was replaced")
	c.good = next
	return c.good
}

func (f Files) read() (contents [][]byte, err error) {
	for _, path := range []string{f.Cert, f.Key, f.ClientCA} {
		var raw []byte
		if path != "" {
			if raw, err = os.ReadFile(path); err != nil {
				return nil, fsutil.Classify(err, path)
			}
		}
		contents = append(contents, raw)
	}
	return contents, nil
}

// parse never puts file contents into an error.
func (f Files) parse(contents [][]byte) (*tls.Config, error) {
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
