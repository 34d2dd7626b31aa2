package columns

import (
	"regexp"
	"strings"

	"hives/internal/shell"
)

// lead is what stands before a command that the reader is to copy; the command takes the rest of the line.
var lead = regexp.MustCompile(`(?:[,;] (?:then )?go on (?:from the last checkpoint )?with|Look at the step ` +
	`with|^next): +`)

// fillWithCommand breaks a line that ends in a command so that what is copied is still that command. It returns "" of
// other lines.
//
//	train: stopped after step 5 of 9; go on with:
//	  train --resume \
//	      --out 'runs/my run'
func fillWithCommand(line string, width int) string {
	at := lead.FindStringIndex(line)
	if at == nil || at[1] == len(line) {
		return ""
	}
	words := Fill(strings.TrimRight(line[:at[1]], " "), width)
	return words + "\n" + strings.Join(Command(line[at[1]:], width), "\n")
}

// Command breaks a command line between words, with a backslash, so that a shell reads it as before. A flag and its
// value stay together. A word is never broken, however long it is.
func Command(line string, width int) (lines []string) {
	at := "  "
	for i, word := range pairs(shell.Split(line)) {
		switch {
		case i == 0:
			at += word
		case Of(at)+1+Of(word) > width-2:
			lines, at = append(lines, at+` \`), "      "+word
		default:
			at += " " + word
		}
	}
	return append(lines, at)
}

// pairs puts each flag before its value. A word after a flag that begins with "-" is taken for the next flag.
func pairs(words []string) (out []string) {
	for _, word := range words {
		n := len(out)
		if n > 0 && strings.HasPrefix(out[n-1], "--") && !strings.ContainsAny(out[n-1], " =") &&
			!strings.HasPrefix(word, "-") {
			out[n-1] += " " + word
		} else {
			out = append(out, word)
		}
	}
	return out
}
