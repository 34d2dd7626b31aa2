package trainer_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"hives/internal/cli"
	"hives/internal/rig/powercut"
	"hives/internal/runstore"
	"hives/internal/trainer"
	"hives/model/qwen3embed"
)

// TestPowerCut cuts the power at every sync and rename of a whole run in folders that are new, with kept states. A
// model folder that is there is whole, and there once the run is said to be finished; some of the disks that are left
// go on to the same end.
func TestPowerCut(t *testing.T) {
	on, cfg := goEngine(t), frozenRun(t, tinyRun(t, 4), qwen3embed.Qwen3)
	cfg.Model.States, cfg.Log.CheckpointEvery = filepath.Join("new", "states"), 2
	out := filepath.Join("new", "runs", "a")
	root := t.TempDir()
	t.Chdir(root)
	var left, ends []string // images, and those that hold a model folder
	disk := powercut.Watch(t, root)
	disk.EachCut(func(image string) {
		info, err := runstore.Read(filepath.Join(image, out))
		_, missing := os.Stat(runstore.FinalDir(filepath.Join(image, out)))
		if err == nil && info.Status == runstore.Finished && missing != nil {
			t.Errorf("the run is finished, without a model: %v", missing)
		}
		if missing == nil {
			ends = append(ends, image)
		}
		left = append(left, image)
	})
	raw, err := cli.EncodeTOML(cfg)
	if err != nil {
		t.Fatal(err)
	}
	options := trainer.RunOptions{Out: out, WaitForSaves: true, Config: raw, Engine: on, Observer: &recorder{}}
	if _, err := trainer.Run(context.Background(), cfg, options); err != nil {
		t.Fatal(err)
	}
	disk.Cut(func(image string) {
		if info, err := runstore.Read(filepath.Join(image, out)); err != nil || info.Status != runstore.Finished {
			t.Errorf("the run has ended, on the disk it is %+v, %v", info, err)
		}
		ends = append(ends, image)
	})
	want := finalWeights(t, out)
	for _, image := range ends {
		if !bytes.Equal(finalWeights(t, filepath.Join(image, out)), want) {
			t.Error("half a model folder")
		}
	}
	for i := 0; i < len(left); i += len(left)/8 + 1 {
		t.Chdir(left[i])
		if _, err := runIn(context.Background(), t, cfg, out, true, false, &recorder{engine: on}); err != nil {
			t.Errorf("cut %d of %d: %v", i, len(left), err)
		} else if !bytes.Equal(finalWeights(t, out), want) {
			t.Errorf("cut %d of %d: ends with other weights", i, len(left))
		}
	}
	if len(left) < 150 || len(ends) < 10 {
		t.Errorf("%d images, %d with a model", len(left), len(ends))
	}
}
