package hub

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"hives/internal/fault"
	"hives/internal/nearest"
)

var (
	// An owner and a name have at most 96 characters; 40 and 64 hex digits are git's hashes and SHA-256.
	idForm       = regexp.MustCompile(`^[A-Za-z0-9][\w.-]{0,95}(/[A-Za-z0-9][\w.-]{0,95})?$`)
	revisionForm = regexp.MustCompile(`^\w[\w./-]{0,127}$`)
	commitForm   = regexp.MustCompile(`^[0-9a-f]{40}$`)
	sha256Form   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// checkAsked refuses ids and revisions that could mean another place of the hub's address or of the cache. "--" is
// refused because the cache writes OWNER/NAME as OWNER--NAME: two ids would have one folder.
func checkAsked(id, revision string) error {
	if at := meant(id); at != "" && !slices.Contains(known, id) {
		return fault.New(fault.Invalid, "model id %q: did you mean %q?", id, at)
	}
	if !idForm.MatchString(id) || strings.Contains(id, "..") || strings.Contains(id, "--") {
		return fault.New(fault.Invalid, "model id %q: want OWNER/NAME of letters, digits, '.', '_' and '-'", id)
	}
	if !revisionForm.MatchString(revision) || strings.Contains(revision, "..") {
		return fault.New(fault.Invalid, "revision %q: want a commit, a tag or a branch", revision)
	}
	return nil
}

// known are the ids of models that these programs were made for. Others are downloaded too; these are what a misspelt
// id was probably meant to be.
var known = []string{"Qwen/Qwen3-Embedding-0.6B", "Qwen/Qwen3-Embedding-4B", "Qwen/Qwen3-Embedding-8B"}

// meant is the id that an address of the hub's page or a name without its owner stands for, "" where id is neither.
// An address is not taken in silence: what was typed and what is downloaded should be the same.
//
//	https://HOST/Qwen/Qwen3-Embedding-4B/tree/main     Qwen/Qwen3-Embedding-4B
//	qwen3-embedding-0.6b                               Qwen/Qwen3-Embedding-0.6B
func meant(id string) string {
	if _, page, ok := strings.Cut(id, "://"); ok {
		parts := strings.Split(page, "/")
		// https://HOST/OWNER/NAME/tree/main is what a person copies from a browser.
		if len(parts) >= 3 && idForm.MatchString(parts[1]+"/"+parts[2]) {
			return parts[1] + "/" + parts[2]
		}
	}
	for _, k := range known {
		if strings.EqualFold(path.Base(k), id) || strings.EqualFold(k, id) {
			return k
		}
	}
	return ""
}

// near is a hint at an id that the hub does not know: the nearest of the known ones and of those in the cache.
func near(id string, cachedIDs []string) string {
	if at := nearest.Of(id, slices.Concat(known, cachedIDs)); at != "" && at != id {
		return "; did you mean " + at + "?"
	}
	return ""
}

// Longest names that common file systems take, in bytes.
const (
	maxName = 255
	maxPath = 1024
)

// checkName accepts a server's file name only if it is a plain relative path below the folder on every system. A name
// is written to this disk by this program, so it is judged by all systems' rules at once: "C:x" and "a\b" are
// harmless here and elsewhere not, and folders are carried from disk to disk.
//
//	taken     1_Pooling/config.json
//	refused   ../config.json   /etc/x   a//b   a/./b   a\b   C:x   a name of 300 letters, or with a line break
//
// Invariant: no name of a server's leads out of the folder, and nothing is written when one would
// (TestHostileNamesAreRefused, TestHostileListWritesNothing).
func checkName(name string) error {
	bad := func(why string) error {
		return fault.New(fault.Corrupt, "the hub lists the file name %q, which %s: nothing was written; do not "+
			"use this hub", name, why)
	}
	switch {
	case name == "" || len(name) > maxPath || !utf8.ValidString(name):
		return bad("is empty, too long or not UTF-8")
	case strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsAny(name, `\:`):
		return bad(`holds a control character, '\' or ':'`)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." || len(part) > maxName {
			return bad("is no plain relative path")
		}
	}
	return nil
}

// checkNames also refuses lists in which a name stands twice or one file's name is another's folder, since then one
// would end up in place of the other. Case is folded: some disks do.
//
//	a/b and A/b         twice, on a disk that folds case
//	model, model/x      a file and a folder of one name
func checkNames(files []File) error {
	seen := map[string]bool{}
	for _, f := range files {
		if err := checkName(f.Name); err != nil {
			return err
		}
		key := strings.ToLower(f.Name)
		if seen[key] {
			return fault.New(fault.Corrupt, "the hub lists %q twice: nothing was written", f.Name)
		}
		seen[key] = true
	}
	// Every folder on the way to a file must not be a file of the list itself.
	for key := range seen {
		for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
			if seen[dir] {
				return fault.New(fault.Corrupt, "the hub lists %q as a file and as a folder: nothing was written", dir)
			}
		}
	}
	return nil
}

// Wanted are the files of a model folder by default: configuration, weights, tokenizer, what sentence-transformers
// reads about pooling and prompts, and the licence. Other weights formats and exports stay behind. What a load needs
// and no more: a repository often holds the same weights in three formats.
var Wanted = []string{
	"config.json", "generation_config.json", "*.safetensors", "*.safetensors.index.json",
	"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt",
	"modules.json", "config_sentence_transformers.json", "sentence_bert_config.json",
	"[0-9]_*/*.json", "[0-9]_*/*.safetensors", "LICENSE*", "NOTICE*",
}

// choose keeps the files that a pattern of include and none of exclude matches; '*' stops at a slash. The result is
// in the order of the names, so that a plan looks the same every time. A pattern of bad form is a mistake of usage,
// found before any file is looked at.
func choose(files []File, include, exclude []string) ([]File, error) {
	if len(include) == 0 {
		include = Wanted
	}
	for _, pattern := range slices.Concat(include, exclude) {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fault.Usage(fault.New(fault.Invalid, "pattern %q: %w", pattern, err))
		}
	}
	var kept []File
	for _, f := range files {
		if matches(include, f.Name) && !matches(exclude, f.Name) {
			kept = append(kept, f)
		}
	}
	slices.SortFunc(kept, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return kept, nil
}

// matches tells whether any pattern does.
func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name) // choose has looked at the patterns' form
		return ok
	})
}
