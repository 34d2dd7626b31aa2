package figures

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"hives/internal/audit"
	"hives/steer"
)

const (
	// draws of queries for intervals that have no formula: 16 s for 32 values under two regimes, on a busy machine.
	draws = 1000
	// Blunt is the sharpness of a judge whose orders of the anchors have nothing to do with their scores.
	Blunt = .05
	// mostUnscored is the share of answers without a score from which the rest may be a choice.
	mostUnscored = .2
)

// Compute makes all figures of a record. Equal records make equal figures. Without cosines (nil) the figures that need
// them are left out.
func Compute(r audit.Record, cosines Cosines) *Figures {
	m := newMaterial(r, cosines)
	f := &Figures{Format: 1, Kind: "audit", Model: r.About.Model.Model, About: r.About, Alpha: alpha, Counts: m.counts()}
	for _, value := range m.values {
		f.Values = append(f.Values, m.standing(value))
	}
	f.Composed = m.composed()
	f.Refusals = m.refusals()
	f.Ablation = m.ablation()
	for _, c := range r.Conditions {
		if c.Skipped != "" {
			f.Skipped = append(f.Skipped, Skipped{c.ID, c.Skipped})
		}
	}
	f.conclude()
	f.warn()
	return f
}

// counts are of the whole run. An answer has a score for each value that it should have one on, so scores and missing
// ones add up to what was asked of the judges.
func (m *material) counts() Counts {
	c := Counts{Queries: len(m.Queries), Sources: map[string]int{}, Answers: len(m.all)}
	for _, q := range m.Queries {
		c.Sources[q.Source]++
	}
	for _, a := range m.all {
		if strings.TrimSpace(a.Text) == "" {
			c.Empty++
		}
		if a.cut() {
			c.Cut++
		}
		for _, s := range a.scores {
			if math.IsNaN(s) {
				c.Unscored++
			} else {
				c.Scores++
			}
		}
	}
	return c
}

// standing is one value: where the model stands without steering, and how far each regime moves it. What is wrong with
// a value's scores as a whole is said once, as NoClaim, and takes the word from all its gains.
func (m *material) standing(value string) Standing {
	s := Standing{ID: value, Name: Name(value), VIDB: m.About.VIDB[value], Sharpness: m.sharpness(value)}
	for _, b := range s.Sharpness {
		// Judges are averaged: one that throws dice spoils the mean.
		if b <= Blunt {
			s.NoClaim = "a judge's orders of texts of known score have nothing to do with their scores"
		}
	}
	levels := m.levels(m.plain, value)
	s.Default = meanOf(levels)
	s.NoHeadroom = math.Abs(float64(s.Default.Mean)) > steer.Ceiling
	s.Sources = m.sources(levels)
	scored, all := 0, 0
	for _, regime := range m.order {
		rows := m.rows(regime, value)
		if len(rows) == 0 {
			continue
		}
		for _, r := range rows {
			if all++; !math.IsNaN(r.Delta()) {
				scored++
			}
		}
		s.Regimes = append(s.Regimes, regimeOf(regime, rows, m.About.Seed))
		s.Relevance = append(s.Relevance, m.relevance(regime, value)...)
	}
	if missing := all - scored; s.NoClaim == "" && float64(missing) > mostUnscored*float64(all) {
		s.NoClaim = fmt.Sprintf("%d of %d pairs of answers lack a score: those that have one may be a choice", missing, all)
	}
	return s
}

// sources are levels by where queries are from; nothing where all are from one place.
func (m *material) sources(levels []float64) (out []SourceMean) {
	by := map[string][]float64{}
	for query, q := range m.Queries {
		by[q.Source] = append(by[q.Source], levels[query])
	}
	if len(by) < 2 {
		return nil
	}
	for _, source := range slices.Sorted(maps.Keys(by)) {
		out = append(out, SourceMean{source, meanOf(by[source])})
	}
	return out
}

// regimeOf turns the numbers of package steer into what files hold: NaN becomes null there.
func regimeOf(name string, rows []steer.Row, seed uint64) Regime {
	c := steer.CurveOf(rows, draws, seed)
	r := Regime{Name: name, Asymmetry: rangeOf(c.Asymmetry), Dose: rangeOf(c.Dose)}
	for at, g := range c.Gains {
		r.Gains = append(r.Gains, Gain{
			Target: c.Targets[at], N: g.N, Dropped: g.Dropped, Mean: Number(g.Mean), SE: Number(g.SE), Low: Number(g.Low),
			High: Number(g.High), P: Number(g.P), Holm: Number(math.NaN()), WithoutRefusals: Number(g.WithoutRefusals),
			Reach: Number(g.Reach), DefaultMean: Number(g.DefaultMean), NoHeadroom: g.NoHeadroom(),
			Refusals: rateOf(g.Refusals),
		})
	}
	return r
}

// relevance splits the queries by their cosine to a value, for the two strong targets: at weak ones there is less to be
// different. With fewer than ten cosines a quarter is two queries or one, and nothing is split.
func (m *material) relevance(regime, value string) (out []Relevance) {
	cosine, known := make([]float64, len(m.Queries)), 0
	for query, q := range m.Queries {
		cosine[query] = math.NaN()
		if c, ok := m.cosines[q.ID][value]; ok {
			cosine[query], known = c, known+1
		}
	}
	if known < 2*steer.LeastQueries {
		return nil
	}
	for _, target := range []int{-2, 2} {
		answers := m.single[single{regime, value, target}]
		if answers == nil {
			continue
		}
		s := steer.Split(cosine, m.levels(m.plain, value), m.deltas(answers, value), steer.Share, draws, m.About.Seed)
		out = append(out, Relevance{
			Regime: regime, Target: target, Near: len(s.Near.Queries), Far: len(s.Far.Queries),
			NearDefault: Number(s.Near.DefaultMean), FarDefault: Number(s.Far.DefaultMean),
			NearMoved: Number(s.Near.AbsMoved), FarMoved: Number(s.Far.AbsMoved),
			Default: rangeOf(s.Default), Moved: rangeOf(s.Moved),
		})
	}
	return out
}

// refusals are rates by regime and target over all values, the unsteered first. Target 0 is without one.
func (m *material) refusals() (out []RefusalsOf) {
	type key struct {
		regime string
		target int
	}
	judged := map[key][]steer.Refused{}
	for _, a := range m.all {
		k := key{a.condition.Regime, 0}
		if len(a.condition.Targets) == 1 {
			k.target = a.condition.Targets[0]
		}
		judged[k] = append(judged[k], a.refused())
	}
	order := slices.SortedFunc(maps.Keys(judged), func(a, b key) int {
		return cmp.Or(byRegime(a.regime, b.regime), cmp.Compare(a.target, b.target))
	})
	for _, k := range order {
		out = append(out, RefusalsOf{k.regime, k.target, rateOf(steer.CountRefusals(judged[k]))})
	}
	return out
}

// meanOf is a mean over queries: a difference from nothing.
func meanOf(x []float64) Mean { return pairedMean(steer.PairedOf(make([]float64, len(x)), x)) }

func pairedMean(p steer.Paired) Mean {
	return Mean{p.N, Number(p.Mean), Number(p.SE), Number(p.Low), Number(p.High)}
}

func rangeOf(i steer.Interval) Range { return Range{Number(i.Value), Number(i.Low), Number(i.High)} }

func rateOf(r steer.Refusals) Rate {
	return Rate{r.Refused, r.Usable, r.Unknown, Number(r.Rate), Number(r.Low), Number(r.High)}
}
