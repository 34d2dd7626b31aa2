package main

import (
	"time"

	"hives/internal/loadtest"
)

// meter reads what client and daemon have taken of the processor.
type meter struct {
	b              *bench
	began          time.Time
	client, daemon loadtest.Usage
}

// used is in seconds, but for the daemon's peak in MiB. The daemon's are 0 if it is not our own.
type used struct {
	seconds, client, daemon float64
	peak                    int
}

func (b *bench) measure() *meter {
	m := &meter{b: b, began: time.Now()}
	m.client, m.daemon = m.read()
	return m
}

// read leaves zeros where the system does not tell.
func (m *meter) read() (client, daemon loadtest.Usage) {
	client, _ = loadtest.Own()
	if m.b.daemon != nil {
		daemon, _ = m.b.daemon.Usage()
	}
	return client, daemon
}

func (m *meter) stop() used {
	client, daemon := m.read()
	return used{time.Since(m.began).Seconds(), client.CPU - m.client.CPU, daemon.CPU - m.daemon.CPU, daemon.Peak >> 20}
}
