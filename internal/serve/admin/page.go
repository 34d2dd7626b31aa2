package admin

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"

	"hives/internal/cli"
	sitepage "hives/internal/page"
	"hives/internal/serve/web"
)

//go:embed page.html
var pageSource string

//go:embed page.css
var style string

//go:embed page.js
var script string

var page = template.Must(template.New("page").Parse(pageSource))

// fact is a line of the page's table.
type fact struct{ Name, Value string }

// state and modelName are asked anew for every page and every point: a swap changes both.
func (a *admin) state() string {
	if a.Server.Serving() {
		return "SERVING"
	}
	return "NOT_SERVING"
}

// modelName is empty until the first model serves.
func (a *admin) modelName() string {
	g, release, err := a.Server.Acquire()
	if err != nil {
		return ""
	}
	defer release()
	return g.Version.GetName()
}

// facts do not change while a model serves. Limits and hashes are what a person compares when two servers answer
// differently.
func (a *admin) facts() []fact {
	out := []fact{{"Release", cli.BuildInfo().Release}}
	g, release, err := a.Server.Acquire()
	if err != nil {
		return out
	}
	defer release()
	v, l := g.Version, a.Server.Limits()
	out = append(out,
		fact{"Revision", v.GetRevision()}, fact{"Weights", v.GetWeightsSha256()},
		fact{"Tokenizer", v.GetTokenizerSha256()},
		fact{"Vector", fmt.Sprintf("%d numbers, %s pooling, %s", v.GetDimension(), v.GetPooling(), v.GetPrecision())},
		fact{"Engine", v.GetEngine()},
		fact{"Shapes", fmt.Sprintf("%d of %d, compiled in %.1f s", g.Compiled(), len(g.Runner.Shapes()),
			g.CompileTime().Seconds())},
		fact{"Limits",
			fmt.Sprintf("%d texts a request, %d tokens a text, %d tokens in the queue", l.Texts, g.MaxLength,
				l.QueueTokens)})
	if g.Values != nil {
		out = append(out, fact{"Value vectors", g.Values.SHA256})
	}
	return out
}

// page is one document; its policy allows its own style and script, and asking this listener. The nonce is new for
// every page, so a script that got into the page some other way does not run.
func (a *admin) page(w http.ResponseWriter, _ *http.Request) {
	nonce := rand.Text()
	var out bytes.Buffer
	err := page.Execute(&out, map[string]any{
		"Nonce": nonce, "State": a.state(), "Model": a.modelName(), "Facts": a.facts(),
		"Style": sitepage.Palette() + template.CSS(style), "Script": template.JS(script),
	})
	if err != nil {
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Security-Policy",
		"default-src 'none'; style-src 'nonce-"+nonce+"'; script-src 'nonce-"+nonce+
			"'; connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
	w.Header().Set("Referrer-Policy", "no-referrer")
	web.Write(w, http.StatusOK, "text/html; charset=utf-8", out.Bytes())
}
