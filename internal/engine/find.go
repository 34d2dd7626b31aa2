package engine

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// CacheEnvVar names the folder that holds installed plugins.
const CacheEnvVar = "HIVES_CACHE"

// PluginEnvVar names a plugin by its path, to be used in place of the installed one of its kind.
const PluginEnvVar = "HIVES_PJRT_PLUGIN"

// Plugin is an installed plugin and what is known of it.
type Plugin struct {
	Path    string // absolute
	Folder  string // cpu, cuda12, cuda13, or "" for a plugin named by its path
	Version string
	SHA256  string
	Pinned  bool // its hash is the one in pins.json; not so for a plugin named by its path
}

// manifest lies beside each installed plugin as manifest.json. It says which version an installation meant to
// leave; the hash that counts is the one in pins.json.
type manifest struct {
	Format  int    `json:"format"`
	Version string `json:"version"`
	SHA256  string `json:"plugin_sha256"`
	Bytes   int64  `json:"bytes"`
}

// Roots lists the cache folders searched, first wins: $HIVES_CACHE alone where it is set, else .cache of the
// checkout around the working directory, .cache beside the program's folder, the user's cache folder. A folder that
// $HIVES_CACHE names is the only one: who sets it wants to know which plugin runs.
func Roots() []string {
	if dir := os.Getenv(CacheEnvVar); dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			abs = dir
		}
		return []string{abs}
	}
	var roots []string
	if wd, err := os.Getwd(); err == nil {
		if dir := checkout(wd); dir != "" {
			roots = append(roots, filepath.Join(dir, ".cache"))
		}
	}
	if exe, err := os.Executable(); err == nil {
		// A link in ~/bin to the program means the folder where the program really lies.
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		bin := filepath.Dir(exe)
		roots = append(roots, filepath.Join(bin, ".cache"), filepath.Join(filepath.Dir(bin), ".cache"))
	}
	if dir, err := os.UserCacheDir(); err == nil {
		roots = append(roots, filepath.Join(dir, "hives"))
	}
	return slices.Compact(roots)
}

// moduleLine tells this module's go.mod from that of a program around it.
var moduleLine = regexp.MustCompile(`(?m)^module hives\s*$`)

// checkout walks up from dir to the folder of this module's go.mod; "" when there is none. So a test finds the
// plugin in the checkout's .cache from whatever package it runs in.
func checkout(dir string) string {
	for {
		raw, err := fsutil.ReadRegular(filepath.Join(dir, "go.mod"))
		if err == nil && moduleLine.Match(raw) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// errUnpinned marks a plugin that nobody has verified: what an installation noted about itself proves nothing.
var errUnpinned = errors.New("no hash is pinned for it, so it is not run")

// find returns the installed plugin of a kind whose hash is pinned; native code of other versions is never run.
// NotFound tells where it looked. A plugin of a version that is not pinned is passed over and remembered: if nothing
// else is found, the error says that it lies there and why it is not run.
//
// Invariant: native code runs only if its SHA-256 is pinned or its path was given by hand
// (TestUnpinnedPluginIsNeverRun).
func find(kind Kind) (Plugin, error) {
	roots := Roots()
	var passed error
	for _, root := range roots {
		for _, folder := range folders[kind] {
			for _, dir := range versionDirs(filepath.Join(root, "pjrt", folder), pinned[folder].Version) {
				p, err := readPlugin(dir, folder)
				if errors.Is(err, fs.ErrNotExist) {
					continue
				}
				if errors.Is(err, errUnpinned) {
					passed = err
					continue
				}
				return p, err
			}
		}
	}
	if passed != nil {
		return Plugin{}, passed
	}
	return Plugin{}, fault.New(fault.NotFound, "no %s plugin is installed (looked in %s): run %s",
		kind, roots, installCommand(kind))
}

// installCommand is the remedy for a missing or unusable plugin. It names a way on without one too: who has no GPU
// should not have to read on.
func installCommand(kind Kind) string {
	if kind == CUDA {
		return "scripts/install_pjrt.sh cuda12 --with-libs (or cuda13), or choose --engine cpu"
	}
	return "scripts/install_pjrt.sh cpu (make setup does it), or choose --engine go"
}

// versionDirs lists the version folders of dir, the pinned one first, then newest name first. Of the others none is
// run; they are looked at so that the error can say what lies there. "nvidia" holds CUDA's libraries and is no
// version.
func versionDirs(dir, pin string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	dirs := []string{filepath.Join(dir, pin)}
	for _, e := range slices.Backward(entries) {
		if e.IsDir() && e.Name() != pin && e.Name()[0] != '.' && e.Name() != "nvidia" {
			dirs = append(dirs, filepath.Join(dir, e.Name()))
		}
	}
	return dirs
}

// readPlugin reads an installed plugin's manifest and holds the library to the pinned hash. A library that was cut
// short would kill the process when mapped, so its bytes are hashed before it is loaded. The hash is taken of the
// library itself each time, some 0.3 s for 200 MB (docs/LOG.md): what the manifest notes about its own installation
// proves nothing.
//
//	no manifest.json            fs.ErrNotExist: no plugin, look on
//	another version             errUnpinned: remembered, look on
//	no manifest of format 1     Corrupt, with what to remove and run
//	another hash of plugin.so   Corrupt, the same: somebody or something changed it
func readPlugin(dir, folder string) (Plugin, error) {
	path := filepath.Join(dir, "plugin.so")
	raw, err := fsutil.ReadRegular(filepath.Join(dir, "manifest.json"))
	if err != nil {
		return Plugin{}, err
	}
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil || m.Format != 1 {
		return Plugin{}, fault.New(fault.Corrupt, "%s: not a plugin's manifest of format 1: %s", dir,
			reinstall(dir, folder))
	}
	pin := pinned[folder]
	if m.Version != pin.Version {
		return Plugin{}, fault.New(fault.Mismatch, "%s: version %q where %s is wanted: %w: %s", path, m.Version,
			pin.Version, errUnpinned, reinstall(dir, folder))
	}
	p := Plugin{Path: path, Folder: folder, Version: m.Version, Pinned: true}
	if p.SHA256, err = fsutil.SHA256(path); err != nil {
		return p, fault.New(fault.Corrupt, "%w: %s", err, reinstall(dir, folder))
	}
	if p.SHA256 != pin.PluginSHA256 {
		return p, fault.New(fault.Corrupt, "%s: SHA-256 is %s, pinned is %s: %s", path, short(p.SHA256),
			short(pin.PluginSHA256), reinstall(dir, folder))
	}
	return p, nil
}

// reinstall is the remedy for a damaged installation.
func reinstall(dir, folder string) string {
	return "remove " + dir + " and run scripts/install_pjrt.sh " + folder
}

// short is enough of a digest to tell two apart by eye.
func short(digest string) string { return digest[:min(12, len(digest))] }
