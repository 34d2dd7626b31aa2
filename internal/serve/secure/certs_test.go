package secure

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hives/internal/rig/servetest"
)

// serveTLS answers handshakes until the test ends.
func serveTLS(t *testing.T, cfg *tls.Config) string {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				_, _ = conn.Write([]byte("x"))
			}()
		}
	}()
	return l.Addr().String()
}

// shake dials, reads the byte that proves the handshake, and returns the server's serial number.
func shake(address string, cfg *tls.Config) (serial string, err error) {
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: time.Minute}, "tcp", address, cfg)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return "", err
	}
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.String(), nil
}

// due makes the next handshake look at the files, as if lookAgain had passed.
func (c *Certificates) due() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked = time.Time{}
}

func TestCertificatesAreReadAgain(t *testing.T) {
	dir := t.TempDir()
	ca := servetest.NewCA(t)
	f := Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	ca.Issue(t, 1001, f.Cert, f.Key)
	var log bytes.Buffer
	c, err := OpenCertificates(f, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	address, client := serveTLS(t, c.Config("h2")), &tls.Config{RootCAs: ca.Pool, ServerName: "localhost"}
	expect := func(when, want string) {
		t.Helper()
		if got, err := shake(address, client); err != nil || got != want {
			t.Errorf("%s: certificate %s, %v; want %s", when, got, err, want)
		}
	}
	expect("at first", "1001")
	ca.Issue(t, 1002, f.Cert, f.Key)
	c.due()
	expect("after the files changed", "1002")
	key, _ := os.ReadFile(f.Key)
	if err := os.WriteFile(f.Cert, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.due()
	expect("while the file is broken", "1002")
	ca.Issue(t, 1003, f.Cert, filepath.Join(dir, "other.pem")) // its key is not there yet
	c.due()
	expect("while key and certificate do not belong together", "1002")
	if got := strings.Count(log.String(), "was not replaced"); got != 2 {
		t.Errorf("%d complaints in the log, want 2", got)
	}
	if lines := strings.Split(string(key), "\n"); strings.Contains(log.String(), lines[1]) {
		t.Error("the log holds the private key")
	}
}

// TestOnlyCertificatesOfTodayReplaceAGoodOne: an expired one never does, one of tomorrow does tomorrow, and a good one
// after both at once.
func TestOnlyCertificatesOfTodayReplaceAGoodOne(t *testing.T) {
	dir := t.TempDir()
	ca := servetest.NewCA(t)
	f := Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	ca.Issue(t, 1, f.Cert, f.Key)
	var log bytes.Buffer
	c, err := OpenCertificates(f, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	expect := func(when string, want int64) {
		t.Helper()
		c.due()
		if got := c.current().Certificates[0].Leaf.SerialNumber.Int64(); got != want {
			t.Errorf("%s: certificate %d, want %d", when, got, want)
		}
	}
	now := time.Now()
	ca.IssueFor(t, 2, now.Add(-2*time.Hour), now.Add(-time.Hour), f.Cert, f.Key)
	expect("an expired one", 1)
	ca.IssueFor(t, 3, now.Add(time.Hour), now.Add(2*time.Hour), f.Cert, f.Key)
	expect("one that is not valid yet", 1)
	c.later.Certificates[0].Leaf.NotBefore = now.Add(-time.Hour) // an hour later
	expect("when its day has come", 3)
	ca.Issue(t, 4, f.Cert, f.Key)
	expect("a good one", 4)
	for words, want := range map[string]int{"was not replaced": 2, "has expired on": 1, "is valid from": 1,
		"was replaced": 2} {
		if got := strings.Count(log.String(), words); got != want {
			t.Errorf("%q stands %d times in the log, want %d", words, got, want)
		}
	}
}

// TestStartsWithAnExpiredCertificate and says so: without a server nobody could be told.
func TestStartsWithAnExpiredCertificate(t *testing.T) {
	dir := t.TempDir()
	ca := servetest.NewCA(t)
	f := Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	ca.IssueFor(t, 1, time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour), f.Cert, f.Key)
	var log bytes.Buffer
	if _, err := OpenCertificates(f, slog.New(slog.NewTextHandler(&log, nil))); err != nil ||
		!strings.Contains(log.String(), "has expired on") {
		t.Errorf("%v; the log says %q", err, log.String())
	}
}

func TestClientsNeedACertificateOfTheCA(t *testing.T) {
	dir := t.TempDir()
	ca, stranger := servetest.NewCA(t), servetest.NewCA(t)
	f := Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"),
		ClientCA: filepath.Join(dir, "ca.pem")}
	ca.Issue(t, 1, f.Cert, f.Key)
	ca.Write(t, f.ClientCA)
	c, err := OpenCertificates(f, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	address := serveTLS(t, c.Config("h2"))
	client := func(by *servetest.CA) *tls.Config {
		cfg := &tls.Config{RootCAs: ca.Pool, ServerName: "localhost"}
		if by != nil {
			pair := by.Pair(t, 2)
			// Presented whether the server's list of authorities asks for it or not.
			cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		return cfg
	}
	if _, err := shake(address, client(ca)); err != nil {
		t.Errorf("a client of the CA: %v", err)
	}
	if _, err := shake(address, client(nil)); err == nil {
		t.Error("a client without certificate was served")
	}
	if _, err := shake(address, client(stranger)); err == nil {
		t.Error("a client of another CA was served")
	}
}

// TestExpiredClientCA: a client CA out of its time vouches for nobody and replaces no good one; one of two that is in
// time does. A client whose CA has gone is refused, also with the session of a handshake before.
func TestExpiredClientCA(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	good, next := servetest.NewCA(t), servetest.NewCA(t)
	expired := servetest.NewCAFor(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	tomorrow := servetest.NewCAFor(t, now.Add(time.Hour), now.Add(2*time.Hour))
	f := Files{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem"),
		ClientCA: filepath.Join(dir, "ca.pem")}
	good.Issue(t, 1, f.Cert, f.Key)
	good.Write(t, f.ClientCA)
	var log bytes.Buffer
	c, err := OpenCertificates(f, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	address := serveTLS(t, c.Config("h2"))
	client := func(by *servetest.CA) *tls.Config {
		pair := by.Pair(t, 2)
		return &tls.Config{RootCAs: good.Pool, ServerName: "localhost", ClientSessionCache: tls.NewLRUClientSessionCache(1),
			GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }}
	}
	clients := map[*servetest.CA]*tls.Config{}
	for _, ca := range []*servetest.CA{good, next, expired, tomorrow} {
		clients[ca] = client(ca)
	}
	expect := func(when string, served ...*servetest.CA) {
		t.Helper()
		c.due()
		for ca, cfg := range clients {
			if _, err := shake(address, cfg); (err == nil) != slices.Contains(served, ca) {
				t.Errorf("%s: a client of CA valid until %v: %v", when, ca.NotAfter(), err)
			}
		}
	}
	expect("at first", good)
	for _, bad := range []*servetest.CA{expired, tomorrow} {
		bad.Write(t, f.ClientCA)
		expect("with a CA out of its time", good)
	}
	next.Write(t, filepath.Join(dir, "next.pem"))
	both := slices.Concat(readFile(t, f.ClientCA), readFile(t, filepath.Join(dir, "next.pem")))
	if err := os.WriteFile(f.ClientCA, both, 0o600); err != nil {
		t.Fatal(err)
	}
	expect("with one in time beside one of tomorrow", next)
	for words, want := range map[string]int{"was not replaced": 2, "client CA " + f.ClientCA + " has expired on": 1,
		"is valid from": 1} {
		if got := strings.Count(log.String(), words); got != want {
			t.Errorf("%q stands %d times in the log, want %d", words, got, want)
		}
	}
	log.Reset()
	expired.Write(t, f.ClientCA)
	if _, err := OpenCertificates(f, slog.New(slog.NewTextHandler(&log, nil))); err != nil ||
		!strings.Contains(log.String(), "client CA") {
		t.Errorf("a start with an expired client CA: %v; the log says %q", err, log.String())
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestRefusedCertificates(t *testing.T) {
	dir := t.TempDir()
	ca := servetest.NewCA(t)
	cert, key, other := filepath.Join(dir, "cert"), filepath.Join(dir, "key"), filepath.Join(dir, "other")
	ca.Issue(t, 1, cert, key)
	ca.Issue(t, 2, filepath.Join(dir, "cert2"), other)
	for name, f := range map[string]Files{
		"no file": {Cert: filepath.Join(dir, "none"), Key: key}, "another key": {Cert: cert, Key: other},
		"a key as CA": {Cert: cert, Key: key, ClientCA: key},
	} {
		if _, err := OpenCertificates(f, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
