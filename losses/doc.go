// Package losses holds the training objectives, as graph functions of raw vectors and labels.
package losses
