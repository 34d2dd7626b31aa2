package mapfile

import (
	"runtime/debug"

	"hives/internal/fault"
)

// Guard is Catch for a file that does not grow: what came of one that was written to meanwhile is refused too, for its
// halves may belong to two files.
func (f *File) Guard(read func() error) error {
	if err := f.Catch(read); err != nil {
		return err
	}
	return f.unchanged()
}

// Catch runs read, which reads Data in this goroutine. A page that cannot be read, because the file was cut short or
// its disk failed, ends read with an error instead of the process: the system answers such a read with SIGBUS. The
// rest of the page in which a cut file ends reads as zeros, so whoever does not use Guard compares checksums.
//
// read may end in the middle: it holds no lock whose release it does not defer.
//
// Without it a page that is gone ends the process: Go turns a SIGBUS in ordinary code into a crash that recover does
// not see. SetPanicOnFault makes it a panic, in this goroutine alone; so what read starts in others is not guarded,
// and must not read Data.
func (f *File) Catch(read func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true)) // of this goroutine alone
	defer func() {
		switch r := recover().(type) {
		case nil:
		case interface{ Addr() uintptr }: // what the runtime panics with at a fault; a nil pointer has no address
			err = fault.New(fault.Corrupt, "%s cannot be read at all its places any more: it was cut short or "+
				"overwritten while it was read, or its disk fails; write it anew under another name and rename it",
				f.file.Name())
		default:
			panic(r)
		}
	}()
	return read()
}

// unchanged compares the mapped file with how it was when it was opened. A file that was replaced by rename is
// another one and does not matter. Size and time are what a copy over a file changes; a writer that puts both back
// on purpose is not what this is against.
func (f *File) unchanged() error {
	now, err := f.file.Stat()
	if err != nil {
		return err
	}
	if was := f.opened; now.Size() != was.Size() || !now.ModTime().Equal(was.ModTime()) {
		return fault.New(fault.Corrupt, "%s was written to while it was read (%d bytes at %s, then %d at %s); read it "+
			"again once it is whole, and replace such files by rename", f.file.Name(),
			was.Size(), was.ModTime().Format(timeFormat), now.Size(), now.ModTime().Format(timeFormat))
	}
	return nil
}

// timeFormat shows what tells two moments of one copy apart.
const timeFormat = "15:04:05.000"
