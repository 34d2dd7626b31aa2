package trainmetrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"hives/internal/trainer"
)

// prefix begins every name, so that a run's figures stand apart from embedd's in one Prometheus.
const prefix = "hives_train_"

// Exporter takes in what a run tells and gives it to Prometheus.
type Exporter struct {
	registry *prometheus.Registry
	steps    stepFigures
	held     *prometheus.GaugeVec // validation figures by scope
	heldStep prometheus.Gauge
	saves    saveFigures
	// Prometheus counts up; the run tells a sum that includes those before a resume. seen is what was added so far,
	// so that each line adds its difference.
	seen int // skipped steps that the counter holds
}

// stepFigures are those of a training step. Gauges are of the newest step; counters begin with the process, so that
// a rate over them is this process's speed.
type stepFigures struct {
	step, schedule, epoch, gradNorm, rate, perSecond, padding, lastTime prometheus.Gauge

	done, skipped, tokens, computed prometheus.Counter

	loss, level, scale *prometheus.GaugeVec // scale has no label: a vector, so that it may be absent
}

// saveFigures are those of checkpoints.
type saveFigures struct {
	step, seconds, best prometheus.Gauge
	written             prometheus.Counter
}

// New makes an exporter with a registry of its own. info is what the run is: stage, engine, versions.
// info becomes labels of one gauge, hives_train_info, that is always 1; its names must be those of Prometheus's
// labels.
func New(info map[string]string) *Exporter {
	r := prometheus.NewRegistry()
	e := &Exporter{registry: r, steps: newStepFigures(r), saves: newSaveFigures(r)}
	e.held = vector(r, "validation", "figures on held-out rows, of the newest validation", "figure", "scope")
	e.heldStep = gauge(r, "validation_step", "step of the newest validation")
	about := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "info",
		Help: "1; what the run is stands in the labels", ConstLabels: info})
	about.Set(1)
	r.MustRegister(about, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return e
}

// newStepFigures names them. Each help says what is in the figure and what is not: it is all that a reader of a
// dashboard sees.
func newStepFigures(r *prometheus.Registry) stepFigures {
	return stepFigures{
		step:      gauge(r, "step", "updates done, those before a resume included"),
		schedule:  gauge(r, "schedule_steps", "length of the schedule"),
		epoch:     gauge(r, "epoch", "epoch of the newest batch"),
		gradNorm:  gauge(r, "grad_norm", "gradient norm before the clip; NaN where f16 overflowed"),
		rate:      gauge(r, "learning_rate", "of the newest step"),
		perSecond: gauge(r, "tokens_per_second", "tokens of texts a second since the last line of metrics.jsonl"),
		padding:   gauge(r, "padding_fraction", "share of the newest step's computed tokens that are no text"),
		lastTime:  gauge(r, "last_step_timestamp_seconds", "Unix time of the newest step: its age tells a run that hangs"),
		done:      counter(r, "steps_total", "steps of this process"),
		skipped:   counter(r, "skipped_steps_total", "steps of the run that overflowed in f16 and changed nothing"),
		tokens:    counter(r, "tokens_total", "tokens of texts in this process's steps"),
		computed:  counter(r, "computed_tokens_total", "the same with padding"),
		loss:      vector(r, "loss", "loss of the newest step, whole and by unweighted term", "term"),
		level:     vector(r, "loss_level", "hierarchical loss of the newest step by level", "level"),
		scale:     vector(r, "loss_scale", "loss scale of the newest step, in f16 only"),
	}
}

func newSaveFigures(r *prometheus.Registry) saveFigures {
	return saveFigures{
		step:    gauge(r, "checkpoint_step", "step of the newest checkpoint"),
		seconds: gauge(r, "checkpoint_seconds", "time that writing it took, beside the steps"),
		best:    gauge(r, "checkpoint_best_step", "step of the best checkpoint that this process wrote"),
		written: counter(r, "checkpoints_total", "checkpoints that this process wrote"),
	}
}

// Note is for persons, and may name files: none of it is served.
func (e *Exporter) Note(string) {}

