package hub

import (
	"context"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"hives/internal/fault"
)

// A hub that never answers is asked twice and no more, whatever patience there is with one that did: nothing listens,
// it takes the connection and is silent, or it hangs up.
func TestHubThatNeverAnswers(t *testing.T) {
	for name, serve := range map[string]func(net.Conn){
		"nothing listens": nil,
		"silence":         func(c net.Conn) { time.Sleep(time.Hour) },
		"it hangs up":     func(c net.Conn) { c.Close() },
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		calls := make(chan bool, 100)
		if serve == nil {
			l.Close()
		} else {
			t.Cleanup(func() { l.Close() })
			go func() {
				for c, err := l.Accept(); err == nil; c, err = l.Accept() {
					calls <- true
					go serve(c)
				}
			}()
		}
		p := patience{tries: 1000, firstWait: time.Millisecond, maxWait: time.Millisecond, stall: time.Hour, greeting: 50 *
			time.Millisecond, progress: 1, maxPause: time.Second}
		s := Settings{Endpoint: &url.URL{Scheme: "http", Host: l.Addr().String()}, Cache: t.TempDir()}
		_, err = newClient(s, p, 1).list(context.Background(), "owner/name", "main")
		if fault.Of(err) != fault.Unavailable || !strings.Contains(err.Error(), "(2 tries)") {
			t.Errorf("%s: %v", name, err)
		}
		if n := len(calls); serve != nil && n != firstTries {
			t.Errorf("%s: %d calls, want %d", name, n, firstTries)
		}
	}
}
