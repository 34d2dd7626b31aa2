package trainer

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"hives/internal/fault"
)

// anyWord are the settings that name files: whether these are there is seen when they are read.
var anyWord = []string{"model.from", "model.tokenizer", "model.states", "data.train", "data.validation",
	"stage2.individual_bank", "stage2.theory_bank"}

// whole is a valid configuration in which every part counts.
func whole() Config {
	c := DefaultStage(2)
	c.Model.From, c.Data.Train, c.Stage2.TheoryBank = "m", "rows.csv", "bank.parquet"
	c.Sampler.BatchSize = 64
	c.Sampler.TheoryWeights = map[string]float64{"svt": 1}
	c.LoRA.Rank = 4
	return c
}

// outside are values of a field's type that no setting may have.
func outside(field reflect.Value) (values []any) {
	switch field.Interface().(type) {
	case float64:
		return []any{math.NaN(), math.Inf(1), math.Inf(-1), -1.}
	case int:
		return []any{-1, math.MinInt}
	case string:
		return []any{"no such word", "F32 ", "\x00"}
	case []string:
		return []any{[]string{"no such word"}}
	case map[string]float64:
		return []any{map[string]float64{"svt": math.NaN()}, map[string]float64{"svt": -1},
			map[string]float64{"svt": math.Inf(1)}}
	case [3]float64:
		return []any{[3]float64{math.NaN(), .5, .5}, [3]float64{.5, -.5, 1}, [3]float64{.5, .5, math.Inf(1)}, [3]float64{}}
	case bool, uint64:
		return nil // whatever they hold means something
	}
	return []any{"a type that this test does not know: " + field.Type().String()}
}

// walk visits every field of a configuration under its name in config.toml.
func walk(v reflect.Value, prefix string, visit func(name string, field reflect.Value)) {
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("toml"), ",")
		if v.Field(i).Kind() == reflect.Struct {
			walk(v.Field(i), prefix+name+".", visit)
			continue
		}
		visit(prefix+name, v.Field(i))
	}
}

// TestEverySettingIsChecked gives each setting of either stage values outside its domain, one at a time. A setting that
// is new is found here by itself.
func TestEverySettingIsChecked(t *testing.T) {
	good := whole()
	if err := good.Validate(); err != nil {
		t.Fatalf("the good configuration: %v", err)
	}
	visited := 0
	walk(reflect.ValueOf(&good).Elem(), "", func(name string, field reflect.Value) {
		for _, word := range anyWord {
			if word == name {
				return
			}
		}
		was := reflect.ValueOf(field.Interface())
		defer field.Set(was)
		for _, value := range outside(field) {
			if reflect.TypeOf(value) != field.Type() {
				t.Errorf("%s: %v", name, value)
				continue
			}
			visited++
			field.Set(reflect.ValueOf(value))
			err := good.Validate()
			key := name[strings.LastIndex(name, ".")+1:]
			if err == nil || !strings.Contains(err.Error(), key) || fault.ExitCode(err) != fault.ExitUsage {
				t.Errorf("%s = %v: error %v (exit %d), want one that names it (exit %d)", name, value, err, fault.ExitCode(err),
					fault.ExitUsage)
			}
		}
	})
	if visited < 100 {
		t.Errorf("%d values were tried: the walk does not see the settings", visited)
	}
}

// Numbers at the borders of their domain and beyond, and settings that do not go together.
func TestBordersOfSettings(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*Config)
	}{
		{"", func(c *Config) { c.Steps, c.Optimizer.LearningRate, c.Optimizer.MaxGradNorm = 0, 0, 0 }},
		{"", func(c *Config) { c.Optimizer.Beta1, c.Optimizer.Beta2, c.Optimizer.WarmupFraction = 0, 0, 1 }},
		{"", func(c *Config) { c.Stage = 1; c.Stage2.TheoryBank = "" }},
		{"stage 4: want 1 to 3", func(c *Config) { c.Stage = 4 }},
		{"optimizer.beta1 1: want 0 or more and less than 1", func(c *Config) { c.Optimizer.Beta1 = 1 }},
		{"optimizer.beta2 1.5", func(c *Config) { c.Optimizer.Beta2 = 1.5 }},
		{"optimizer.epsilon 0: want a number above 0", func(c *Config) { c.Optimizer.Epsilon = 0 }},
		{"optimizer.warmup_fraction 1.01", func(c *Config) { c.Optimizer.WarmupFraction = 1.01 }},
		{"data.validation_fraction 0.6: want 0 to 0.5", func(c *Config) { c.Data.ValidationFraction = .6 }},
		{"model.max_length 1", func(c *Config) { c.Model.MaxLength = 1 }},
		{"stage2.temperature_theory 0", func(c *Config) { c.Stage2.TemperatureTheory = 0 }},
		{"stage2.fractions[1] 0", func(c *Config) { c.Stage2.Fractions = [3]float64{.5, 0, .5} }},
		{"add up to", func(c *Config) { c.Stage2.Fractions = [3]float64{.5, .1, .1} }},
		{"log.keep_checkpoints 0", func(c *Config) { c.Log.KeepCheckpoints = 0 }},
		{"sampler.batch_size 5 with 4 positives", func(c *Config) { c.Sampler.BatchSize = 5 }},
		{"no layer is left to train", func(c *Config) { c.Model.Layers, c.Model.FreezeLayers = 2, 2 }},
		{"theory-bank", func(c *Config) { c.Stage2.TheoryBank = "" }},
	} {
		cfg := whole()
		c.change(&cfg)
		if err := cfg.Validate(); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want %q", err, c.says)
		}
	}
}

// TestPrecisionHasOneName: the names of all programs and the older ones of train, with what was meant by a mistyped
// one.
func TestPrecisionHasOneName(t *testing.T) {
	for name, scaled := range map[string]bool{"f32": false, "mixed": false, "mixed16": true, "bf16": false, "f16": true} {
		cfg := Default()
		cfg.Model.From, cfg.Data.Train, cfg.Model.Precision = "m", "rows.csv", name
		if err := cfg.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := cfg.Model.Halves(); got != scaled {
			t.Errorf("%s: loss scaling %v", name, got)
		}
	}
	cfg := Default()
	cfg.Model.From, cfg.Data.Train, cfg.Model.Precision = "m", "rows.csv", "mixd"
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), `did you mean "mixed"?`) {
		t.Errorf("a mistyped one: %v", err)
	}
}
