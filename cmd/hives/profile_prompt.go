package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"hives/internal/opinion"
)

// profilePromptCommand puts a profile into words.
//
//	work      opinion.Open and Profiles.Sentences of internal/opinion
//	reads     --profiles
//	writes    standard output; what the words rest on goes to standard error
//	refuses   a group that has no profile, with the names that there are
func profilePromptCommand() *cobra.Command {
	var path, group, question string
	sentences := opinion.DefaultAsk().Sentences
	c := &cobra.Command{
		Use:   "prompt --profiles DIR --group NAME",
		Short: "Put the profile of a group into words for a language model",
		Long: `How does a profile become a prompt? The command prints what hives opinionqa asks with a profile: the group,
sentences about its highest and its lowest values, and the question. Values are compared with the other groups: the
highest are those that the group stands for more than others do.

How many of the sentences rest on more than noise is told beside it.`,
		Example: `  hives profile prompt --profiles out/profiles --group polparty-democrat
  hives profile prompt --profiles out/profiles --group sex-female --sentences 8 \
      --question "Question: Are you content? Options: A. Yes B. No Answer:"`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			p, err := opinion.Open(path)
			if err != nil {
				return err
			}
			g, err := p.Find(group)
			if err != nil {
				return err
			}
			said, resting := p.Sentences(g, sentences)
			fmt.Fprintf(c.ErrOrStderr(), "%d of %d sentences rest on a difference that is more than noise\n", resting,
				len(said))
			_, err = fmt.Fprintln(c.OutOrStdout(), opinion.Prompt(g.Group, said, question))
			return err
		},
	}
	f := c.Flags()
	f.StringVar(&path, "profiles", "", "folder that hives profile build wrote")
	f.StringVar(&group, "group", "", "group by its name in files, such as polparty-democrat")
	f.IntVar(&sentences, "sentences", sentences, "sentences of the profile, half of them about its lowest values")
	f.StringVar(&question, "question", "", "question that is put behind the profile")
	required(c, "profiles", "group")
	return c
}
