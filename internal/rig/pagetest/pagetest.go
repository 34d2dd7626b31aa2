// Package pagetest holds pages to what every page owes its reader; tests of all packages with pages use it.
//
// What a page owes: it needs nothing from elsewhere (it may be read on a train, or in a room where nothing may be
// fetched), it can be read in the dark and on a narrow screen, it says what made it and from which commit, and
// every number that it draws can be taken away as a file.
package pagetest

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// outside finds what a browser would fetch, or run. Addresses in plain text count too: no page of ours has one.
var outside = regexp.MustCompile(`(?i)src\s*=|url\(|@import|https?:|<script|<link|<iframe|<object`)

// Check fails the test for anything of elsewhere, a table without its CSV, a picture without its SVG, a link to a place
// that is not there, a page without contents or without a word on where it is from, and one with no dark colours.
//
//	<table>…</table><a download="x.csv" href="data:text/csv,…">     a table and its CSV right behind it
//	<svg role="img">…</svg><a download="x.svg" …>                   a picture and its SVG
//	<a href="#figures"> … <h2 id="figures">                         a link and its place
func Check(t *testing.T, page string) {
	t.Helper()
	if found := outside.FindString(page); found != "" {
		t.Errorf("the page asks for something outside: %q", found)
	}
	for _, want := range []string{"prefers-color-scheme: dark", `name="viewport"`, `class="contents"`, "<dt>command</dt>",
		"<dt>commit</dt>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	// owed is the ending of the file that must come next, "" while none must.
	ids, places, owed := map[string]bool{}, []string{}, ""
	// Tokens and not a tree: what stands right behind a table is what is asked.
	for z := html.NewTokenizer(strings.NewReader(page)); z.Next() != html.ErrorToken; {
		token := z.Token()
		at := map[string]string{}
		for _, a := range token.Attr {
			at[a.Key] = a.Val
		}
		ids[at["id"]] = true
		switch {
		case owed != "" && !(token.Data == "a" && strings.HasSuffix(at["download"], "."+owed)):
			t.Errorf("no %s where %s stands", owed, token)
		case owed != "":
			Kept(t, owed, at["href"])
		case token.Data == "a" && strings.HasPrefix(at["href"], "#"):
			places = append(places, at["href"][1:])
		case token.Type == html.StartTagToken && token.Data == "a" && !strings.HasPrefix(at["href"], "data:"):
			t.Errorf("a link to %q", at["href"])
		}
		owed = ""
		if token.Type == html.EndTagToken && token.Data == "table" {
			owed = "csv"
		}
		if token.Type == html.StartTagToken && token.Data == "svg" && at["role"] == "img" {
			pass(z)
			owed = "svg"
		}
	}
	for _, place := range places {
		if !ids[place] {
			t.Errorf("the contents lead to %q, which is not there", place)
		}
	}
}

// pass reads to the end of a picture, whose own elements are of no concern here.
func pass(z *html.Tokenizer) {
	for z.Next() != html.ErrorToken {
		if token := z.Token(); token.Type == html.EndTagToken && token.Data == "svg" {
			return
		}
	}
}

// Kept reads the file that a link holds (data:TYPE,CONTENT, escaped as in an address), holds it to its format, and
// returns it. A CSV needs a row; an SVG must stand alone: with its namespace and its style, since it is opened by
// other programs.
func Kept(t *testing.T, extension, address string) []byte {
	t.Helper()
	_, encoded, _ := strings.Cut(address, ",")
	text, err := url.PathUnescape(encoded)
	if err != nil {
		t.Fatal(err)
	}
	if extension == "csv" {
		rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
		if err != nil && !errors.Is(err, csv.ErrFieldCount) || len(rows) == 0 && err == nil {
			t.Errorf("a CSV of %d rows: %v", len(rows), err)
		}
		return []byte(text)
	}
	d := xml.NewDecoder(bytes.NewReader([]byte(text)))
	// Names such as &nbsp; are HTML's; a picture that uses one is still read by a browser.
	d.Entity = xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("an SVG that is no XML: %v", err)
		}
	}
	if !strings.Contains(text, `xmlns="http://www.w3.org/2000/svg"`) || !strings.Contains(text, "<style>") {
		t.Error("an SVG that stands for nothing alone")
	}
	return []byte(text)
}
