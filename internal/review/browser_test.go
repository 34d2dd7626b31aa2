//go:build browser

package review

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience bounds one step of a browser on a busy machine.
const patience = 60 * time.Second

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
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", program, err)
	}
	return ctx
}

// tab drives one page of the browser on behalf of a test.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func (p tab) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func (p tab) text(selector string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	text, err := chromedp.Run(ctx, chromedp.TextContent(selector))
	must(p.t, err)
	return text
}

// script evaluates an expression, which may use await.
func script[T any](p tab, expression string) T {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	must(p.t, err)
	return v
}

// key presses one key and waits until an expression holds, on the next page if there is one.
func (p tab) key(key, until string) {
	p.t.Helper()
	p.do(chromedp.KeyEvent(key))
	p.wait(until)
}

func (p tab) wait(until string) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		held, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && Boolean(`+until+`)`))
		cancel()
		if err == nil && held {
			return
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("never %s (%v)", until, err)
		}
	}
}

// shoot keeps a picture of the page where $HIVES_SCREENSHOTS names a folder.
func (p tab) shoot(name string) {
	p.t.Helper()
	dir := os.Getenv("HIVES_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	must(p.t, err)
	must(p.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// shows is an expression that holds on the page of one item.
func shows(b *bench, i int) string {
	return `new URLSearchParams(location.search).get("id") === "` + b.id(i) + `"`
}

func TestBrowserReview(t *testing.T) {
	ctx := openBrowser(t)
	t.Run("labels by keyboard", func(t *testing.T) { labelsByKeyboard(t, tab{t, ctx}) })
	t.Run("anchors by keyboard", func(t *testing.T) { anchorsByKeyboard(t, tab{t, ctx}) })
	t.Run("another page cannot decide", func(t *testing.T) { foreignPage(t, tab{t, ctx}) })
	t.Run("dark", func(t *testing.T) { dark(t, tab{t, ctx}) })
}

// labelsByKeyboard is a review without a mouse: name, value, direction, undo, a second reviewer.
func labelsByKeyboard(t *testing.T, p tab) {
	b := newBench(t, 3)
	p.do(chromedp.Navigate(b.base))
	p.do(chromedp.KeyEvent("ann"))
	p.key(kb.Enter, `document.querySelector("#text")`)

	if got := p.text("#text"); got != hostile {
		t.Errorf("the text came out as %q", got)
	}
	inert := `[...document.querySelectorAll("script:not([nonce]), img, [onerror], [onfocus]")].length === 0 && ` +
		`window.pwned === undefined`
	if !script[bool](p, inert) {
		t.Error("the hostile text is not inert")
	}
	p.shoot("label")
	p.key("v", `document.querySelector("details").open`)
	if !script[bool](p, inert) {
		t.Error("the voters' raw answers are not inert")
	}
	p.key("v", `!document.querySelector("details").open`)

	p.key("1", `document.querySelector("#chosen")?.textContent === "conformity"`)
	p.shoot("value")
	p.key("2", `document.querySelector("#chosen")?.textContent === "conformity:rules"`)
	p.key(kb.Backspace, `document.querySelector("#chosen")?.textContent === "conformity"`)
	p.do(chromedp.KeyEvent("n")) // into the note, where letters are letters
	p.do(chromedp.KeyEvent("sox"))
	if got := script[string](p, `document.activeElement.value`); got != "sox" {
		t.Errorf("the note holds %q", got)
	}
	p.do(chromedp.KeyEvent(kb.Escape))
	p.key("o", `document.querySelector("#done").textContent === "1"`)
	held, err := b.store.Decisions(context.Background())
	must(t, err)
	if len(held) != 1 || held[0].Direction != -1 || strings.Join(held[0].Path, "/") != "conservation/conformity" ||
		held[0].Note != "sox" {
		t.Fatalf("stored %+v", held)
	}
	p.key("u", `document.querySelector("#done").textContent === "0"`)
	p.key("x", `document.querySelector("#done").textContent === "1"`)
	p.key(kb.ArrowRight, shows(b, 2))
	p.key(kb.ArrowLeft, shows(b, 1))
	secondReviewer(t, p, b)
}

// secondReviewer contradicts the first and sees it then, not before.
func secondReviewer(t *testing.T, p tab, b *bench) {
	p.do(chromedp.Navigate(b.base + "item?as=bob&id=" + b.id(0)))
	if script[bool](p, `Boolean(document.querySelector("#standing"))`) {
		t.Error("the first decision is shown before the second")
	}
	p.key("s", `document.querySelector("#done").textContent === "1"`)
	p.key(".", `document.querySelector("#standing")?.className === "split"`)
	p.shoot("split")
}

func anchorsByKeyboard(t *testing.T, p tab) {
	b := anchorBench(t, testBank(t), filepath.Join(t.TempDir(), "votes.db"))
	p.do(chromedp.Navigate(b.base + "item?as=ann"))
	if got := script[string](p, `document.querySelector("#sentence").value`); got != hostile {
		t.Errorf("the field holds %q", got)
	}
	p.key("x", shows(b, 1))
	p.shoot("anchor")
	p.key("a", shows(b, 2))
	p.key("e", `document.activeElement.id === "sentence"`) // selects what it holds
	p.do(chromedp.KeyEvent("Rules bind those who made them."))
	p.do(chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(kb.ModifierCtrl)))
	p.wait(`document.querySelector("#done").textContent === "3"`)
	held, err := b.store.Decisions(context.Background())
	must(t, err)
	if len(held) != 3 || held[2].Path[0] != "Rules bind those who made them." {
		t.Errorf("stored %+v", held)
	}
}

// foreignPage posts to the server from a page of another origin that even knows the token.
func foreignPage(t *testing.T, p tab) {
	b, other := newBench(t, 1), newBench(t, 1)
	p.do(chromedp.Navigate(other.URL + "/")) // refused, thus without a policy of its own that would hinder it
	form := `new URLSearchParams({as: "eve", id: "` + b.id(0) + `", choice: "none"})`
	attack := `fetch("` + b.base + `decide", {method: "POST", mode: "no-cors", body: ` + form +
		`}).then(() => "sent", () => "refused")`
	script[string](p, attack)
	if h, err := b.store.History(context.Background()); err != nil || len(h) != 0 {
		t.Errorf("another origin recorded %d decisions, %v", len(h), err)
	}
	// The control: the same request from the page itself is taken. The policy allows it no fetch, so a form asks.
	p.do(chromedp.Navigate(b.base + "item?as=eve"))
	p.key("x", `document.querySelector("#done").textContent === "1"`)
	if h, _ := b.store.History(context.Background()); len(h) != 1 {
		t.Errorf("the page itself recorded %d decisions", len(h))
	}
}

func dark(t *testing.T, p tab) {
	b := newBench(t, 2)
	paper := func() string { return script[string](p, `getComputedStyle(document.body).backgroundColor`) }
	p.do(chromedp.Navigate(b.base + "item?as=ann"))
	light := paper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}})
	must(t, err)
	if paper() == light {
		t.Errorf("the page is %s in light and dark", light)
	}
	p.shoot("dark")
}
