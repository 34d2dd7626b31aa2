package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/opinion"
	"hives/profiles"
)

// profilePrompt is what the command's flags say.
type profilePrompt struct {
	path, group, author, question string
	sentences                     int
}

// profilePromptCommand puts a profile into words.
//
//	work      Profiles.Sentences and OfTexts of internal/opinion
//	reads     --profiles: a folder of hives profile build, or lines of hives profile text
//	writes    standard output; what the words rest on and leave out goes to standard error
//	refuses   a group or an author that has no profile, with the names that there are; a profile that says nothing
func profilePromptCommand() *cobra.Command {
	p := &profilePrompt{sentences: opinion.DefaultAsk().Sentences}
	c := &cobra.Command{
		Use:   "prompt --profiles PATH [--group NAME | --author NAME]",
		Short: "Put the profile of a group, or of an author's texts, into words for a language model",
		Long: `How does a profile become a prompt? Of a group the command prints what hives opinionqa asks with a profile:
the group, sentences about its highest and its lowest values, and the question. Values are compared with the other
groups: the highest are those that the group stands for more than others do. How many of the sentences rest on more than
noise is told beside it.

Of texts it says the values whose score lies beyond 3 on either side; beyond 7 they are strong. What lies between and
what has no score is left out, and told beside it with the reason.`,
		Example: `  hives profile prompt --profiles out/profiles --group polparty-democrat
  hives profile prompt --profiles out/profiles --group sex-female --sentences 8 \
      --question "Question: Are you content? Options: A. Yes B. No Answer:"

  # of the texts of one author
  hives profile text --in posts.csv --profile profile.db --model out/demo/model --out profiles.jsonl
  hives profile prompt --profiles profiles.jsonl --author anna`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if p.sentences < 1 {
				return fault.Usage(fault.New(fault.Invalid, "--sentences %d: want 1 or more", p.sentences))
			}
			words, err := p.words(known(c), c.ErrOrStderr())
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(c.OutOrStdout(), words)
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&p.path, "profiles", "", "folder that hives profile build wrote, or lines (.jsonl) of hives profile text")
	f.StringVar(&p.group, "group", "", "group by its name in files, such as polparty-democrat; of a folder")
	f.StringVar(&p.author, "author", "", "author of the texts; needed where the lines have several")
	f.IntVar(&p.sentences, "sentences", p.sentences, "sentences of the profile, half of them about its lowest values")
	f.StringVar(&p.question, "question", "", "question that is put behind the profile")
	required(c, "profiles")
	return c
}

// words are of texts where the path is a file, else of a group.
func (p *profilePrompt) words(known theories.Set, beside io.Writer) (string, error) {
	info, err := os.Stat(p.path)
	if err != nil {
		return "", fsutil.Classify(err, p.path)
	}
	if !info.IsDir() {
		if p.group != "" {
			return "", fault.Usage(fault.New(fault.Invalid, "--group: %s holds profiles of texts, which have authors: give "+
				"--author", p.path))
		}
		return p.ofTexts(known, beside)
	}
	if p.group == "" || p.author != "" {
		return "", fault.Usage(fault.New(fault.Invalid, "%s holds profiles of groups: give --group, and no --author", p.path))
	}
	of, err := opinion.Open(p.path)
	if err != nil {
		return "", err
	}
	g, err := of.Find(p.group)
	if err != nil {
		return "", err
	}
	said, resting := of.Sentences(g, p.sentences)
	fmt.Fprintf(beside, "%d of %d sentences rest on a difference that is more than noise\n", resting, len(said))
	return opinion.Prompt(g.Group, said, p.question), nil
}

func (p *profilePrompt) ofTexts(known theories.Set, beside io.Writer) (string, error) {
	of, err := profiles.FindProfile(p.path, p.author)
	if err != nil {
		return "", err
	}
	said, err := opinion.OfTexts(known, of, p.sentences)
	if err != nil {
		return "", err
	}
	for _, left := range said.Left {
		fmt.Fprintf(beside, "left out: %s\n", left)
	}
	fmt.Fprintf(beside, "%d of %d sentences are of values whose whole interval lies on that side\n", said.Sided,
		len(said.Sentences))
	return said.Prompt(p.question), nil
}
