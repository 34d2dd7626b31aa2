package trainer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"hives/internal/fault"
	"hives/internal/fsutil"
	"hives/internal/runstore"
	"hives/model/folder"
)

// finish writes the model folder; an existing one is a half-finished attempt of this run.
func (l *loop) finish(ctx context.Context) error {
	if err := l.save(l.saver.now); err != nil {
		return err
	}
	if l.best != nil {
		l.o.Observer.Note(fmt.Sprintf("best: %s, kept in %s", l.best, l.run.CheckpointDir()))
	}
	if err := l.sameTokenizer(); err != nil {
		return err
	}
	info := l.start.info
	// No run id: it is random, and equal runs write equal folders.
	info.Provenance = map[string]string{
		"stage": fmt.Sprint(l.cfg.Stage), "steps": fmt.Sprint(l.done), "seed": fmt.Sprint(l.cfg.Seed),
		"base_sha256": l.start.base, "data_sha256": l.hashes["data"],
	}
	if before := stepsBefore(l.start.info.Provenance); before > 0 {
		info.Provenance["steps_in_all"] = fmt.Sprint(before + l.done)
	}
	// As a whole or not at all: half a model folder would be taken for a whole one of other settings.
	return fsutil.WriteFolder(l.run.FinalDir(), func(tmp string) error {
		err := folder.Save(tmp, l.start.model, l.start.tokenizerDir, info)
		if err == nil && l.cfg.LoRA.Rank > 0 {
			err = l.saveAdapter(tmp)
		}
		if err != nil || l.banks == nil {
			return err
		}
		return l.exportBanks(ctx, tmp)
	})
}

// stepsBefore counts the steps of the runs that made the starting weights, as their folder says; 0 for a base that no run
// made.
func stepsBefore(provenance map[string]string) int {
	for _, name := range []string{"steps_in_all", "steps"} {
		if n, err := strconv.Atoi(provenance[name]); err == nil {
			return n
		}
	}
	return 0
}

// sameTokenizer guards the one file that a run reads again at its end: weeks may lie between.
func (l *loop) sameTokenizer() error {
	now, err := folder.TokenizerSHA256(l.start.tokenizerDir)
	if err == nil && now != l.hashes["tokenizer"] {
		err = fault.New(fault.Mismatch, "the tokenizer of %s was replaced during the run; put back the one with SHA-256 %s and give --resume: all steps are done and saved", l.start.tokenizerDir, l.hashes["tokenizer"])
	}
	return err
}

// end records how the run stands and passes err on, marked as saved where nothing was lost.
func (l *loop) end(err error, fresh bool) error {
	stopped := errors.Is(err, context.Canceled)
	switch began := l.saver != nil; {
	case err == nil:
		return l.run.SetStatus(runstore.Finished, l.done)
	case began && stopped:
		return l.interrupted(err)
	case began:
		return l.failed(err)
	case fresh:
		l.discard() // nothing was trained: the folder must not stand in the way of the next try
	}
	if stopped {
		err = fault.Saved(fault.New(fault.Canceled, "stopped before the first step; nothing is lost, give the same command again"))
	}
	return err // a resume that did not get as far as a step leaves run.json as it was
}

// interrupted saves what a signal stopped.
func (l *loop) interrupted(err error) error {
	if saveErr := l.save(l.saver.now); saveErr != nil {
		return errors.Join(err, saveErr)
	}
	if err := l.run.SetStatus(runstore.Interrupted, l.done); err != nil {
		return err
	}
	return fault.Saved(fault.New(fault.Canceled, "stopped after step %d of %d; nothing is lost, go on with: %s",
		l.done, l.cfg.Steps, l.goOnWith()))
}

// failed ends a run that an error stopped. The error may be the disk's, so no other save is tried: the last
// checkpoint holds. For the same reason run.json may have to go on saying that the run is running.
func (l *loop) failed(err error) error {
	err = errors.Join(err, l.saver.wait())
	if l.done == 0 && l.saver.meta.Step < 0 && fault.Of(err) == fault.Unavailable {
		l.metrics.Close()
		l.discard() // nor has it anything to go on from
		return fmt.Errorf("%w; nothing was trained, and %s is free for another try", err, l.o.Out)
	}
	l.run.SetStatus(runstore.Failed, l.done)
	if fault.Of(err) == fault.Exhausted {
		err = fmt.Errorf("after step %d: %w; then go on with: %s", l.done, err, l.goOnWith())
	}
	return err
}

// discard removes the files of a run that never began; the folder and its lock stay. A folder of checkpoints goes only
// if it is empty.
func (l *loop) discard() {
	for _, name := range []string{"run.json", "config.toml", "metrics.jsonl", "checkpoints"} {
		os.Remove(filepath.Join(l.o.Out, name))
	}
}

func (l *loop) summary() Summary {
	return Summary{Steps: l.done, Model: l.run.FinalDir(), Validation: l.last}
}

// close frees everything, after the save under way: an error of it has come out by now, or a panic is on
// its way.
func (l *loop) close() {
	if l.saver != nil {
		l.saver.wait()
	}
	if l.metrics != nil {
		l.metrics.Close()
	}
	if l.validator != nil {
		l.validator.Close()
	}
	if l.encoder != nil {
		l.encoder.Close()
	}
	if l.stepper != nil {
		l.stepper.Close()
	}
	if l.cache != nil {
		l.cache.Close()
	}
	if l.start != nil && l.start.model != nil {
		l.start.model.Close()
	}
}
