package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"hives/data/theories"
	"hives/internal/cli"
	"hives/internal/engine"
	"hives/internal/trainer"
	"hives/losses"
)

const long = `train fine-tunes an encoder so that a text's neighbourhood follows human values.

Stage 1 is hierarchical supervised contrast: texts with the same value path and
direction are pulled together, level by level. Rows come from "hives import".
Stage 2 goes on from Stage 1's weights (--from) and aligns texts with two banks of
anchor sentences. Its rows name their anchors: "hives anchors build" and "assign"
make one bank and fill its column, "hives theories inventory assign" the other.

The run folder (--out) holds config.toml, metrics.jsonl, checkpoints/ and, at the
end, final/: a model folder for "hives evaluate" and "hives embed". Ctrl-C,
SIGTERM or a terminal that closes (SIGHUP, unless under nohup) saves a checkpoint;
--resume goes on and ends with the same weights as a run that was never stopped, on
the same engine.

Settings come from defaults, --config FILE, the environment (TRAIN_…), --set
section.key=value and the named flags, each over the one before. With --resume the
run's stored settings take the place of the defaults.
"train config show --origin" prints them all and where each came from.`

const examples = `  # the paper's Stage 1 on a GPU host
  train --stage=1 --model weights/Qwen3-Embedding-0.6B --data train.parquet --out runs/stage1

  # a small model from random weights, on a CPU
  train --stage=1 --model random:demo/model --data train.parquet \
        --out runs/small --steps 1000 --learning-rate 1e-3 --max-length 64

  # Stage 2 from the weights of a run, of one of its checkpoints, or of a model folder
  train --stage=2 --from runs/stage1 --data assigned.parquet --theory-bank theory.parquet --out runs/stage2

  # what a run would need, and how long it would take on this machine
  train --stage=1 --model weights/Qwen3-Embedding-0.6B --data train.parquet --dry-run

  # after Ctrl-C, a crash or a preemption
  train --resume --out runs/stage1

  # the control: labels dealt out anew inside each corpus
  train --model random:demo/model --data train.parquet --out runs/control --permute-labels`

// flagKeys maps the named flags to the settings they override.
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
	"recompute": "memory.recompute", "packs": "memory.packs", "moments": "memory.moments", "split-update": "memory.split_update", "packing": "memory.packing", "devices": "memory.devices",
	"learning-rate": "optimizer.learning_rate", "weight-decay": "optimizer.weight_decay",
	"checkpoint-every": "log.checkpoint_every", "validate-every": "log.validate_every", "log-every": "log.every",
}

// options are the flags that are not settings of the run.
type options struct {
	config        cli.ConfigFlags
	out           string
	resume        bool
	allowChanged  bool
	waitForSaves  bool
	metricsListen string
	noAuth        bool // metricsListen may be beyond loopback
	smoke         bool
	smokeFiles    smokeFiles
	dryRun        bool
	json          bool
	engine        string
	threads       int
	theoryWeights map[string]string
	theories      []string // files of own theories; the rows' theory is known only with them
}

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

