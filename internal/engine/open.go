package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/gobackend"
	"k8s.io/klog/v2"

	"hives/internal/fault"
	"hives/internal/fsutil"
)

// Engine is an opened backend and its identity. Whoever opens it owes Close, after everything that was computed on
// it.
type Engine struct {
	Backend      compute.Backend
	Name         Kind   // cuda, cpu or go
	Plugin       string // absolute path; "" on the Go engine
	PluginSHA256 string
	PJRTAPI      string // version of the plugin's interface, as "0.115"
	Threads      int    // of one computation on the host
	Choice       string // one line: what was taken and why
}

// Close frees the backend; what was computed on it is gone. A second call does nothing. It may be called for an
// engine that was never opened, so callers defer it without a look.
func (e *Engine) Close() {
	if e != nil && e.Backend != nil && !e.Backend.IsFinalized() {
		e.Backend.Finalize()
	}
}

// Open opens the engine that opt names and holds it to the self-test. With auto, an engine that is
// absent or refused is passed over and Choice says why; a kind that was asked for by name is never
// replaced by another.
//
//	Options{}               the first of cuda, cpu, go that works
//	Options{Kind: CPU}      the CPU plugin, or an error
//	Options{Plugin: path}   that library as a CPU plugin, or an error
//
// Kinds of error: Invalid options, NotFound (no plugin, no GPU), Corrupt (its hash), Unavailable (it cannot be
// loaded), Mismatch (the self-test).
func Open(ctx context.Context, opt Options) (*Engine, error) {
	kind, err := ParseKind(string(opt.Kind))
	if err != nil {
		return nil, err
	}
	if err := opt.validate(); err != nil {
		return nil, err
	}
	// A plugin that was named is asked for: it is not passed over for another engine.
	if kind == Auto && opt.Plugin != "" {
		kind = CPU
	}
	if kind != Auto {
		e, err := openKind(ctx, kind, opt)
		if err != nil {
			return nil, fmt.Errorf("open engine %s: %w", kind, err)
		}
		e.Choice = e.describe() + ", as asked"
		return e, nil
	}
	return openAuto(ctx, opt)
}

// openAuto tries cuda, cpu and go in turn. CUDA comes first and the Go engine last, which is always there; its own
// failure is therefore the end.
func openAuto(ctx context.Context, opt Options) (*Engine, error) {
	var passed []string
	for _, kind := range []Kind{CUDA, CPU, Go} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		e, err := openKind(ctx, kind, opt)
		if err == nil {
			e.Choice = e.describe()
			if len(passed) > 0 {
				e.Choice += "; " + strings.Join(passed, "; ")
			}
			return e, nil
		}
		if kind == Go {
			return nil, fmt.Errorf("open engine: %w (%s)", err, strings.Join(passed, "; "))
		}
		passed = append(passed, fmt.Sprintf("%s passed over: %v", kind, reason(kind, err)))
	}
	panic("unreachable")
}

// reason shortens what is normal on most machines, so that the line stays one. A machine without a GPU is no fault,
// and its line should not read like one.
func reason(kind Kind, err error) any {
	if kind == CUDA && fault.Of(err) == fault.NotFound {
		return "no plugin or no GPU"
	}
	return strings.Join(strings.Fields(err.Error()), " ")
}

// describe names the engine in a line without a verdict. The line goes into run.json and replies, so it is what
// tells two runs' engines apart.
func (e *Engine) describe() string {
	if e.Name == Go {
		return fmt.Sprintf("engine go (%s, %d threads)", simdText, e.Threads)
	}
	return fmt.Sprintf("engine %s (XLA, PJRT %s, plugin %s, %d device(s), %d threads)",
		e.Name, e.PJRTAPI, short(e.PluginSHA256), e.Backend.NumDevices(), e.Threads)
}

// openKind opens exactly one kind, and closes it again where the self-test fails: an engine that computes wrong is
// not handed out with a warning.
func openKind(ctx context.Context, kind Kind, opt Options) (*Engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	open := openXLA
	if kind == Go {
		open = openGo
	}
	e, err := open(kind, opt)
	if err != nil || opt.SkipSelfTest {
		return e, err
	}
	if err := e.selfTest(); err != nil {
		e.Close()
		return nil, fault.New(fault.Mismatch, "self-test: %w: do not trust this engine: %s", err, installCommand(kind))
	}
	return e, nil
}

// openGo opens the pure-Go engine. GOMAXPROCS is its only limit that prints nothing.
func openGo(_ Kind, opt Options) (*Engine, error) {
	if opt.Threads > 0 {
		runtime.GOMAXPROCS(opt.Threads)
	}
	// One operation at a time, each on all threads: with several, two of them can wait for workers of the
	// same pool and lose each other's wake-up, and the engine stands still for good (compute v0.1.2,
	// workerspool.Saturate; seen at step 126 of a training run).
	b, err := gobackend.New("ops_sequential")
	if err != nil {
		return nil, err
	}
	return &Engine{Backend: b, Name: Go, Threads: runtime.GOMAXPROCS(0)}, nil
}

