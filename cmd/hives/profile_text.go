package main

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"hives/internal/cli"
	"hives/internal/embedder"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/profiles"
)

// mostPrinted is how many profiles are printed; of more there is a summary, and --out has them all.
const mostPrinted = 10

// profileText is what the command's flags say.
type profileText struct {
	job         profiles.ReadJob
	e           embedder.Options
	judge       profileJudges
	model, html string
	counted     string
	asJSON      bool
	found       []profiles.TextProfile // at most mostPrinted
}

// profileTextCommand reads values off texts.
//
//	work      profiles.Read
//	reads     --in, texts; --profile, what hives profile fit made; the model that it was fitted with
//	writes    --out, a profile an author; --html, a page of one or two; standard output. No text, unless --quote asks;
//	          with --judge the votes file --db has the texts that judges saw
//	refuses   another model than the profile model's; more than ten authors without --out
//	Ctrl-C    with --out, finished authors stay beside it, and the same command goes on
func profileTextCommand() *cobra.Command {
	p := &profileText{}
	c := &cobra.Command{
		Use:   "text --in texts.jsonl --profile profile.db --model DIR",
		Short: "Read the values of one author's texts, or of many authors', with intervals and reasons",
		Long: `Which values do these texts speak for? --in holds texts: lines (.txt), lines of JSON (.jsonl), or a table
(.csv, .parquet) with a column "text". With a column "author" every author gets a profile. A file of millions of texts
streams: where the rows of an author stand together, one author is in memory at a time.

Each value gets a score from -10 to 10 with its interval: the mean of what people would say of the texts that are about
it. Where chance alone leaves more than three units open there is no score, and the reason says how many texts would do.
The three texts that move a score most are named by row. A text counts once, however often it stands there.

No text is stored, printed or logged, unless --quote asks for the words of the evidence. --judge has language models
score what vectors leave open; they see the texts, and --db keeps them. docs/PROFILES.md says what a profile is not, and
what it must not be used for.`,
		Example: `  hives profile text --in letters.txt --profile profile.db --model out/demo/model
  hives profile text --in posts.parquet --profile profile.db --model out/demo/model --out profiles.jsonl

  # two authors beside each other, on a page
  hives profile text --in posts.csv --profile profile.db --model out/demo/model \
      --author anna --author bert --html both.html`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return p.run(c) },
	}
	p.e.Register(c.Flags())
	f := c.Flags()
	f.StringVar(&p.job.In.Path, "in", "", "texts (.txt, .jsonl, .csv or .parquet)")
	f.StringVar(&p.job.In.Author, "author-column", "", `column or key of authors (default: "author" where there is one)`)
	f.StringArrayVar(&p.job.Authors, "author", nil, "read this author's texts alone (may be repeated)")
	f.StringVar(&p.model, "profile", "", "profile model, which hives profile fit makes")
	f.StringVar(&p.job.Out, "out", "", "profiles to write, one for each author (.jsonl or .csv)")
	f.StringVar(&p.html, "html", "", "page of one or two authors to write (.html)")
	f.StringVar(&p.counted, "counted", "", "texts that make a score: all, those about the value; sure, only those whose "+
		"own interval is narrow (default: as the profile model was fitted)")
	f.BoolVar(&p.job.Quote, "quote", false, "keep the words of the texts that move a score most")
	p.judge.register(c)
	jsonFlag(c, &p.asJSON)
	required(c, "in", "profile")
	return c
}

// check refuses what cannot come out, before an engine opens.
func (p *profileText) check() error {
	if p.job.Out != "" {
		if err := profiles.CheckOut(p.job.Out); err != nil {
			return err
		}
		if p.job.Quote && strings.EqualFold(filepath.Ext(p.job.Out), ".csv") {
			return fault.Usage(fault.New(fault.Invalid, "--quote: a table has no place for texts: write .jsonl"))
		}
	}
	if err := p.judge.check(); err != nil {
		return err
	}
	for _, out := range []string{p.job.Out, p.html} {
		if err := spare(out, p.job.In.Path, p.model); err != nil {
			return err
		}
	}
	return places{read: []string{p.job.In.Path, p.model}, files: []string{p.job.Out, p.html}}.check()
}

func (p *profileText) run(c *cobra.Command) error {
	if err := p.check(); err != nil {
		return err
	}
	var err error
	if p.job.Model, err = profiles.OpenTextModel(p.model); err != nil {
		return err
	}
	if p.counted != "" {
		if err := p.job.Model.Count(profiles.Counted(p.counted)); err != nil {
			return err
		}
	}
	enc, done, err := embedder.Open(c.Context(), p.e, c.ErrOrStderr())
	if err != nil {
		return err
	}
	defer done()
	id := enc.Identity()
	if id.Dimension == 0 { // an HTTP endpoint tells it with the first vector, and every vector is held to it
		id.Dimension = p.job.Model.Model.Dimension
	}
	if err := p.job.Model.CheckModel(id); err != nil {
		return err
	}
	if p.job.Out != "" {
		cli.GoesOn(c.Context())
	}
	p.job.Each = p.keep
	p.limits()
	closeJudges := func() {}
	if p.job.Judge, closeJudges, err = p.judge.open(c); err != nil {
		return err
	}
	defer closeJudges()
	sum, err := profiles.Read(c.Context(), p.job, enc)
	if errors.Is(err, errDryRun) {
		return nil
	}
	if err != nil {
		return err
	}
	return p.show(c, sum)
}

// keep holds the first few profiles, which are printed or drawn.
func (p *profileText) keep(one profiles.TextProfile) error {
	if len(p.found) < mostPrinted {
		p.found = append(p.found, one)
	}
	return nil
}

// limits says how many authors can be shown in the way that was asked for.
func (p *profileText) limits() {
	switch {
	case p.html != "":
		p.job.Most, p.job.Remedy = 2, "--html draws one author or two: name them with --author"
	case p.job.Out == "":
		p.job.Most, p.job.Remedy = mostPrinted, "write their profiles to a file with --out, or name some with --author"
	}
}

// show prints the profiles, or what came of many.
func (p *profileText) show(c *cobra.Command, sum *profiles.Summary) error {
	out := c.OutOrStdout()
	if p.html != "" {
		err := fsutil.WriteFile(p.html, func(w io.Writer) error {
			return p.job.Model.WritePage(w, nil, p.found...)
		})
		if err != nil {
			return err
		}
	}
	switch {
	case p.asJSON && p.job.Out != "":
		return printJSON(out, sum)
	case p.asJSON:
		return printJSON(out, p.found)
	}
	if sum.Authors > mostPrinted {
		if err := sum.WriteSummary(out); err != nil {
			return err
		}
	} else {
		for _, one := range p.found {
			if err := profiles.WriteProfile(out, one); err != nil {
				return err
			}
			fmt.Fprintln(out)
		}
	}
	for _, path := range []string{p.job.Out, p.html} {
		if path != "" {
			fmt.Fprintf(out, "→ %s\n", path)
		}
	}
	_, err := fmt.Fprintln(out, profiles.Notice)
	return err
}
