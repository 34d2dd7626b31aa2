package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"hives/data/theories"
	"hives/internal/engine"
	"hives/internal/trainer"
	"hives/internal/trainer/contrast"
)

// register adds every flag. A flag that stands for a setting has its key in flagKeys, and its default is the
// setting's.
//
// Two kinds of flag stand here side by side. One kind writes into o and concerns this process alone: where the run
// lies, which engine. The other kind (fs.Int, fs.String without Var) is only looked at where it was given
// (cli.GivenFlags): its default is for the help, and the setting's own default decides. A flag of the second kind
// that lacks its key in flagKeys would do nothing.
func register(fs *pflag.FlagSet, o *options) {
	d := trainer.Default()
	o.config.Register(fs)
	registerRun(fs, o, &d)
	registerModel(fs, &d)
	registerRows(fs, o, &d)
	registerLoss(fs, &d)
	registerArithmetic(fs, o, &d)
}

// registerRun adds where the run lives, how long it is, and what of it is only tried.
func registerRun(fs *pflag.FlagSet, o *options, d *trainer.Config) {
	fs.StringVar(&o.out, "out", "", "run folder, new or, with --resume, an existing one")
	fs.BoolVar(&o.resume, "resume", false, "go on from the newest good checkpoint in --out")
	fs.BoolVar(&o.allowChanged, "allow-changed", false,
		"resume although settings, data or tokenizer differ from the stored ones")
	// Without it a save works on a copy of the training state while steps go on.
	fs.BoolVar(&o.waitForSaves, "checkpoint-sync", false,
		"let steps wait for checkpoints: saves the host memory of a copy of the training state")
	// The schedule ends at this step: the learning rate has run out there, so more steps are another run (--from).
	fs.Int("steps", d.Steps, "number of steps of the schedule; 0 only writes the starting weights")
	fs.Uint64("seed", d.Seed, "seed of fresh weights and of batches")
	stage := stageFlag(d.Stage)
	fs.Var(&stage, "stage",
		"1: hierarchical contrast; 2: alignment with anchors; sft: a language model fine-tuned on answers")
	fs.BoolVar(&o.smoke, "smoke", false,
		"shrink the settings to about a minute, with a tiny model on the demo's rows: does this run at all?")
	fs.BoolVar(&o.dryRun, "dry-run", false,
		"print memory, tokens a step, measured speed, hours and alternatives; write nothing")
	fs.BoolVar(&o.json, "json", false, "with --dry-run: one JSON object")
	fs.StringVar(&o.metricsListen, "metrics-listen", "",
		"address on which Prometheus may read figures of the run, as 127.0.0.1:9091; none by default")
	// The same name as in embedd, for the same waiver.
	fs.BoolVar(&o.noAuth, "insecure-no-auth", false,
		"let --metrics-listen listen beyond loopback, where anybody may read the figures")
	fs.Int("log-every", d.Log.Every, "number of steps between lines of metrics.jsonl")
	fs.Int("validate-every", d.Log.ValidateEvery, "number of steps between validations; 0 only at start and end")
	fs.Int("checkpoint-every", d.Log.CheckpointEvery, "number of steps between checkpoints; 0 only at the end")
}

// stageFlag is a stage by number, or by the name that fine-tuning on answers has.
type stageFlag int

func (f *stageFlag) String() string { return strconv.Itoa(int(*f)) }
func (f *stageFlag) Type() string   { return "string" }

func (f *stageFlag) Set(text string) error {
	n, err := strconv.Atoi(text)
	if text == "sft" {
		n, err = trainer.SFT, nil
	}
	if err != nil || n < 1 || n > trainer.SFT {
		return fmt.Errorf("want 1, 2 or sft")
	}
	*f = stageFlag(n)
	return nil
}

// registerModel adds what the run begins with, and what of it is trained. Several flags have no default of their
// own here, since the model's files say it: 0 and "" stand for "as they say".
func registerModel(fs *pflag.FlagSet, d *trainer.Config) {
	fs.String("model", "", "model folder, or random:FOLDER or random:config.json for fresh weights")
	fs.String("from", "",
		"like --model; also a run folder or one of its checkpoints: weights only, the optimiser begins anew")
	fs.String("tokenizer", "", "folder of tokenizer.json, if not beside the model's config.json")
	fs.Int("layers", 0, "train only the first layers of the model; 0: all")
	fs.Int("freeze-layers", 0,
		"number of lowest layers that are not trained, nor are the embeddings: less memory and time")
	// What it saves was measured on SmolLM2-135M, upper 6 of 30 layers: 1.9 s a step in place of 8.8 s
	// (docs/TRAINING.md).
	fs.String("states", "",
		"folder that keeps the states after the frozen layers, computed once for all runs that name it")
	fs.Int("max-length", 0, "most tokens of a text, the end token included; 0: as the model folder says (256)")
	fs.String("pooling", "",
		"how a text's tokens become a vector: last, mean or first; empty: as the model folder says")
	// Where alpha is left at 0 an adapter's product counts twice, whatever the rank.
	fs.Int("lora-rank", d.LoRA.Rank,
		"train low-rank adapters of this rank in place of the weights; 0 trains the weights")
	fs.Float64("lora-alpha", d.LoRA.Alpha, "an adapter's product counts alpha/rank; 0: alpha is twice the rank")
	fs.StringSlice("lora-targets", d.LoRA.Targets,
		"linear layers with adapters by name (q_proj,v_proj), or all-linear")
}

