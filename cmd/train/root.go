package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/fsutil"
	"hives/internal/trainer"
)

// The help stands apart from newRoot, which then shows the tree of commands at a glance.
const long = `How does a model learn to place texts by human values? train fine-tunes an encoder on annotated
texts. There are two stages.

Stage 1 is hierarchical supervised contrast. It pulls texts together that have the same value path
and direction, level by level. "hives import" makes its rows from published corpora. Stage 2 goes on
from the weights of Stage 1 (--from). It aligns texts with two banks of anchor sentences. Its rows
name their anchors: "hives anchors build" and "assign" make one bank and fill its column, "hives
theories inventory assign" fills the other.

Stage sft fine-tunes a language model on answers. Its rows are JSON Lines of conversations.

What does a run leave? The run folder (--out) holds config.toml, metrics.jsonl, checkpoints/ and, at
the end, final/. That is a model folder for "hives evaluate" and "hives embed".

Can it be stopped? Yes. Ctrl-C, SIGTERM or a terminal that closes (SIGHUP, unless under nohup) saves
a checkpoint. --resume goes on. It ends with the same weights as a run that was never stopped, on
the same engine.

Where do settings come from? From five places, each over the one before: defaults, --config FILE,
the environment (TRAIN_…), --set section.key=value, and the named flags. With --resume the run's
stored settings take the place of the defaults. "train config show --origin" prints every setting
and where it came from.`

const examples = `  # the paper's Stage 1 on a GPU host
  train --stage=1 --model weights/Qwen3-Embedding-0.6B --data train.parquet --out runs/stage1

  # a small model from random weights, on a CPU
  train --stage=1 --model random:demo/model --data train.parquet \
        --out runs/small --steps 1000 --learning-rate 1e-3 --max-length 64

  # Stage 2 from the weights of a run, of one of its checkpoints, or of a model folder
  train --stage=2 --from runs/stage1 --data assigned.parquet --theory-bank theory.parquet --out runs/stage2

  # a language model fine-tuned on answers, by adapters: docs/SFT.md
  train --stage=sft --model weights/SmolLM2 --data sft.jsonl --out runs/answers

  # what a run would need, and how long it would take on this machine
  train --stage=1 --model weights/Qwen3-Embedding-0.6B --data train.parquet --dry-run

  # after Ctrl-C, a crash or a preemption
  train --resume --out runs/stage1

  # the control: labels dealt out anew inside each corpus
  train --model random:demo/model --data train.parquet --out runs/control --permute-labels`

// flagKeys maps the named flags to the settings they override. Any other setting is reached by --set or the
// environment; a flag is for what a command line usually says. Two flags may mean one setting: --model and --from
// both name what a run begins with, and may not be given together.
var flagKeys = map[string]string{
	"stage": "stage", "steps": "steps", "seed": "seed",
	"model": "model.from", "tokenizer": "model.tokenizer", "max-length": "model.max_length",
	"freeze-layers": "model.freeze_layers", "states": "model.states",
	"layers": "model.layers", "pooling": "model.pooling", "precision": "model.precision",
	"data": "data.train", "validation": "data.validation", "validation-fraction": "data.validation_fraction",
	"permute-labels": "data.permute_labels", "split-seed": "data.split_seed", "skip-bad": "data.skip_bad",
	"batch-size": "sampler.batch_size", "negatives": "sampler.negatives",
	"false-negatives": "sampler.false_negatives", "anchor-weighting": "sampler.anchor_weighting",
	"loss": "loss.variant", "temperature": "loss.temperature",
	"from": "model.from", "individual-bank": "stage2.individual_bank", "theory-bank": "stage2.theory_bank",
	"banks": "stage2.banks", "batching": "stage2.batching", "permute-anchors": "stage2.permute_anchors",
	"lora-rank": "lora.rank", "lora-alpha": "lora.alpha", "lora-targets": "lora.targets",
	"recompute": "memory.recompute", "packs": "memory.packs", "moments": "memory.moments",
	"split-update": "memory.split_update", "packing": "memory.packing", "devices": "memory.devices",
	"epochs": "sft.epochs", "overlong": "sft.overlong", "template": "sft.template",
	"learning-rate": "optimizer.learning_rate", "weight-decay": "optimizer.weight_decay",
	"checkpoint-every": "log.checkpoint_every", "validate-every": "log.validate_every", "log-every": "log.every",
}

