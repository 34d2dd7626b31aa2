package servetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"testing"
	"time"
)

// CA signs certificates for localhost, for tests of TLS: servers, clients, certificates that have run out or are
// replaced. Its key is made anew in each test and lives in memory.
type CA struct {
	Pool *x509.CertPool
	cert *x509.Certificate
	key  *ecdsa.PrivateKey

	from, to time.Time // of what is issued next; zero is an hour from now
}

// NewCA makes a CA of its own.
func NewCA(t testing.TB) *CA {
	t.Helper()
	return NewCAFor(t, time.Time{}, time.Now().Add(time.Hour))
}

// NewCAFor is NewCA with a time at which its own certificate holds, for authorities that have run out.
func NewCAFor(t testing.TB, from, to time.Time) *CA {
	t.Helper()
	// P-256 and not RSA: a key takes no time that a test would notice.
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test CA"}, NotBefore: from, NotAfter: to,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	ca := &CA{Pool: x509.NewCertPool(), cert: cert, key: key}
	ca.Pool.AddCert(cert)
	return ca
}

// Pair is a certificate of the CA, for servers and clients, with its key. serial tells certificates apart: a server
// that reads its file again is asked for the serial that it now shows.
func (ca *CA) Pair(t testing.TB, serial int64) tls.Certificate {
	t.Helper()
	cert, key := ca.pems(t, serial)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// Issue writes a certificate and its key as PEM files. The two are written one after the other, as in life: whoever
// reads in between finds a pair that does not match.
func (ca *CA) Issue(t testing.TB, serial int64, certPath, keyPath string) {
	t.Helper()
	cert, key := ca.pems(t, serial)
	for path, content := range map[string][]byte{certPath: cert, keyPath: key} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// IssueFor is Issue with a time at which the certificate holds.
func (ca *CA) IssueFor(t testing.TB, serial int64, from, to time.Time, certPath, keyPath string) {
	t.Helper()
	ca.from, ca.to = from, to
	defer func() { ca.from, ca.to = time.Time{}, time.Time{} }()
	ca.Issue(t, serial, certPath, keyPath)
}

// NotAfter is when the CA's own certificate ends.
func (ca *CA) NotAfter() time.Time { return ca.cert.NotAfter }

// Write writes the CA's own certificate.
func (ca *CA) Write(t testing.TB, path string) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.cert.Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
}

// pems makes a certificate for localhost and 127.0.0.1, with a key of its own, both as PEM.
func (ca *CA) pems(t testing.TB, serial int64) (cert, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "localhost"}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		// One kind of certificate for both ends of a connection.
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if !ca.to.IsZero() {
		about.NotBefore, about.NotAfter = ca.from, ca.to
	}
	der, err := x509.CreateCertificate(rand.Reader, about, ca.cert, &private.PublicKey, ca.key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
}