// openXLA finds, checks and loads a plugin of the given kind. The checks come before the library is mapped: after
// that a wrong file may take the process down.
func openXLA(kind Kind, opt Options) (*Engine, error) {
	if kind == CUDA && opt.Plugin == "" && namedPlugin(kind) == "" && !hasGPU() {
		return nil, fault.New(fault.NotFound, "no NVIDIA device on this machine: choose --engine cpu")
	}
	p, err := choosePlugin(kind, cmp.Or(opt.Plugin, namedPlugin(kind)))
	if err != nil {
		return nil, err
	}
	if err := checkPath(kind, p.Path); err != nil {
		return nil, err
	}
	// Before the library is loaded, since its thread pools read NPROC once.
	threads := setThreads(opt.Threads)
	// The installer of GoMLX must not run; the plugin's own loader writes warnings that Open returns.
	os.Setenv("GOMLX_NO_AUTO_INSTALL", "1")
	klog.SetSlogLogger(slog.New(slog.DiscardHandler))
	defer klog.ClearLogger()
	b, api, err := loadPlugin(p.Path, configString(kind, p.Path, opt))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "load %s: %w: %s", p.Path, firstLine(err), loadRemedy(kind, p))
	}
	return &Engine{Backend: b, Name: kind, Plugin: p.Path, PluginSHA256: p.SHA256, PJRTAPI: api, Threads: threads}, nil
}

// choosePlugin takes the plugin at path, or the installed one where path is empty. A path that was given by hand is
// hashed for the record and not compared: whoever names it vouches for it.
func choosePlugin(kind Kind, path string) (Plugin, error) {
	if path == "" {
		return find(kind)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return Plugin{}, err
	}
	sum, err := fsutil.SHA256(abs)
	return Plugin{Path: abs, SHA256: sum}, err
}

// namedPlugin is the path in $HIVES_PJRT_PLUGIN where it is of this kind, as its name tells: one variable serves a
// machine that has a plugin of its own, such as JAX's, and leaves the other engines alone. As with a path in Options,
// whoever names a plugin vouches for it.
func namedPlugin(kind Kind) string {
	path := os.Getenv(PluginEnvVar)
	if path == "" || namesCUDA(path) != (kind == CUDA) {
		return ""
	}
	return path
}

// namesCUDA tells whether the loader would take the path for a CUDA plugin's.
func namesCUDA(path string) bool {
	upper := strings.ToUpper(path)
	return strings.Contains(upper, "CUDA") || strings.Contains(upper, "NVIDIA")
}

// checkPath refuses the paths that the loader would misread: it cuts at commas and takes "cuda" or
// "nvidia" anywhere in a path for a CUDA plugin.
func checkPath(kind Kind, path string) error {
	isCUDA := namesCUDA(path)
	switch {
	case strings.Contains(path, ","):
		return fault.New(fault.Invalid, "plugin path %s holds a comma: set %s to a folder without one", path,
			CacheEnvVar)
	case kind == CPU && isCUDA:
		return fault.New(fault.Invalid, "CPU plugin path %s holds \"cuda\" or \"nvidia\": set %s to a folder "+
			"without them", path, CacheEnvVar)
	case kind == CUDA && !isCUDA:
		return fault.New(fault.Invalid, "CUDA plugin path %s must hold \"cuda\": rename it", path)
	}
	return nil
}

// setThreads tells XLA's thread pools their size, which they read from NPROC when first loaded.
// It returns the number that will hold. A pool that is there keeps its size: in one process the first engine
// decides.
func setThreads(n int) int {
	if n > 0 {
		os.Setenv("NPROC", strconv.Itoa(n))
		return n
	}
	if n, err := strconv.Atoi(os.Getenv("NPROC")); err == nil && n > 0 {
		return n
	}
	return runtime.NumCPU()
}

// configString writes the options in go-xla's form, "path,key=value,…". On the CPU buffers are shared, so that a
// tensor of this process needs no copy to be seen by XLA.
func configString(kind Kind, path string, opt Options) string {
	parts := []string{path}
	if kind == CPU {
		return path + ",shared_buffers=true"
	}
	parts = append(parts, "shared_buffers=false", fmt.Sprintf("tf32=%t", opt.TF32),
		fmt.Sprintf("preallocate=%t", opt.Preallocate))
	if opt.MemoryFraction > 0 {
		parts = append(parts, fmt.Sprintf("memory_fraction=%g", opt.MemoryFraction))
	}
	if opt.Allocator != "" {
		parts = append(parts, "allocator="+opt.Allocator)
	}
	if len(opt.VisibleDevices) > 0 {
		ids := strings.Trim(strings.Join(strings.Fields(fmt.Sprint(opt.VisibleDevices)), ";"), "[]")
		parts = append(parts, "visible_devices="+ids)
	}
	return strings.Join(parts, ",")
}

// loadRemedy says what to try after the loader refused a plugin.
func loadRemedy(kind Kind, p Plugin) string {
	if kind == CUDA && libraryMissing(p.Path) {
		return "NVIDIA's libraries are not beside the plugin: run " + installCommand(CUDA)
	}
	if kind == CUDA {
		return "see that the driver works (nvidia-smi), or choose --engine cpu"
	}
	if p.Folder == "" {
		return "name a PJRT plugin for this machine, or leave the path out and run " + installCommand(kind)
	}
	return installCommand(kind)
}

// firstLine cuts the stack that GoMLX's errors carry: a user needs the sentence, and run.json one line.
func firstLine(err error) error {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return errors.New(line)
}

// hasGPU looks for the device files that NVIDIA's driver makes. Without them a CUDA plugin would be hashed and
// loaded only to find no device.
func hasGPU() bool {
	found, err := filepath.Glob("/dev/nvidia[0-9]*")
	return err == nil && len(found) > 0
}
