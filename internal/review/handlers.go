package review

import (
	"bytes"
	"crypto/rand"
	"embed"
	"html/template"
	"log"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	web "hives/internal/page"
)

//go:embed page.html style.css keys.js
var files embed.FS

// templates are parsed when the program starts: a fault in one would come to light in every test, and not at a
// reviewer's.
var templates = template.Must(template.New("page.html").
	Funcs(template.FuncMap{"palette": web.Palette}).
	ParseFS(files, "page.html", "style.css", "keys.js"))

// app answers the page's requests; what guards it stands before it. It keeps nothing of a reviewer: who looks, and at
// what, stands in the address, so that several tabs and several people do not disturb each other.
type app struct {
	board    *board
	base     string // "/TOKEN/", for redirects
	reviewer string // offered as name
	now      func() time.Time
	log      *log.Logger
}

// routes change something by POST only, which the guard wants from the page itself.
func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /item", a.item)
	mux.HandleFunc("POST /decide", a.decide)
	mux.HandleFunc("POST /undo", a.undo)
	return mux
}

// home asks who reviews. There are no accounts: a name is what a reviewer types, or chooses among those who were
// here.
func (a *app) home(w http.ResponseWriter, r *http.Request) {
	s, err := a.board.state(r.Context())
	if err != nil {
		a.fail(w, err)
		return
	}
	p := newPage(s, "", showOpen)
	p.Known = s.reviewers()
	p.Message = a.reviewer // stands in the field
	a.draw(w, p)
}

// item shows one item: that of the query or the first of the filter. It never shows another than the one asked for: a
// link to one that is gone is an error.
//
//	item?as=ann&show=open            the first that is open for ann
//	item?as=ann&show=open&id=12      item 12, whatever the filter
//	item?show=open                   no name: back to home
func (a *app) item(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	name, ok := reviewerName(q.Get("as"))
	if !ok {
		http.Redirect(w, r, a.base, http.StatusSeeOther)
		return
	}
	s, err := a.board.state(r.Context())
	if err != nil {
		a.fail(w, err)
		return
	}
	show := filter(q.Get("show"))
	p := newPage(s, name, show)
	if q.Has("kept") {
		p.Message = "Your latest decision is not among these items; nothing was taken back."
	}
	place := s.next(-1, 1, name, show)
	if id, err := strconv.ParseInt(q.Get("id"), 10, 64); err == nil {
		if place = s.at(id); place < 0 {
			http.Error(w, "There is no such item (any more).", http.StatusNotFound)
			return
		}
	}
	if place >= 0 {
		at, ok := kindOf(s.items[place]).open(s, s.items[place], q.Get("at"))
		if !ok {
			http.Error(w, "The theory has no such node.", http.StatusBadRequest)
			return
		}
		p.Item = newItem(s, place, name, show, at)
	}
	a.draw(w, p)
}

// decide records a decision and goes on to the next item of the filter. The form is read against the board, not against
// the page that it comes from: what that page offered may be gone.
func (a *app) decide(w http.ResponseWriter, r *http.Request) {
	name, ok := reviewerName(r.PostForm.Get("as"))
	id, err := strconv.ParseInt(r.PostForm.Get("id"), 10, 64)
	if !ok || err != nil {
		http.Error(w, "The form names no reviewer or item.", http.StatusBadRequest)
		return
	}
	s, err := a.board.state(r.Context())
	if err != nil {
		a.fail(w, err)
		return
	}
	place := s.at(id)
	if place < 0 {
		http.Error(w, "There is no such item (any more).", http.StatusNotFound)
		return
	}
	d, err := readDecision(s, place, r.PostForm)
	if err != nil {
		http.Error(w, "Not recorded: "+err.Error()+". Go back and decide again.", http.StatusBadRequest)
		return
	}
	d.Queue, d.Reviewer, d.At = id, name, a.now()
	if d.ID, err = a.board.store.Decide(r.Context(), d); err != nil {
		a.fail(w, err)
		return
	}
	s.put(d)
	show := filter(r.PostForm.Get("show"))
	a.to(w, r, s, s.next(place, 1, name, show), name, show)
}

// to redirects to an item, or to the end of the filter. See Other, so that a reload of what follows does not send the
// form again. A place of −1 is the end of the filter, where the page says that nothing is left.
func (a *app) to(w http.ResponseWriter, r *http.Request, s *state, place int, name, show string) {
	var id int64
	if place >= 0 {
		id = s.items[place].ID
	}
	http.Redirect(w, r, a.base+itemURL(name, show, id, ""), http.StatusSeeOther)
}

// undo takes the reviewer's latest decision back and shows its item. A latest decision on an item that is
// not shown here, of another bank for instance, stays: nobody should lose what they cannot see.
func (a *app) undo(w http.ResponseWriter, r *http.Request) {
	name, ok := reviewerName(r.PostForm.Get("as"))
	if !ok {
		http.Error(w, "The form names no reviewer.", http.StatusBadRequest)
		return
	}
	s, err := a.board.state(r.Context())
	if err != nil {
		a.fail(w, err)
		return
	}
	show := filter(r.PostForm.Get("show"))
	if d, ok := s.latest(name); ok && s.at(d.Queue) < 0 {
		http.Redirect(w, r, a.base+itemURL(name, show, 0, "")+"&kept=1", http.StatusSeeOther)
		return
	}
	d, ok, err := a.board.store.Undo(r.Context(), name, a.now())
	if err != nil {
		a.fail(w, err)
		return
	}
	place := s.next(-1, 1, name, show)
	if ok {
		place = s.at(d.Queue)
	}
	a.to(w, r, s, place, name, show)
}

// draw writes a page with a fresh nonce. It is made in memory first: a template that fails half-way leaves no half a
// page.
func (a *app) draw(w http.ResponseWriter, p *page) {
	p.Nonce = rand.Text()
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, "page.html", p); err != nil {
		a.fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", policy(p.Nonce))
	_, _ = w.Write(b.Bytes()) // a browser that has gone needs no answer
}

// fail logs what went wrong and tells the reviewer that the terminal has it. Errors name files of this machine, which
// are no matter of the page's.
func (a *app) fail(w http.ResponseWriter, err error) {
	a.log.Print(err)
	const say = "This did not work; nothing was recorded. The terminal of hives review says why."
	http.Error(w, say, http.StatusInternalServerError)
}

// reviewerName tidies a name and refuses what is empty, long or unprintable. " ann b " is "ann b": the name is a key,
// and blanks that nobody sees would make two people of one.
func reviewerName(raw string) (string, bool) {
	name := strings.Join(strings.Fields(raw), " ")
	return name, name != "" && utf8.RuneCountInString(name) <= 60 && plain(name)
}

// plain tells whether a line has nothing but what can be printed. Line breaks are not, so a name or a sentence stays
// one line.
func plain(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// filter reads what of the items is walked through; what nobody knows is showOpen, the first thing to do.
func filter(show string) string {
	if show == showSplit || show == showAll {
		return show
	}
	return showOpen
}
