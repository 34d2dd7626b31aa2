package anchors

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"hives/data/theories"
	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/parquetfile"
	"hives/internal/whatis"
)

// Kind and version that the file carries in its key-values, and what Meta's keys are put behind.
const (
	kindKey, kindAnchors = "hives.kind", "anchors"
	versionKey, version  = "hives.version", 1
	metaPrefix           = "hives.anchors."
	createdBy            = "hives"
)

// Write puts the bank into a Parquet file, whole or not at all, after Check. Keys of Meta go in sorted, so that
// the same bank gives the same bytes.
func Write(path string, b *Bank) error {
	if err := b.Check(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	options := []parquet.WriterOption{
		parquet.Compression(&parquet.Snappy),
		parquet.CreatedBy(createdBy, strconv.Itoa(version), ""), // the default names the build
		parquet.KeyValueMetadata(kindKey, kindAnchors),
		parquet.KeyValueMetadata(versionKey, strconv.Itoa(version)),
	}
	for _, key := range slices.Sorted(maps.Keys(b.Meta)) {
		options = append(options, parquet.KeyValueMetadata(metaPrefix+key, b.Meta[key]))
	}
	return fsutil.WriteFile(path, func(w io.Writer) error {
		out := parquet.NewGenericWriter[Anchor](w, options...)
		if _, err := out.Write(b.Anchors); err != nil {
			return err
		}
		return out.Close()
	})
}

// Read returns the bank in a file, checked; anchors may stand for nodes of the theories known. The caller need not
// check again; what a bank says of its making is only what its maker wrote (data/banks asks for it).
func Read(path string, known theories.Set) (b *Bank, err error) {
	file, err := parquetfile.Open(path)
	if fault.Of(err) == fault.NotFound {
		return nil, fault.New(fault.NotFound, "%s: no such file of anchors; make it with hives anchors build or hives "+
			"theories inventory", path)
	}
	if err != nil {
		return nil, torn(path, err)
	}
	defer file.Close()
	defer func() {
		if r := recover(); r != nil { // the library panics on some damaged files
			b, err = nil, torn(path, fmt.Errorf("%v", r))
		}
	}()
	if err := checkVersion(path, file.File); err != nil {
		return nil, err
	}
	if err := file.Look(); err != nil {
		return nil, torn(path, err)
	}
	b = &Bank{Meta: meta(file.File), Theories: known}
	if b.Anchors, err = parquet.Read[Anchor](file.From, file.Size); err != nil {
		return nil, torn(path, err)
	}
	for i := range b.Anchors {
		if len(b.Anchors[i].Vector) == 0 {
			b.Anchors[i].Vector = nil // as whoever wrote it had it
		}
	}
	if err := b.Check(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// checkVersion accepts anchors of this version and older. Unlike rows, no other program writes such files, so one
// without a kind is refused. A newer version may mean its columns otherwise, and is not read by guess.
func checkVersion(path string, file *parquet.File) error {
	if kind, _ := file.Lookup(kindKey); kind != kindAnchors {
		return fault.New(fault.Mismatch, "%s: holds %q, not anchors", path, kind)
	}
	stored, _ := file.Lookup(versionKey)
	n, err := strconv.Atoi(stored)
	if err != nil || n < 1 {
		return fault.New(fault.Corrupt, "%s: its version is not a number; write the file anew", path)
	}
	if n > version {
		return fault.New(fault.Mismatch, "%s: anchors of version %d, this program reads up to %d; "+
			"use a newer hives or build them anew with this one", path, n, version)
	}
	return nil
}

// meta takes the bank's own entries from the file's key-values; other programs may add theirs.
func meta(file *parquet.File) map[string]string {
	out := map[string]string{}
	for _, kv := range file.Metadata().KeyValueMetadata {
		if key, ok := strings.CutPrefix(kv.Key, metaPrefix); ok {
			out[key] = kv.Value
		}
	}
	return out
}

// torn is the one error for bytes that no writer of banks left.
func torn(path string, cause error) error {
	if fault.Of(cause) == fault.Invalid { // says it all
		return cause
	}
	return whatis.Instead(path, "a Parquet file", fault.New(fault.Corrupt,
		"%s: damaged or cut off (%w); build or copy it again", path, cause))
}