// Step takes in a training step. It is called after each step, with its line of figures, and sets numbers only: no
// scrape can hold a step up.
func (e *Exporter) Step(done, total int, line *trainer.StepLine) {
	s := &e.steps
	s.step.Set(float64(done))
	s.schedule.Set(float64(total))
	s.epoch.Set(float64(line.Epoch))
	s.gradNorm.Set(float64(line.GradNorm))
	s.rate.Set(line.LearningRate)
	s.perSecond.Set(line.TokensPerSecond)
	s.lastTime.Set(float64(time.Now().UnixMilli()) / 1000)
	s.done.Inc()
	s.tokens.Add(float64(line.Tokens))
	s.computed.Add(float64(line.ComputedTokens))
	if line.ComputedTokens > 0 {
		s.padding.Set(1 - float64(line.Tokens)/float64(line.ComputedTokens))
	}
	s.skipped.Add(float64(max(0, line.Skipped-e.seen)))
	e.seen = line.Skipped
	e.losses(line)
}

// losses sets the loss and its terms. Terms are what the task calls them, so a new loss appears as a label without
// a line here. Levels count from 1, the top of the theory's tree.
func (e *Exporter) losses(line *trainer.StepLine) {
	s := &e.steps
	s.loss.WithLabelValues("total").Set(line.Loss)
	for term, value := range line.Terms {
		s.loss.WithLabelValues(term).Set(float64(value))
	}
	levels, _ := line.More["loss_levels"].([]trainer.Number) // of a task that has levels
	for k, loss := range levels {
		if loss == loss { // a level without a positive has none
			s.level.WithLabelValues(strconv.Itoa(k + 1)).Set(float64(loss))
		}
	}
	if line.LossScale != nil {
		s.scale.WithLabelValues().Set(*line.LossScale)
	}
}

// Validated takes in figures on held-out rows. One that is undefined this time is not shown as of last time.
// The age of a figure is told by validation_step beside step.
func (e *Exporter) Validated(at *trainer.HeldOut) {
	e.held.Reset()
	e.heldStep.Set(float64(at.Step))
	if v, ok := at.Line.(*trainer.Validation); ok {
		e.validated(v)
	}
}

// validated sets the figures of a contrast (docs/METRICS.md defines them). nil is a figure that is undefined on
// these rows: it is absent, since 0 would be a value.
func (e *Exporter) validated(v *trainer.Validation) {
	set := func(figure, scope string, value *float64) {
		if value != nil {
			e.held.WithLabelValues(figure, scope).Set(*value)
		}
	}
	for scope, value := range v.RankingAccuracy {
		set("ranking_accuracy", scope, value)
	}
	for scope, value := range v.SimilarityCorrelation {
		set("similarity_correlation", scope, value)
	}
	set("direction_accuracy", "within_corpus", v.DirectionAccuracy)
	set("similarity_correlation", "corpus_mean", v.SimilarityCorrelationCorpusMean)
	set("loss", "all", v.Loss)
	set("loss_hierarchical", "all", v.LossHierarchical)
	set("mean_cosine", "all", &v.MeanCosine)
	set("effective_rank", "all", &v.EffectiveRank)
	set("alignment", "all", v.Alignment)
	set("uniformity", "all", &v.Uniformity)
}

// Saved takes in a checkpoint. checkpoint_step beside step says how much a kill would cost now.
func (e *Exporter) Saved(s trainer.Saved) {
	e.saves.step.Set(float64(s.Step))
	e.saves.seconds.Set(s.Took.Seconds())
	e.saves.written.Inc()
	if s.Best {
		e.saves.best.Set(float64(s.Step))
	}
}

// gauge, counter and vector make a figure and register it; a name that is taken is the programmer's mistake and
// panics.
func gauge(r *prometheus.Registry, name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + name, Help: help})
	r.MustRegister(g)
	return g
}

func counter(r *prometheus.Registry, name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: prefix + name, Help: help})
	r.MustRegister(c)
	return c
}

func vector(r *prometheus.Registry, name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: prefix + name, Help: help}, labels)
	r.MustRegister(v)
	return v
}
