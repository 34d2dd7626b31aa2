package hub

import "sync"

// meter counts bytes for a display that can only go forward: what is fetched again after a wrong hash, or from the
// beginning, is paid off before it shows.
//
//	count 100           the bar shows 100
//	back 60             nothing is shown; debt 60
//	count 50            nothing: debt 10
//	count 30            the bar shows 120
//
// Invariant: what is shown never falls, and ends at the total when every file is there.
type meter struct {
	mu   sync.Mutex
	debt int64
	show func(n int64, before bool)
}

// count adds n bytes; before says that an earlier start brought them, or that they lay here.
func (m *meter) count(n int64, before bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	paid := min(n, m.debt)
	m.debt -= paid
	if n > paid && m.show != nil {
		m.show(n-paid, before)
	}
}

// back takes n bytes off that turned out to be worth nothing.
func (m *meter) back(n int64) {
	m.mu.Lock()
	m.debt += n
	m.mu.Unlock()
}
