// Package trainmetrics lets Prometheus watch a training run: an Exporter is a trainer.Recorder that keeps the
// newest figures, and serves them as /metrics beside a /healthz.
//
// Every name of a figure begins with hives_train_; those of the process and of Go's runtime keep their usual
// names. Figures hold numbers and names of settings only, never a text of the corpus. A figure that a run does
// not have (the anchors' losses in Stage 1, the loss scale in bf16) is left out rather than shown as 0.
//
// The caller owes a Close, and calls Listen before the training begins: an address that is taken is then an
// error before any work is done. Without a host the address is on the loopback interface.
package trainmetrics
