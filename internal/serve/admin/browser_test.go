//go:build browser

package admin

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"hives/internal/rig/servetest"
	"hives/internal/serve/telemetry"
	hivesv1 "hives/proto/hives/v1"
)

// patience bounds a browser on a busy machine.
const patience = 90 * time.Second

// openBrowser starts a headless browser; $HIVES_BROWSER names another than those looked for.
func openBrowser(t *testing.T) context.Context {
	t.Helper()
	program := os.Getenv("HIVES_BROWSER")
	for _, name := range []string{"chromium-headless-shell", "chromium", "google-chrome"} {
		if found, err := exec.LookPath(name); program == "" && err == nil {
			program = found
		}
	}
	if program == "" {
		t.Fatal("no chromium-headless-shell, chromium or google-chrome: install one or set HIVES_BROWSER")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.WindowSize(1100, 900))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses its sandbox to root
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	return ctx
}

// TestBrowserDrawsTheStatus opens the page of a server under load, and waits until every plot has a line. Whatever
// the page's policy forbids, and every error of its script, fails the test.
func TestBrowserDrawsTheStatus(t *testing.T) {
	r := &servetest.Runner{}
	o, m := servetest.Options(t, r), telemetry.NewMetrics()
	telemetry.Plug(&o, m, nil)
	f := servetest.Start(t, o, r)
	if err := m.Watch(f.Server); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	h := NewHistory(m.Registry)
	go h.Run(ctx)
	go load(ctx, hivesv1.NewEmbedServiceClient(f.Conn))
	srv := httptest.NewServer(Handler(Options{Server: f.Server, Registry: m.Registry, History: h, Loopback: true,
		Reload: func(ctx context.Context) error { return f.Swap(ctx) }}))
	t.Cleanup(srv.Close)

	browser := openBrowser(t)
	var wrong []string
	var mu sync.Mutex
	complain := func(words string) { mu.Lock(); defer mu.Unlock(); wrong = append(wrong, words) }
	err := chromedp.Do(browser) // opens the tab that is listened to
	if err == nil {
		err = chromedp.Listen(browser, func(e any) {
			switch e := e.(type) {
			case *runtime.EventExceptionThrown:
				complain(fmt.Sprint(e.ExceptionDetails))
			case *log.EventEntryAdded:
				complain(e.Entry.Text)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(browser, chromedp.Navigate(srv.URL+"/")); err != nil {
		t.Fatal(err)
	}
	drawn := `[...document.querySelectorAll("figure")].every(f => [...f.querySelectorAll("polyline")].some(p => ` +
		`p.getAttribute("points").split(" ").length > 1))`
	for deadline := time.Now().Add(patience); ; time.Sleep(200 * time.Millisecond) {
		done, err := chromedp.Run(browser, chromedp.Evaluate[bool](drawn))
		if err == nil && done {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not every plot has a line (%v): %v", err, wrong)
		}
	}
	for expression, want := range map[string]string{
		`document.querySelector("#state").textContent`:                     "SERVING",
		`document.querySelector("#model").textContent`:                     "fake",
		`String(document.querySelectorAll("figure polyline").length >= 7)`: "true",
		`String(performance.getEntriesByType("resource").every(e => e.name.includes("status.json") && ` +
			`e.name.startsWith(location.origin)))`: "true",
	} {
		if got, err := chromedp.Run(browser, chromedp.Evaluate[string](expression)); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", expression, got, err, want)
		}
	}
	shoot(t, browser)
	mu.Lock()
	defer mu.Unlock()
	if len(wrong) > 0 {
		t.Errorf("the browser complains: %v", wrong)
	}
}

// load sends texts, and now and then a mistake, until ctx ends.
func load(ctx context.Context, c hivesv1.EmbedServiceClient) {
	for i := 0; ctx.Err() == nil; i++ {
		texts := []string{fmt.Sprintf("text %d", i)}
		if i%5 == 0 {
			texts = append(texts, "")
		}
		_, _ = c.Embed(ctx, &hivesv1.EmbedRequest{Texts: texts}) // every fifth is meant to be refused
		time.Sleep(10 * time.Millisecond)
	}
}

// shoot keeps a picture of the page where $HIVES_SCREENSHOTS names a folder.
func shoot(t *testing.T, browser context.Context) {
	t.Helper()
	dir := os.Getenv("HIVES_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(browser, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "status.png"), png, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}
