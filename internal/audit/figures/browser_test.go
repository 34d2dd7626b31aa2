//go:build browser

package figures_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience bounds the browser's work on a busy machine.
const patience = 2 * time.Minute

// browser starts a headless one; $HIVES_BROWSER names another than those looked for.
func browser(t *testing.T) context.Context {
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
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses its sandbox to root
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// TestBrowserShowsTheAnswersBehindAPoint: on a screen of 400 pixels nothing hangs over its edge, and a click on a bar
// opens the answers that it is made of. Before the click they are closed.
func TestBrowserShowsTheAnswersBehindAPoint(t *testing.T) {
	ctx := browser(t)
	w := obedient()
	w.refuse = .2
	path := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(path, []byte(draw(t, w.record())), 0o644); err != nil {
		t.Fatal(err)
	}
	shoot := os.Getenv("HIVES_PAGES")
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: 400, Height: 800, DeviceScaleFactor: 1})
	if err == nil {
		err = chromedp.Do(ctx, chromedp.Navigate("file://"+path))
	}
	if err != nil {
		t.Fatal(err)
	}
	evaluate := func(expression string) bool {
		t.Helper()
		v, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	if !evaluate(`document.documentElement.scrollWidth <= 400`) {
		t.Error("the page is wider than a screen of 400 pixels")
	}
	const place = "p-mft-care-harm-anchor-for-2"
	if evaluate(`document.getElementById("` + place + `").parentElement.open`) {
		t.Error("answers are open before anybody asked")
	}
	// The bar lies in a picture; a click is what a reader's finger does.
	if err := chromedp.Do(ctx, chromedp.Click(`svg a[href="#`+place+`"]`)); err != nil {
		t.Fatal(err)
	}
	if !evaluate(`location.hash == "#` + place + `"`) {
		t.Error("a click leads nowhere")
	}
	if !evaluate(`document.getElementById("` + place + `").parentElement.open`) {
		t.Error("after a click the answers are still closed")
	}
	if shoot != "" {
		raw, err := chromedp.Run(ctx, chromedp.FullScreenshot(90))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(shoot, "click.jpg"), raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
