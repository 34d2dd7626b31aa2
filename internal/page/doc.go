// Package page is what all pages share: one style for light, dark and narrow screens, and what every page owes its
// reader. A page is written from its own template and then finished here: it gets its contents with links, a CSV beside
// every table and an SVG beside every picture, both inside the page, and at its end where its figures are from.
//
// The caller owes a template that escapes (html/template), headings in h2 and h3, and tables and pictures that say what
// they are in the heading before them. A picture with role="img" can be kept; one without is an ornament. A page
// fetches nothing and runs no script: every link leads to a place on the page or holds what it names.
//
// How a package uses it:
//
//	var page = template.Must(template.New("page").Funcs(template.FuncMap{"style": web.Style}).Parse(source))
//
//	err := fsutil.WriteFile(path, func(w io.Writer) error {
//		return web.Write(w, page, figures, web.About{Facts: facts})
//	})
//
// with {{style}} within the template's <style>. A picture that should be kept carries its figures in the attribute
// data-csv of its <svg role="img">.
package page
