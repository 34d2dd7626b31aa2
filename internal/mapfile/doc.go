// Package mapfile maps files of weights read-only, and gives pages back that have been read.
//
// A mapped page counts as this process' memory once it was touched. A loader that converts hundreds of megabytes
// would therefore hold them twice; Forget lets go of what is converted, so that only the result stays.
//
// The caller reads Data inside Guard, which turns a fault in the mapping into an error: cp and other copies write over
// a file in place, and what was mapped of it may be gone. It touches no part of Data after Close.
//
// A loader's loop, in full:
//
//	f, err := mapfile.Open(path, 8)
//	defer f.Close()
//	err = f.Guard(func() error {
//	    for each tensor {
//	        convert(f.Data[begin:end])
//	        f.Forget(f.Data[begin:end])
//	    }
//	    return nil
//	})
package mapfile
