// Package encoder defines what everything outside training knows of a model: texts in, unit vectors out.
package encoder
