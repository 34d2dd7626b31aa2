package export

import (
	"cmp"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"hives/data/card"
	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/model/folder"
	"hives/model/transformer"
)

// dataFile is the card of the training rows, in full.
const dataFile = "DATA.md"

//go:embed card.md.tmpl
var cardText string

// The header of a card is YAML and its body Markdown, so a name is quoted in one and escaped in the other.
var cardTemplate = template.Must(template.New("card").Funcs(template.FuncMap{
	"plain": plain, "code": code, "yaml": strconv.Quote, "number": number,
}).Parse(cardText))

// page is what the template shows. Fields are grouped as the card has its sections: what it is, what it was trained
// on, how, how well, and from which files. Everything is written out already, or left empty: the template decides
// nothing but what to leave out.
type page struct {
	Name, Licence, Family, DType, Pooling, EndToken, BaseText, DataFile string
	Dimension, Layers, MaxLength                                        int
	Parameters                                                          string
	Prompts                                                             []string
	Base                                                                base
	Run                                                                 *runstore.Info
	Data                                                                *card.Card
	Corpora                                                             []corpus
	Settings, Hashes, Versions                                          []setting
	Seed                                                                string
	Permuted                                                            bool
	Held                                                                int
	Based                                                               bool // the base's figures are known
	Figures                                                             []row
}

// corpus is a line of the table of data. Licences of a corpus that mixes several stand beside each other.
type corpus struct {
	Title, Licence string
	Rows           int
}

// row is a figure of the base and of the model.
type row struct {
	Name          string
	Before, After *float64
}

// write puts the cards of the model and of its data into dir. What is not known is left out or said to be unknown,
// by the template: a card that guesses would be believed.
//
//	README.md     what it is, the data in a table, how it was trained, figures beside the base's, hashes
//	DATA.md       the rows' own card: corpora, licences, labels
func (r *record) write(dir string, o Options, arch transformer.Architecture, info folder.Info) error {
	p := page{
		Name: o.Name, Licence: o.Licence, Family: arch.Family(), DType: storedType(dir), EndToken: info.EndToken,
		DataFile:  dataFile,
		Dimension: arch.Sizes().Hidden, Layers: arch.Sizes().Layers, MaxLength: info.MaxLength,
		Parameters: millions(transformer.Parameters(arch)),
		Pooling: map[transformer.Pooling]string{
			transformer.LastToken: "the last token's state", transformer.MeanTokens: "the mean of all tokens' states",
			transformer.FirstToken: "the first token's state",
		}[info.Pooling],
		Prompts: slices.Sorted(maps.Keys(info.Prompts)),
		Base:    r.base, BaseText: r.base.String(), Run: r.run, Data: r.data,
		Settings: r.chosen(), Seed: r.value("seed"),
		Permuted: r.value("data.permute_labels") == "true" || r.value("stage2.permute_anchors") == "true",
	}
	p.results(r)
	if err := p.hashes(r, dir, info); err != nil {
		return err
	}
	// DATA.md is the whole card of the rows; README.md names corpora and licences in a table and points to it.
	if r.data != nil {
		p.Corpora = corpora(r.data)
		if err := fsutil.WriteFile(filepath.Join(dir, dataFile), r.data.WriteMarkdown); err != nil {
			return err
		}
	}
	return fsutil.WriteFile(filepath.Join(dir, cardFile), func(w io.Writer) error { return cardTemplate.Execute(w, p) })
}

// value looks a setting up; "" where the run has none. A walk: three of some dozens are asked for.
func (r *record) value(name string) string {
	for _, s := range r.settings {
		if s.Name == name {
			return s.Value
		}
	}
	return ""
}

// results lays the validations of base and model side by side; figures that neither has are left out. Both columns
// are of the same rows, or the first is empty (sameHeldOut). With figures made up:
//
//	figure               base    model
//	ranking accuracy     .508    .556
//	loss                 –       3.21        a dash: the base's run logged none
func (p *page) results(r *record) {
	if r.after == nil {
		return
	}
	before := r.before
	if before == nil {
		before = &validation{}
	}
	p.Held, p.Based = r.after.Rows, r.before != nil
	// Stage 2's own loss has three terms and no counterpart before it; the hierarchical one both stages log.
	loss := "loss"
	if r.run.Stage == 2 {
		loss = "hierarchical loss, one of Stage 2's three terms"
	}
	for _, f := range []row{
		{loss, before.heldOut(), r.after.heldOut()},
		{"loss of knowing nothing", before.LossUnknowing, r.after.LossUnknowing},
		{"ranking accuracy, all", before.Ranking.All, r.after.Ranking.All},
		{"ranking accuracy, within theory", before.Ranking.WithinTheory, r.after.Ranking.WithinTheory},
		{"**ranking accuracy, within corpus**", before.Ranking.WithinCorpus, r.after.Ranking.WithinCorpus},
		{"similarity correlation, all", before.Correlation.All, r.after.Correlation.All},
		{"similarity correlation, within theory", before.Correlation.WithinTheory, r.after.Correlation.WithinTheory},
		{"**similarity correlation, mean over corpora**", before.CorpusMean, r.after.CorpusMean},
		{"direction accuracy", before.Direction, r.after.Direction},
	} {
		if f.Before != nil || f.After != nil {
			p.Figures = append(p.Figures, f)
		}
	}
}

