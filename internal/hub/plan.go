package hub

import (
	"context"
	"path"
	"slices"
	"strings"

	"hives/internal/fault"
)

// DefaultModel is what is downloaded where no id is given.
const DefaultModel = "Qwen/Qwen3-Embedding-0.6B"

// pin is a model whose revision and larger files this program knows: another hub or mirror cannot pass off others.
// The hashes stand in the program, so the pinned files are held to them whatever a hub announces.
type pin struct {
	commit string
	sha256 map[string]string
}

// pins hold the default model as it was on the public hub in 2026: weights and tokenizer. Small files are held to
// git's hashes, as the hub announces them.
var pins = map[string]pin{DefaultModel: {
	commit: "97b0c614be4d77ee51c0cef4e5f07c00f9eb65b3",
	sha256: map[string]string{
		"model.safetensors": "0437e45c94563b09e13cb7a64478fc406947a93cb34a7e05870fc8dcd48e23fd",
		"tokenizer.json":    "def76fb086971c7867b829c23a26261e38d9d74e02139253b38aeb9df8b4b50a",
	},
}}

// hold compares with the pinned hashes; a pinned file is verified by them, whatever kind of hash was announced.
func (p pin) hold(commit string, files []File) error {
	// Another commit of the same model has other bytes, of which nothing is known here.
	if p.commit != commit {
		return nil
	}
	for i, f := range files {
		want := p.sha256[f.Name]
		if want == "" {
			continue
		}
		if got := f.Digest.SHA256; got != "" && got != want {
			return fault.New(fault.Mismatch, "%s: the hub announces SHA-256 %.12s…, this commit's is %.12s…: is "+
				"HF_ENDPOINT an honest mirror?", f.Name, got, want)
		}
		files[i].Digest = Digest{SHA256: want}
	}
	return nil
}

// Where a planned file comes from.
const (
	FromHere  = "here" // it stands in the target
	FromCache = "cache"
	FromHub   = "hub"
)

// Planned is a file of a download; whether bytes that lie here already are the right ones is found out by the work.
// Its JSON is what --dry-run prints.
type Planned struct {
	Name string `json:"name"`
	Size int64  `json:"size"` // bytes
	From string `json:"from"`
	file File
}

// survey lists the revision, from the hub if it answers, else from the cache. A hub that is away is not a reason to
// fail where the cache has everything; a hub that says "no such model" is.
//
//	hub                  cache has the revision    list
//	answers              –                         the hub's
//	"no such model"      –                         its error
//	does not answer      yes                       the cache's, and nothing is asked from then on
//	does not answer      no                        the hub's error
//	HF_HUB_OFFLINE       yes / no                  the cache's / an error
func (d *download) survey(ctx context.Context) (listing, error) {
	// The cache is asked first and always: it costs nothing, and says how patient to be with the hub.
	local, missing := d.cache.list(d.ID, d.Revision)
	if d.client.Offline {
		return d.offline(local, missing)
	}
	asked := *d.client
	if missing == nil {
		asked.tries = 2 // what the cache has is not waited for long
	}
	l, err := asked.list(ctx, d.ID, d.Revision)
	if fault.Of(err) != fault.Unavailable || missing != nil {
		return l, err
	}
	d.say("%v; the hub cache has %s at this revision", err, d.ID)
	return d.offline(local, nil)
}

// offline goes on with the cache's list, and makes sure that nothing asks the network from here on.
func (d *download) offline(l listing, err error) (listing, error) {
	d.client.Offline = true
	if err != nil {
		return l, err
	}
	return l, d.cache.checkShards(l)
}

// plan chooses the files and finds what lies here. Nothing is written until it has returned: what it refuses leaves
// no trace.
func (d *download) plan(ctx context.Context) ([]Planned, error) {
	// The order of the checks is from the list to the disk: what the list refuses, the disk never hears of.
	l, err := d.survey(ctx)
	if err != nil {
		return nil, err
	}
	files, err := choose(l.files, d.Include, d.Exclude)
	if err != nil {
		return nil, err
	}
	d.commit = l.commit
	if err := d.checkChosen(files); err != nil {
		return nil, err
	}
	for i := range files {
		if files[i], err = d.known(ctx, files[i]); err != nil {
			return nil, err
		}
	}
	if err := pins[d.ID].hold(d.commit, files); err != nil {
		return nil, err
	}
	if d.target, err = lookAt(d.Out, d.ID, d.commit); err != nil {
		return nil, err
	}
	return d.places(files)
}

// known fills in a size and a hash that the list lacks. Offline nobody can be asked, so a file of which too little is
// known is refused.
func (d *download) known(ctx context.Context, f File) (File, error) {
	if d.client.Offline {
		return f, checkAnnounced(f)
	}
	return d.client.complete(ctx, d.ID, d.commit, f)
}

// checkChosen wants a model unless patterns of the user's own chose. A repository without config, tokenizer or
// safetensors is no model that these programs open: better said before 15 GB than after.
func (d *download) checkChosen(files []File) error {
	has := func(pattern string) bool {
		return slices.ContainsFunc(files, func(f File) bool { ok, _ := path.Match(pattern, f.Name); return ok })
	}
	switch {
	case len(files) == 0:
		return fault.New(fault.NotFound, "%s at %s has no file that was asked for: see --include and --exclude", d.ID,
			d.Revision)
	case slices.ContainsFunc(files, func(f File) bool { return strings.EqualFold(f.Name, RecordName) }):
		return fault.New(fault.Exists, "%s has a file %s, the name of the record: leave it out with --exclude", d.ID,
			RecordName)
	// Who chooses by patterns knows what they want; nothing is required then.
	case len(d.Include)+len(d.Exclude) > 0:
		return nil
	}
	for _, want := range []string{"config.json", "tokenizer.json", "*.safetensors"} {
		if !has(want) {
			return fault.New(fault.NotFound, "%s at %s has no %s, which a model folder needs; --include takes "+
				"files all the same", d.ID, d.Revision, want)
		}
	}
	return nil
}

// places tells where each file is to come from. Sizes alone decide here; a wrong hash is found when the bytes are
// read, and then the next place is tried.
func (d *download) places(files []File) ([]Planned, error) {
	var out []Planned
	for _, f := range files {
		p := Planned{Name: f.Name, Size: f.Size, From: FromHub, file: f}
		if file := d.target.open(f); file != nil {
			p.From = FromHere
			file.Close()
		} else if file := d.cache.open(f, d.commit); file != nil {
			p.From = FromCache
			file.Close()
		}
		// Known here rather than after gigabytes were copied.
		if p.From == FromHub && d.client.Offline {
			return nil, fault.New(fault.NotFound, "%s is not whole in the hub cache: go without HF_HUB_OFFLINE", f.Name)
		}
		out = append(out, p)
	}
	return out, nil
}