// registerRows adds the rows, and how batches are drawn from them. A batch is a function of seed and step, so all
// of these decide bits.
func registerRows(fs *pflag.FlagSet, o *options, d *trainer.Config) {
	fs.String("data", "", "file of training rows, .parquet or .csv; for stage sft .jsonl")
	fs.String("validation", "", "file of held-out rows; without it a share of --data is held out")
	fs.Float64("validation-fraction", d.Data.ValidationFraction,
		"share of --data that is held out without --validation; 0 trains on all rows")
	// Apart from --seed, so that runs of several seeds are measured on the same held-out rows.
	fs.Uint64("split-seed", d.Data.SplitSeed, "seed of what is held out; --seed does not change it")
	fs.Bool("skip-bad", false, "leave bad rows out instead of refusing the file")
	// Inside each corpus: what a model learns of a corpus's style then stays, and only what labels teach is gone.
	fs.Bool("permute-labels", false, "control: deal labels out anew inside each corpus")
	fs.StringArrayVar(&o.theories, "theories", nil,
		"file of a theory of one's own that the rows use (may be repeated; also "+theories.EnvFiles+"); "+
			"--resume finds it in the run")
	// A map, which GivenFlags cannot carry; load turns it into --set lines.
	fs.StringToStringVar(&o.theoryWeights, "theory-weights", nil,
		"weight of a theory's anchors: svt=1,mft=0.5 (0 leaves it out)")
	fs.Int("batch-size", d.Sampler.BatchSize, "number of texts in a step")
	fs.String("negatives", d.Sampler.Negatives,
		"where an anchor's negatives come from: theory (the paper) or corpus (only its own)")
	// docs/SAMPLERS.md has the figures of the three; "drop" of stored runs is the older name of "anchor".
	fs.String("false-negatives", d.Sampler.FalseNegatives,
		"texts that carry a row's label in another row: all are left out of the loss; anchor: are no negatives "+
			"of the drawn anchor; keep: count as the authors do")
	fs.String("anchor-weighting", d.Sampler.AnchorWeighting,
		"how often each value is an anchor: natural, sqrt or balanced")
}

// registerLoss adds what is minimised, and how fast. Names of losses come from the task's table, so that a new loss
// is in the help by itself.
func registerLoss(fs *pflag.FlagSet, d *trainer.Config) {
	fs.String("loss", d.Loss.Variant,
		"of the hierarchical term: "+strings.Join(contrast.LossNames(1), ", ")+"; see docs/LOSSES.md")
	fs.Float64("temperature", d.Loss.Temperature, "temperature of the contrast; lower is sharper")
	fs.String("individual-bank", "", "stage 2: anchor file of plain-language values; empty: the built-in one")
	fs.String("theory-bank", "", "stage 2: anchor file that hives anchors build made")
	// Encoded banks grow old between two encodings; docs/TRAINING.md says how that shows, and what helps.
	fs.String("banks", d.Stage2.Banks, "stage 2: encoded by the model under training, or learned tables")
	fs.String("batching", d.Stage2.Batching,
		"stage 2: apart, or authors (comparison): mixed parts of one anchor each")
	// The control of Stage 2, as --permute-labels is that of Stage 1.
	fs.Bool("permute-anchors", false, "stage 2, control: deal anchor ids out anew inside each corpus")
	fs.Float64("epochs", d.SFT.Epochs, "stage sft: passes over the rows, where --steps is not given")
	fs.String("overlong", d.SFT.Overlong,
		"stage sft: rows longer than --max-length (1024): refuse, drop, or cut-prompt (the answer is never cut)")
	fs.String("template", d.SFT.Template, "stage sft: chatml, qwen3 or llama3; empty: the model's own")
	fs.Float64("learning-rate", d.Optimizer.LearningRate,
		"highest learning rate of the schedule; a small random model wants 3e-4 to 3e-3")
	fs.Float64("weight-decay", d.Optimizer.WeightDecay, "weight decay of matrices; norms take none")
}

// registerArithmetic adds where and in which numbers it is computed, and what is paid in time for memory. Of the
// settings of memory only bf16 moments change a result; the others agree with the plain step to rounding
// (TestWaysOfComputingAgree).
func registerArithmetic(fs *pflag.FlagSet, o *options, d *trainer.Config) {
	fs.StringVar(&o.engine, "engine", "", engine.FlagUsage)
	// Part of the identity: another number of threads may give other last bits.
	fs.IntVar(&o.threads, "threads", 0, "threads of one computation, 0 for one a core; part of a run's identity")
	fs.Int("devices", d.Memory.Devices,
		"number of devices of this host that share each batch; each holds the whole model")
	fs.String("precision", d.Model.Precision,
		"f32, mixed (bf16 operands of matrix products) or mixed16 (f16 ones, with dynamic loss scaling); bf16 "+
			"and f16 are older names of these two")
	fs.Bool("recompute", false,
		"activation checkpointing: keep each layer's input only; a third more work, a fraction of the memory")
	fs.Int("packs", d.Memory.Packs, "compute a batch in this many micro-batches; the gradient stays the whole batch's")
	fs.String("moments", d.Memory.Moments, "type of the optimiser's moments: f32 or bf16")
	// About eight slices, so about ten calls a step in place of one.
	fs.Bool("split-update", false,
		"apply the optimiser in slices: several devices, and the go engine, hold twice what one graph updates")
	fs.String("packing", d.Memory.Packing,
		"packed: texts share rows; padded: one text a row of max-length (comparison)")
}
