package data

import (
	"testing"

	"pgregory.net/rapid"
)

// Texts that say opposite things in signs alone must not share an id: their rows would be dropped as a contradiction.
func TestSignsThatCarryMeaningTellTextsApart(t *testing.T) {
	for reason, texts := range map[string][]string{
		"emoticons": {"I left :)", "I left :(", "I left", "I left :/", "I left :'(", "I left :D",
			"I left :|", "I left ;)"},
		"emoticons with noses":      {"I left :-)", "I left :-(", "I left :-/"},
		"emoticons of equals signs": {"fine =)", "fine =(", "fine"},
		"emoticons the other way":   {"fine (:", "fine ):", "fine"},
		"emoticons at a word's end": {"thanks:)", "thanks:("},
		"a face before the text":    {":( we won", ":) we won", "we won"},
		"hearts":                    {"mum <3", "mum </3", "mum 3"},
		"faces of other signs":      {"ok -_-", "ok ^_^", "ok ;_;", "ok"},
		"emoji":                     {"I left \U0001F600", "I left \U0001F622", "I left"},
		"skin tones":                {"\U0001F44D\U0001F3FB ok", "\U0001F44D\U0001F3FF ok"},
		"flags of nations in states": {"\U0001F3F4\U000E0067\U000E0062\U000E0073\U000E0063\U000E0074\U000E007F x",
			"\U0001F3F4\U000E0067\U000E0062\U000E0077\U000E006C\U000E0073\U000E007F x"},
		"comparison":                {"Family > career", "Family < career", "Family = career", "Family career"},
		"comparison in two signs":   {"a >= b", "a <= b", "a == b", "a != b", "a => b", "a <> b"},
		"comparison of mathematics": {"a ≤ b", "a ≥ b", "a ≠ b", "a ≈ b"},
		"arrows":                    {"rich → poor", "rich ← poor", "rich -> poor", "rich <- poor"},
		"plus and minus":            {"+1 for him", "-1 for him", "1 for him"},
		"minus of typographers":     {"−5 degrees", "5 degrees"},
		"minus and money":           {"he owes -$5", "he owes $5", "he owes -.5"},
		"marks of schools":          {"She got an A+", "She got an A-", "She got an A"},
		"blood groups":              {"type AB+", "type AB-", "type AB"},
		"per cent":                  {"5% of all", "5‰ of all", "5 of all"},
		"currency":                  {"$5 a day", "€5 a day", "£5 a day", "5 a day"},
		"not":                       {"¬p holds", "p holds"},
		"not of programs":           {"!true is so", "true is so"},
		"and, or":                   {"a && b", "a || b"},
		"languages":                 {"I like C", "I like C++", "I like C#"},
		"parts of a number":         {"ate 3.5", "ate 3/5", "ate 3:5", "ate 3*5", "ate 35"},
		"powers":                    {"2^3 reasons", "2 3 reasons"},
		"feet and inches":           {"5′ tall", "5″ tall"},
	} {
		ids := map[string]string{}
		for _, text := range texts {
			id := TextID(text)
			if other, twice := ids[id]; twice {
				t.Errorf("%s: %q and %q are one text: %q", reason, other, text, NormaliseText(text))
			}
			ids[id] = text
		}
	}
}

// What is written in several ways stays one text, and ids of ordinary prose are what they were before signs counted.
func TestSignsOfProseAreStillFolded(t *testing.T) {
	for reason, texts := range map[string][]string{
		"hyphens and dashes":         {"well-being - for all", "well being – for all", "well being for all"},
		"numbers with hyphens":       {"covid-19 in 2020-2021", "covid 19 in 2020 2021"},
		"thousands":                  {"20,000 people", "20 000 people"},
		"a list's hyphen":            {"- five apples", "five apples"},
		"brackets and colons":        {"She (my aunt): said (a) yes", "she my aunt said a yes"},
		"a list in brackets":         {"two ways:(a) and (b)", "two ways a and b"},
		"addresses":                  {"see http://example.org/a", "see http example org a"},
		"bold in Markdown":           {"**Note:** go", "Note go"},
		"quoted lines of comments":   {"> he said so", "he said so"},
		"slashes":                    {"he/she and/or", "he she and or"},
		"tags":                       {"#promise kept", "promise kept"},
		"question and exclamation":   {"He kept it!", "he kept it?", "He kept it."},
		"stutter and broken words":   {"it- quietly", "it quietly"},
		"names joined by ampersands": {"R&D at B & Q", "r d at b q"},
	} {
		for _, text := range texts {
			if TextID(text) != TextID(texts[0]) {
				t.Errorf("%s: %q is %q, %q is %q", reason, texts[0], NormaliseText(texts[0]), text, NormaliseText(text))
			}
			if TextID(text) != EarlierTextID(text) {
				t.Errorf("%s: %q has another id than before: %q", reason, text, NormaliseText(text))
			}
		}
	}
	for reason, texts := range map[string][2]string{
		"noses and repeats": {"fine :-)))", "fine :)"},
		"spaces":            {"a>b, 5 %", "a > b 5%"},
		"two minus signs":   {"−5 it is", "-5 it is"},
	} {
		if TextID(texts[0]) != TextID(texts[1]) {
			t.Errorf("%s: %q and %q", reason, NormaliseText(texts[0]), NormaliseText(texts[1]))
		}
	}
}

// Signs only ever part texts: what had unlike ids before has unlike ids now.
func TestSignsNeverMergeTexts(t *testing.T) {
	sign := rapid.SampledFrom([]string{":", ")", "(", "-", "'", "<", ">", "3", "/", "a", "B", " ", "+", "!", "=", "%", "$",
		"^", ".", "d", "_", ";", "é", "😀", "#", "&"})
	text := rapid.Custom(func(r *rapid.T) string {
		s := ""
		for _, piece := range rapid.SliceOfN(sign, 1, 8).Draw(r, "pieces") {
			s += piece
		}
		return s
	})
	rapid.Check(t, func(r *rapid.T) {
		a, b := text.Draw(r, "a"), text.Draw(r, "b")
		if EarlierTextID(a) != EarlierTextID(b) && TextID(a) == TextID(b) {
			r.Fatalf("%q and %q are now one text %q", a, b, NormaliseText(a))
		}
	})
}
