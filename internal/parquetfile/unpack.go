package parquetfile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

var errLonger = errors.New("a page unpacks to more than it says")

// unpack decompresses a page that says how long it will be; size has been taken from the meter. The library grows its
// memory for as long as anything comes, and doubles it without end for LZ4 that is damaged.
//
//	snappy         says its own length, which is compared first
//	LZ4, zstd      into memory of size, and no further
//	gzip, brotli   as streams, of which one byte more than size is an error
//
// Invariant: no more than size bytes are allocated for what comes out, whatever raw holds.
func unpack(codec format.CompressionCodec, raw []byte, size int) ([]byte, error) {
	switch codec {
	case format.Uncompressed:
		return raw, nil
	case format.Snappy:
		if n, err := snappy.DecodedLen(raw); err != nil || n > size {
			return nil, errors.Join(err, errLonger)
		}
		return snappy.Decode(nil, raw)
	case format.Lz4Raw:
		out := make([]byte, size)
		n, err := lz4.UncompressBlock(raw, out)
		if err != nil {
			return nil, errors.Join(err, errLonger)
		}
		return out[:n], nil
	case format.Gzip:
		r, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		return drain(r, size)
	case format.Zstd:
		d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecodeAllCapLimit(true))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		return d.DecodeAll(raw, make([]byte, 0, size))
	case format.Brotli:
		return drain(brotli.NewReader(bytes.NewReader(raw)), size)
	}
	return nil, errors.New("its compression is not read: " + codec.String())
}

// drain reads at most size bytes, and refuses more. Fewer are let pass: what is missing is found when values are
// read.
func drain(r io.Reader, size int) ([]byte, error) {
	out := make([]byte, size)
	n, err := io.ReadFull(r, out)
	switch {
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return out[:n], nil
	case err != nil:
		return nil, err
	}
	if k, err := io.ReadFull(r, make([]byte, 1)); k > 0 {
		return nil, errLonger
	} else if err != io.EOF {
		return nil, err
	}
	return out, nil
}
