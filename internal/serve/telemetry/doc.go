// Package telemetry measures embedd: figures for Prometheus in a registry of their own, and OpenTelemetry traces of
// a request's stages.
//
// Every figure begins with embedd_; those of the process and of Go's runtime keep their usual names. Labels are
// names of methods, codes, reasons, callers and models: a small set, and never a text.
//
// Traces are off unless an OTLP endpoint is set: without one there is no exporter, no tracer and no work. Spans
// carry numbers of texts and tokens.
//
// Two questions that the figures are made for. Is the server too small? queue_held_tokens near queue_max_tokens, and
// queue_refused_total rising. Is the engine used well? batch_fill is the share of what is computed that is text: low
// means that texts come too slowly for full batches, or that their lengths fit no shape.
package telemetry