// hashes are those of this folder's files, and of what the run was made of. With them whoever has the files can tell
// whether the card is theirs. Of a model without a run only what hives.json notes of base and rows is known.
func (p *page) hashes(r *record, dir string, info folder.Info) error {
	config, err := fsutil.SHA256(filepath.Join(dir, transformer.ConfigFile))
	if err != nil {
		return err
	}
	p.Hashes = []setting{
		{transformer.WeightsFile, info.WeightsSHA256}, {folder.TokenizerFile, info.TokenizerSHA256},
		{transformer.ConfigFile, config},
	}
	if r.run == nil {
		for _, name := range []string{"base_sha256", "data_sha256"} {
			if sum := info.Provenance[name]; sum != "" {
				p.Hashes = append(p.Hashes, setting{"the run's " + strings.TrimSuffix(name, "_sha256"), sum})
			}
		}
		return nil
	}
	p.Hashes = append(p.Hashes, setting{"the run's config.toml", r.config})
	for _, name := range slices.Sorted(maps.Keys(r.run.Hashes)) {
		p.Hashes = append(p.Hashes, setting{"the run's " + name, r.run.Hashes[name]})
	}
	for _, name := range slices.Sorted(maps.Keys(r.run.Versions)) {
		p.Versions = append(p.Versions, setting{name, r.run.Versions[name]})
	}
	return nil
}

// corpora is a line a corpus; a corpus may mix licences. Which rows have which licence is in DATA.md.
func corpora(c *card.Card) (out []corpus) {
	for _, source := range c.Corpora {
		line := corpus{Title: cmp.Or(source.Title, source.Name), Rows: source.Rows}
		var names []string
		for _, l := range c.Licences {
			if slices.Contains(l.Corpora, source.Name) {
				names = append(names, l.Name)
			}
		}
		line.Licence = strings.Join(names, "; ")
		out = append(out, line)
	}
	return out
}

// String says where the weights began, in the words that the card prints.
//
//	Qwen/Qwen3-Embedding-0.6B at 97b0…, licence Apache-2.0
//	none: the weights were drawn at random
func (b base) String() string {
	switch {
	case b.Random:
		return "none: the weights were drawn at random"
	case b.ID != "":
		return plain(b.ID + " at " + b.Commit + licensed(b.Licence))
	case b.Model != "" || b.Source != "":
		return plain(strings.Trim(b.Model+"; "+b.Source, "; ") + licensed(b.Licence))
	}
	return "not known here, but for its hash below"
}

// licensed is the end of a sentence, empty where no licence is known. Nothing is said where nothing is known; the
// card's header leaves the licence to the reader then.
func licensed(licence string) string {
	if licence == "" {
		return ""
	}
	return ", licence " + licence
}

// millions is a number of parameters for people. 595,776,512 is "595.8 million", 133,056 is "133 thousand". The exact
// number is a matter of config.json.
func millions(n int64) string {
	if n < 1_000_000 {
		return fmt.Sprintf("%d thousand", (n+500)/1000)
	}
	return fmt.Sprintf("%.1f million", float64(n)/1e6)
}

// number prints a figure, with three decimals as the page of an evaluation has; a dash where it is undefined.
func number(x *float64) string {
	if x == nil {
		return "–"
	}
	return strconv.FormatFloat(*x, 'f', 3, 64)
}

// code keeps a name inside backquotes, in a table as well. A bar would end a cell, a line break the row, a backquote
// the name.
func code(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "`", "'").Replace(s)
}

// plain keeps a name from breaking or marking up the page. Names come from files of others, and a card is shown as
// Markdown with HTML in it.
//
//	a<b>|c     a&lt;b>\|c
func plain(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "\r", " ", "<", "&lt;", "`", "'", "[", `\[`).Replace(s)
}
