// Command ranking fits pairs with package ranking and prints what it took as JSON, to be set beside choix on the same
// pairs (beside_choix.py). It is a measurement, not a part of HiVES.
//
//	ranking PAIRS TEXTS PRIOR OUT     pairs of int32, the winner first; utilities as float64 go to OUT
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"hives/ranking"
)

// outcome is one fit. Seconds are of the processor: a machine that others keep busy stretches the clock. Reading is not
// in them. Megabytes are the most that the process ever had, the program itself and the pairs included.
type outcome struct {
	Seconds   float64 `json:"seconds"`
	Megabytes float64 `json:"megabytes"`
	Steps     int     `json:"steps"`
	Products  int     `json:"products"`
	LogLik    float64 `json:"log_likelihood"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "ranking:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("want PAIRS TEXTS PRIOR OUT, got %d words", len(args))
	}
	texts, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	prior, err := ranking.ParsePrior(args[2])
	if err != nil {
		return err
	}
	orders, err := read(args[0])
	if err != nil {
		return err
	}
	before := usage()
	r, err := ranking.New(texts, orders, nil)
	if err != nil {
		return err
	}
	fit, err := ranking.Fit(r, prior)
	if err != nil {
		return err
	}
	if prior != ranking.None() { // errors of the fit, as hives vidb fit makes them
		fit.Diagonal()
	}
	after := usage()
	out, err := os.Create(args[3])
	if err != nil {
		return err
	}
	if err := binary.Write(out, binary.LittleEndian, fit.Theta); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(outcome{Seconds: (used(after) - used(before)).Seconds(),
		Megabytes: float64(after.Maxrss) / 1e3, Steps: fit.Steps, Products: fit.Products, LogLik: fit.LogLik})
}

// read takes pairs of numbers of texts.
func read(path string) (orders [][]int, err error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for at := 0; at+8 <= len(raw); at += 8 {
		orders = append(orders, []int{int(binary.LittleEndian.Uint32(raw[at:])), int(binary.LittleEndian.Uint32(raw[at+4:]))})
	}
	return orders, nil
}

// usage is what the process has taken so far. The call cannot fail with these arguments.
func usage() (u syscall.Rusage) {
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u
}

// used is processor time, of the program and of the kernel for it.
func used(u syscall.Rusage) time.Duration {
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
