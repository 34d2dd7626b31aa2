package trainer

import (
	"fmt"

	"hives/pack"
)

// Phaser is an Observer that shows what goes on in place of steps, until the next step.
type Phaser interface {
	Observer
	Phase(name string)
}

// Phase lets all that can show it.
func (all Observers) Phase(name string) {
	for _, o := range all {
		if p, ok := o.(Phaser); ok {
			p.Phase(name)
		}
	}
}

// met are shapes.
type met map[pack.Shape]bool

func (l *loop) phase(name string) {
	if p, ok := l.o.Observer.(Phaser); ok {
		p.Phase(name)
	}
}

// meets says so where a step is the first of its shape: it compiles, which may take longer than many steps.
func (l *loop) meets(b *Batch) {
	shape := b.Packs[0].Shape
	if l.met[shape] {
		return
	}
	if l.met == nil {
		l.met = met{}
	}
	l.met[shape] = true
	l.phase(fmt.Sprintf("compiling steps of %d × %d tokens", shape.Rows, shape.Length))
}