// options are the flags that are not settings of the run: what they say holds for this process, and none of it is
// stored in config.toml.
type options struct {
	config cli.ConfigFlags
	// Where the run lies, and whether it is there already.
	out    string
	resume bool
	// What a resume may overlook.
	allowChanged bool
	waitForSaves bool
	// Who watches.
	metricsListen string
	noAuth        bool // metricsListen may be beyond loopback
	// What is only tried.
	smoke      bool
	smokeFiles smokeFiles
	dryRun     bool
	json       bool
	// What computes. It is noted in run.json, since bits depend on it, but a run may be moved.
	engine        string
	threads       int
	theoryWeights map[string]string
	theories      []string // files of own theories; the rows' theory is known only with them

	known theories.Set // those of the files, of the environment and of the run that is resumed, beside the four
}

// newRoot builds the command tree: train itself runs, and three commands below it look at a run. Flags are
// persistent, so that "train config show" takes the very command line that it is asked about. Theories of one's own
// are learned first (PersistentPreRunE): flags and rows name them.
func newRoot() *cobra.Command {
	o := &options{}
	root := &cobra.Command{
		Use: "train --stage=1 --model DIR|random:CONFIG --data FILE --out DIR", Long: long, Example: examples,
		Short: "Train a Qwen3-Embedding model on human values", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), cmd.Flags(), o, cmd.OutOrStdout())
		},
		PersistentPreRunE: func(*cobra.Command, []string) error { return o.learnTheories() },
	}
	register(root.PersistentFlags(), o)
	root.MarkFlagsMutuallyExclusive("model", "from")
	root.MarkFlagsMutuallyExclusive("smoke", "resume")
	root.AddCommand(configCommand(o), replayCommand(o), recoverCommand(o))
	cli.Program(root, engine.Installed, flagGroups)
	return root
}

// readStored reads a run's settings as the program that wrote them had them.
func readStored(path string) (trainer.Config, error) {
	raw, err := fsutil.ReadRegular(path)
	if err != nil {
		return trainer.Config{}, err
	}
	return trainer.Stored(raw)
}

// load builds the effective configuration, and says of each key where it came from.
//
//	a new run   defaults of its stage     < --config < TRAIN_… < --set < named flags
//	--resume    config.toml of the run    < the same four: what differs must be allowed (--allow-changed)
//
// A damaged config.toml is refused with the command that makes it again.
func load(fs *pflag.FlagSet, o *options) (trainer.Config, cli.Origins, error) {
	base := trainer.Default()
	stored := filepath.Join(o.out, "config.toml")
	if err := o.checkStored(); err != nil {
		return base, nil, err
	}
	// Stored settings take the place of the defaults, below file, environment and flags: "--resume --steps 900"
	// means the run's settings but for the steps, and is then a change that must be allowed. The environment is
	// kept out of this first reading, or it would count as stored.
	// An absent file is a run that is yet to begin: --resume begins one where there is none.
	if _, err := os.Stat(stored); o.resume && err == nil {
		if base, _, err = cli.Load(base, cli.Sources{File: stored, Environ: []string{}}); err != nil {
			return base, nil, fmt.Errorf(
				"stored configuration: %w; train recover --out %s makes a damaged one again from the newest "+
					"checkpoint", err, o.out)
		}
		if base, err = readStored(stored); err != nil {
			return base, nil, err
		}
	}
	src := o.config.Sources(fs, "TRAIN", flagKeys)
	// In order of the names: of two wrong weights the same one is told every time.
	for _, theory := range slices.Sorted(maps.Keys(o.theoryWeights)) {
		src.Sets = append(src.Sets, fmt.Sprintf("sampler.theory_weights.%s=%s", theory, o.theoryWeights[theory]))
	}
	cfg, origins, err := cli.Load(base, src)
	// Read twice: which defaults hold is known once the stage is, and the stage may come from any of the sources.
	// the defaults of a stage are known with the stage
	if err == nil && cfg.Stage != base.Stage && (cfg.Stage == 2 || cfg.Stage == trainer.SFT) {
		return cli.Load(trainer.DefaultStage(cfg.Stage), src)
	}
	return cfg, origins, err
}