// register adds the flags. Defaults shown are those of a run without --config.
func register(fs *pflag.FlagSet, o *options) {
	d := trainer.Default()
	o.config.Register(fs)
	fs.StringVar(&o.out, "out", "", "run folder, new or, with --resume, an existing one")
	fs.BoolVar(&o.resume, "resume", false, "go on from the newest good checkpoint in --out")
	fs.BoolVar(&o.allowChanged, "allow-changed", false, "resume although settings, data or tokenizer differ from the stored ones")
	fs.BoolVar(&o.waitForSaves, "checkpoint-sync", false, "let steps wait for checkpoints: saves the host memory of a copy of the training state")
	fs.StringVar(&o.engine, "engine", "", engine.FlagUsage)
	fs.IntVar(&o.threads, "threads", 0, "threads of one computation, 0 for one a core; part of a run's identity")
	fs.StringArrayVar(&o.theories, "theories", nil, "file of a theory of one's own that the rows use (may be repeated; also "+theories.EnvFiles+"); --resume finds it in the run")
	fs.StringToStringVar(&o.theoryWeights, "theory-weights", nil, "weight of a theory's anchors: svt=1,mft=0.5 (0 leaves it out)")

	fs.Int("stage", d.Stage, "1: hierarchical contrast; 2: alignment with anchors")
	fs.Int("steps", d.Steps, "number of steps of the schedule; 0 only writes the starting weights")
	fs.Uint64("seed", d.Seed, "seed of fresh weights and of batches")
	fs.String("model", "", "model folder, or random:FOLDER or random:config.json for fresh weights")
	fs.Int("layers", 0, "train only the first layers of the model; 0: all")
	fs.String("tokenizer", "", "folder of tokenizer.json, if not beside the model's config.json")
	fs.Int("max-length", 0, "most tokens of a text, the end token included; 0: as the model folder says (256)")
	fs.String("pooling", "", "how a text's tokens become a vector: last, mean or first; empty: as the model folder says")
	fs.Int("freeze-layers", 0, "number of lowest layers that are not trained, nor are the embeddings: less memory and time")
	fs.String("states", "", "folder that keeps the states after the frozen layers, computed once for all runs that name it")
	fs.String("from", "", "like --model; also a run folder or one of its checkpoints: weights only, the optimiser begins anew")
	fs.String("precision", d.Model.Precision, "f32, mixed (bf16 operands of matrix products) or mixed16 (f16 ones, with dynamic loss scaling); bf16 and f16 are older names of these two")
	fs.String("data", "", "file of training rows, .parquet or .csv")
	fs.String("validation", "", "file of held-out rows; without it a share of --data is held out")
	fs.Float64("validation-fraction", d.Data.ValidationFraction, "share of --data that is held out without --validation; 0 trains on all rows")
	fs.Uint64("split-seed", d.Data.SplitSeed, "seed of what is held out; --seed does not change it")
	fs.Bool("permute-labels", false, "control: deal labels out anew inside each corpus")
	fs.Bool("skip-bad", false, "leave bad rows out instead of refusing the file")
	fs.Int("batch-size", d.Sampler.BatchSize, "number of texts in a step")
	fs.String("negatives", d.Sampler.Negatives, "where an anchor's negatives come from: theory (the paper) or corpus (only its own)")
	fs.String("false-negatives", d.Sampler.FalseNegatives, "texts that carry a row's label in another row: all are left out of the loss; anchor: are no negatives of the drawn anchor; keep: count as the authors do")
	fs.String("anchor-weighting", d.Sampler.AnchorWeighting, "how often each value is an anchor: natural, sqrt or balanced")
	fs.String("loss", d.Loss.Variant, "of the hierarchical term: "+strings.Join(losses.Variants(), ", ")+"; see docs/LOSSES.md")
	fs.Float64("temperature", d.Loss.Temperature, "temperature of the contrast; lower is sharper")
	fs.Float64("learning-rate", d.Optimizer.LearningRate, "highest learning rate of the schedule; a small random model wants 3e-4 to 3e-3")
	fs.Float64("weight-decay", d.Optimizer.WeightDecay, "weight decay of matrices; norms take none")
	fs.String("individual-bank", "", "stage 2: anchor file of plain-language values; empty: the built-in one")
	fs.String("theory-bank", "", "stage 2: anchor file that hives anchors build made")
	fs.String("banks", d.Stage2.Banks, "stage 2: encoded by the model under training, or learned tables")
	fs.String("batching", d.Stage2.Batching, "stage 2: apart, or authors (comparison): mixed parts of one anchor each")
	fs.Bool("permute-anchors", false, "stage 2, control: deal anchor ids out anew inside each corpus")
	fs.Int("lora-rank", d.LoRA.Rank, "train low-rank adapters of this rank in place of the weights; 0 trains the weights")
	fs.Float64("lora-alpha", d.LoRA.Alpha, "an adapter's product counts alpha/rank; 0: alpha is twice the rank")
	fs.StringSlice("lora-targets", d.LoRA.Targets, "linear layers with adapters by name (q_proj,v_proj), or all-linear")
	fs.Bool("recompute", false, "keep each layer's input only: a third more work, a fraction of the memory")
	fs.Int("packs", d.Memory.Packs, "compute a batch in this many parts; the gradient stays the whole batch's")
	fs.String("moments", d.Memory.Moments, "type of the optimiser's moments: f32 or bf16")
	fs.Bool("split-update", false, "apply the optimiser in slices: the engine holds twice what one graph updates")
	fs.Int("devices", d.Memory.Devices, "number of devices of this host that share each batch; each holds the whole model")
	fs.String("packing", d.Memory.Packing, "packed: texts share rows; padded: one text a row of max-length (comparison)")
	fs.BoolVar(&o.smoke, "smoke", false, "shrink the settings to about a minute, with a tiny model on the demo's rows: does this run at all?")
	fs.StringVar(&o.metricsListen, "metrics-listen", "", "address on which Prometheus may read figures of the run, as 127.0.0.1:9091; none by default")
	fs.BoolVar(&o.noAuth, "insecure-no-auth", false, "let --metrics-listen listen beyond loopback, where anybody may read the figures")
	fs.BoolVar(&o.dryRun, "dry-run", false, "print memory, tokens a step, measured speed, hours and alternatives; write nothing")
	fs.BoolVar(&o.json, "json", false, "with --dry-run: one JSON object")
	fs.Int("checkpoint-every", d.Log.CheckpointEvery, "number of steps between checkpoints; 0 only at the end")
	fs.Int("validate-every", d.Log.ValidateEvery, "number of steps between validations; 0 only at start and end")
	fs.Int("log-every", d.Log.Every, "number of steps between lines of metrics.jsonl")
}

// readStored reads a run's settings as the program that wrote them had them.
func readStored(path string) (trainer.Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return trainer.Config{}, err
	}
	return trainer.Stored(raw)
}

// load builds the effective configuration.
func load(fs *pflag.FlagSet, o *options) (trainer.Config, cli.Origins, error) {
	base := trainer.Default()
	stored := filepath.Join(o.out, "config.toml")
	if err := o.checkStored(); err != nil {
		return base, nil, err
	}
	if _, err := os.Stat(stored); o.resume && err == nil {
		if base, _, err = cli.Load(base, cli.Sources{File: stored, Environ: []string{}}); err != nil {
			return base, nil, fmt.Errorf("stored configuration: %w; train recover --out %s makes a damaged one again from the newest checkpoint", err, o.out)
		}
		if base, err = readStored(stored); err != nil {
			return base, nil, err
		}
	}
	src := o.config.Sources(fs, "TRAIN", flagKeys)
	for _, theory := range slices.Sorted(maps.Keys(o.theoryWeights)) {
		src.Sets = append(src.Sets, fmt.Sprintf("sampler.theory_weights.%s=%s", theory, o.theoryWeights[theory]))
	}
	cfg, origins, err := cli.Load(base, src)
	if err == nil && cfg.Stage == 2 && base.Stage != 2 { // the defaults of a stage are known with the stage
		return cli.Load(trainer.DefaultStage(2), src)
	}
	return cfg, origins, err
}
